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
"""What a sentence names is held against what was written; what it spans is closed in doubt."""

from __future__ import annotations

import itertools

from ld_agent.sentences.language import read_written, Written
from ld_agent.sentences.named import disagreements, fail_safe, named_in
from ld_agent.training.sentences import examples
from ld_agent_sim.areas import polygon_cells
from ld_agent_sim.pursuit import Board
import pytest

BETWEEN = 'a whirlpool has formed between (3, 4) and (6, 8)'


def faults(sentence: str, code: str, *time) -> list[str]:
    return disagreements(sentence, Written('close', 'a rectangle', code, *time))


@pytest.mark.parametrize(
    ('sentence', 'code'),
    [
        (BETWEEN, 'rectangle(x, y, 3, 4, 6, 8)'),
        ('stay at least two cells away from (10, 10)', 'manhattan(x, y, 10, 10) < 2'),
        ('rows 5-7 are closed', 'between(y, 5, 7)'),
        ('x = 4 is blocked except at y = 9', 'x == 4 and y != 9'),
        ('no entry to x = 11, I repeat, x = 11', 'x == 11'),
        ('closed: (1, 1) to (5, 1) to (5, 5) and back to (1, 1)',
         'polygon(x, y, (1, 1), (5, 1), (5, 5))'),
        ('robot 4 has stopped in cell (9, 0)', 'cell(x, y, 9, 0)'),
        ('x in [3, 7] is closed', 'between(x, 3, 7)'),
        ('no entry: [8, 13] on y, [2; 4] in x', 'between(y, 8, 13) and between(x, 2, 4)'),
        ('L1 distance to (5, 6) of up to 3', 'manhattan(x, y, 5, 6) <= 3'),
        ('4 corners (1, 1) (5, 1) (5, 5) (1, 5)', 'polygon(x, y, (1, 1), (5, 1), (5, 5), (1, 5))'),
        ('rows 3 and 5, the two of them', 'y in (3, 5)'),
        ('row 7 has no light, so row 7 is closed', 'y == 7'),
        ('column 11 is full, you cannot pass x = 11 except at y = 2', 'x == 11 and y != 2'),
        ('a net at y = 3 with two holes, x = 0 and x = 19', 'y == 3 and x not in (0, 19)'),
        ('area two, rows 5-7, is closed', 'between(y, 5, 7)'),
        ('from (-2, 3) to (4, 6)', 'rectangle(x, y, -2, 3, 4, 6)'),
        ('between (2 m, 3.5 m) and (4 m, 5 m)',
         'rectangle(x, y, metres(2), metres(3.5), metres(4), metres(5))'),
    ],
)  # fmt: skip
def test_what_agrees_is_let_through(sentence, code):
    assert faults(sentence, code) == []


@pytest.mark.parametrize(
    ('sentence', 'code', 'why'),
    [
        (BETWEEN, 'rectangle(x, y, 3, 4, 6, 7)', 'it leaves out 8'),
        ('x in [3, 7] is closed', 'between(y, 3, 7)', 'it does not use x = 3 as such'),
        ('row 7 and column 7 are closed', 'y == 7', 'it leaves out 7'),
        (
            'the zone (X = 1, Y = 1), (X = 9, Y = 1), (X = 9, Y = 9), (X = 1, Y = 9)',
            'polygon(x, y, (1, 1), (9, 9), (9, 1), (1, 9))',
            'in another order',
        ),
        (BETWEEN, 'rectangle(x, y, 3, 4, 6, 7)', 'it brings in 7'),
        (BETWEEN, 'rectangle(x, y, 4, 3, 6, 8)', 'it does not use (3, 4) as a point'),
        (BETWEEN, 'rectangle(x, y, 3, 6, 4, 8)', 'it does not use (3, 4) as a point'),
        ('row 5 is closed', 'x == 5', 'it does not use y = 5 as such'),
        ('column 12 is closed', 'y == 12', 'it does not use x = 12 as such'),
        ('rows 5 to 7 are closed, rows 6 to 9', 'between(y, 5, 7)', 'it leaves out'),
        ('row 5 is closed until step 30', 'y == 5', 'it leaves out 30'),
        ('everything north of y = 3 m', 'y > 3', 'it takes metres for cells'),
        (
            'in metres: corners (1.5, 2) and (4, 6.5)',
            'rectangle(x, y, 1.5, 2, 4, 6.5)',
            'it takes metres for cells',
        ),
        ('everything north of y = 3', 'y > metres(3)', 'it takes cells for metres'),
    ],
)
def test_what_does_not_agree_is_told(sentence, code, why):
    assert any(why in fault for fault in faults(sentence, code))


