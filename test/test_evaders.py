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
"""The evaders choose as described; their distances are computed a second time here."""

from __future__ import annotations

from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st
from ld_agent_sim.evaders import adversary, EVADERS, flee, hide, random_evader
from ld_agent_sim.pursuit import Board, pursuer_moves, Pursuit, PursuitState
import numpy as np
import pytest

quick = settings(max_examples=100, deadline=None)
OPEN = Board(9, 7)


def position(pursuers, evader, board=OPEN, restricted=frozenset()):
    return PursuitState(board, tuple(pursuers), evader, frozenset(restricted))


def choices(policy, state, seeds=40):
    """Return what the policy chooses over many seeds."""
    return {policy(state, np.random.default_rng(seed)) for seed in range(seeds)}


def neighbours(board, cell, restricted):
    x, y = cell
    return [
        (a, b)
        for a, b in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1))
        if 0 <= a < board.width and 0 <= b < board.height
        if (a, b) not in board.walls | restricted
    ]


def path_lengths(board, start, restricted):
    lengths, queue = {start: 0}, deque([start])
    while queue:
        cell = queue.popleft()
        for other in neighbours(board, cell, restricted):
            if other not in lengths:
                lengths[other] = lengths[cell] + 1
                queue.append(other)
    return lengths


@st.composite
def positions(draw):
    """Draw a position on a board that is not square, in which the evader can move."""
    width = draw(st.integers(4, 9))
    height = draw(st.integers(4, 9).filter(lambda side: side != width))
    cell = st.tuples(st.integers(0, width - 1), st.integers(0, height - 1))
    board = Board(width, height, walls=draw(st.frozensets(cell, max_size=width)))
    free = st.sampled_from(board.free())
    restricted = draw(st.frozensets(cell, max_size=3))
    movable = [c for c in board.free() if neighbours(board, c, restricted)]
    evader = draw(st.sampled_from(movable))
    if draw(st.booleans()):
        restricted |= {evader}
    return position(draw(st.tuples(free, free, free)), evader, board, restricted)


@quick
@given(state=positions(), name=st.sampled_from(sorted(EVADERS)), seed=st.integers(0, 99))
def test_every_evader_moves_to_an_open_cell_and_the_same_with_the_same_seed(state, name, seed):
    moves = [EVADERS[name](state, np.random.default_rng(seed)) for _ in range(2)]
    assert moves[0] == moves[1]
    assert moves[0] in neighbours(state.board, state.evader, state.restricted)


def test_random_takes_each_legal_move_about_as_often():
    state = position([(4, 4)] * 3, (4, 3), restricted={(4, 2)})
    rng = np.random.default_rng(0)
    counts: dict = {}
    for _ in range(600):
        cell = random_evader(state, rng)
        counts[cell] = counts.get(cell, 0) + 1
    assert set(counts) == {(3, 3), (5, 3), (4, 4)}
    assert all(150 < count < 250 for count in counts.values())


@quick
@given(state=positions())
def test_flee_takes_the_largest_sum_then_the_largest_smallest_distance_then_any(state):
    keys = {}
    for x, y in neighbours(state.board, state.evader, state.restricted):
        far = [abs(x - px) + abs(y - py) for px, py in state.pursuers]
        keys[x, y] = (sum(far), min(far))
    best = {cell for cell, key in keys.items() if key == max(keys.values())}
    assert choices(flee, state) == best


def test_flee_puts_the_sum_before_the_smallest_distance():
    # West: 1 + 9 + 9 = 19, the smallest is 1. East: 3 + 7 + 7 = 17, the smallest is 3.
    board = Board(14, 3, walls=frozenset({(3, 0), (3, 2)}))
    assert choices(flee, position([(1, 1), (11, 1), (11, 1)], (3, 1), board)) == {(2, 1)}


def test_flee_breaks_an_equal_sum_by_the_smallest_distance():
    # North: 2 + 5 + 6 = 13, the smallest is 2. South: 4 + 5 + 4 = 13, the smallest is 4.
    board = Board(9, 12, walls=frozenset({(3, 5), (5, 5)}))
    assert choices(flee, position([(4, 8), (0, 5), (4, 0)], (4, 5), board)) == {(4, 4)}


def test_flee_breaks_a_full_tie_by_chance():
    assert choices(flee, position([(4, 3)] * 3, (4, 3))) == {(3, 3), (5, 3), (4, 2), (4, 4)}


@quick
@given(state=positions())
def test_adversary_looks_two_steps_ahead_along_paths(state):
    board, closed = state.board, state.restricted
    to_evader = path_lengths(board, state.evader, closed)
    replies = [
        min(pursuer_moves(board, p, closed) or [p], key=lambda c: (to_evader.get(c, 10**6), c))
        for p in state.pursuers
    ]
    keys = {}
    for first in neighbours(board, state.evader, closed):
        ends = []
        for second in neighbours(board, first, closed) or [first]:
            lengths = path_lengths(board, second, closed)
            far = [lengths.get(reply, 99) for reply in replies]
            ends.append((sum(far), min(far)))
        keys[first] = max(ends)
    best = {cell for cell, key in keys.items() if key == max(keys.values())}
    assert choices(adversary, state) == best


def test_adversary_does_not_run_into_a_dead_end_where_flee_does():
    # A corridor of one cell leads east, away from the pursuers; the way round goes north.
    board = Board(9, 7, walls=frozenset({(6, 2), (6, 4), (7, 3)}))
    state = position([(2, 3), (2, 4), (2, 2)], (5, 3), board)
    assert choices(flee, state) == {(6, 3)}
    assert (6, 3) not in choices(adversary, state)


@pytest.mark.parametrize(('name', 'low', 'high'), [('random', 8, 11.5), ('flee', 11.5, 15)])
def test_greedy_pursuit_takes_as_long_as_measured(name, low, high):
    steps = []
    for seed in range(60):
        game = Pursuit(Board(), seed=seed, evader=EVADERS[name])
        while game.state.outcome is None:
            ex, ey = game.state.evader
            game.step(
                [
                    min(pursuer_moves(Board(), p), key=lambda c: abs(c[0] - ex) + abs(c[1] - ey))
                    for p in game.state.pursuers
                ]
            )
        steps.append(game.state.step)
    assert low < np.mean(steps) < high


@quick
@given(state=positions())
def test_hide_is_flee_where_nothing_is_closed(state):
    board = Board(state.board.width, state.board.height)
    open_water = position(state.pursuers, state.evader, board)
    assert choices(hide, open_water) == choices(flee, open_water)


def test_hide_slips_behind_an_area_where_flee_runs_past_it():
    # The bar lies in the north-west of the evader; the pursuers come from the west.
    bar = {(5, y) for y in range(3, 9)}
    state = position([(1, 6), (1, 7), (1, 6)], (6, 2), Board(11, 10), bar)
    assert (6, 3) not in choices(flee, state)
    assert choices(hide, state) == {(6, 3)}
