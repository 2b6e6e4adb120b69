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
"""From poses to the game: when a step is over, which cells the vessels are in, how it ended.

A step begins when everybody lies still: its state goes out and a decision is awaited until the
deadline, which missed is a lost turn. Then the pursuers sail; when all have arrived, or have run
out of time, the target has its turn; when that lies still again the next step begins. Poses in
metres come in, `State` and moves go out, so the decision node is the one of the board game.
Knows no ROS, and nothing of areas: those the agent learns from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ld_agent.messages import Cell, Decision, State
from ld_agent_sim.lanes import Lanes
from ld_agent_sim.pursuit import captured, MAX_STEPS, MAX_VIOLATIONS, Outcome, why_illegal
from ld_agent_sim.sea import at_rest, NAMES
from ld_agent_sim.vessels import Pose


@dataclass(frozen=True)
class Patience:
    """How long is waited.

    Attributes:
        still: simulated seconds for which all lie still before a state goes out.
        deadline: seconds of the caller's clock for a decision.
        sailing: simulated seconds for the pursuers' moves; `target`: for the target's turn.
        stuck: simulated seconds for which all lie still, not all where they were sent, before the
            step goes on with where they are.
    """

    still: float = 1.0
    deadline: float = 2.0
    sailing: float = 900.0
    target: float = 90.0
    stuck: float = 30.0


class _Phase(Enum):
    RESTING = 'resting'
    ASKED = 'asked'
    SAILING = 'sailing'
    TARGET = 'target'
    OVER = 'over'


class Perception:
    """Sees the steps of one episode.

    Args:
        lanes: the board in metres, its walls included.
    """

    def __init__(self, lanes: Lanes, patience: Patience, episode: int, seed: int) -> None:
        self._lanes, self._patience = lanes, patience
        self.episode, self.seed = episode, seed
        self.step = self.lost_turns = self.violations = 0
        self.outcome: Outcome | None = None
        self._phase = _Phase.RESTING
        self._asked_at = 0.0
        self._since = 0.0
        self._still_since: float | None = None
        self._cells: tuple[Cell, ...] = ()
        self._moves: tuple[Cell, ...] | None = None
        self._target_from: Cell | None = None
        self._track: tuple[Cell, ...] = ()

    def look(self, poses: Mapping[str, Pose], now: float, clock: float) -> State | None:
        """Take the poses of all vessels and of the target.

        Args:
            now: simulated time, s; `clock`: the caller's clock, s.

        Returns:
            The state to publish, where a step begins or the episode has ended.
        """
        if self._phase is _Phase.OVER or any(name not in poses for name in NAMES):
            return None
        still = all(at_rest(poses[name], self._lanes.kind.speed) for name in NAMES)
        if not still or self._still_since is None:
            self._still_since = now
        settled = still and now - self._still_since >= self._patience.still
        self._cells = tuple(self._lanes.cell((poses[n].x, poses[n].y)) for n in NAMES)
        if self._phase is _Phase.RESTING and settled:
            return self._begin_step(now, clock)
        if self._phase is _Phase.ASKED and clock - self._asked_at > self._patience.deadline:
            self.lost_turns += 1
            self._moves = self._cells[:-1]
            self._enter(_Phase.TARGET, now)
        elif self._phase is _Phase.SAILING and settled:
            assert self._moves is not None
            late = now - self._since > self._patience.sailing
            stuck = now - self._still_since > self._patience.stuck
            if self._cells[:-1] == self._moves or late or stuck:
                self._enter(_Phase.TARGET, now)
        elif self._phase is _Phase.TARGET and settled:
            caught = captured(self._cells[:-1], self._cells[-1])
            moved = self._cells[-1] != self._target_from
            if caught or moved or now - self._since > self._patience.target:
                self.step += 1
                return self._begin_step(now, clock)
        return None

    def decide(self, decision: Decision, now: float) -> list[Cell] | None:
        """Take a decision; the moves to sail, or None where it is not the one awaited.

        A move that is none by the rules is a violation, and that pursuer stays.
        """
        if self._phase is not _Phase.ASKED or decision.moves is None:
            return None
        if (decision.episode, decision.step) != (self.episode, self.step):
            return None
        moves = []
        for number, start in enumerate(self._cells[:-1]):
            asked = decision.moves[number] if number < len(decision.moves) else None
            if asked is None or why_illegal(self._lanes.board, start, asked):
                self.violations += 1
                asked = start
            moves.append(asked)
        self._moves = tuple(moves)
        self._enter(_Phase.SAILING, now)
        return moves

    @property
    def sailing(self) -> list[Cell] | None:
        """The moves that are being sailed."""
        return list(self._moves) if self._phase is _Phase.SAILING and self._moves else None

    @property
    def places(self) -> tuple[Cell, ...]:
        """The cells of the pursuers and, last, of the target."""
        return self._cells

    def result(self) -> dict[str, Any]:
        """Return outcome, steps, violations and lost turns of an ended episode."""
        return {
            'outcome': self.outcome.value if self.outcome else None,
            'steps': self.step,
            'violations': self.violations,
            'lost_turns': self.lost_turns,
        }

    def _begin_step(self, now: float, clock: float) -> State:
        """Judge the position; where the hunt goes on, ask."""
        target = self._cells[-1]
        if self._target_from is not None and target != self._target_from:
            self._track = (*self._track, self._target_from)[-3:]
        self._target_from = target
        if self.violations > MAX_VIOLATIONS:
            self.outcome = Outcome.FAILURE_WITH_VIOLATION
        elif captured(self._cells[:-1], target):
            self.outcome = Outcome.SUCCESS
        elif self.step >= MAX_STEPS:
            self.outcome = Outcome.FAILURE_WITHOUT_VIOLATION
        self._enter(_Phase.ASKED if self.outcome is None else _Phase.OVER, now)
        self._asked_at = clock
        return State(
            task='pursuit', episode=self.episode, seed=self.seed, step=self.step,
            done=self.outcome is not None, stamp=now, deadline=self._patience.deadline,
            observation=self._observation(),
        )  # fmt: skip

    def _observation(self) -> dict[str, Any]:
        board = self._lanes.board
        return {
            'width': board.width,
            'height': board.height,
            'moves': board.moves,
            'pursuers': [list(cell) for cell in self._cells[:-1]],
            'evader': list(self._cells[-1]),
            'evader_track': [list(cell) for cell in self._track],
            'walls': [list(cell) for cell in sorted(board.walls)],
            'walls_block': board.walls_block,
        }

    def _enter(self, phase: _Phase, now: float) -> None:
        self._phase, self._since = phase, now
        self._still_since = None
