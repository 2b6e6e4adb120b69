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
"""The search plays legal moves, knows the evaders as they are and comes near the optimum."""

from __future__ import annotations

from functools import partial
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from ld_agent.steps_bench import greedy_moves
from ld_agent_sim.bound import lower_bound
from ld_agent_sim.evaders import EVADERS
from ld_agent_sim.pursuit import (
    Board,
    captured,
    evader_moves,
    manhattan,
    Outcome,
    pursuer_moves,
    Pursuit,
    PursuitState,
    why_illegal,
)
from ld_agent_sim.search import best_replies, KNOWN_EVADERS, Searcher
from ld_agent_sim.tables import board_tables
import numpy as np
import pytest

WALLED = Board(9, 6, walls=frozenset({(4, 1), (4, 2), (4, 3), (0, 4)}))
CORNER = Board(8, 5, moves='up_to', walls=frozenset({(1, 0), (0, 1)}), walls_block=True)
BOARDS = [Board(7, 5), WALLED, CORNER]


def finish(board, evader, seed, decide, pursuers=None, cell=None):
    """Return the state after an episode; every move asked for must be legal."""
    game = Pursuit(
        board, seed=seed, evader=EVADERS[evader], pursuers=pursuers, evader_cell=cell, max_steps=40
    )
    while game.state.outcome is None:
        asked = decide(game)
        for start, end in zip(game.state.pursuers, asked, strict=True):
            assert why_illegal(board, start, end) is None
        game.step(asked)
    return game.state


def searched(searcher, rng, game):
    return searcher.moves(game.state, rng)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), board=st.sampled_from(BOARDS), evader=st.sampled_from(KNOWN_EVADERS))
def test_its_evaders_choose_as_the_real_ones(data, board, evader):
    free = st.sampled_from([c for c in board.free() if evader_moves(board, c)])
    pursuers = tuple(data.draw(free) for _ in range(3))
    cell = data.draw(free)
    tables = board_tables(board)
    numbers = np.array([[tables.number[c] for c in pursuers]])
    at = np.array([tables.number[cell]])
    likely = best_replies(tables, evader, numbers, at)[0]
    mine = {tables.cell(n) for n in tables.steps[at[0]][likely]}
    state = PursuitState(board, pursuers, cell)
    assert mine == {EVADERS[evader](state, np.random.default_rng(s)) for s in range(40)}
    assert likely.sum() == len(mine)


@pytest.mark.parametrize('evader', KNOWN_EVADERS)
@pytest.mark.parametrize('board', BOARDS, ids=['open', 'walled', 'up_to'])
def test_the_search_is_never_illegal_and_the_same_with_the_same_seed(board, evader):
    searcher = Searcher(board, evader, width=8)
    for seed in range(3):
        ends = [
            finish(board, evader, seed, partial(searched, searcher, np.random.default_rng(seed)))
            for _ in range(2)
        ]
        assert ends[0] == ends[1]
        assert ends[0].violations == 0


def test_a_pursuer_without_a_move_stays():
    searcher = Searcher(CORNER, 'flee', width=8)
    state = PursuitState(CORNER, ((0, 0), (5, 3), (6, 2)), (3, 3))
    assert pursuer_moves(CORNER, (0, 0)) == [(0, 0)]
    assert searcher.moves(state, np.random.default_rng(0))[0] == (0, 0)


def test_a_capture_at_hand_is_taken():
    searcher = Searcher(Board(), 'flee')
    state = PursuitState(Board(), ((7, 10), (10, 7), (13, 10)), (10, 10))
    assert captured(searcher.moves(state, np.random.default_rng(0)), (10, 10))


def test_what_the_search_does_not_know_is_refused_with_a_sentence():
    with pytest.raises(ValueError, match="evader 'random'; use flee or adversary"):
        Searcher(Board(), 'random')
    state = PursuitState(Board(), ((0, 0),) * 3, (9, 9), restricted=frozenset({(5, 5)}))
    with pytest.raises(ValueError, match='without restricted areas'):
        Searcher(Board(), 'flee').moves(state, np.random.default_rng(0))


def optimal_steps(board, evader, count):
    """Return the exact least mean steps of `count` pursuers, for every position."""
    cells = board.free()
    joint = {
        group: list(itertools.product(*(pursuer_moves(board, p) or [p] for p in group)))
        for group in itertools.product(cells, repeat=count)
    }
    replies = {}
    for group, cell in itertools.product(joint, cells):
        state = PursuitState(board, group, cell)
        found = {EVADERS[evader](state, np.random.default_rng(s)) for s in range(12)}
        replies[group, cell] = [] if captured(group, cell) else sorted(found)
    values = dict.fromkeys(replies, 0.0)
    while True:
        after = {
            (group, cell): np.mean(
                [0 if captured(group, r) else values[group, r] for r in chosen] or [0.0]
            )
            for (group, cell), chosen in replies.items()
        }
        better = {
            (group, cell): 1 + min(after[there, cell] for there in joint[group])
            for group, cell in values
        }
        if max(abs(better[key] - values[key]) for key in values) < 1e-6:
            return better
        values = better


@pytest.mark.parametrize('evader', KNOWN_EVADERS)
@pytest.mark.parametrize(('board', 'count'), [(Board(5, 4), 1), (Board(4, 3), 2)])
def test_bound_optimum_search_and_greed_come_in_this_order(board, evader, count):
    optimum = optimal_steps(board, evader, count)
    searcher, rng = Searcher(board, evader, width=30), np.random.default_rng(0)
    starts = [start for start in sorted(optimum) if np.isfinite(optimum[start])]
    starts = [start for start in starts if not captured(*start)][:: len(starts) // 40]
    best, found, greedy = [], [], []
    for seed, (group, cell) in enumerate(starts):
        bound = lower_bound(board, group, cell, 'helpful')
        assert bound <= optimum[group, cell] + 1e-6
        best.append(optimum[group, cell])
        by_search = partial(searched, searcher, rng)
        searched_state = finish(board, evader, seed, by_search, group, cell)
        assert searched_state.outcome is Outcome.SUCCESS
        assert searched_state.step >= bound
        found.append(searched_state.step)
        greedy.append(finish(board, evader, seed, greedy_moves, group, cell).step)
    chance = 3 * np.std(np.array(found) - best) / np.sqrt(len(starts))
    assert np.mean(best) - chance <= np.mean(found) <= 1.1 * np.mean(best) + chance
    assert np.mean(found) <= np.mean(greedy) + chance


def test_greed_minimises_the_manhattan_distance():
    game = Pursuit(WALLED, seed=4, evader=EVADERS['flee'])
    state = game.state
    for start, end in zip(state.pursuers, greedy_moves(game), strict=True):
        nearest = min(manhattan(c, state.evader) for c in pursuer_moves(WALLED, start))
        assert manhattan(end, state.evader) == nearest