def test_a_time_that_may_end_too_early_is_told():
    sentence = 'row 5 is closed until step 30, that step included'
    assert 'too early' in faults(sentence, 'y == 5', 'until step', 30)[0]
    assert faults(sentence, 'y == 5', 'through step', 30) == []
    assert (
        faults('rows 5 to 7 inclusive, until step 30', 'between(y, 5, 7)', 'until step', 30) == []
    )


def test_a_length_in_words_is_not_left_out():
    sentence = 'the cells from 3 cells to twelve cells from (11, 14) are banned'
    assert 'it leaves out 12' in faults(sentence, 'manhattan(x, y, 11, 14) <= 3')
    assert faults(sentence, 'between(manhattan(x, y, 11, 14), 3, 12)') == []
    assert faults('the two rows 5 and 7', 'y in (5, 7)') == []
    both = 'cell(x, y, 3, 7) or cell(x, y, 14, 2)'
    assert faults('keep off (3, 7) and (14, 2), those two cells.', both) == []
    assert (
        faults('the box with the four corners (1, 2) and (3, 4)', 'rectangle(x, y, 1, 2, 3, 4)')
        == []
    )


def test_right_functions_of_generated_sentences_agree_with_them():
    told = [
        example.sentence
        for example in itertools.islice(examples(11), 2000)
        if (written := read_written(example.answer)) and disagreements(example.sentence, written)
    ]
    assert len(told) < 40  # slips of the pen, and what is included twice over


def test_a_range_is_two_numbers_and_a_minus_is_one():
    assert named_in('rows 5-7').numbers == (5, 7)
    assert named_in('(-3, 4)').points == ((-3, 4),)
    assert named_in('x=3, y = 4.5 and row 2').axes == (('x', 3), ('y', 4.5), ('y', 2))


@pytest.mark.parametrize(
    ('sentence', 'inside', 'outside'),
    [
        ('something between (3, 4) and (6, 8)', {(3, 4), (6, 8), (5, 6)}, {(2, 4), (6, 9)}),
        ('a storm near (5, 5), 3 cells', {(5, 5), (2, 2), (8, 8)}, {(1, 5), (5, 9)}),
        ('row 5 or so', {(0, 5), (19, 5)}, {(0, 4), (0, 6)}),
        ('rows 5 to 7, until step 12', {(0, 5), (19, 7)}, {(0, 4), (0, 8)}),
        ('for 9 more steps row 5 or so', {(0, 5)}, {(0, 4), (0, 6)}),
        ('x = 4 m and y = 8 m', {(2, 4)}, {(4, 8)}),
        ('x = 3 is blocked but for y = 9', {(3, 0), (3, 19), (0, 9), (19, 9)}, {(2, 8), (4, 10)}),
        ('x = 0 or y = 19', {(0, 0), (0, 19), (19, 19)}, {(1, 18), (19, 0)}),
        ('column 4 near (6, 8)', {(4, 0), (5, 19), (6, 8)}, {(3, 8), (7, 8)}),
        ('row 4 near (6, 8)', {(0, 4), (19, 6), (6, 8)}, {(6, 3), (6, 9)}),
    ],
)
def test_in_doubt_what_the_numbers_span_is_closed(sentence, inside, outside):
    said, corners = fail_safe(sentence, (20, 20), 2.0 if ' m' in sentence else 1.0)
    cells = polygon_cells(corners, Board(20, 20))
    assert inside <= cells and not outside & cells
    assert said.startswith('x from ')


def test_without_a_place_nothing_is_spanned():
    assert fail_safe('keep 3 cells away', (20, 20), 1.0) == ('', ())
    assert fail_safe('whirlpool!', (20, 20), 1.0) == ('', ())
    assert fail_safe('between (30, 30) and (40, 40)', (20, 20), 1.0) == ('', ())
