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
"""Each step of a distillation refuses a faulty reply with a sentence that says what is wrong."""

from __future__ import annotations

from dataclasses import replace
import json

from ld_agent.distill.draft import Draft, set_sections, task_of
from ld_agent.distill.functions import FunctionsStep
from ld_agent.distill.replies import json_in, python_in, ReplyUnreadable
from ld_agent.distill.rules import RulesStep
from ld_agent.distill.stages import StagesStep
from ld_agent.distill.wordings import WordingsStep
from ld_agent.executor import Executor
from ld_agent.task_file import TaskFile
import pytest
import scripted_base as script

SPEC = {'name': 'ferry', **json_in(script.STAGES)}


@pytest.fixture(scope='module')
def executor():
    executor = Executor()
    yield executor
    executor.close()


@pytest.fixture(scope='module')
def draft(executor) -> Draft:
    """Stages and functions of the ferry, accepted."""
    made = Draft(script.RULES, task_of(TaskFile.model_validate(SPEC)))
    stages = []
    for stage, reply in zip(made.task.stages, script.WELL[1:3], strict=True):
        step = FunctionsStep(made, stage, executor)
        stages.append(replace(stage, functions=step.functions(step.judge(reply).accepted)))
    return replace(made, task=replace(made.task, stages=tuple(stages)))


@pytest.fixture(scope='module')
def begun(draft) -> Draft:
    """The ferry before the functions of its second stage."""
    stages = (draft.task.stages[0], replace(draft.task.stages[1], functions={}))
    return replace(draft, task=replace(draft.task, stages=stages))


def told(verdict) -> str:
    assert not verdict.accepted, 'a faulty reply is not accepted'
    return '\n'.join(fault for faults in verdict.faults.values() for fault in faults)


def stage_change(number: int, **fields) -> str:
    content = json.loads(json.dumps(SPEC))
    del content['name']
    content['stages'][number].update(fields)
    return script.as_json(content)


@pytest.mark.parametrize(
    ('reply', 'sentence'),
    [
        ('```json\n[1]\n```', 'its JSON is a list, an object was asked for'),
        ('```json\n{}\n```', 'decision: Field required'),
        (f'{script.STAGES}{script.STAGES}', 'it holds several ```json blocks'),
        ('{"a": ' * 5000, 'it holds no JSON object'),
        ('{"a":' * 50_000 + '1' + '}' * 50_000, 'its JSON cannot be read'),
        (stage_change(0, takes='dict'), 'the first stage takes dict; it is given an empty list'),
        (stage_change(0, gives='int'), "stage 'list' gives int, but the next"),
        (stage_change(1, gives='10 ** 10 ** 10'), 'is not a plain data type'),
        (stage_change(1, rules='Choose \ud800 or \u202e.'), "'\\u202e', '\\ud800'; write"),
        (stage_change(1, name='The Choice'), 'its name must be one word in small letters'),
        (stage_change(1, rules='x' * 201), 'its rules must have 1 to 200 characters'),
        (stage_change(1, repeat=True), 'so it needs a closing function'),
        (stage_change(1, closing='stop'), 'a closing is the name of a function of a stage that'),
        (stage_change(1, facts={'way': ['long']}), 'leave the facts out'),
    ],
)  # fmt: skip
def test_faulty_stages_are_refused(reply, sentence):
    assert sentence in told(StagesStep('ferry', script.RULES).judge(reply))


def test_the_name_of_the_task_is_not_the_teachers_to_choose():
    reply = script.as_json({**SPEC, 'name': 'pursuit'})
    assert StagesStep('ferry', '').judge(reply).accepted['stages']['name'] == 'ferry'


@pytest.mark.parametrize(
    ('old', 'new', 'sentence'),
    [
        ('Stage: choose', 'Stage: list', "its stage 'list' is none of choose"),
        ('def dash(', 'def facts(', "the name 'facts' is taken"),
        ('def dash(', 'def list_berths(', "the name 'list_berths' is taken"),
        ('def dash(', 'def Dash(', 'its name must be 2 to 40 small letters'),
        ('berths: list[int]', 'berths: list', 'has the type list, the stage has list[int]'),
        ('Take the', 'Take ' + 'x' * 130 + ' the', 'its purpose has more than 120 characters'),
        ('return min', '# \u202e\n    return min', "it holds '\\u202e'; write visible"),
        (">>> dash([0, 1, 2], {'target': 9})", '>>> 1 + 1', 'no example calls dash(...)'),
        ("return min(berths, key=lambda b: abs(b - state['target']))\n", "return 'x'\n",
         "gives 'x', the manual says 2"),
        ('        2\n', '      2\n', "section 'Example:' cannot be read"),
        ('return min', 'return eval', "uses 'eval'"),
    ],
)  # fmt: skip
def test_a_faulty_function_is_refused(begun, executor, old, new, sentence):
    assert old in script.DASH
    text = script.DASH.replace(old, new)
    if new.startswith('def '):
        text = text.replace('>>> dash(', f'>>> {new.removeprefix("def ")}')
    said = told(FunctionsStep(begun, begun.task.stages[1], executor).judge(script.code(text)))
    assert sentence in said, said


