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
"""A question, or a function that may say the opposite, is doubted; right ones are let through."""

from __future__ import annotations

import itertools

from ld_agent.sentences.doubt import doubts
from ld_agent.sentences.language import read_written, Written
from ld_agent.training.sentences import examples
import pytest


def told(sentence: str, code: str, kind: str = 'close') -> list[str]:
    return doubts(sentence, Written(kind, 'a half-plane', code))


@pytest.mark.parametrize(
    ('sentence', 'code', 'why'),
    [
        ('You must not sail east of x = 16.', 'not (x > 16)', 'seems to forbid'),
        ('Ships may not go beyond x = 48 to the east.', 'not (x > 48)', 'seems to forbid'),
        ('everything more than 3 cells away from (9, 2) is off limits',
         'manhattan(x, y, 9, 2) <= 3', 'to leave open'),
        ('do not leave columns 3 to 9', 'between(x, 3, 9)', 'to leave open'),
        ('your place is (2, 2) to (9, 9), leave it under no circumstances',
         'rectangle(x, y, 2, 2, 9, 9)', 'to leave open'),
        ('just columns 3-9 stay usable, all else off limits', 'between(x, 3, 9)', 'to leave open'),
        ('row 3 is closed... no, disregard my last', 'y == 3', 'taken back'),
        ('the last 3 columns on the right are out of use', 'x >= 3', 'an edge'),
        ('keep >= 5 cells from (15, 4)', 'not (manhattan(x, y, 15, 4) < 5)', 'seems to forbid'),
        ('row 7 is shut but you can pass between x = 8 and x = 9', 'y == 7 and between(x, 8, 9)',
         'leaves nothing open'),
        ('column 11, just rows 2 to 9 is open, is closed', 'x == 11 and between(y, 2, 9)',
         'leaves nothing open'),
        ('the single cells (3, 4), (9, 2) and (9, 9) are shut',
         'polygon(x, y, (3, 4), (9, 2), (9, 9))', 'one by one'),
        ('only column 3 is affected, stay off', 'not (x == 3)', 'seems to forbid'),
        ('above y = 17 there is nothing but wreckage, go away', 'not (y > 17)', 'to forbid'),
        ('x = 16 and everything beyond is barred', 'not (x >= 16)', 'seems to forbid'),
        ('no vessel may go west of x = 9', 'not (x < 9)', 'seems to forbid'),
        ('only sail in the waters north of y = 1', 'y > 1', 'seems to leave open'),
        ('stay south of y = 5', 'y < 5', 'seems to leave open'),
        ('remain within 4 cells of (5, 5)', 'manhattan(x, y, 5, 5) <= 4', 'seems to leave open'),
        ('Is the channel at x = 4 still blocked?', 'x == 4', 'a question'),
        ('all cells that are not in rows 3 to 5 are closed', 'between(y, 3, 5)', 'to leave open'),
        ('your distance to (1, 2) must not exceed 3', 'manhattan(x, y, 1, 2) <= 3',
         'to leave open'),
        ('remain farther than 3 from (1, 2)', 'not (manhattan(x, y, 1, 2) <= 3)', 'to forbid'),
        ('sail nowhere but in row 3', 'y == 3', 'to leave open'),
        ('cancel the ban on row 3', 'y == 3', 'to open again'),
        ('when does row 5 open again', 'y == 5', 'a question'),
        ('who closed row 5', 'y == 5', 'a question'),
        ('are rows 5 to 7 closed', 'between(y, 5, 7)', 'a question'),
        ('keep insdie that part of row 0', 'y == 0', 'seems to leave open'),
        ('everything right of 8 is unsafe', 'y > 8', 'says nothing of x'),
        ('a storm north of line 8', 'x > 8', 'says nothing of y'),
        ('end the closure of row 4', 'y == 4', 'seems to open again'),
        ('the rectangle from (1, 2) to (3, 4) is open again', 'y == 4', 'seems to open again'),
        ('column 9 is no longer blocked', 'x == 9', 'seems to open again'),
        ('columns 2 to 6 are not closed.', 'between(x, 2, 6)', 'as it is'),
        ('the box from (7, 4) to (9, 4) was never closed', 'x == 7', 'as it is'),
        ('rows 6 to 16 are closed, no, wait', 'between(y, 6, 16)', 'taken back'),
        ('row 3 is closed - scratch that', 'y == 3', 'taken back'),
        ('this is a drill: row 3 is closed', 'y == 3', 'taken back'),
        ('if it rains, row 3 is closed', 'y == 3', 'depend'),
        ('when the light goes on, stay off row 3', 'y == 3', 'depend'),
        ('from step 7 on, row 3 is closed', 'y == 3', 'another time'),
        ('row 3 will be closed later', 'y == 3', 'another time'),
        ('either row 6 or row 16 is closed', 'y in (6, 16)', 'one thing or another'),
        ('maybe row 3 is closed', 'y == 3', 'unsure'),
        ('something about 3 cells wide near (7, 7)', 'manhattan(x, y, 7, 7) <= 3', 'unsure'),
        ('row 3 is closed and it is open to everybody', 'y == 3', 'closed and open'),
        ('had the oil spread, row 3 would be shut', 'y == 3', 'depend'),
        ('the box at (1, 2) is 5 wide and 4 high', 'rectangle(x, y, 1, 2, 5, 4)', 'a size'),
        ('the box whose corners are (2, 20) and (8, 6)',
         'cell(x, y, 2, 20) or cell(x, y, 8, 6)', 'single cells'),
        ('avoid the column x = 17 and all water at or below y = 5', 'x == 17 and y <= 5',
         'one of several'),
        ('row 3 goes off limits at step 20', 'y == 3', 'another time'),
        ('stay off the four northernmost rows', 'y <= 4', 'an edge of the board'),
        ('x = 5 is closed except between y = 8 and y = 10', 'x == 5 and between(y, 8, 10)',
         'leaves nothing open'),
        ('Row 2 is closed. Column 5 is closed as well.', 'y == 2 and x == 5', 'one of several'),
        ('remain no more than 2 cells from (1, 2)', 'manhattan(x, y, 1, 2) <= 2', 'to leave open'),
        ("every cell that's not in row 3 is closed", 'y == 3', 'to leave open'),
        ('sail nowherre but in row 3', 'y == 3', 'to leave open'),
        ('row 3 as well as (4, 5) are closed', 'y == 3 and x == 4', 'one of several'),
        ('keep the boats out of row 3', 'not (y == 3)', 'to forbid'),
        ('keep a minimum distance of 2 cells from (1, 2)', 'not (manhattan(x, y, 1, 2) < 2)',
         'to forbid'),
    ],
)  # fmt: skip
def test_what_may_be_the_opposite_is_doubted(sentence, code, why):
    assert any(why in doubt for doubt in told(sentence, code))


