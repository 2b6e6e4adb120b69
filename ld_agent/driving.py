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
"""The drivers of the pursuers: moves become motion, legs of their lanes sailed one by one.

A fleet holds one helm a vessel. A leg begins when its way crosses that of nobody who moves; a
vessel waits at its berth meanwhile, where it is in nobody's way, so nobody waits for ever. What
keeps a vessel safe needs neither model nor decision node: `stop` holds all vessels before anything
else is looked at; moves that are not refreshed within the deadline are obeyed no longer; a vessel
in a closed cell leaves it by the shortest way, slowly, whatever was ordered. Knows no ROS.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
import math

from ld_agent_sim.helm import braking_distance, Command, gap, Helm, HOLD, Leg
from ld_agent_sim.lanes import Lanes
from ld_agent_sim.pursuit import Cell
from ld_agent_sim.vessels import Point, Pose

CLEAR_SHARE = 0.5
"""Share of the speed at which a vessel leaves an area."""


@dataclass(frozen=True)
class DriveLimits:
    """How long an order holds.

    Attributes:
        deadline: seconds of the caller's clock after which moves that were not heard again are
            obeyed no longer.
        timeout: simulated seconds for one move; then the vessel holds where it is.
    """

    deadline: float = 1.0
    timeout: float = 800.0


@dataclass
class _Vessel:
    lane: int
    helm: Helm
    ahead: list[Leg] = field(default_factory=list)
    leaving: bool = False
    told: bool = False
    trapped: bool = False


class Fleet:
    """Drives the vessels of the pursuers.

    Args:
        names: of the pursuers, in the order of the moves and of their lanes.
    """

    def __init__(self, lanes: Lanes, names: Sequence[str], limits: DriveLimits) -> None:
        self._lanes, self._limits = lanes, limits
        self._vessels = {
            name: _Vessel(lane, Helm(lanes.kind, lanes.tolerance))
            for lane, name in enumerate(names)
        }
        self._areas: frozenset[Cell] = frozenset()
        self._stamp = -math.inf
        self._heard = -math.inf
        self._begun: float | None = None
        self._moves: tuple[Cell, ...] | None = None
        self.stopped = False
        self.notes: list[str] = []

    def order(self, moves: Sequence[Cell], stamp: float, clock: float) -> bool:
        """Take moves, or hear the same ones again.

        Args:
            stamp: simulated time of the state that they answer; what is older than the newest
                order is dropped, so that no old move is replayed.
            clock: the caller's clock, s, for the deadline.

        Returns:
            Whether they were taken.
        """
        if stamp < self._stamp or len(moves) != len(self._vessels):
            return False
        self._heard = clock
        if stamp > self._stamp:
            self._stamp, self._moves, self._begun = stamp, tuple(moves), None
        return True

    def close(self, areas: Iterable[Cell]) -> None:
        """Set the cells of all active restricted areas; the walls are known."""
        self._areas = frozenset(areas)

    def stop(self) -> None:
        """Hold all vessels until `resume`."""
        self.stopped = True

    def resume(self) -> None:
        """Go on with what is still fresh."""
        self.stopped = False

    def heading_for(self, name: str, clock: float) -> Point | None:
        """Return the end of the leg that a vessel is on, m; None where it must hold."""
        vessel = self._vessels[name]
        obeyed = not self.stopped and (vessel.leaving or self.fresh(clock))
        return vessel.helm.leg.end if obeyed and vessel.helm.leg is not None else None

    def fresh(self, clock: float) -> bool:
        """Tell whether the moves were heard within the deadline."""
        return clock - self._heard <= self._limits.deadline

    def control(
        self, poses: Mapping[str, Pose], others: Sequence[Pose], now: float, clock: float
    ) -> dict[str, Command]:
        """Return what to ask each vessel for.

        Args:
            poses: of the pursuers that are known; the others are held.
            others: poses of bodies that are not driven here.
            now: simulated time, s; `clock`: the caller's clock, s.
        """
        if self.stopped or len(poses) < len(self._vessels):
            return dict.fromkeys(self._vessels, HOLD)
        if self._moves is not None and self._begun is None:
            self._begun = now
            self._plan(poses)
        if self._begun is not None and now - self._begun > self._limits.timeout:
            self._give_up()
        commands = {}
        for name, vessel in self._vessels.items():
            self._leave(name, vessel, poses[name])
            obeyed = vessel.leaving or self.fresh(clock)
            commands[name] = self._steer(name, poses, others) if obeyed else HOLD
        return commands

    def _plan(self, poses: Mapping[str, Pose]) -> None:
        assert self._moves is not None
        for (name, vessel), cell in zip(self._vessels.items(), self._moves):
            pose = poses[name]
            here = (pose.x, pose.y)
            vessel.ahead, vessel.leaving = [], False
            vessel.helm.forget()
            if math.dist(here, self._lanes.berth(vessel.lane, cell)) <= self._lanes.tolerance:
                continue
            way = self._lanes.way(vessel.lane, here, cell, self._closed)
            if way is None:
                self.notes.append(f'{name} cannot reach {cell} by open cells; it holds')
                continue
            vessel.ahead = _legs(here, way)

    def _leave(self, name: str, vessel: _Vessel, pose: Pose) -> None:
        """See to it that a vessel in a closed cell, or on its way into one, turns out of it."""
        if not self._closed:
            return
        here = (pose.x, pose.y)
        legs = [*([vessel.helm.leg] if vessel.helm.leg else []), *vessel.ahead]
        points = [here, *(leg.end for leg in legs)]
        leads_in = any(self._lanes.crosses(a, b, self._closed) for a, b in zip(points, points[1:]))
        inside = self._lanes.touches(here, self._closed)
        if vessel.leaving and legs and not (leads_in and not inside):
            return
        vessel.leaving = False
        if not inside and not leads_in:
            vessel.told = False
            return
        way = self._lanes.way_out(vessel.lane, here, self._closed)
        vessel.helm.forget()
        vessel.ahead = _legs(here, way, CLEAR_SHARE, backwards=True) if way else []
        vessel.leaving = bool(vessel.ahead)
        if way:
            # Moves that come meanwhile are planned anew, and it turns out again.
            if not vessel.told:
                what = 'leaves' if inside else 'turns away from'
                self.notes.append(f'{name} {what} a closed area')
            vessel.told = True
        elif not vessel.trapped:
            self.notes.append(f'{name} is in a closed area with no way out; it holds')
        vessel.trapped = not way

    def _steer(self, name: str, poses: Mapping[str, Pose], others: Sequence[Pose]) -> Command:
        vessel, pose = self._vessels[name], poses[name]
        if vessel.helm.leg is None and vessel.ahead:
            first = vessel.ahead[0]
            leg = Leg((pose.x, pose.y), first.end, first.share, first.backwards)
            if self._open(name, leg, poses, others):
                vessel.ahead.pop(0)
                vessel.helm.follow(leg, pose)
        command = vessel.helm.steer(pose)
        if vessel.helm.leg is None and not vessel.ahead:
            vessel.leaving = False
        if command.surge and self._someone_ahead(name, poses, others):
            return Command(0.0, command.turn)
        return command

    def _open(
        self, name: str, leg: Leg, poses: Mapping[str, Pose], others: Sequence[Pose]
    ) -> bool:
        """Tell whether nobody is on, or on the way across, a leg."""
        for other, vessel in self._vessels.items():
            if other != name:
                there = (poses[other].x, poses[other].y)
                end = vessel.helm.leg.end if vessel.helm.leg else there
                if gap((leg.start, leg.end), (there, end)) < self._clearance:
                    return False
        return all(
            gap((leg.start, leg.end), _reach(pose, self._lanes)) >= self._clearance
            for pose in others
        )

    def _someone_ahead(self, name: str, poses: Mapping[str, Pose], others: Sequence[Pose]) -> bool:
        leg, pose = self._vessels[name].helm.leg, poses[name]
        if leg is None:
            return False
        here = (pose.x, pose.y)
        far = braking_distance(pose, self._lanes.kind) + self._clearance
        left = math.dist(here, leg.end)
        if left == 0.0:
            return False
        t = min(far / left, 1.0)
        way = (here, (here[0] + t * (leg.end[0] - here[0]), here[1] + t * (leg.end[1] - here[1])))
        around = [*(p for other, p in poses.items() if other != name), *others]
        return any(
            gap(way, ((p.x, p.y), (p.x, p.y))) < self._clearance and _before(leg, here, (p.x, p.y))
            for p in around
        )

    def _give_up(self) -> None:
        for name, vessel in self._vessels.items():
            if vessel.helm.leg is not None or vessel.ahead:
                self.notes.append(
                    f'{name} has not arrived within {self._limits.timeout:g} s; it holds'
                )
            if not vessel.leaving:
                vessel.helm.forget()
                vessel.ahead = []
        self._moves, self._begun = None, None

    @property
    def _closed(self) -> frozenset[Cell]:
        return self._areas | self._lanes.board.walls

    @property
    def _clearance(self) -> float:
        """Least distance between two centres, m: a little less than that of two lanes."""
        return 2 * (self._lanes.kind.radius + self._lanes.tolerance / 2)


def _reach(pose: Pose, lanes: Lanes) -> tuple[Point, Point]:
    """Return where a body that moves may be when it has stopped."""
    far = braking_distance(pose, lanes.kind) + 10 * pose.speed
    return (pose.x, pose.y), (
        pose.x + far * math.cos(pose.yaw), pose.y + far * math.sin(pose.yaw)
    )  # fmt: skip


def _legs(
    start: Point, way: Sequence[Point], share: float = 1.0, backwards: bool = False
) -> list[Leg]:
    points = [start, *way]
    return [Leg(a, b, share, backwards) for a, b in zip(points, points[1:])]


def _before(leg: Leg, here: Point, there: Point) -> bool:
    return (leg.end[0] - here[0]) * (there[0] - here[0]) + (leg.end[1] - here[1]) * (
        there[1] - here[1]
    ) > 0
