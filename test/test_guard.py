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
"""No move leaves without the guard: rules and all active areas, on a board that is not square."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from ld_agent.guard import guard, GuardMode
from ld_agent_sim.pursuit_rules import NOWHERE, PursuitRules
import pytest

guard_moves = partial(guard, PursuitRules())
SEEN = {
    'width': 9, 'height': 5, 'moves': 'exact', 'evader': [8, 0],
    'pursuers': [[0, 0], [4, 2], [6, 4]], 'walls': [[4, 4]], 'walls_block': False,
}  # fmt: skip
GOOD = [[1, 1], [6, 2], [7, 3]]
cells = st.tuples(st.integers(-2, 10), st.integers(-2, 6))


def fits(start, end, closed) -> bool:
    """Tell by the rules, written again, whether an open move of exactly two units is legal."""
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    return length == 2 and 0 <= end[0] < 9 and 0 <= end[1] < 5 and end not in closed


@pytest.mark.parametrize('mode', GuardMode)
def test_legal_moves_pass_untouched(mode):
    assert guard_moves(SEEN, frozenset(), GOOD, mode) == ([(1, 1), (6, 2), (7, 3)], [])


@pytest.mark.parametrize(
    ('asked', 'why'),
    [
        ([0, 1], 'not two units'),
        ([-1, 1], 'leaves the board'),
        ([2, 0], 'enters a restricted area'),
        ([0, 0], 'not two units'),
    ],
)
def test_on_replaces_a_bad_move_by_the_safe_one_nearest_to_the_evader(asked, why):
    sent, (remark,) = guard_moves(SEEN, frozenset({(2, 0)}), [asked, *GOOD[1:]], GuardMode.ON)
    assert sent == [(1, 1), (6, 2), (7, 3)]
    assert (remark.pursuer, remark.asked, remark.why) == (0, tuple(asked), why)
    assert remark.replaced_by == (1, 1)


def test_count_lets_a_bad_move_out_and_tells():
    sent, (remark,) = guard_moves(SEEN, frozenset(), [GOOD[0], [4, 4], GOOD[2]], GuardMode.COUNT)
    assert sent[1] == (4, 4)
    assert (remark.pursuer, remark.why, remark.replaced_by) == (1, 'enters a wall', None)


@given(st.lists(cells, max_size=4), st.frozensets(cells, max_size=40))
def test_on_never_lets_an_illegal_move_out(moves, restricted):
    sent, remarks = guard_moves(SEEN, restricted, moves, GuardMode.ON)
    closed = restricted | {(4, 4)}
    ways = [(dx, dy) for dx in range(-2, 3) for dy in range(-2, 3)]
    for start, end in zip(map(tuple, SEEN['pursuers']), sent, strict=True):
        stuck = not any(fits(start, (start[0] + x, start[1] + y), closed) for x, y in ways)
        assert end == start if stuck else fits(start, end, closed)
    counted, told = guard_moves(SEEN, restricted, moves, GuardMode.COUNT)
    assert [r.pursuer for r in told] == [r.pursuer for r in remarks]
    padded = [*moves, *map(tuple, SEEN['pursuers'][len(moves) :])][:3]
    assert counted == padded


def test_a_pursuer_without_a_legal_move_stays_without_a_remark():
    closed = frozenset((x, y) for x in range(9) for y in range(5)) - {(1, 1)}
    seen = {**SEEN, 'pursuers': [[8, 4]] * 3}
    assert guard_moves(seen, closed, [[8, 4]] * 3, GuardMode.ON) == ([(8, 4)] * 3, [])
    sent, remarks = guard_moves(seen, closed, [[8, 2]] * 3, GuardMode.ON)
    assert sent == [(8, 4)] * 3
    assert [remark.replaced_by for remark in remarks] == [(8, 4)] * 3


def test_walls_that_block_forbid_a_jump_over_a_restricted_cell_too():
    seen = {**SEEN, 'walls_block': True}
    _, (remark,) = guard_moves(seen, frozenset({(5, 2)}), GOOD, GuardMode.ON)
    assert (remark.pursuer, remark.why) == (1, 'jumps a wall')


def test_a_pursuer_that_got_no_move_is_asked_to_stay():
    sent, remarks = guard_moves(SEEN, frozenset(), [], GuardMode.ON)
    assert sent == [(2, 0), (4, 0), (6, 2)]
    assert [remark.why for remark in remarks] == ['not two units'] * 3
    up_to = {**SEEN, 'moves': 'up_to'}
    assert guard_moves(up_to, frozenset(), [], GuardMode.ON)[1] == []


@pytest.mark.parametrize('odd', [[1], [1, 1, 1], []])
@pytest.mark.parametrize('mode', GuardMode)
def test_what_is_no_cell_is_replaced_or_counts_as_a_violation(odd, mode):
    sent, (remark,) = guard_moves(SEEN, frozenset(), [odd, *GOOD[1:]], mode)
    assert (remark.asked, remark.why) == (None, 'is no cell')
    assert sent[0] == ((2, 0) if mode is GuardMode.ON else NOWHERE)
