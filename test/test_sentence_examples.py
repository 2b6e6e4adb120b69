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
"""The sentences that the student learns from: whole, repeatable, and apart from the held-out."""

from __future__ import annotations

import itertools
import re

from ld_agent.emergency import CALL_SIGNS
from ld_agent.sentence_bench import BY_HAND, hand_cases, meant_by, SEEN
from ld_agent.sentences.language import read_written
from ld_agent.sentences.named import NUMBER_WORDS
from ld_agent.training.sentences import (
    _phrases,
    examples,
    HELD_OUT_MODULUS,
    HELD_OUT_REMAINDER,
)
from ld_agent.training.spoken import mixed
import yaml

MANY = 3000


def some(seed: int, held_out: bool = False) -> list:
    return list(itertools.islice(examples(seed, held_out) if held_out else mixed(seed), MANY))


def held_out_words(node) -> list[str]:
    if isinstance(node, dict):
        return [
            phrase if isinstance(phrase, str) else phrase[0]
            for key, value in node.items()
            for phrase in (value if key == 'held_out' else held_out_words(value))
        ]
    return [p for item in node for p in held_out_words(item)] if isinstance(node, list) else []


def without_held_out(node):
    if isinstance(node, dict):
        return {k: without_held_out(v) for k, v in node.items() if k != 'held_out'}
    return [without_held_out(v) for v in node] if isinstance(node, list) else node


def test_the_same_seed_gives_the_same_sentences():
    assert some(4) == some(4)
    assert some(4) != some(5)


def test_every_answer_can_be_read_and_run():
    for example in some(6):
        written = read_written(example.answer)
        if written is not None:
            meant_by(written.code, 0.5)
            assert written.text == example.answer


def remainder(sentence: str) -> int:
    numbers = map(float, re.findall(r'(?:(?<=[(\[,=\s])-)?\d+(?:\.\d+)?', sentence))
    return round(10 * sum(numbers)) % HELD_OUT_MODULUS


def test_no_held_out_wording_is_trained_on():
    longest = {
        max(re.split(r'\{\w+\}', phrase), key=len).strip(' ,;').lower()
        for phrase in held_out_words(_phrases())
    }
    trained = yaml.safe_dump(without_held_out(_phrases()), width=1000).lower()
    clear = [phrase for phrase in longest if len(phrase) > 14 and phrase not in trained]
    told = ' | '.join(example.sentence.lower() for example in some(7))
    assert len(clear) > 20
    assert not [phrase for phrase in clear if phrase in told]


def test_no_held_out_number_is_trained_on():
    words = re.compile(f'\\b({"|".join(NUMBER_WORDS)})\\b', re.IGNORECASE)
    for held_out in (False, True):
        plain = [
            example.sentence
            for example in some(8, held_out)
            if example.kind != 'unclear' and not words.search(example.sentence)
        ]
        special = [s for s in plain if remainder(s) == HELD_OUT_REMAINDER]
        assert len(plain) > MANY / 2
        assert len(special) > 0.95 * len(plain) if held_out else len(special) < 0.02 * len(plain)


def test_no_call_sign_is_learnt():
    told = set(re.findall('[a-z]+', ' '.join(e.sentence for e in some(9)).lower()))
    assert not told & set(CALL_SIGNS)


def test_sentences_by_hand_say_what_they_mean():
    cases = [*hand_cases(BY_HAND), *hand_cases(SEEN)]
    assert len(cases) >= 180
    assert all(case.cells for case in cases if case.action)
    assert len({case.sentence for case in cases}) == len(cases)
