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
"""What comes in on a topic fits its model, or is refused with one sentence."""

from __future__ import annotations

import json

from ld_agent.errors import MessageError
from ld_agent.messages import Decision, FunctionUpdate, parse, Result, State, TOPICS
import pytest

STATE = {
    'task': 'pursuit', 'episode': 0, 'seed': 7, 'step': 3, 'stamp': 12.5, 'deadline': 2.0,
    'observation': {'width': 9, 'height': 7, 'pursuers': [[0, 1], [2, 3], [4, 5]]},
}  # fmt: skip


def refused(model, text: str, topic: str) -> str:
    with pytest.raises(MessageError) as caught:
        parse(model, text, topic)
    said = str(caught.value)
    assert '\n' not in said
    assert said.startswith(f"'{topic}': ")
    assert f'config/schema/{topic}.schema.json' in said
    return said


@pytest.mark.parametrize('text', ['', '{', '{"task": }', 'hello', '[' * 100_000, '{"a": "\x00"}'])
def test_what_is_no_json_is_refused_in_one_sentence(text):
    assert 'the whole message: Invalid JSON' in refused(State, text, 'state')


@pytest.mark.parametrize('text', ['[]', 'null', '7', '"state"'])
def test_json_that_is_no_object_is_refused(text):
    assert 'the whole message: Input should be an object' in refused(State, text, 'state')


@pytest.mark.parametrize(
    ('field', 'value'),
    [
        ('task', 1),
        ('episode', '0'),
        ('episode', -1),
        ('step', True),
        ('step', 1.5),
        ('step', None),
        ('done', 'yes'),
        ('stamp', 'noon'),
        ('deadline', 0),
        ('observation', [1, 2]),
    ],
)
def test_a_wrong_type_is_refused_and_its_field_named(field, value):
    said = refused(State, json.dumps({**STATE, field: value}), 'state')
    assert f': {field}: ' in said


@pytest.mark.parametrize('field', ['stamp', 'deadline'])
@pytest.mark.parametrize('number', ['NaN', 'Infinity', '-Infinity'])
def test_a_number_that_is_not_finite_is_refused(field, number):
    text = json.dumps({**STATE, field: 0.125}).replace('0.125', number)
    assert f': {field}: ' in refused(State, text, 'state')


@pytest.mark.parametrize('number', ['NaN', 'Infinity'])
def test_a_number_that_is_not_finite_is_found_deep_in_the_observation(number):
    text = json.dumps(STATE).replace('[4, 5]', f'[4, {number}]')
    assert ': observation: ' in refused(State, text, 'state')


def test_a_field_that_is_missing_is_named():
    del (short := dict(STATE))['seed']
    assert ': seed: Field required' in refused(State, json.dumps(short), 'state')


def test_fields_of_a_newer_sender_are_ignored():
    assert parse(State, json.dumps({**STATE, 'mood': 'calm'}), 'state').step == 3


def test_a_move_is_two_whole_numbers():
    text = '{"task": "pursuit", "episode": 0, "step": 0, "moves": [[1, 2, 3]]}'
    assert ': moves.0' in refused(Decision, text, 'decision')
    assert ': moves.0.1: ' in refused(Decision, text.replace('2, 3', '2.5'), 'decision')


def test_a_function_update_has_a_name_and_one_of_two_actions():
    assert ': name: ' in refused(
        FunctionUpdate, '{"action": "add", "name": "os.system"}', 'functions'
    )
    assert ': action: ' in refused(FunctionUpdate, '{"action": "run", "name": "f"}', 'functions')


def test_what_is_written_reads_back_the_same():
    told = {
        'state': State(**STATE),
        'decision': Decision(task='pursuit', episode=0, step=3, moves=[(1, 2), (3, 4), (0, 0)]),
        'functions': FunctionUpdate(action='add', name='heron_keepout', expires_at_step=30),
        'result': Result(task='pursuit', method='ld', episode=0, seed=7, outcome='success',
                         steps=12, violations=0, lost_turns=0),
    }  # fmt: skip
    assert set(told) == set(TOPICS)
    for topic, message in told.items():
        assert parse(TOPICS[topic], message.model_dump_json(), topic) == message