def test_everything_is_opened_only_where_that_is_said():
    assert told('the area is open again', 'True', 'lift')
    assert told('you may sail there again', 'True', 'lift')
    assert told('go 8 cells to the north, then come back', 'y >= 8', 'lift')
    assert told('rows 5 to 7 are reopened', 'between(y, 5, 7)', 'lift') == []
    for sentence in ('everything is open again', 'All restrictions are lifted.'):
        assert told(sentence, 'True', 'lift') == []


@pytest.mark.parametrize(
    ('sentence', 'code'),
    [
        ('You must not sail east of x = 16.', 'x > 16'),
        ('Row 4 and also row 9 are wet; nobody in either.', 'y in (4, 9)'),
        ('Would you please mark row 4 as closed.', 'y == 4'),
        ('Column 4 shall remain closed to all vessels.', 'x == 4'),
        ('Row 2 is closed, how copy?', 'y == 2'),
        ('stay south of y = 5', 'not (y < 5)'),
        ('stay at least 2 cells away from (10, 10)', 'manhattan(x, y, 10, 10) < 2'),
        ('do not leave rows 3 to 9', 'not (between(y, 3, 9))'),
        ('rows 5 to 7 are closed', 'between(y, 5, 7)'),
        ('do not go within 3 cells of (4, 4)', 'manhattan(x, y, 4, 4) <= 3'),
        ('the end of row 5 is closed', 'y == 5'),
        ('keep a berth of 2 round (4, 4)', 'square(x, y, 4, 4, 2)'),
        ('stay well clear of row 3', 'y == 3'),
        ('everything west of x = 4 and south of y = 3', 'x < 4 and y < 3'),
        ('rows 3 to 5 are closed until after step 7', 'between(y, 3, 5)'),
        ('do not come closer than 2 cells to (4, 4)', 'manhattan(x, y, 4, 4) < 2'),
        ('(4, 4) plus 3 on every side is closed', 'chebyshev(x, y, 4, 4) <= 3'),
        ('row 3 and row 5 as well as row 7 are closed', 'y in (3, 5, 7)'),
        ('row 7 between x = 0 and x = 9 but (4, 7)', 'y == 7 and not cell(x, y, 4, 7)'),
        ('You have to stay south of y = 13, ok?', 'not (y < 13)'),
        ('row 3 must stay free for only 5 steps', 'y == 3'),
        ('This is not a drill! Row 3 is closed.', 'y == 3'),
        (
            'everything more than 4 cells away from (5, 5) is closed',
            'not (manhattan(x, y, 5, 5) <= 4)',
        ),
        (
            'everything not farther than 4 cells from (5, 5) is shut',
            'manhattan(x, y, 5, 5) <= 4',
        ),
        ('all is open except the cells within 2 cells of (7, 1)', 'manhattan(x, y, 7, 1) <= 2'),
        ('they are lifting steel, rows 3 to 5 are closed', 'between(y, 3, 5)'),
        ('(4, 4) plus eight cells each way is closed', 'chebyshev(x, y, 4, 4) <= 8'),
        ('the tower at x = 4 is about to be pulled down, keep out of column 4', 'x == 4'),
    ],
)
def test_what_says_the_same_is_not_doubted(sentence, code):
    assert told(sentence, code) == []


def test_right_functions_of_generated_sentences_are_seldom_doubted():
    pairs = [
        (example.sentence, written)
        for example in itertools.islice(examples(12), 3000)
        if (written := read_written(example.answer))
    ]
    doubted = [sentence for sentence, written in pairs if doubts(sentence, written)]
    assert len(doubted) < 0.01 * len(pairs), doubted[:20]
