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
"""Sentences through the real student: closed, lifted, refused with what they span closed."""

from __future__ import annotations

from dataclasses import replace

from ld_agent.emergency_desk import Desk
from ld_agent.errors import AreaError, LdAgentError
from ld_agent.players import find_task
from ld_agent.sentence_bench import generated_cases, judge, meant_by
from ld_agent.sentences.author import Author, MOST_CHARACTERS, open_author
from ld_agent.sentences.language import UNCLEAR
import pytest

TASK = find_task(None)
SIZE = (20, 20)
SQUARE = [(2, 3), (5, 3), (5, 6), (2, 6)]


@pytest.fixture(scope='module')
def author() -> Author:
    return open_author()


@pytest.fixture
def desk(author):
    opened = Desk(TASK, SIZE, author=author)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ('sentence', 'code'),
    [
        ('a whirlpool has formed between (3, 4) and (6, 8); keep out',
         'rectangle(x, y, 3, 4, 6, 8)'),
        ('stay at least 2 cells away from (10, 10)', 'manhattan(x, y, 10, 10) < 2'),
        ('rows 5 to 7 are closed', 'between(y, 5, 7)'),
        ('the channel at x = 4 is blocked except at y = 9', 'x == 4 and y != 9'),
        ('everything north of y = 15 is off limits until step 30', 'y > 15'),
    ],
)  # fmt: skip
def test_a_sentence_closes_what_it_says(desk, sentence, code):
    outcome = desk.sentence(sentence)
    assert (outcome.status, outcome.action, outcome.reason) == ('accepted', 'close', '')
    assert outcome.cells == meant_by(code, 1.0)
    (update,) = outcome.updates
    assert (update.action, update.stage, update.origin) == ('add', 'filter', sentence)
    assert update.expires_at_step == (30 if 'step 30' in sentence else None)
    assert update.checks['cells'] == f'drops exactly the {len(outcome.cells)} cells of the area'
    assert set(update.checks) >= {'source', 'examples', 'cells', 'numbers', 'sure'}


def test_the_plainest_sentence_is_understood(desk):
    outcome = desk.sentence('the area between (3, 4) and (6, 8) is closed')
    assert outcome.cells == meant_by('rectangle(x, y, 3, 4, 6, 8)', 1.0)
    assert outcome.status == 'accepted'


def test_what_is_open_again_lifts_every_area_that_contains_it(desk):
    first = desk.sentence('keep out of the box between (1, 1) and (5, 5)')
    second = desk.polygon(SQUARE, 'drawn')
    third = desk.sentence('row 15 is closed')
    assert [o.status for o in (first, second, third)] == ['accepted'] * 3
    lift = desk.sentence('the area around (3, 4) is open again')
    assert (lift.status, lift.action, lift.cells) == ('accepted', 'lift', {(3, 4)})
    assert {(u.action, u.name) for u in lift.updates} == {
        ('remove', first.name), ('remove', second.name),
    }  # fmt: skip
    assert list(desk.active) == [third.name]


def test_areas_expire_by_themselves(desk):
    desk.sentence('column 3 is closed until step 9', step=2)
    desk.sentence('row 5 is closed for 4 steps', step=2)
    desk.expire(5)
    assert len(desk.active) == 2
    desk.expire(6)
    assert len(desk.active) == 1
    desk.expire(9)
    assert not desk.active


def test_a_time_that_is_over_is_refused(desk):
    assert (
        'step 9 is over, it is step 12'
        in desk.sentence('column 3 is closed until step 9', 12).reason
    )


@pytest.mark.parametrize(
    'sentence',
    [
        'the weather is bad',
        'whirlpool!',
        'the area around (3, 4) is closed',
        '',
        'x' * 999,
        '🌊🌊',
    ],
)
def test_what_is_unclear_is_refused_in_one_sentence(desk, sentence):
    outcome = desk.sentence(sentence)
    assert outcome.status == 'refused'
    assert 'publish the area as a polygon on restricted_area' in outcome.reason
    assert '\n' not in outcome.reason


