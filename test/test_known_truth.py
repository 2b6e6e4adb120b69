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

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from ld_agent_sim.evaders import EVADERS
from ld_agent_sim.known_truth import capture_possible, path_moves, truth_of
from ld_agent_sim.pursuit import Board, Outcome, pursuer_moves, Pursuit, PursuitState
from ld_agent_sim.scenario import Event
import numpy as np
import pytest

WIDE = Board(11, 7)
ICE = ((4, 0), (6, 0), (6, 6), (4, 6))
"""Three columns from border to border, which nobody can jump."""


def at(pursuers, evader, board=WIDE, step=0):
    return PursuitState(board, tuple(pursuers), evader, step=step)


def test_the_truth_closes_a_step_after_it_is_published_and_opens_at_once():
    closed = truth_of([Event(2, 'a', ICE), Event(5, 'a'), Event(7, 'a', ICE)], WIDE)
    shut = {step for step in range(12) if closed(step)}
    assert shut == {3, 4, 8, 9, 10, 11}
    assert closed(3) == {(x, y) for x in (4, 5, 6) for y in range(7)}


def test_a_pursuer_that_is_cut_off_makes_a_capture_impossible():
    truth = truth_of([Event(0, 'ice', ICE)], WIDE)
    assert not capture_possible(at([(0, 0), (8, 2), (9, 3)], (9, 5)), truth)
    assert capture_possible(at([(10, 0), (8, 2), (9, 3)], (9, 5)), truth)


def test_it_is_possible_again_where_the_area_is_lifted_in_time():
    cut_off = at([(0, 0), (8, 2), (9, 3)], (9, 5))
    assert capture_possible(cut_off, truth_of([Event(0, 'ice', ICE), Event(40, 'ice')], WIDE))
    late = truth_of([Event(0, 'ice', ICE), Event(100, 'ice')], WIDE)
    assert not capture_possible(cut_off, late)


def test_an_evader_deep_in_an_area_cannot_be_caught():
    shut = [(3, 1), (7, 1), (7, 5), (3, 5)]
    pursuers = [(0, 0), (0, 6), (10, 0)]
    now = truth_of([Event(-1, 'squall', tuple(shut))], WIDE)
    assert not capture_possible(at(pursuers, (5, 3)), now)
    assert capture_possible(at(pursuers, (3, 3)), now)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_captured_was_never_proven_impossible(data):
    walls = frozenset(data.draw(st.sets(st.sampled_from(WIDE.cells()), max_size=25)))
    board = Board(11, 7, walls=walls, walls_block=data.draw(st.booleans()))
    seed = data.draw(st.integers(0, 10**6))
    game = Pursuit(board, seed=seed, evader=EVADERS['flee'])
    start, truth = game.state, truth_of([], board)
    rng = np.random.default_rng(seed)
    while game.state.outcome is None and game.state.step < 40:
        moves = path_moves(game.state, truth)
        if rng.random() < 0.2:
            moves = [
                (pursuer_moves(board, p) or [p])[int(rng.integers(4)) % 2]
                if len(pursuer_moves(board, p)) > 1
                else p
                for p in game.state.pursuers
            ]
        game.step(moves)
    if game.state.outcome is Outcome.SUCCESS:
        assert capture_possible(start, truth)


@pytest.mark.parametrize('seed', range(5))
def test_the_policy_that_knows_never_enters_what_will_be_closed(seed):
    events = [Event(6, 'ice', ((4, 2), (6, 2), (6, 4), (4, 4)))]
    truth = truth_of(events, WIDE)
    game = Pursuit(WIDE, seed=seed, evader=EVADERS['flee'])
    ahead = truth(7)
    while game.state.outcome is None:
        moves = path_moves(game.state, truth)
        for start, move in zip(game.state.pursuers, moves, strict=True):
            outside = set(pursuer_moves(WIDE, start)) - ahead
            assert move not in ahead or not outside
        game.step(moves)
        if game.state.step == 7:
            game.restrict(ahead)
    assert game.state.outcome is Outcome.SUCCESS
    assert game.state.violations == 0
