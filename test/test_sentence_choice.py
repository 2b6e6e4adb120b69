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
"""Which of the drafts of a sentence is used."""

from __future__ import annotations

import itertools

from ld_agent.errors import AreaError
from ld_agent.sentences.alphabet import alphabet
from ld_agent.sentences.author import Author, CHECKED, Draft, MOST_DRAFTS, open_author
from ld_agent.sentences.choice import choose
from ld_agent.sentences.language import Written
from ld_agent.training.sentences import examples
import pytest

BOTH = 'rows 2 to 4 and columns 9 to 10 are both closed'
FLOATING = "A container is floating at (7, 12); don't run into it."
OR, AND = (f'between(y, 2, 4) {word} between(x, 9, 10)' for word in ('or', 'and'))


def draft(code: str | None, probability: float, least_sure: float = 0.4, shape: str = 'rows'):
    written = None if code is None else Written('close', shape, code)
    return Draft(written, code or 'unclear', least_sure, probability, 1.0)


def test_a_sure_first_draft_is_used_and_no_other_asked_for():
    drafts = iter([draft(OR, 0.6, 0.6), draft(None, 0.4)])
    assert choose(BOTH, drafts).written.code == OR
    assert next(drafts).written is None


def test_what_the_checks_refute_loses_its_probability_to_the_others():
    assert choose(BOTH, [draft(AND, 0.7, 0.9), draft(OR, 0.28)]).written.code == OR


def test_drafts_that_close_the_same_count_together():
    drafts = [draft(OR, 0.45), draft(OR, 0.4, shape='several areas')]
    assert choose(BOTH, drafts).written.code == OR


@pytest.mark.parametrize(
    ('drafts', 'why'),
    [
        ([draft(AND, 0.6, 0.9), draft(OR, 0.2)], 'rows and columns cross'),
        ([draft(AND, 0.96, 0.9), draft(OR, 0.04)], 'rows and columns cross'),
        ([draft(OR, 0.5), draft(None, 0.3), draft(OR, 0.1)], '40% sure'),
        ([draft(None, 0.6, 0.9), draft(OR, 0.4)], 'cannot tell'),
    ],
)
def test_what_has_not_the_better_part_of_what_is_left_is_refused(drafts, why):
    with pytest.raises(AreaError, match=why):
        choose(BOTH, drafts)


@pytest.fixture(scope='module')
def author() -> Author:
    return open_author()


def test_the_student_yields_other_drafts_after_its_first(author):
    drafts = list(author.drafts(FLOATING))
    assert 1 < len(drafts) <= MOST_DRAFTS
    assert len({one.text for one in drafts}) == len(drafts)
    assert sum(one.probability for one in drafts) <= 1.0 + 1e-6
    assert drafts[0].text == author.write(FLOATING).text


def test_a_text_is_written_with_the_tokens_that_training_teaches(author):
    encode = author.student.encode_text
    taught = {
        token for case in itertools.islice(examples(3), 500) for token in encode(case.answer)
    }
    assert taught <= set(alphabet(encode))
    for sentence in CHECKED:
        assert {*encode(author.write(sentence).text)} <= set(alphabet(encode))
    (corridor, *others) = author.drafts('The corridor at y = 30 m is blocked over its length.')
    assert corridor.probability > 0.9 and all(other.text != corridor.text for other in others)
