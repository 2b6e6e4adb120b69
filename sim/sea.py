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
"""The sea: three pursuers and a target as bodies on one board, and what must never happen there.

Time runs in steps of `DT`. The target has a helmsman of its own: when the pursuers have moved and
lie still, or when nobody has moved for long, it sails to the next cell that its policy names. The
referee looks at every instant: two footprints that overlap, one that leaves the board, one that
reaches into a closed cell. A body upon which an area appears is not to blame until it has left it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ld_agent_sim.helm import braking_distance, Helm, HOLD, Leg
from ld_agent_sim.lanes import Lanes
from ld_agent_sim.pursuit import captured, Cell, evader_moves, EvaderPolicy, Pursuit, PursuitState
from ld_agent_sim.vessels import Body, footprint, kind_of, KINDS, Point, Pose
import numpy as np
from shapely import geometry

DT = 0.05
"""Simulated seconds of an instant."""
STILL_SECONDS = 2.0
"""How long the pursuers lie still before the target takes its turn."""
TARGET = 'target'
TARGET_SHARE = 0.9
"""The target is a little slower than the pursuers."""
NAMES = ('pursuer_0', 'pursuer_1', 'pursuer_2', TARGET)
"""The bodies, in the order of their lanes."""


@dataclass(frozen=True)
class Fault:
    """What must not happen: which body, when, what."""

    time: float
    body: str
    what: str


def at_rest(pose: Pose, speed: float) -> bool:
    """Tell whether a body lies still, given the speed of its kind."""
    return pose.speed < 0.05 * speed and abs(pose.turn) < 0.05


class Sea:
    """One episode of a hunt in metres and seconds.

    Args:
        start: draws the start cells and holds the board.
        patience: simulated seconds without any motion after which the target moves anyway.
    """

    def __init__(
        self, start: Pursuit, lanes: Lanes, evader: EvaderPolicy, seed: int, patience: float
    ) -> None:
        self.lanes, self.kind = lanes, lanes.kind
        self.time = 0.0
        self.faults: list[Fault] = []
        self.closed: frozenset[Cell] = frozenset()
        self._evader, self._rng = evader, np.random.default_rng(seed)
        self._patience = patience
        make = KINDS[kind_of(self.kind.name).name][1]
        cells = (*start.state.pursuers, start.state.evader)
        self.bodies: dict[str, Body] = {
            name: make(Pose(*lanes.berth(lane, cell)))
            for lane, (name, cell) in enumerate(zip(NAMES, cells))
        }
        self.waiting = False
        """While this is set the hunt has not begun, and the target stays."""
        self._told = dict.fromkeys(NAMES, HOLD)
        self._helm = Helm(self.kind, lanes.tolerance)
        self._track: tuple[Cell, ...] = ()
        self._still_since = self._idle_since = 0.0
        self._moved = False
        self._excused: set[str] = set()
        self._blamed: set[tuple[str, str]] = set()

    def poses(self) -> dict[str, Pose]:
        """Return the pose of each body."""
        return {name: body.pose for name, body in self.bodies.items()}

    def command(self, name: str, surge: float, turn: float) -> None:
        """Tell a pursuer what to do; it holds until the next command."""
        self._told[name] = type(HOLD)(surge, turn)
        self.bodies[name].command(surge, turn)

    def close(self, cells: Iterable[Cell]) -> None:
        """Set the closed cells; who is in a new one, or cannot stop before it, is excused."""
        before, self.closed = self.closed, frozenset(cells)
        new = self.closed - before
        for name, body in self.bodies.items():
            ahead = braking_distance(body.pose, self.kind) + body.pose.speed
            if self.lanes.touches((body.pose.x, body.pose.y), new, margin=ahead):
                self._excused.add(name)

    def advance(self) -> None:
        """Let one instant pass."""
        self._steer_target()
        for body in self.bodies.values():
            body.step(DT)
        self.time = round(self.time + DT, 6)
        self._referee()

    def position(self) -> PursuitState:
        """Return the position of the game that the bodies' places come to."""
        cells = [self.lanes.cell((b.pose.x, b.pose.y)) for b in self.bodies.values()]
        return PursuitState(
            self.lanes.board, tuple(cells[:-1]), cells[-1], self.closed - self.lanes.board.walls,
            self._track,
        )  # fmt: skip

    def _steer_target(self) -> None:
        body = self.bodies[TARGET]
        if self._helm.leg is None:
            if self._its_turn():
                self._set_out(body)
        command = self._helm.steer(body.pose)
        if self._helm.leg is None and command is HOLD:
            body.command(0.0, 0.0)
        else:
            self._still_since = self._idle_since = self.time
            body.command(command.surge, command.turn)

    def _its_turn(self) -> bool:
        for name in NAMES[:-1]:
            if self._told[name] != HOLD or not at_rest(self.bodies[name].pose, self.kind.speed):
                self._still_since = self._idle_since = self.time
                self._moved = True
                return False
        if self.waiting:
            self._idle_since = self.time
            return False
        if self._moved and self.time - self._still_since >= STILL_SECONDS:
            return True
        return self.time - self._idle_since >= self._patience

    def _set_out(self, body: Body) -> None:
        """Sail to the next cell, unless the target is caught or cannot move."""
        self._moved = False
        self._idle_since = self.time
        state = self.position()
        choices = evader_moves(state.board, state.evader, state.restricted)
        if captured(state.pursuers, state.evader) or not choices:
            return
        cell = self._evader(state, self._rng)
        if cell not in choices:
            return
        self._track = (*self._track, state.evader)[-3:]
        here = (body.pose.x, body.pose.y)
        end = self.lanes.berth(len(NAMES) - 1, cell)
        self._helm.follow(Leg(here, end, share=TARGET_SHARE), body.pose)

    def _referee(self) -> None:
        places = self.poses()
        for number, (name, pose) in enumerate(places.items()):
            centre = (pose.x, pose.y)
            if self._reaches_in(pose, centre):
                if name not in self._excused:
                    self._blame(name, 'reaches into a closed cell')
            else:
                self._excused.discard(name)
            if self._off_board(pose, centre):
                self._blame(name, 'leaves the board')
            for other, there in list(places.items())[number + 1 :]:
                if self._collide(pose, there):
                    self._blame(name, f'collides with {other}')

    def _reaches_in(self, pose: Pose, centre: Point) -> bool:
        shut = self.closed | self.lanes.board.walls
        if not self.lanes.touches(centre, shut):
            return False
        hull, edge = geometry.Polygon(footprint(pose, self.kind)), self.lanes.edge
        x, y = self.lanes.cell(centre)
        return any(
            hull.intersects(geometry.box(cx * edge, cy * edge, (cx + 1) * edge, (cy + 1) * edge))
            for cx in range(x - 1, x + 2)
            for cy in range(y - 1, y + 2)
            if (cx, cy) in shut
        )

    def _off_board(self, pose: Pose, centre: Point) -> bool:
        board, edge, radius = self.lanes.board, self.lanes.edge, self.kind.radius
        size = (board.width * edge, board.height * edge)
        if all(radius < c < s - radius for c, s in zip(centre, size)):
            return False
        corners = footprint(pose, self.kind)
        return not all(0 <= c <= s for corner in corners for c, s in zip(corner, size))

    def _collide(self, a: Pose, b: Pose) -> bool:
        if (a.x - b.x) ** 2 + (a.y - b.y) ** 2 > 4 * self.kind.radius**2:
            return False
        hulls = [geometry.Polygon(footprint(pose, self.kind)) for pose in (a, b)]
        return hulls[0].intersects(hulls[1])

    def _blame(self, body: str, what: str) -> None:
        if (body, what) not in self._blamed:
            self._blamed.add((body, what))
            self.faults.append(Fault(self.time, body, what))
