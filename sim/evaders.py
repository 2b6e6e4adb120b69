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
"""Who the pursuers hunt: policies that choose among the evader's legal moves.

A policy sees the whole position and a seeded generator. The paper's `llm` evader needs a
model, so it lives above this layer and is passed in.
"""

from __future__ import annotations

from collections.abc import Callable

from ld_agent_sim.paths import path_lengths
from ld_agent_sim.pursuit import (
    Cell,
    evader_moves,
    EvaderPolicy,
    manhattan,
    pursuer_moves,
    PursuitState,
)
from ld_agent_sim.rules import Option, Question
import numpy as np

_DIRECTIONS = {(0, 1): 'north', (0, -1): 'south', (1, 0): 'east', (-1, 0): 'west'}
OUT_OF_REACH = 99
"""The path length of a cell to which there is no way."""


def random_evader(state: PursuitState, rng: np.random.Generator) -> Cell:
    """Choose any legal move."""
    return _any(evader_moves(state.board, state.evader, state.restricted), rng)


def flee(state: PursuitState, rng: np.random.Generator) -> Cell:
    """Maximise the sum of distances to the pursuers, then the smallest one, then by chance."""
    moves = evader_moves(state.board, state.evader, state.restricted)

    def worth(cell: Cell) -> tuple[float, ...]:
        far = [manhattan(cell, pursuer) for pursuer in state.pursuers]
        return sum(far), min(far)

    return _best(moves, worth, rng)


def adversary(state: PursuitState, rng: np.random.Generator) -> Cell:
    """Flee by path distance, two steps ahead, against pursuers that close in greedily."""
    board, closed = state.board, state.restricted
    from_evader = path_lengths(board, state.evader, closed)
    replies = tuple(
        min(
            pursuer_moves(board, pursuer, closed) or [pursuer],
            key=lambda cell: (from_evader.get(cell, np.inf), cell),
        )
        for pursuer in state.pursuers
    )

    def worth(cell: Cell) -> tuple[float, ...]:
        best: tuple[float, ...] = (-1.0,)
        for second in evader_moves(board, cell, closed) or [cell]:
            lengths = path_lengths(board, second, closed)
            far = [min(lengths.get(reply, OUT_OF_REACH), OUT_OF_REACH) for reply in replies]
            best = max(best, (sum(far), min(far)))
        return best

    return _best(evader_moves(board, state.evader, closed), worth, rng)


def hide(state: PursuitState, rng: np.random.Generator) -> Cell:
    """Flee by path distance, and put what is closed in the pursuers' way.

    A detour counts as much again as the path that it is part of, then the shortest path counts.
    On an open board this is `flee`.
    """
    board, closed = state.board, state.restricted

    def worth(cell: Cell) -> tuple[float, ...]:
        lengths = path_lengths(board, cell, closed)
        far = [min(lengths.get(pursuer, OUT_OF_REACH), OUT_OF_REACH) for pursuer in state.pursuers]
        detours = [way - manhattan(cell, p) for way, p in zip(far, state.pursuers, strict=True)]
        return sum(far) + sum(detours), min(far)

    return _best(evader_moves(board, state.evader, closed), worth, rng)


EVADERS: dict[str, EvaderPolicy] = {
    'random': random_evader,
    'flee': flee,
    'adversary': adversary,
    'hide': hide,
}


def evader_question(state: PursuitState) -> Question:
    """Return the evader's choice in words, for the evader `llm`."""
    x, y = state.evader
    moves = {
        _DIRECTIONS[cell[0] - x, cell[1] - y]: cell
        for cell in evader_moves(state.board, state.evader, state.restricted)
    }
    options = {
        name: Option(f'Move one cell {name}.', f'the pursuers are not in the {name}', cell)
        for name, cell in moves.items()
    }
    facts = {
        f'pursuer {number + 1}': _bearing(pursuer[0] - x, pursuer[1] - y)
        for number, pursuer in enumerate(state.pursuers)
    }
    return Question(
        'You flee from three pursuers on a board. Choose the direction to move.', options, facts
    )


def _bearing(east: int, north: int) -> str:
    words = []
    if north:
        words.append(f'{abs(north)} {"north" if north > 0 else "south"}')
    if east:
        words.append(f'{abs(east)} {"east" if east > 0 else "west"}')
    return ' and '.join(words) or 'here'


def _best(
    moves: list[Cell], worth: Callable[[Cell], tuple[float, ...]], rng: np.random.Generator
) -> Cell:
    values = [worth(move) for move in moves]
    return _any([m for m, value in zip(moves, values, strict=True) if value == max(values)], rng)


def _any(moves: list[Cell], rng: np.random.Generator) -> Cell:
    return moves[int(rng.integers(len(moves)))]
