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
"""Words of a sentence that a function contradicts."""

from __future__ import annotations

import itertools

from ld_agent.sentences.contradiction import contradictions
from ld_agent.sentences.language import read_written, Written
from ld_agent.training.sentences import examples
import pytest


def told(sentence: str, code: str, *time: str | int) -> list[str]:
    return contradictions(sentence, Written('close', 'a band', code, *time))


@pytest.mark.parametrize(
    ('sentence', 'right', 'wrong', 'why'),
    [
        ('everything north of y = 3', 'y > 3', 'y < 3', 'the other side'),
        ('the waters on or left of the line x = 3', 'x <= 3', 'x == 3', 'no side'),
        ('stay left of column 3', 'not (x < 3)', 'not (x > 3)', 'the other side'),
        ('rows 2 to 4 and cols 9 to 10 are both closed', 'between(y, 2, 4) or between(x, 9, 10)',
         'between(y, 2, 4) and between(x, 9, 10)', 'rows and columns cross'),
        ('columns 7 and 8 are blocked between y = 3 and y = 12',
         'x in (7, 8) and between(y, 3, 12)', 'x in (7, 8) and not between(y, 3, 12)', 'a gap'),
        ('row number 4 is shut while the step number is below 62', 'y == 4', 'y < 4',
         'nothing names that side'),
        ('the ring from radius 3 to 5 round (9, 9)', 'between(euclid(x, y, 9, 9), 3, 5)',
         'euclid(x, y, 9, 9) <= 5', 'a ring is named'),
        ('rows 3 and 4', 'y in (3, 4)', 'y == 3 or y == 3', 'one area twice'),
        ('rows 0 to 2 and rows 7 to 9', 'between(y, 0, 2) or between(y, 7, 9)',
         'between(y, 0, 2) and between(y, 7, 9)', 'in two places'),
        ('row 3 and everything north of it', 'y >= 3', 'y > 3', 'the line itself'),
        ('all cells at or below row 3', 'y <= 3', 'y < 3', 'the line itself'),
        ('all within 3 cells of (1, 2)', 'manhattan(x, y, 1, 2) <= 3',
         'manhattan(x, y, 1, 2) < 3', 'the farthest cells'),
        ('remain 3 cells or more from (1, 2)', 'manhattan(x, y, 1, 2) < 3',
         'manhattan(x, y, 1, 2) <= 3', 'far enough'),
        ('a circle of radius 3 at (1, 2)', 'euclid(x, y, 1, 2) <= 3',
         'manhattan(x, y, 1, 2) <= 3', 'a circle'),
        ('a disc 4 cells across at (1, 2)', 'euclid(x, y, 1, 2) <= 4 / 2',
         'euclid(x, y, 1, 2) <= 4', 'a diameter'),
        ('x >= 11 is closed, I repeat, x >= 11', 'x >= 11', 'between(x, 11, 11)', 'both ends'),
        ('manhattan dist up to 4 from (1, 2)', 'manhattan(x, y, 1, 2) <= 4',
         'euclid(x, y, 1, 2) <= 4', 'in another way'),
        ('manhattan dist <= 4 from (1, 2)', 'manhattan(x, y, 1, 2) <= 4',
         'manhattan(x, y, 1, 2) < 4', 'the farthest cells'),
        ('rows 2 to 4 and columns 5 to 7 are closed', 'between(y, 2, 4) or between(x, 5, 7)',
         'between(y, 2, 4) and between(x, 5, 7)', 'cross'),
        ('give (1, 2) a berth of 3', 'chebyshev(x, y, 1, 2) <= 3',
         'euclid(x, y, 1, 2) <= 3', 'a berth'),
        ('your distance to (1, 2) must exceed 3 cells', 'manhattan(x, y, 1, 2) <= 3',
         'manhattan(x, y, 1, 2) > 3', 'is farther'),
        ('rows 3 to 7', 'between(y, 3, 7)', 'y in (3, 7)', 'ends of a range'),
        ('columns 3 m - 7 m', 'between(x, metres(3), metres(7))',
         'x in (metres(3), metres(7))', 'ends of a range'),
        ('row 14, x = 5 through x = 11, is full, find another way',
         'y == 14 and between(x, 5, 11)', 'y == 14 and not between(x, 5, 11)', 'does not name'),
        ('no boats at x <= 1, nor at x >= 18', 'x <= 1 or x >= 18', 'x in (1, 18)', 'is written'),
        ('no boats at x >= 18, nor x <= 1', 'x <= 1 or x >= 18', 'between(x, 1, 18)', 'away from'),
        ('shut row 6 and column 14', 'y == 6 or x == 14', 'y == 6 and x == 14', 'cross'),
        ('the 3 cells radius round (9, 7)', 'euclid(x, y, 9, 7) <= 3', 'euclid(x, y, 9, 7) < 3',
         'the farthest cells'),
        ('blocked are row 2 and rows 15 to 17', 'y == 2 or between(y, 15, 17)',
         'y in (2, 15, 17)', 'ends of a range'),
        ('a wall along column 6, gaps at (6, 3) and (6, 15)',
         'x == 6 and not cell(x, y, 6, 3) and not cell(x, y, 6, 15)',
         'x == 6 and not cell(x, y, 6, 3) and cell(x, y, 6, 15)', 'one cell alone'),
        ('closed: x >= 3 and x <= 8', 'between(x, 3, 8)', 'x in (3, 8)', 'is written'),
        ('row 4 but not at x = 1 and x = 9', 'y == 4 and x not in (1, 9)',
         'y == 4 and not between(x, 1, 9)', 'seem to be two'),
    ],
)  # fmt: skip
def test_a_word_that_goes_with_one_way_of_writing_is_held_to_it(sentence, right, wrong, why):
    assert told(sentence, right) == []
    assert any(why in clause for clause in told(sentence, wrong))