def test_what_a_refused_sentence_spans_is_closed_until_it_is_answered(desk):
    refused = desk.sentence('something is wrong near (3, 4)')
    assert refused.status == 'refused' and refused.cells == {(3, 4)}
    assert 'Until then x from' in refused.reason
    (update,) = refused.updates
    assert 'fail safe' in update.origin
    elsewhere = desk.polygon([(10, 10), (12, 10), (12, 12)], 'drawn')
    assert [u.action for u in elsewhere.updates] == ['add']
    answer = desk.polygon(SQUARE, 'drawn')
    assert [(u.action, u.name) for u in answer.updates] == [
        ('add', answer.name), ('remove', refused.name),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ('sentence', 'why'),
    [
        ('keep out of the box between (30, 30) and (40, 40)', 'covers no cell of the board'),
        ('rows 0 to 19 are closed', 'closes the whole board'),
        ('the area around (35, 2) is open again', 'names no cell of the board'),
    ],
)
def test_an_area_off_the_board_or_all_over_it_is_refused(desk, sentence, why):
    outcome = desk.sentence(sentence)
    assert outcome.status == 'refused' and why in outcome.reason


def test_metres_are_counted_by_the_resolution(author):
    desk = Desk(TASK, SIZE, 0.5, author)
    outcome = desk.sentence('the area between (1 m, 2 m) and (3 m, 4 m) is closed')
    desk.close()
    assert outcome.cells == meant_by('rectangle(x, y, 2, 4, 6, 8)', 1.0)


def test_a_draft_that_does_not_agree_or_is_not_sure_is_refused(desk, author, monkeypatch):
    sentence = 'rows 5 to 7 are closed'
    draft = author.write(sentence)
    for changed, why in (
        (replace(draft, written=replace(draft.written, code='between(x, 5, 7)')), 'y = 5'),
        (replace(draft, least_sure=0.3, probability=0.3), '30% sure'),
        (replace(draft, written=None, text=UNCLEAR), 'cannot tell'),
    ):
        monkeypatch.setattr(author, 'drafts', lambda text, given=changed: iter([given]))
        outcome = desk.sentence(sentence)
        assert outcome.status == 'refused' and why in outcome.reason
        assert outcome.cells >= meant_by('between(y, 5, 7)', 1.0)


def test_without_a_student_sentences_are_refused_and_polygons_taken():
    desk = Desk(TASK, SIZE)
    assert 'switched off' in desk.sentence('rows 5 to 7 are closed').reason
    assert desk.polygon(SQUARE, 'drawn').status == 'accepted'
    desk.close()


def test_the_same_sentence_is_written_the_same_and_within_the_grammar(author):
    for sentence in ('rows 5 to 7 are closed', 'qwerty (3, 4) 5 6 7 8', 'x' * MOST_CHARACTERS):
        try:
            first = author.write(sentence)
        except AreaError as error:
            assert 'tokens' in str(error)
            continue
        assert first.text == author.write(sentence).text
        assert 0 < first.least_sure <= 1


def test_most_held_out_sentences_are_exact_and_none_is_unsafe(author):
    cases = [case for case, _ in zip(generated_cases(3), range(40), strict=False)]
    verdicts = [judge(case, author, TASK).verdict for case in cases if case.action]
    assert 'unsafe' not in verdicts
    assert verdicts.count('exact') >= 0.7 * len(verdicts)


def test_a_later_desk_adopts_what_an_earlier_one_had_put_in_force(desk):
    (update,) = desk.polygon(SQUARE, 'polygon').updates
    refused = desk.sentence('something is wrong near (9, 9)')
    (waiting,) = refused.updates
    later = Desk(TASK, SIZE)
    for known in (update, waiting):
        later.adopt(known)
    assert {name: held.cells for name, held in later.active.items()} == {
        name: held.cells for name, held in desk.active.items()
    }
    answered = later.polygon([(9, 9), (9.9, 9), (9.9, 9.9), (9, 9.9)], 'polygon')
    assert [(u.action, u.name) for u in answered.updates][1:] == [('remove', waiting.name)]
    with pytest.raises(LdAgentError, match='is refused'):
        later.adopt(update.model_copy(update={'source': 'def f(): pass'}))
    later.close()
