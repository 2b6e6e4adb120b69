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
lie still, or when nobody has moved for long, it sails to the next cell that its policy names. A
referee looks at every instant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ld_agent_sim.helm import Helm, HOLD, Leg
from ld_agent_sim.lanes import Lanes
from ld_agent_sim.pursuit import captured, Cell, evader_moves, EvaderPolicy, Pursuit, PursuitState
from ld_agent_sim.referee import Referee
from ld_agent_sim.vessels import Body, kind_of, KINDS, Pose
import numpy as np

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
        self._referee = Referee(lanes)

    def poses(self) -> dict[str, Pose]:
        """Return the pose of each body."""
        return {name: body.pose for name, body in self.bodies.items()}

    def command(self, name: str, surge: float, turn: float) -> None:
        """Tell a pursuer what to do; it holds until the next command."""
        self._told[name] = type(HOLD)(surge, turn)
        self.bodies[name].command(surge, turn)

    @property
    def closed(self) -> frozenset[Cell]:
        """The closed cells, beside the walls."""
        return self._referee.closed

    def close(self, cells: Iterable[Cell]) -> None:
        """Set the closed cells; who cannot help being in one is excused."""
        self._referee.close(cells, self.time, self.poses())

    def advance(self) -> None:
        """Let one instant pass."""
        self._steer_target()
        for body in self.bodies.values():
            body.step(DT)
        self.time = round(self.time + DT, 6)
        for body, what in self._referee.look(self.time, self.poses()):
            self.faults.append(Fault(self.time, body, what))

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