def test_a_side_that_is_misspelt_is_not_taken_for_granted():
    assert told('nobody north of row 8', 'y > 8') == []
    for code in ('y > 8', 'y < 8', 'not (y < 8)'):
        assert 'nothing names that side' in told('nobody sotuh of row 8', code)[0]


def test_a_step_is_no_number_of_steps():
    assert told('row 3 is closed for 5 steps', 'y == 3', 'for', 5) == []
    assert told('row 3 is closed thru step 5', 'y == 3', 'through', 5) == []
    assert told('row 3 is closed thru step 5', 'y == 3', 'until step', 5)
    assert told('row 3 is closed until step 5', 'y == 3', 'until step', 5) == []
    assert 'from now' in told('row 3 is closed until step 5', 'y == 3', 'for', 5)[0]
    assert 'are counted' in told('row 3 is closed for 5 steps', 'y == 3', 'until step', 5)[0]


@pytest.mark.parametrize(
    ('sentence', 'code'),
    [
        ('everything above row 3, not that row itself', 'y > 3'),
        ('stay at least 3 cells away from (1, 2)', 'manhattan(x, y, 1, 2) < 3'),
        ('only sail south of y = 3 up to and including step 9', 'not (y < 3)'),
        ('row 4 except between x = 1 and x = 9', 'y == 4 and not between(x, 1, 9)'),
        ('rows 3 and 7', 'y in (3, 7)'),
        ('column 8 and beyond', 'x >= 8'),
        ('y of no more than 4', 'y <= 4'),
    ],
)
def test_what_says_the_same_in_other_words_is_let_through(sentence, code):
    assert told(sentence, code) == []


def test_right_functions_of_generated_sentences_seldom_contradict_them():
    pairs = [
        (example.sentence, written)
        for example in itertools.islice(examples(14), 3000)
        if (written := read_written(example.answer))
    ]
    found = [sentence for sentence, written in pairs if contradictions(sentence, written)]
    assert len(found) < 0.005 * len(pairs), found[:20]
