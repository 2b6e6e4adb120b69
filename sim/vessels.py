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
"""Bodies that move in metres and seconds: a surface vessel and a differential-drive robot.

Frames as in REP-103: x to the east, y to the north, yaw counter-clockwise from east; in the body
x forward, y to port. A body is told a surge speed and a yaw rate, as `cmd_vel` tells them, and its
own actuators limit how soon it has them. Deterministic; knows no board and no other body.

The surface vessel is CyberShip II, a 1:70 model of a supply ship (23.8 kg, 1.255 m by 0.29 m), in
three degrees of freedom, `M a + C(v) v + D(v) v = tau`, with the coefficients identified in
R. Skjetne, O. N. Smogeli, T. I. Fossen: A Nonlinear Ship Manoeuvering Model: Identification and
adaptive control with experiments for a model ship. Modeling, Identification and Control 25(1),
2004, pages 3 to 27, doi 10.4173/mic.2004.1.1. They are given for starboard and down; sway and yaw
change sign together, which leaves the equations as they are. The differential-drive robot has the
speeds and the size of a TurtleBot3 Burger as its maker gives them (0.22 m/s, 2.84 rad/s, 138 mm by
178 mm).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
import math
from typing import Protocol

Point = tuple[float, float]


@dataclass(frozen=True)
class Pose:
    """Where a body is (m, rad) and how it moves in its own frame (m/s, rad/s)."""

    x: float
    y: float
    yaw: float = 0.0
    surge: float = 0.0
    sway: float = 0.0
    turn: float = 0.0

    @property
    def speed(self) -> float:
        """Speed over ground, m/s."""
        return math.hypot(self.surge, self.sway)


@dataclass(frozen=True)
class Kind:
    """What a driver must know of a body: its size, and the limits to drive it by.

    Attributes:
        length, beam: of the rectangle that the body covers, m.
        speed, turn: fastest surge and yaw rate to ask for, m/s and rad/s.
        braking: deceleration that it surely has, m/s^2.
        cell: edge of a cell that leaves room for four bodies, m.
    """

    name: str
    length: float
    beam: float
    speed: float
    turn: float
    braking: float
    cell: float

    @cached_property
    def radius(self) -> float:
        """Radius of the circle round the footprint, m."""
        return math.hypot(self.length, self.beam) / 2


class Body(Protocol):
    """A thing that is commanded and moves."""

    pose: Pose

    def command(self, surge: float, turn: float) -> None:
        """Ask for a surge speed, m/s, and a yaw rate, rad/s."""

    def step(self, dt: float) -> None:
        """Move on by `dt` seconds."""


CYBERSHIP = Kind('surface_vessel', 1.255, 0.29, speed=0.45, turn=0.2, braking=0.06, cell=8.0)
BURGER = Kind('differential_drive', 0.138, 0.178, speed=0.2, turn=1.5, braking=0.4, cell=1.6)


class SurfaceVessel:
    """CyberShip II under a velocity controller.

    The controller compensates what the model says of hull and water; the thrusters' limits, which
    are ours and of the order of the model ship's, decide what comes of it.
    """

    SURGE_LIMIT, SWAY_LIMIT, YAW_LIMIT = 2.0, 2.0, 1.5
    GAIN = 1.0
    _M11, _M22, _M33 = 23.8 + 2.0, 23.8 + 10.0, 1.76 + 1.0
    _M23 = 23.8 * 0.046

    def __init__(self, pose: Pose) -> None:
        self.pose = pose
        self._wanted = (0.0, 0.0)

    def command(self, surge: float, turn: float) -> None:
        """Ask for a surge speed, m/s, and a yaw rate, rad/s; sway is held at zero."""
        self._wanted = (surge, turn)

    def resistance(self, u: float, v: float, r: float) -> tuple[float, float, float]:
        """Return `C(v) v + D(v) v` in surge, sway (N) and yaw (N m) at these velocities."""
        across = self._M22 * v + self._M23 * r
        surge = (0.72253 + 1.32742 * abs(u) + 5.86643 * u * u) * u - across * r
        sway = (
            self._M11 * u * r
            + (0.88965 + 36.47287 * abs(v) + 0.805 * abs(r)) * v
            + (7.25 + 0.845 * abs(v) + 3.45 * abs(r)) * r
        )
        yaw = (
            across * u
            - self._M11 * u * v
            + (-0.0313 - 3.95645 * abs(v) - 0.13 * abs(r)) * v
            + (1.9 - 0.08 * abs(v) + 0.75 * abs(r)) * r
        )
        return surge, sway, yaw

    def step(self, dt: float) -> None:
        """Move on by `dt` seconds (semi-implicit Euler)."""
        p = self.pose
        u, v, r = p.surge, p.sway, p.turn
        drag = self.resistance(u, v, r)
        gain_u, gain_v, gain_r = (
            self.GAIN * (self._wanted[0] - u), -self.GAIN * v, self.GAIN * (self._wanted[1] - r)
        )  # fmt: skip
        x = _within(drag[0] + self._M11 * gain_u, self.SURGE_LIMIT) - drag[0]
        y = _within(drag[1] + self._M22 * gain_v + self._M23 * gain_r, self.SWAY_LIMIT) - drag[1]
        n = _within(drag[2] + self._M23 * gain_v + self._M33 * gain_r, self.YAW_LIMIT) - drag[2]
        whole = self._M22 * self._M33 - self._M23 * self._M23
        u += dt * x / self._M11
        v += dt * (self._M33 * y - self._M23 * n) / whole
        r += dt * (self._M22 * n - self._M23 * y) / whole
        yaw = p.yaw + dt * r
        cos, sin = math.cos(yaw), math.sin(yaw)
        self.pose = Pose(
            p.x + dt * (u * cos - v * sin), p.y + dt * (u * sin + v * cos), wrap(yaw), u, v, r
        )


class DifferentialDrive:
    """Two wheels with a limited acceleration; it never slips sideways."""

    TRACK, WHEEL_SPEED, WHEEL_ACCELERATION = 0.16, 0.22, 0.5

    def __init__(self, pose: Pose) -> None:
        self.pose = pose
        self._wanted = (0.0, 0.0)

    def command(self, surge: float, turn: float) -> None:
        """Ask for a surge speed, m/s, and a yaw rate, rad/s."""
        self._wanted = (surge, turn)

    def step(self, dt: float) -> None:
        """Move on by `dt` seconds."""
        p = self.pose
        sides = []
        for side in (-0.5, 0.5):
            now = p.surge + side * self.TRACK * p.turn
            asked = _within(self._wanted[0] + side * self.TRACK * self._wanted[1],
                            self.WHEEL_SPEED)  # fmt: skip
            sides.append(now + _within(asked - now, self.WHEEL_ACCELERATION * dt))
        u, r = sum(sides) / 2, (sides[1] - sides[0]) / self.TRACK
        middle = p.yaw + dt * r / 2
        self.pose = Pose(
            p.x + dt * u * math.cos(middle), p.y + dt * u * math.sin(middle),
            wrap(p.yaw + dt * r), u, 0.0, r,
        )  # fmt: skip


KINDS: dict[str, tuple[Kind, Callable[[Pose], Body]]] = {
    CYBERSHIP.name: (CYBERSHIP, SurfaceVessel),
    BURGER.name: (BURGER, DifferentialDrive),
}


def kind_of(name: str) -> Kind:
    """Return the kind of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in KINDS:
        raise ValueError(f'vessel kind {name!r} is unknown; use one of {", ".join(KINDS)}')
    return KINDS[name][0]


def footprint(pose: Pose, kind: Kind) -> list[Point]:
    """Return the corners of the rectangle that the body covers, m."""
    cos, sin = math.cos(pose.yaw), math.sin(pose.yaw)
    ahead, aside = kind.length / 2, kind.beam / 2
    return [
        (pose.x + f * ahead * cos - s * aside * sin, pose.y + f * ahead * sin + s * aside * cos)
        for f, s in ((1, 1), (-1, 1), (-1, -1), (1, -1))
    ]


def wrap(angle: float) -> float:
    """Return the angle in (-pi, pi]."""
    return math.atan2(math.sin(angle), math.cos(angle))


def _within(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)
