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
"""Slips of the pen are put right in the words that the checks look for, and nowhere else."""

from __future__ import annotations

from ld_agent.sentences.author import Draft
from ld_agent.sentences.choice import choose
from ld_agent.sentences.language import Written
from ld_agent.sentences.slips import corrected
import pytest


@pytest.mark.parametrize(
    ('said', 'meant'),
    [
        ('norht of y = 4', 'north of y = 4'),
        ('keep out of all soth of row 3', 'keep out of all south of row 3'),
        ('everything abbove y = 9', 'everything above y = 9'),
        ('a breth of seevn cells', 'a berth of seven cells'),
        ('Withn 3 cells', 'within 3 cells'),
        ('KEEP OUT NORHT OF Y = 4', 'keep out north of y = 4'),
    ],
)
def test_swapped_lost_and_doubled_letters_are_put_right(said, meant):
    assert corrected(said) == meant


@pytest.mark.parametrize(
    'said',
    [
        'there is a tree, I have seen it',
        'the father of the third mate, though very far from the trough, will blow the horn',
        'rows 5 to 7 are clsoed',
        'the last row is closed',
        'x in [3, 7], y = 4',
    ],
)
def test_other_words_stay_as_they_are(said):
    assert corrected(said) == said


def test_a_function_is_not_refused_for_a_slip_in_its_side():
    draft = Draft(Written('close', 'a half-plane', 'y > 4'), 'y > 4', 0.99, 0.98, 1.0)
    assert choose('keep out, norht of y = 4', [draft]).written.code == 'y > 4'
