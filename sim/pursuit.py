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
"""The pursuit: three pursuers hunt one evader on a bounded board of integer cells.

In each step first all pursuers move by exactly two units (or up to two), then the evader moves
by one. Cells are `(x, y)`, zero-based, x to the east, y to the north. Rules only: nothing here
knows who decides the moves, nor what the agent was told about restricted areas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

import numpy as np

Cell = tuple[int, int]
MAX_STEPS = 100
MAX_VIOLATIONS = 7
PURSUERS = 3


class Outcome(str, Enum):
    """How an episode ended."""

    SUCCESS = 'success'
    FAILURE_WITHOUT_VIOLATION = 'failure_without_violation'
    FAILURE_WITH_VIOLATION = 'failure_with_violation'


@dataclass(frozen=True)
class Board:
    """The chart that everybody knows.

    Attributes:
        moves: `exact` (a pursuer moves by exactly two units) or `up_to` (by 0, 1 or 2).
        walls: closed cells.
        walls_block: a move of two units needs a free cell in between; otherwise pursuers jump.
    """

    width: int = 20
    height: int = 20
    moves: Literal['exact', 'up_to'] = 'exact'
    walls: frozenset[Cell] = frozenset()
    walls_block: bool = False

    def __post_init__(self) -> None:
        """Refuse a board on which no game can be played."""
        if self.width < 2 or self.height < 2:
            raise ValueError(
                f'a board of {self.width}x{self.height} is too small; use 2x2 or more'
            )
        if self.moves not in ('exact', 'up_to'):
            raise ValueError(f"moves is {self.moves!r}; use 'exact' or 'up_to'")
        if len(self.free()) < PURSUERS + 1:
            raise ValueError('the walls leave fewer than four free cells')

    @classmethod
    def parse(cls, text: str) -> Board:
        """Return the open board that `text`, such as `20x12`, names.

        Raises:
            ValueError: it is not WIDTHxHEIGHT.
        """
        width, _, height = text.lower().partition('x')
        if not (width.isdigit() and height.isdigit()):
            raise ValueError(f'the board {text!r} is not WIDTHxHEIGHT, such as 20x20')
        return cls(int(width), int(height))

    def inside(self, cell: Cell) -> bool:
        """Tell whether the cell is on the board."""
        return 0 <= cell[0] < self.width and 0 <= cell[1] < self.height

    def cells(self) -> list[Cell]:
        """Return all cells, row by row."""
        return [(x, y) for y in range(self.height) for x in range(self.width)]

    def free(self) -> list[Cell]:
        """Return the cells without a wall."""
        return [cell for cell in self.cells() if cell not in self.walls]


def manhattan(a: Cell, b: Cell) -> int:
    """Return the Manhattan distance in cells."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def why_illegal(
    board: Board,
    start: Cell,
    end: Cell,
    restricted: frozenset[Cell] = frozenset(),
    coming: frozenset[Cell] = frozenset(),
) -> str | None:
    """Return why a pursuer may not move from `start` to `end`; None where it may.

    A pursuer that has no legal move at all may stay, and so may one that could only move into
    `coming`: cells that were announced, and are restricted from the next step on.
    """
    fault = _fault(board, start, end, restricted)
    if fault and end == start and not pursuer_moves(board, start, restricted | coming):
        return None
    return fault


