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
"""Worlds behind one face, so that the simulator node needs to know no task.

A world gives observations and takes decisions as plain data, and says what to announce.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol, runtime_checkable

from ld_agent_sim.evaders import evader_question, EVADERS
from ld_agent_sim.pursuit import Board, Cell, EvaderPolicy, Pursuit
from ld_agent_sim.pursuit_rules import PursuitRules
from ld_agent_sim.rules import Question, Rules
from ld_agent_sim.scenario import Event, Scenario


class World(Protocol):
    """What the simulator node needs of a world.

    Attributes:
        task: name of the task.
        role: what the opponent is called.
        opponents: name → policy of whom the agent plays against.
        question: puts a choice of the opponent into words, for the opponent `llm`.
        rules: the task's rules on observations.
    """

    task: str
    role: str
    opponents: Mapping[str, Callable[..., Any]]
    question: Callable[[Any], Question]
    rules: Rules

    @classmethod
    def open(
        cls, opponent: Callable[..., Any], board: Board | None, scenario: Scenario | None
    ) -> World:
        """Return the world with an opponent.

        Args:
            board: used where the task has one and no scenario sets it.

        Raises:
            ValueError: the task has no such scenario.
        """

    def reset(self, seed: int) -> None:
        """Begin a new episode."""

    def observation(self) -> dict[str, Any]:
        """Return what the agent may see."""

    def apply(self, decision: Mapping[str, Any] | None) -> None:
        """Play a step; None is a lost turn."""

    @property
    def done(self) -> bool:
        """Whether the episode has ended."""

    @property
    def step(self) -> int:
        """Steps played so far."""

    def outcome(self) -> dict[str, Any]:
        """Return outcome, steps, violations and lost_turns of an ended episode."""


@runtime_checkable
class SpatialWorld(World, Protocol):
    """A world with a board of cells, which is also published in typed messages."""

    def announcements(self) -> list[Event]:
        """Return the areas to publish now, each once."""

    def size(self) -> tuple[int, int]:
        """Return the board's width and height in cells."""

    def chart(self) -> frozenset[Cell]:
        """Return the closed cells that everybody knows."""

    def truth(self) -> frozenset[Cell]:
        """Return all closed cells."""

    def actors(self) -> dict[str, list[Cell]]:
        """Return the cells of the pursuers and of the evader, for the typed mirrors."""


@dataclass
class _Pending:
    name: str
    cells: frozenset[Cell]
    in_force: int


class PursuitWorld:
    """The pursuit as a world; a scenario brings its board, start cells and restricted areas.

    Attributes:
        game: the episode.
        events: all that is published in this episode, in order; the agent is not told.
    """

    task = 'pursuit'
    role = 'evader'
    opponents = EVADERS
    question = staticmethod(evader_question)
    rules = PursuitRules()

    def __init__(
        self,
        board: Board | None = None,
        evader: EvaderPolicy = EVADERS['flee'],
        scenario: Scenario | None = None,
    ) -> None:
        self._scenario = scenario or Scenario('', board or Board())
        self._evader = evader
        self.reset(0)

    @classmethod
    def open(
        cls, opponent: EvaderPolicy, board: Board | None = None, scenario: Scenario | None = None
    ) -> PursuitWorld:
        """Return the world with an evader."""
        return cls(board, opponent, scenario)

    def reset(self, seed: int) -> None:
        """Begin a new episode."""
        self.game = Pursuit(
            self._scenario.board,
            seed=seed,
            evader=self._evader,
            pursuers=self._scenario.pursuers,
            evader_cell=self._scenario.evader,
        )
        self.events = tuple(self._scenario.events_of(seed, self.game.state.evader))
        self._coming = self.events
        self._pending: list[_Pending] = []
        self._areas: dict[str, frozenset[Cell]] = {}

    def announcements(self) -> list[Event]:
        """Return what to publish now, each event once.

        An area is in force one step later, that it is open again at once.
        """
        now = [event for event in self._coming if event.step <= self.step]
        self._coming = self._coming[len(now) :]
        for event in now:
            if event.lifts:
                self._lift(event.name)
            else:
                cells = event.cells(self.game.state.board)
                self._pending.append(_Pending(event.name, cells, self.step + 1))
        return now

    def observation(self) -> dict[str, Any]:
        """Return the `observation` of a state message; restricted areas are not in it."""
        state = self.game.state
        return {
            'width': state.board.width,
            'height': state.board.height,
            'moves': state.board.moves,
            'pursuers': [list(cell) for cell in state.pursuers],
            'evader': list(state.evader),
            'evader_track': [list(cell) for cell in state.evader_track],
            'walls': [list(cell) for cell in sorted(state.board.walls)],
            'walls_block': state.board.walls_block,
        }

    def apply(self, decision: Mapping[str, Any] | None) -> None:
        """Play a step; None is a lost turn."""
        moves = None if decision is None else decision.get('moves')
        coming = frozenset().union(*(pending.cells for pending in self._pending))
        self.game.step(None if moves is None else [(int(x), int(y)) for x, y in moves], coming)
        for pending in [p for p in self._pending if p.in_force <= self.step]:
            self._areas[pending.name] = pending.cells
            self.game.restrict(pending.cells)
            self._pending.remove(pending)

    def _lift(self, name: str) -> None:
        lifted = self._areas.pop(name)
        self.game.lift(lifted.difference(*self._areas.values()))

    @property
    def done(self) -> bool:
        """Whether the episode has ended."""
        return self.game.state.outcome is not None

    @property
    def step(self) -> int:
        """Steps played so far."""
        return self.game.state.step

    def outcome(self) -> dict[str, Any]:
        """Return outcome, steps, violations and lost_turns."""
        state = self.game.state
        return {
            'outcome': state.outcome.value if state.outcome else None,
            'steps': state.step,
            'violations': state.violations,
            'lost_turns': state.lost_turns,
        }

    def size(self) -> tuple[int, int]:
        """Return the board's width and height in cells."""
        return self.game.state.board.width, self.game.state.board.height

    def chart(self) -> frozenset[Cell]:
        """Return the walls."""
        return self.game.state.board.walls

    def truth(self) -> frozenset[Cell]:
        """Return walls and restricted cells."""
        return self.game.state.board.walls | self.game.state.restricted

    def actors(self) -> dict[str, list[Cell]]:
        """Return the cells of the pursuers and of the evader."""
        state = self.game.state
        return {'pursuers': list(state.pursuers), 'evader': [state.evader]}


WORLDS: dict[str, type[World]] = {PursuitWorld.task: PursuitWorld}
"""Worlds that live here; every other is the `WORLD` of the module named like its task."""


def find_world(task: str) -> type[World]:
    """Return the world of a task.

    Raises:
        ValueError: there is none.
    """
    if task in WORLDS:
        return WORLDS[task]
    found = None
    if task.isidentifier() and find_spec(f'ld_agent_sim.{task}') is not None:
        found = getattr(import_module(f'ld_agent_sim.{task}'), 'WORLD', None)
    if found is None:
        raise ValueError(
            f"there is no world for the task {task!r}; use 'pursuit', or a module of sim/ with a "
            "WORLD, such as 'twenty_one'"
        )
    return found


def make_world(
    task: str,
    *,
    evader: Callable[..., Any],
    board: Board | None = None,
    scenario: Scenario | None = None,
) -> World:
    """Return the world of a task with `evader` as the agent's opponent.

    Raises:
        ValueError: no world of that name, or it has no such scenario.
    """
    return find_world(task).open(evader, board, scenario)
