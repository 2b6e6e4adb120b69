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
"""What follows from a scenario's truth, which no agent is told: a policy to compare with, a proof.

`path_moves` plays greedily by path distance and knows every area from the start. It is no bound:
who looks ahead may be faster.

`capture_possible` keeps, for each pursuer and for the evader, all the cells where it could be
after each step, whatever anybody decides: a wave over the legal moves, and over staying, under
what is closed in that step. A capture needs one cell of the evader's wave with a cell of *every*
pursuer's wave at distance less than 2. Where no step has one, no play whatever ends in a
capture: False is a proof. True is none, since the waves forget who was where together; there an
episode that ends in a capture is the proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ld_agent_sim.paths import path_lengths
from ld_agent_sim.pursuit import (
    Board,
    Cell,
    evader_moves,
    manhattan,
    MAX_STEPS,
    pursuer_moves,
    PursuitState,
)
from ld_agent_sim.scenario import Event

Closed = Callable[[int], frozenset[Cell]]
"""Step → the restricted cells that are in force when it is played."""


def truth_of(events: Iterable[Event], board: Board) -> Closed:
    """Return what is closed in each step, from what is published when."""
    spans: dict[str, list[tuple[int, int, frozenset[Cell]]]] = {}
    for event in sorted(events, key=lambda event: event.step):
        known = spans.setdefault(event.name, [])
        if event.lifts:
            begin, _, cells = known.pop()
            known.append((begin, event.step, cells))
        else:
            known.append((event.step + 1, MAX_STEPS, event.cells(board)))
    areas = [span for known in spans.values() for span in known]

    def closed(step: int) -> frozenset[Cell]:
        return frozenset().union(*(cells for begin, end, cells in areas if begin <= step < end))

    return closed


def path_moves(state: PursuitState, closed: Closed) -> list[Cell]:
    """Return each pursuer's move with the fewest further moves to the evader.

    Cells that are closed now or in any later step are entered only where no other is left; among
    equal moves the one that ends nearest to the evader counts, then the smallest cell.
    """
    board = state.board
    known = frozenset().union(*(closed(step) for step in range(state.step, MAX_STEPS)))
    goals = [state.evader, *evader_moves(board, state.evader, known)]
    ways = [path_lengths(board, goal, known, 'pursuer') for goal in goals]

    def left(cell: Cell) -> tuple[bool, float, int, Cell]:
        hops = min(way.get(cell, float('inf')) for way in ways)
        return cell in known, hops, manhattan(cell, state.evader), cell

    return [
        min(pursuer_moves(board, pursuer, state.restricted) or [pursuer], key=left)
        for pursuer in state.pursuers
    ]


def capture_possible(state: PursuitState, closed: Closed) -> bool:
    """Tell whether any play from here could end in a capture; False is a proof that none can."""
    board = state.board
    pursuers = [frozenset({cell}) for cell in state.pursuers]
    evader = frozenset({state.evader})
    changes = [s for s in range(state.step, MAX_STEPS) if closed(s) != closed(s + 1)]
    for step in range(state.step, MAX_STEPS):
        shut = closed(step)
        before = (pursuers, evader)
        pursuers = [_spread(pursuer_moves, board, cells, shut) for cells in pursuers]
        if _meet(pursuers, evader):
            return True
        evader = _spread(evader_moves, board, evader, shut)
        if _meet(pursuers, evader):
            return True
        if (pursuers, evader) == before and not any(change >= step for change in changes):
            return False
    return False


def _spread(
    moves: Callable[[Board, Cell, frozenset[Cell]], list[Cell]],
    board: Board,
    cells: frozenset[Cell],
    shut: frozenset[Cell],
) -> frozenset[Cell]:
    return cells.union(*(moves(board, cell, shut) for cell in cells))


def _meet(pursuers: Sequence[frozenset[Cell]], evader: frozenset[Cell]) -> bool:
    """Tell whether one of the evader's cells has a cell of every pursuer's within capture."""
    near = ((0, 0), (-1, 0), (0, -1), (0, 1), (1, 0))
    return any(
        all(any((x + dx, y + dy) in cells for dx, dy in near) for cells in pursuers)
        for x, y in evader
    )
