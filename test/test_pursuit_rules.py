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
"""The rules of the pursuit, computed a second time here from their words."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from ld_agent_sim.evaders import EVADERS, flee, random_evader
from ld_agent_sim.pursuit import (
    Board,
    captured,
    evader_moves,
    Outcome,
    pursuer_moves,
    Pursuit,
    why_illegal,
)
from ld_agent_sim.pursuit_rules import PursuitRules
import pytest

UNITS = {(1, 0), (-1, 0), (0, 1), (0, -1)}
EIGHT = {(2, 0), (-2, 0), (0, 2), (0, -2), (1, 1), (1, -1), (-1, 1), (-1, -1)}
BOARD = Board(9, 6)
FAR = ((0, 0), (1, 0), (2, 0))
"""Places from which three pursuers need several steps to reach the north-east corner."""
quick = settings(max_examples=120, deadline=None)


def legal_ends(board, start, restricted):
    """Return the legal moves of a pursuer as the rules say it."""
    x, y = start
    offsets = EIGHT if board.moves == 'exact' else EIGHT | UNITS | {(0, 0)}
    closed = board.walls | restricted
    ends = set()
    for dx, dy in offsets:
        end = (x + dx, y + dy)
        if not (0 <= end[0] < board.width and 0 <= end[1] < board.height) or end in closed:
            continue
        if board.walls_block and (dx, dy) in EIGHT:
            steps = [(dx // 2, dy // 2)] if 0 in (dx, dy) else [(dx, 0), (0, dy)]
            if all((x + sx, y + sy) in closed for sx, sy in steps):
                continue
        ends.add(end)
    return ends


def is_capture(pursuers, evader):
    x, y = evader
    near = {(x, y), (x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)}
    return set(pursuers) <= near


def cells_of(width, height):
    return st.tuples(st.integers(0, width - 1), st.integers(0, height - 1))


@st.composite
def boards(draw):
    """Draw a board that is not square, with walls that leave room for a game."""
    width = draw(st.integers(3, 9))
    height = draw(st.integers(3, 9).filter(lambda side: side != width))
    walls = draw(st.frozensets(cells_of(width, height), max_size=width * height // 3))
    moves = draw(st.sampled_from(['exact', 'up_to']))
    return Board(width, height, moves, walls, draw(st.booleans()))


@st.composite
def positions(draw):
    board = draw(boards())
    restricted = draw(st.frozensets(cells_of(board.width, board.height), max_size=8))
    return board, draw(st.sampled_from(board.free())), restricted


@quick
@given(position=positions())
def test_a_pursuer_may_go_where_the_rules_let_it_and_nowhere_else(position):
    board, start, restricted = position
    expected = legal_ends(board, start, restricted)
    assert pursuer_moves(board, start, restricted) == sorted(expected)
    around = {(start[0] + dx, start[1] + dy) for dx in range(-3, 4) for dy in range(-3, 4)}
    allowed = {end for end in around if why_illegal(board, start, end, restricted) is None}
    assert allowed == (expected or {start})


@quick
@given(position=positions())
def test_an_evader_may_go_one_unit_to_an_open_cell(position):
    board, (x, y), restricted = position
    closed = board.walls | restricted
    ends = {(x + dx, y + dy) for dx, dy in UNITS} - closed
    on_board = {
        end for end in ends if end[0] in range(board.width) if end[1] in range(board.height)
    }
    assert evader_moves(board, (x, y), restricted) == sorted(on_board)


@given(pursuers=st.tuples(*[cells_of(5, 4)] * 3), evader=cells_of(5, 4))
def test_capture_is_all_three_on_the_evaders_cell_or_beside_it(pursuers, evader):
    assert captured(pursuers, evader) == is_capture(pursuers, evader)


@quick
@given(data=st.data(), board=boards(), seed=st.integers(0, 2**31))
def test_an_episode_with_any_choices_goes_as_the_rules_say(data, board, seed):
    game = Pursuit(board, seed=seed, evader=random_evader)
    places, evader = list(game.state.pursuers), game.state.evader
    restricted: frozenset = frozenset()
    violations = lost = steps = 0
    outcome = None
    cell = st.tuples(st.integers(-1, board.width), st.integers(-1, board.height))
    while outcome is None and steps < 12:
        if data.draw(st.integers(0, 3)) == 0:
            area = data.draw(st.frozensets(cell, max_size=3))
            game.restrict(area)
            restricted |= area
        moves: list | None = [
            data.draw(
                cell
                if data.draw(st.integers(0, 2)) == 0
                else st.sampled_from(sorted(legal_ends(board, place, restricted)) or [place])
            )
            for place in places
        ]
        if data.draw(st.integers(0, 7)) == 0:
            moves, lost = None, lost + 1
        for number, end in enumerate(moves or []):
            legal = legal_ends(board, places[number], restricted)
            if end in legal:
                places[number] = end
            elif legal:
                violations += 1
        state = game.step(moves)
        steps += 1
        ways = {(evader[0] + dx, evader[1] + dy) for dx, dy in UNITS}
        ways = {w for w in ways if board.inside(w)} - board.walls - restricted
        if violations > 7:
            outcome = Outcome.FAILURE_WITH_VIOLATION
            ways = set()
        elif is_capture(places, evader):
            outcome = Outcome.SUCCESS
            ways = set()
        assert state.evader in (ways or {evader})
        evader = state.evader
        if outcome is None and is_capture(places, evader):
            outcome = Outcome.SUCCESS
        assert state.pursuers == tuple(places)
        assert (state.violations, state.lost_turns, state.step) == (violations, lost, steps)
        assert state.outcome == outcome


@quick
@given(board=boards(), seed=st.integers(0, 2**31))
def test_the_start_cells_are_free_apart_and_no_capture(board, seed):
    state = Pursuit(board, seed=seed, evader=flee).state
    cells = [*state.pursuers, state.evader]
    assert len(set(cells)) == 4
    assert set(cells) <= set(board.free())
    if len(board.free()) >= 8:
        assert not is_capture(state.pursuers, state.evader)


def test_the_exact_move_set_has_eight_offsets_and_up_to_has_thirteen():
    assert {(x - 4, y - 3) for x, y in pursuer_moves(Board(9, 7), (4, 3))} == EIGHT
    up_to = pursuer_moves(Board(9, 7, 'up_to'), (4, 3))
    assert {(x - 4, y - 3) for x, y in up_to} == EIGHT | UNITS | {(0, 0)}


@pytest.mark.parametrize(
    ('board', 'end', 'why'),
    [
        (Board(9, 6), (8, 7), 'leaves the board'),
        (Board(9, 6), (8, 5), 'not two units'),
        (Board(9, 6), (7, 5), 'not two units'),
        (Board(9, 6, 'up_to'), (5, 5), 'more than two units'),
        (Board(9, 6, walls=frozenset({(6, 5)})), (6, 5), 'enters a wall'),
        (Board(9, 6), (7, 4), 'enters a restricted area'),
        (Board(9, 6, walls=frozenset({(7, 5)}), walls_block=True), (6, 5), 'jumps a wall'),
        (Board(9, 6, walls=frozenset({(7, 5)})), (6, 5), None),
    ],
)
def test_an_illegal_move_is_named(board, end, why):
    assert why_illegal(board, (8, 5), end, frozenset({(7, 4)})) == why


def begin(board=BOARD, pursuers=FAR, evader_cell=(8, 5), evader=flee):
    return Pursuit(board, seed=1, evader=evader, pursuers=pursuers, evader_cell=evader_cell)


def test_capture_after_the_pursuers_move_ends_it_before_the_evader_moves():
    def nobody(state, rng):
        raise AssertionError('the evader was asked')

    game = begin(pursuers=((4, 0), (2, 2), (6, 2)), evader_cell=(4, 3), evader=nobody)
    state = game.step([(4, 2), (3, 3), (5, 3)])
    assert (state.outcome, state.step, state.evader) == (Outcome.SUCCESS, 1, (4, 3))


def test_capture_after_the_evaders_move_counts_too():
    def walks_in(state, rng):
        return 4, 3

    game = begin(pursuers=((4, 0), (2, 2), (6, 2)), evader_cell=(4, 4), evader=walks_in)
    state = game.step([(4, 2), (3, 3), (5, 3)])
    assert (state.outcome, state.evader) == (Outcome.SUCCESS, (4, 3))


def test_two_pursuers_beside_the_evader_are_no_capture():
    game = begin(pursuers=((0, 0), (8, 2), (6, 4)))
    assert game.step([(2, 0), (8, 4), (7, 5)]).outcome is None


def test_pursuers_may_share_a_cell_with_each_other_and_with_the_evader():
    game = begin(pursuers=((2, 2), (6, 2), (4, 0)), evader_cell=(4, 2))
    state = game.step([(4, 2), (4, 2), (4, 2)])
    assert (state.pursuers, state.violations) == (((4, 2),) * 3, 0)
    assert state.outcome is Outcome.SUCCESS


def test_after_100_steps_it_is_over_without_violation():
    game, there = begin(), ((2, 0), (3, 0), (4, 0))
    for step in range(99):
        assert game.step(FAR if step % 2 else there).outcome is None
    state = game.step(FAR)
    assert (state.outcome, state.step) == (Outcome.FAILURE_WITHOUT_VIOLATION, 100)
    assert (game.step(there), game.state) == (state, state)


def test_an_illegal_choice_and_a_missing_one_keep_the_place_and_count_and_the_others_move():
    game = begin()
    state = game.step([(1, 0), (1, 2), (2, -2)])
    assert (state.pursuers, state.violations) == (((0, 0), (1, 2), (2, 0)), 2)
    state = game.step([(2, 0)])
    assert (state.pursuers, state.violations) == (((2, 0), (1, 2), (2, 0)), 4)


def test_seven_violations_are_forgiven_and_the_eighth_ends_it():
    game = begin()
    for step in range(7):
        state = game.step([(0, 0), (1, 0), (2, 0)] if step % 2 else [(0, 0), (1, 2), (2, 2)])
    assert (state.violations, state.outcome) == (7, None)
    state = game.step([(0, 0), (1, 0), (2, 0)])
    assert (state.violations, state.outcome) == (8, Outcome.FAILURE_WITH_VIOLATION)
    assert game.step([(0, 2), (1, 2), (2, 2)]) == state


def test_a_lost_turn_moves_the_evader_only_and_is_no_violation():
    state = begin().step(None)
    assert (state.pursuers, state.violations, state.lost_turns) == (FAR, 0, 1)
    assert state.evader in {(7, 5), (8, 4)}


@pytest.mark.parametrize('asked', [(0, 0), (2, 0), (5, 5)])
def test_a_pursuer_with_no_legal_move_stays_without_violation_whatever_it_asks(asked):
    board = Board(9, 6, walls=frozenset({(2, 0), (0, 2), (1, 1)}))
    state = begin(board, ((0, 0), (5, 0), (6, 0))).step([asked, (5, 2), (6, 2)])
    assert (state.pursuers, state.violations) == (((0, 0), (5, 2), (6, 2)), 0)


@pytest.mark.parametrize('evader', EVADERS.values(), ids=EVADERS)
def test_an_evader_with_no_legal_move_stays(evader):
    game = begin(Board(9, 6, walls=frozenset({(7, 5), (8, 4)})), evader=evader)
    assert game.step([(0, 2), (1, 2), (2, 2)]).evader == (8, 5)


def test_an_area_on_top_of_a_pursuer_must_be_left():
    game = begin(Board(9, 6, 'up_to'))
    game.restrict({(0, 0), (1, 0)})
    state = game.step([(0, 0), (1, 2), (2, 2)])
    assert (state.pursuers, state.violations) == (((0, 0), (1, 2), (2, 2)), 1)
    assert game.step([(0, 1), (1, 2), (2, 2)]).violations == 1


@settings(max_examples=25, deadline=None)
@given(board=boards(), seed=st.integers(0, 2**31), name=st.sampled_from(sorted(EVADERS)))
def test_an_episode_follows_from_its_seed(board, seed, name):
    def play():
        game, states = Pursuit(board, seed=seed, evader=EVADERS[name]), []
        for _ in range(10):
            state = game.state
            moves = [
                min(pursuer_moves(board, p) or [p], key=lambda c: abs(c[0] - state.evader[0]))
                for p in state.pursuers
            ]
            states.append(game.step(moves))
        return states

    assert play() == play()


def test_another_seed_is_another_start():
    assert len({Pursuit(BOARD, seed=s, evader=flee).state.pursuers for s in range(10)}) > 5


@pytest.mark.parametrize(
    ('make', 'words'),
    [
        (lambda: Board(1, 9), '1x9 is too small'),
        (lambda: Board(9, 6, 'jump'), "moves is 'jump'"),
        (lambda: Board(2, 3, walls=frozenset({(0, 0), (0, 1), (1, 1)})), 'fewer than four'),
        (lambda: Board.parse('20'), "'20' is not WIDTHxHEIGHT"),
        (lambda: Board.parse('20x-3'), 'is not WIDTHxHEIGHT'),
    ],
)
def test_a_board_without_a_game_is_refused_with_its_reason(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_board_is_named_width_first():
    assert Board.parse('20X12') == Board(width=20, height=12)


def test_who_could_only_move_into_an_announced_area_may_stay():
    board, middle = Board(), (14, 6)
    coming = frozenset(c for c in board.cells() if math.dist(c, middle) <= 2)
    assert why_illegal(board, middle, middle) == 'not two units'
    assert why_illegal(board, middle, middle, frozenset(), coming) is None
    near = coming - {(16, 6)}
    assert why_illegal(board, middle, middle, frozenset(), near) == 'not two units'
    assert why_illegal(board, middle, (16, 6), frozenset(), coming) is None
    start = [middle, (2, 2), (2, 9)]
    game = Pursuit(board, seed=1, evader=flee, pursuers=start, evader_cell=(19, 19))
    moves = [middle, (4, 2), (4, 9)]
    before = {
        'width': 20, 'height': 20, 'pursuers': game.state.pursuers, 'evader': (19, 19)
    }  # fmt: skip
    state = game.step(moves, coming)
    assert (state.violations, state.pursuers) == (0, tuple(moves))
    after = {**before, 'pursuers': state.pursuers, 'evader': state.evader}
    replay = PursuitRules().replay(before, moves, after, frozenset(), 0, coming)
    assert (replay.fault, replay.violations) == ('', 0)
    assert PursuitRules().replay(before, moves, after, frozenset(), 0).violations == 1
