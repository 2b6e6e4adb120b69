# Copyright 2026 The ld_agent authors
#
# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""The helm: keeps one body on straight legs, turning on the spot between them.

A leg is a straight line from where the body lies to a point. The body turns towards it, follows it
by line of sight, slows down in time and stops at its end. What it asks for is a surge speed and a
yaw rate, so any body with `cmd_vel` can be steered. Knows no board and no other body.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

from ld_agent_sim.vessels import Kind, Point, Pose, wrap

AIMED = 0.04
"""Heading error at which a leg begins, rad."""
LOST = 0.6
"""Heading error at which the body stops and turns again, rad."""


@dataclass(frozen=True)
class Leg:
    """A straight way, m; `backwards` lets the body go astern where that needs less turning."""

    start: Point
    end: Point
    share: float = 1.0
    backwards: bool = False

    @property
    def length(self) -> float:
        """Length, m."""
        return math.dist(self.start, self.end)


@dataclass(frozen=True)
class Command:
    """Surge speed, m/s, and yaw rate, rad/s, to ask for."""

    surge: float = 0.0
    turn: float = 0.0


HOLD = Command()


class Helm:
    """Steers one body of a kind.

    Args:
        tolerance: distance from a leg's end at which it has been sailed, m.
    """

    def __init__(self, kind: Kind, tolerance: float) -> None:
        self._kind = kind
        self._tolerance = tolerance
        self._leg: Leg | None = None
        self._aimed = False
        self._astern = False

    @property
    def leg(self) -> Leg | None:
        """The leg that is being sailed."""
        return self._leg

    def follow(self, leg: Leg, pose: Pose) -> None:
        """Begin a leg; the one before is forgotten."""
        self._leg, self._aimed = leg, False
        self._astern = leg.backwards and abs(wrap(_bearing(leg) - pose.yaw)) > math.pi / 2

    def forget(self) -> None:
        """Hold station from now on."""
        self._leg = None

    def steer(self, pose: Pose) -> Command:
        """Return what to ask the body for; at the end of the leg it is forgotten."""
        leg = self._leg
        if leg is None:
            return HOLD
        direction = _bearing(leg)
        cos, sin = math.cos(direction), math.sin(direction)
        ahead = (leg.end[0] - pose.x) * cos + (leg.end[1] - pose.y) * sin
        arrived = abs(ahead) < self._tolerance and pose.speed < 0.1 * self._kind.speed
        if leg.length < self._tolerance or arrived:
            self._leg = None
            return HOLD
        aside = (pose.y - leg.start[1]) * cos - (pose.x - leg.start[0]) * sin
        look = 1.5 * self._kind.length
        course = direction - math.atan2(aside, look)
        error = wrap(course + (math.pi if self._astern else 0.0) - pose.yaw)
        if not self._aimed and abs(error) < AIMED and abs(pose.turn) < AIMED:
            self._aimed = True
        elif self._aimed and abs(error) > LOST:
            self._aimed = False
        turn = _limited(error, self._kind.turn)
        if not self._aimed:
            return Command(0.0, turn)
        speed = math.sqrt(2 * self._kind.braking * max(abs(ahead) - self._tolerance / 2, 0.0))
        speed = math.copysign(min(speed, leg.share * self._kind.speed), ahead)
        return Command(-speed if self._astern else speed, turn)


def braking_distance(pose: Pose, kind: Kind) -> float:
    """Return the metres that a body needs to stop."""
    return pose.speed**2 / (2 * kind.braking)


def gap(a: tuple[Point, Point], b: tuple[Point, Point]) -> float:
    """Return the smallest distance between two straight ways, m; a point is a way of no length."""
    if _meet(a, b):
        return 0.0
    return min(_from(a[0], b), _from(a[1], b), _from(b[0], a), _from(b[1], a))


def _from(point: Point, way: tuple[Point, Point]) -> float:
    (ax, ay), (bx, by) = way
    dx, dy = bx - ax, by - ay
    square = dx * dx + dy * dy
    t = 0.0 if square == 0 else ((point[0] - ax) * dx + (point[1] - ay) * dy) / square
    t = min(max(t, 0.0), 1.0)
    return math.dist(point, (ax + t * dx, ay + t * dy))


def _meet(a: tuple[Point, Point], b: tuple[Point, Point]) -> bool:
    def side(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    return (
        side(*a, b[0]) * side(*a, b[1]) < 0 and side(*b, a[0]) * side(*b, a[1]) < 0
    )  # fmt: skip


def _bearing(leg: Leg) -> float:
    return math.atan2(leg.end[1] - leg.start[1], leg.end[0] - leg.start[0])


def _limited(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)