def _fault(board: Board, start: Cell, end: Cell, restricted: frozenset[Cell]) -> str | None:
    length = manhattan(start, end)
    if not board.inside(end):
        return 'leaves the board'
    if length > 2 or (board.moves == 'exact' and length != 2):
        return 'not two units' if board.moves == 'exact' else 'more than two units'
    if end in board.walls:
        return 'enters a wall'
    if end in restricted:
        return 'enters a restricted area'
    if board.walls_block and length == 2:
        (x0, y0), (x1, y1) = start, end
        between = (
            [((x0 + x1) // 2, (y0 + y1) // 2)] if x0 == x1 or y0 == y1 else [(x0, y1), (x1, y0)]
        )
        if all(cell in board.walls or cell in restricted for cell in between):
            return 'jumps a wall'
    return None


def pursuer_moves(
    board: Board, cell: Cell, restricted: frozenset[Cell] = frozenset()
) -> list[Cell]:
    """Return the cells a pursuer on `cell` may end on, sorted; empty means it must stay."""
    ends = [
        (cell[0] + dx, cell[1] + dy)
        for dx in range(-2, 3)
        for dy in range(abs(dx) - 2, 3 - abs(dx))
    ]
    return [end for end in ends if _fault(board, cell, end, restricted) is None]


def evader_moves(
    board: Board, cell: Cell, restricted: frozenset[Cell] = frozenset()
) -> list[Cell]:
    """Return the cells the evader may move to, sorted; empty means it must stay."""
    x, y = cell
    return [
        end
        for end in ((x - 1, y), (x, y - 1), (x, y + 1), (x + 1, y))
        if board.inside(end) and end not in board.walls and end not in restricted
    ]


def captured(pursuers: Iterable[Cell], evader: Cell) -> bool:
    """Tell whether all pursuers are at Manhattan distance less than 2 from the evader."""
    return all(manhattan(pursuer, evader) < 2 for pursuer in pursuers)


@dataclass(frozen=True)
class PursuitState:
    """A position of the game and the counts so far; `outcome` is None while it runs."""

    board: Board
    pursuers: tuple[Cell, ...]
    evader: Cell
    restricted: frozenset[Cell] = frozenset()
    evader_track: tuple[Cell, ...] = ()
    step: int = 0
    violations: int = 0
    lost_turns: int = 0
    outcome: Outcome | None = None


EvaderPolicy = Callable[[PursuitState, np.random.Generator], Cell]


class Pursuit:
    """One episode, the same for the same board, seed and evader.

    Args:
        evader: chooses among the legal moves of the evader.
        pursuers, evader_cell: start cells; drawn from the seed where not given.
    """

    def __init__(
        self,
        board: Board,
        *,
        seed: int,
        evader: EvaderPolicy,
        max_steps: int = MAX_STEPS,
        pursuers: Sequence[Cell] | None = None,
        evader_cell: Cell | None = None,
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._evader = evader
        self._max_steps = max_steps
        drawn = self._draw_start(board)
        self.state = PursuitState(
            board=board,
            pursuers=tuple(pursuers) if pursuers is not None else drawn[:PURSUERS],
            evader=evader_cell if evader_cell is not None else drawn[PURSUERS],
        )

    def _draw_start(self, board: Board) -> tuple[Cell, ...]:
        free = board.free()
        while True:
            picked = self._rng.choice(len(free), size=PURSUERS + 1, replace=False)
            cells = tuple(free[int(i)] for i in picked)
            if len(free) < 8 or not captured(cells[:PURSUERS], cells[PURSUERS]):
                return cells

    def restrict(self, cells: Iterable[Cell]) -> None:
        """Close `cells` from now on."""
        self.state = replace(self.state, restricted=self.state.restricted | frozenset(cells))

    def lift(self, cells: Iterable[Cell]) -> None:
        """Open `cells` from now on; walls stay."""
        self.state = replace(self.state, restricted=self.state.restricted - frozenset(cells))

    def step(
        self, moves: Sequence[Cell] | None, coming: frozenset[Cell] = frozenset()
    ) -> PursuitState:
        """Play one step: the pursuers' `moves` (None: a lost turn), then the evader's.

        An illegal move, and a missing one, is a violation, and that pursuer keeps its place. A
        pursuer with no legal move stays, without violation, whatever was asked; one that could
        only move into `coming`, which is restricted from the next step on, may stay.
        A call after the end changes nothing.
        """
        before = self.state
        if before.outcome is not None:
            return before
        violations, lost, pursuers = before.violations, before.lost_turns, list(before.pursuers)
        if moves is None:
            lost += 1
        else:
            for number, start in enumerate(before.pursuers):
                if not pursuer_moves(before.board, start, before.restricted):
                    continue
                end = tuple(moves[number]) if number < len(moves) else None
                if end is None or why_illegal(before.board, start, end, before.restricted, coming):
                    violations += 1
                else:
                    pursuers[number] = end
        moved = replace(
            before,
            pursuers=tuple(pursuers),
            violations=violations,
            lost_turns=lost,
            step=before.step + 1,
        )
        if violations > MAX_VIOLATIONS:
            self.state = replace(moved, outcome=Outcome.FAILURE_WITH_VIOLATION)
            return self.state
        if not captured(moved.pursuers, moved.evader):
            choices = evader_moves(moved.board, moved.evader, moved.restricted)
            evader = self._evader(moved, self._rng) if choices else moved.evader
            moved = replace(
                moved,
                evader=evader if evader in choices else moved.evader,
                evader_track=(*moved.evader_track, moved.evader)[-3:],
            )
        outcome = None
        if captured(moved.pursuers, moved.evader):
            outcome = Outcome.SUCCESS
        elif moved.step >= self._max_steps:
            outcome = Outcome.FAILURE_WITHOUT_VIOLATION
        self.state = replace(moved, outcome=outcome)
        return self.state
