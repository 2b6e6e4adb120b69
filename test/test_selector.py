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
"""The shipped student selects: order changes no bit, and what is encoded is kept."""

from __future__ import annotations

import itertools
import math

from ld_agent import selector as module
from ld_agent.errors import FunctionBaseError
from ld_agent.players import find_task
from ld_agent.prompt import BLOCK_SPAN, Entry, render_block
from ld_agent.selector import Selector
from ld_agent.student.session import Student
import numpy as np
import pytest

TASK = find_task(None)
CHOOSE = TASK.stage('choose')
ENTRIES = [f.entry for f in CHOOSE.functions.values()]
FACTS = {'evader': 'near', 'heading': 'steady', 'formation': 'spread'}
ALIKE = [
    Entry('keep_left', 'Stay on the left side.', 'the lane is left'),
    Entry('keep_right', 'Stay on the right side.', 'the lane is right'),
    Entry('stop', 'Stop the car.', 'the lane is closed'),
]


@pytest.fixture(scope='module')
def selector(student) -> Selector:
    return Selector(student)


class _Counting:
    """A student that counts what it is asked for."""

    def __init__(self, student: Student) -> None:
        self._student, self.encoded, self.passes = student, 0, 0

    def __getattr__(self, name):
        return getattr(self._student, name)

    def encode(self, *arguments):
        self.encoded += 1
        return self._student.encode(*arguments)

    def logits(self, *arguments):
        self.passes += 1
        return self._student.logits(*arguments)


def test_the_order_of_the_candidates_changes_no_bit_of_a_score(student):
    first = Selector(student).select(CHOOSE.rules, ENTRIES, FACTS)
    for order in itertools.islice(itertools.permutations(ENTRIES), 1, 700, 140):
        again = Selector(student).select(CHOOSE.rules, order, FACTS)
        assert (again.candidates, again.scores) == (first.candidates, first.scores)
        assert again.selected == first.selected


def test_what_was_selected_before_changes_no_bit_of_a_score(student, selector):
    selector.select(CHOOSE.rules, ENTRIES[:3], {**FACTS, 'evader': 'far'})
    used = selector.select(CHOOSE.rules, ENTRIES, FACTS)
    assert used.scores == Selector(student).select(CHOOSE.rules, ENTRIES, FACTS).scores


@pytest.mark.parametrize('entries', [ENTRIES, ENTRIES[:2], ALIKE], ids=['all', 'two', 'alike'])
def test_probabilities_sum_to_one_and_the_best_is_selected(selector, entries):
    chosen = selector.select(CHOOSE.rules, entries, FACTS)
    assert sum(chosen.probabilities) == pytest.approx(1.0, abs=1e-12)
    best = max(chosen.scores)
    assert chosen.scores[chosen.candidates.index(chosen.selected)] == best
    assert chosen.margin == pytest.approx(best - sorted(chosen.scores)[-2])
    assert list(chosen.candidates) == sorted(entry.name for entry in entries)


def test_a_single_candidate_needs_no_pass(student):
    counting = _Counting(student)
    chosen = Selector(counting).select(CHOOSE.rules, ENTRIES[:1], FACTS)
    assert (chosen.selected, chosen.scores, chosen.margin) == (ENTRIES[0].name, (0.0,), None)
    assert (counting.encoded, counting.passes) == (0, 0)


def test_a_block_is_encoded_once_and_kept_across_sets(student):
    counting = _Counting(student)
    selector = Selector(counting)
    selector.prepare(CHOOSE.rules, ENTRIES[:4])
    assert counting.encoded == 1 + 4
    selector.select(CHOOSE.rules, ENTRIES[1:4], FACTS)
    assert counting.encoded == 1 + 4
    selector.select(CHOOSE.rules, ENTRIES[2:6], FACTS)
    assert counting.encoded == 1 + 6
    assert counting.passes == 2


def test_what_is_kept_does_not_grow_without_end_and_forgetting_changes_no_score(
    student, monkeypatch
):
    sets = [list(s) for s in itertools.combinations([*ENTRIES, *ALIKE], 3)][:12]
    roomy = Selector(student)
    expected = [roomy.select(CHOOSE.rules, entries, FACTS).scores for entries in sets]
    most = 4 * 2**20
    monkeypatch.setattr(module, 'KEPT_BYTES', most)
    counting = _Counting(student)
    tight = Selector(counting)
    for _ in range(2):
        assert [tight.select(CHOOSE.rules, e, FACTS).scores for e in sets] == expected
        for kept in (tight._sets, tight._blocks):
            sizes = [size for _, size in kept._items.values()]
            assert sum(sizes) == kept._bytes
            assert kept._bytes <= most or len(sizes) == 1
    assert counting.encoded > 1 + len({entry for entries in sets for entry in entries})


def test_a_manual_that_is_too_long_is_named_with_its_length(selector):
    entry = Entry('ramble', 'Talk.', 'the talk is ' + 'very ' * 200 + 'long')
    tokens = len(selector.student.encode_text(render_block(entry)))
    assert tokens > BLOCK_SPAN
    with pytest.raises(FunctionBaseError) as caught:
        selector.select(CHOOSE.rules, [*ENTRIES, entry], FACTS)
    assert caught.value.faults == [
        f"the manual of 'ramble' takes {tokens} tokens, {BLOCK_SPAN} fit; shorten its purpose or "
        'when to use'
    ]


def test_names_that_share_their_first_token_take_a_further_pass(student):
    counting = _Counting(student)
    selector = Selector(counting)
    assert selector.alike(ALIKE) == [('keep_left', 'keep_right')]
    assert selector.passes(ALIKE) == 2
    for lane in ('left', 'right', 'closed'):
        counting.passes = 0
        selector.select('A car drives.', ALIKE, {'lane': lane})
        assert counting.passes == 2


def test_no_stage_of_the_shipped_base_needs_a_further_pass(selector):
    for stage in TASK.stages:
        entries = [f.entry for f in stage.functions.values()]
        assert selector.alike(entries) == []
        assert selector.passes(entries) <= 1


def test_a_score_is_the_log_softmax_among_the_names_read_from_the_whole_prompt(student, selector):
    """Compare with the logits over the whole vocabulary, for names that differ at once."""
    chosen = selector.select(CHOOSE.rules, ENTRIES, FACTS)
    kept = selector._sets.get((CHOOSE.rules, tuple(sorted(ENTRIES, key=lambda e: e.name))))
    asked = ' evader is near, heading is steady, formation is spread ->'
    everything = np.arange(student.tokenizer.get_vocab_size())
    logits = student.logits(student.encode_text(asked), kept.cache, kept.position, everything)
    logits = logits / student.temperature
    firsts = [student.encode_text(f' {name}\n')[0] for name in chosen.candidates]
    total = math.log(sum(math.exp(logits[token]) for token in firsts))
    expected = [logits[token] - total for token in firsts]
    assert list(chosen.scores) == pytest.approx(expected, abs=1e-3)


def test_the_student_reads_the_shipped_manual(selector):
    for stage in TASK.stages[1:]:
        entries = [f.entry for f in stage.functions.values()]
        right = [
            stage.functions[selector.select(stage.rules, entries, facts).selected].rule.holds(
                facts
            )
            for facts in stage.fact_combinations()
        ]
        assert np.mean(right) >= 0.75, stage.name