def test_an_example_of_another_type_than_the_stage_gives_is_refused(begun, executor):
    line = "return min(berths, key=lambda b: abs(b - state['target']))"
    source = script.DASH.replace(line, 'return [2]').replace('        2\n', '        [2]\n')
    said = told(FunctionsStep(begun, begun.task.stages[1], executor).judge(script.code(source)))
    assert said.endswith('gives [2], the stage gives int')


ODD = {**script.RULES_OF_CHOOSE, 'dash': "way != 'short' and wind == 'calm'"}


@pytest.mark.parametrize(
    ('reply', 'sentence'),
    [
        (script.GAP, 'exactly one must'),
        (script.rules_reply(ODD), 'does not join equalities by `and`'),
        (script.rules_reply({'dash': "way == 'long'"}), 'ease_in has no rule'),
        (script.rules_reply({**script.RULES_OF_CHOOSE, 'sail': "way == 'long'"}),
         'sail is no function of the stage'),
        (script.rules_reply({**script.RULES_OF_CHOOSE, 'dash': "mood == 'good'"}),
         "names 'mood', which is no fact"),
        (script.rules_reply({**script.RULES_OF_CHOOSE, 'dash': "way == 'far'"}),
         "compares 'way' with 'far'"),
        (script.rules_reply(facts={**script.FACT_VALUES, 'way': ['long']}), 'two to 6 different'),
        (script.rules_reply(facts={**script.FACT_VALUES, 'Way!': ['a', 'b']}),
         "fact 'Way!': its name must be"),
        (script.rules_reply(facts={**script.FACT_VALUES, 'tide': ['in', 'out']}),
         "the fact 'tide' has no function tide(result, state)"),
        (script.rules_reply(facts={f'f{n}': list('abcdef') for n in range(4)}),
         'more than 400 combinations'),
        (script.rules_reply(code=f'{script.FACTS}\n\ndef tide(result, state):\n    return 1\n'),
         'the function tide computes no new fact'),
        (script.rules_reply(code=script.FACTS.replace("'calm'})", "'storm'})")),
         "gives 'storm', the manual says 'calm'"),
        (script.rules_reply(code=script.FACTS.replace("\n    'calm'", "\n    'mild'")),
         "gives 'mild', which is none of calm, strong"),
        (script.rules_reply(code=script.FACTS.replace('>>> wind(', '>>> len(')),
         'the docstring of wind has no example'),
        (script.rules_reply(code=f'import os\n\n\n{script.FACTS}'), "imports 'os'"),
        (script.as_json({'facts': {}}), 'rules: Field required'),
    ],
)  # fmt: skip
def test_faulty_rules_are_refused(draft, executor, reply, sentence):
    said = told(RulesStep(draft, draft.task.stages[1], executor).judge(reply))
    assert sentence in said, said


def test_a_fact_of_an_earlier_stage_needs_no_code_and_keeps_its_values(draft, executor):
    first = replace(draft.task.stages[0], facts={'way': ('short', 'long')})
    way = script.FACTS[script.FACTS.index('def way') :]
    task = replace(draft.task, stages=(first, draft.task.stages[1]), facts_source=way)
    step = RulesStep(replace(draft, task=task), task.stages[1], executor)
    wind = script.FACTS[: script.FACTS.index('def way')]
    assert step.judge(script.rules_reply(code=wind)).accepted
    assert 'the function way computes no new fact' in told(step.judge(script.rules_reply()))
    other = {**script.FACT_VALUES, 'way': ['short', 'middle', 'long']}
    assert "fact 'way' is there already with the values short, long" in told(
        step.judge(script.rules_reply(facts=other, code=wind))
    )


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'way': {'short': script.CLAUSES['way']['short']}}, 'way, long: it has 0 clauses'),
        ({'way': {**script.CLAUSES['way'], 'long': script.CLAUSES['way']['short']}},
         "'the way seems short' stands there twice"),
        ({'way': {**script.CLAUSES['way'], 'long': ['\n\t'] * 8}}, 'is no clause of 5 to 100'),
        ({'way': 'long'}, 'way: Input should be a valid dictionary'),
    ],
)  # fmt: skip
def test_faulty_wordings_are_refused(draft, executor, change, sentence):
    rules = RulesStep(draft, draft.task.stages[1], executor)
    (content,) = rules.judge(script.rules_reply()).accepted.values()
    step = WordingsStep(draft, rules.stage_with(content))
    said = told(step.judge(script.as_json({**script.CLAUSES, **change})))
    assert sentence in said, said


def test_sections_are_set_before_the_examples_and_replaced_where_they_stand():
    once = set_sections(script.DASH, {'Rule': 'True'})
    assert once.index('Rule: True') < once.index('Example:')
    twice = set_sections(once, {'When to use': 'the way is long', 'Rule': "way == 'long'"})
    assert twice.count('Rule:') == twice.count('When to use:') == 1
    assert set_sections('def broken(:', {'Rule': 'True'}) == 'def broken(:'


def test_a_block_that_breaks_off_is_read_as_far_as_it_goes():
    assert python_in('Well:\n```python\nx = 1\n```\nand\n```py\ny =') == ['x = 1\n', 'y =\n']
    with pytest.raises(ReplyUnreadable):
        json_in('```json\n{"a": 1')
