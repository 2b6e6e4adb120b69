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
"""Sentences of people told anew: other numbers, the board turned, the same construction."""

from __future__ import annotations

import itertools
import random
import re

from ld_agent.emergency import CALL_SIGNS
from ld_agent.sentence_bench import hand_cases, meant_by, SEEN
from ld_agent.sentences.choice import faults
from ld_agent.sentences.language import read_written
from ld_agent.sentences.named import disagreements
from ld_agent.sentences.slips import corrected
from ld_agent.training.spoken import (
    mixed,
    moved,
    read_spoken,
    Spoken,
    spoken,
    turned,
    varied,
)

CLEAR = [one for one in spoken() if one.written is not None]


def test_every_function_can_be_read_back():
    assert len(CLEAR) > 2000
    for one in CLEAR:
        assert read_written(one.answer) == one.written


def test_functions_mean_what_was_worked_out_by_hand():
    cases = {case.sentence: case for case in hand_cases(SEEN)}
    clear = [one for one in read_spoken(SEEN) if one.written is not None]
    assert len(clear) > 800
    for one in clear:
        case, written = cases[one.sentence], one.written
        meant = written.kind, meant_by(written.code, case.resolution), written.expires_at(0)
        assert meant == (case.action, case.cells, case.until), one.sentence


def test_a_turned_sentence_closes_the_turned_cells():
    changed = 0
    for one in CLEAR:
        other = turned(one)
        changed += other.sentence != one.sentence
        cells = meant_by(one.written.code, 1.0)
        if other.sentence != one.sentence:
            assert meant_by(other.written.code, 1.0) == {(y, x) for x, y in cells}, one.sentence
    assert changed > len(CLEAR) / 2


def test_what_is_said_of_up_and_down_is_not_turned():
    one = Spoken('the rows above y = 4 are closed', None)
    assert turned(one) == one


def test_numbers_of_sentence_and_function_move_together():
    rng = random.Random(5)
    wrong = [
        (one.sentence, other.sentence)
        for one in CLEAR
        for other in [varied(one, rng)]
        if not disagreements(one.sentence, one.written)
        and disagreements(other.sentence, other.written)
    ]
    assert len(wrong) <= len(CLEAR) / 200, wrong


def test_a_half_is_no_number_that_moves():
    one = next(one for one in CLEAR if '/ 2' in one.written.code)
    assert moved(one, 3).written.code.endswith('/ 2')


def test_checks_seldom_speak_against_the_right_function():
    refused = [s.sentence for s in CLEAR if faults(corrected(s.sentence), s.written)]
    assert len(refused) < 0.04 * len(CLEAR), refused


def test_no_call_sign_is_in_them():
    words = set(re.findall('[a-z]+', ' '.join(one.sentence for one in spoken()).lower()))
    assert not words & set(CALL_SIGNS)


def test_training_draws_them_among_generated_ones_the_same_from_the_same_seed():
    kinds = [example.kind for example in itertools.islice(mixed(4), 2000)]
    assert 0.34 < kinds.count('spoken') / len(kinds) < 0.42
    assert list(itertools.islice(mixed(4), 50)) == list(itertools.islice(mixed(4), 50))
