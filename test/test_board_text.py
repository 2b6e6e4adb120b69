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
"""A step in words: everything that is closed is told, and only that."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from ld_agent import board_text
from ld_agent.direct import read_moves
import pytest

VIEW = {
    'width': 14, 'height': 9, 'moves': 'exact', 'pursuers': [[1, 3], [12, 2], [0, 0]],
    'evader': [6, 3], 'walls': [], 'walls_block': False, 'areas': {},
}  # fmt: skip
cells = st.frozensets(st.tuples(st.integers(0, 13), st.integers(0, 8)))


def told(text: str) -> list[tuple[int, int]]:
    """Read a region back."""
    found = []
    for part in filter(None, text.split('; ')):
        x, y = re.fullmatch(r'x ([\d-]+), y ([\d-]+)', part).groups()
        (left, *right), (low, *high) = (map(int, span.split('-')) for span in (x, y))
        found += [
            (a, b)
            for a in range(left, [left, *right][-1] + 1)
            for b in range(low, [low, *high][-1] + 1)
        ]
    return found


@given(cells)
def test_a_region_is_told_whole_and_each_cell_once(region):
    found = told(board_text.region_text(region))
    assert len(found) == len(set(found))
    assert set(found) == region


def test_a_rectangle_is_one_part():
    region = [(x, y) for x in range(4, 10) for y in range(2, 7)]
    assert board_text.region_text(region) == 'x 4-9, y 2-6'
    assert board_text.region_text([(3, 5)]) == 'x 3, y 5'


@pytest.mark.parametrize('say', [lambda v: board_text.rules_text('Hunt.', v),
                                 board_text.brief_rules])  # fmt: skip
def test_areas_walls_and_board_are_in_the_rules_and_areas_go_when_they_are_lifted(say):
    plain = say(VIEW)
    assert 'x 4-5, y 6' not in plain
    assert 'x 4-5, y 6' in say({**VIEW, 'areas': {'heron': [[4, 6], [5, 6]]}})
    assert 'x 4-5, y 6' in say({**VIEW, 'walls': [[4, 6], [5, 6]]})
    assert say({**VIEW, 'moves': 'up_to'}) != plain
    assert say({**VIEW, 'width': 15}) != plain


def test_the_listed_cells_are_those_that_board_and_walls_allow():
    listed = board_text.listed_moves({**VIEW, 'areas': {'heron': [[1, 1]]}, 'walls': [[2, 0]]})
    assert listed[2] == [(0, 2), (1, 1)]
    assert 'Pursuer 3 can move to 0,2 1,1 2,0.' in board_text.listed_text(VIEW)


def test_the_student_of_kd_reads_its_answers_back():
    moves = [(3, 3), (10, 2), (1, 1)]
    assert read_moves(board_text.brief_answer(moves), 3) == (tuple(moves), '')
    assert board_text.brief_state(VIEW) == '1,3 12,2 0,0 6,3 ->'
