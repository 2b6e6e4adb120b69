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
"""The shipped base is sound, and a broken one is refused with a sentence a fault."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
import shutil

from ld_agent.errors import FunctionBaseError
from ld_agent.executor import Executor
from ld_agent.function_base import failing_examples, load_task, read_function
from ld_agent.share import share_path
import pytest

SHIPPED = share_path('function_base', 'pursuit')
TASK = load_task(SHIPPED)
FUNCTIONS = [f for stage in TASK.stages for f in stage.functions.values()]


@pytest.fixture
def base(tmp_path) -> Path:
    """Return a copy of the shipped base, to be broken."""
    return shutil.copytree(SHIPPED, tmp_path / 'pursuit')


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(FunctionBaseError) as caught:
        load_task(folder)
    assert all(fault.startswith(str(folder)) for fault in caught.value.faults)
    assert not any('\n' in fault for fault in caught.value.faults)
    return caught.value.faults


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_shipped_base_holds_ten_functions_or_more_in_stages_with_alternatives():
    assert len(FUNCTIONS) >= 10
    first, *others = TASK.stages
    assert [len(stage.functions) > 1 for stage in others] == [True] * len(others)
    assert len(first.functions) >= 1


def test_the_manifest_pins_every_shipped_file():
    manifest = json.loads(share_path('function_base', 'manifest.json').read_text())
    assert manifest['pursuit'] == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(SHIPPED.glob('*.py'))
    }
    assert TASK.trusted_facts
    assert all(function.trusted for function in FUNCTIONS)


def test_a_function_that_differs_from_its_pin_is_not_trusted(base):
    edit(base / 'approach.py', 'shortest', 'least')
    changed = load_task(base).stage('choose').functions
    assert not changed['approach'].trusted
    assert changed['trap'].trusted


def test_changed_tools_make_nothing_trusted(base):
    edit(base / '_tools.py', 'Tools that', 'Helpers that')
    task = load_task(base)
    assert not task.trusted_facts
    assert not any(f.trusted for stage in task.stages for f in stage.functions.values())


@pytest.mark.parametrize('function', FUNCTIONS, ids=lambda f: f.name)
def test_the_examples_of_a_manual_hold_as_doctests(function):
    names: dict = {}
    exec(f'{TASK.tools}\n{function.source}', names)
    checked = 0
    for call, want in function.manual.examples:
        if want:
            assert repr(eval(call, names)) == want
            checked += 1
        else:
            exec(call, names)
    assert checked >= 1


def test_in_every_combination_of_facts_exactly_one_rule_of_a_stage_holds():
    for stage in TASK.stages:
        for facts in stage.fact_combinations():
            names = {fact.replace(' ', '_'): value for fact, value in facts.items()}
            fit = [f.name for f in stage.functions.values() if eval(f.manual.rule, {}, names)]
            assert len(fit) == 1, (stage.name, facts, fit)


BROKEN = {
    'no purpose': ('Send each pursuer to its cell with the shortest measured distance.', '',
                   'the first line, which says the purpose, is missing'),
    'no stage': ('Stage: choose', '',
                 "section 'Stage:' is missing or empty; add it to the docstring"),
    'no condition': ('When to use: the evader is walled off', '',
                     "section 'When to use:' is missing or empty"),
    'no rule': ("Rule: evader == 'walled off'", '', "section 'Rule:' is missing or empty"),
    'example without a call': ('>>>', '...', "section 'Example:'"),
    'wrong argument type': ('measured: list[list[list[int]]]', 'measured: list[int]',
                            "argument 'measured' has the type list[int], the stage has list[list"),
    'no state type': ('state: dict', 'state', "argument 'state' has the type None"),
    'wrong return type': ('-> list[list[int]]', '-> list', 'the return type is list, the stage'),
    'one argument': (', state: dict', '', 'must take exactly two arguments'),
    'three arguments': ('(measured:', '(extra, /, measured:', 'must take exactly two arguments'),
    'forbidden import': ('def approach', 'import os\n\n\ndef approach', "line 16: imports 'os'"),
    'forbidden call': ('return _pick', 'return open', "uses 'open', which a function may not"),
    'failing example': ('[[1, 1]]', '[[2, 1]]', 'gives [[1, 1]], the manual says [[2, 1]]'),
    'raising example': ("'evader': [4, 4]", "'evader': [4]", 'the example approach('),
    'unknown stage': ('Stage: choose', 'Stage: dream',
                      "its stage 'dream' is none of list, filter, measure, choose"),
    'unknown fact': ('Rule: evader ==', 'Rule: mood ==', "names 'mood', which is no fact of"),
    'value that is never': ("Rule: evader == 'walled off'", "Rule: evader == 'hidden'",
                            "compares 'evader' with 'hidden', which it never is; its values are"),
    'rule that calls': ("Rule: evader == 'walled off'", 'Rule: len(evader) == 3', 'uses Call'),
    'rule with a number': ("Rule: evader == 'walled off'", 'Rule: evader == 5', 'uses 5; values'),
    'rule with a bare in': ("evader == 'walled off'", "evader in 'walled off'",
                            'has `in` without values in brackets'),
    'syntax error': ('return _pick', 'return return', 'not valid Python (invalid syntax)'),
    'another name': ('def approach', 'def attack', "one, named 'approach' like the file"),
    'two functions': ('def approach', 'def help_it():\n    return 1\n\n\ndef approach',
                      'holds the public functions help_it, approach'),
    'code at the top': ('def approach', 'for i in [1]:\n    pass\n\n\ndef approach',
                        'For at the top level'),
}  # fmt: skip


@pytest.mark.parametrize('kind', BROKEN)
def test_a_broken_function_file_is_named_with_what_is_wrong(base, kind):
    old, new, sentence = BROKEN[kind]
    edit(base / 'approach.py', old, new)
    faults = faults_of(base)
    assert any(f.startswith(f'{base / "approach.py"}: ') and sentence in f for f in faults), faults


def test_all_faults_of_a_base_are_told_at_once(base):
    edit(base / 'approach.py', 'Stage: choose', '')
    edit(base / 'trap.py', 'def trap', 'import os\n\n\ndef trap')
    edit(base / 'keep_all.py', 'return cells', 'return')
    said = '\n'.join(faults_of(base))
    assert all(f'{name}.py' in said for name in ('approach', 'trap', 'keep_all'))


def test_a_name_that_is_taken_is_refused():
    source = TASK.stage('choose').functions['trap'].source
    function, faults = read_function(TASK, source, 'trap', 'elsewhere')
    assert function is None
    assert faults == ["the name 'trap' is taken in stage 'choose'; choose another"]


@pytest.mark.parametrize(
    ('file', 'old', 'new', 'sentence'),
    [
        ('trap.py', "evader == 'close'", "evader in ('close', 'far')",
         'formation: bunched the rules of intercept, trap hold; exactly one must, so change'),
        ('trap.py', "evader == 'close'", "evader == 'close' and heading == 'steady'",
         'with evader: close, heading: unsteady, formation: bunched the rules of no function'),
    ],
)  # fmt: skip
def test_rules_that_overlap_or_leave_a_gap_are_told_with_the_facts(base, file, old, new, sentence):
    edit(base / file, old, new)
    assert any(sentence in fault for fault in faults_of(base))


@pytest.mark.parametrize(
    ('old', 'new', 'sentence'),
    [
        ('name: measure', 'name: filter', "two stages are named 'filter'"),
        ('decision: moves', '', 'decision: Field required'),
        ('decision: moves', 'decision: moves\nmood: calm', 'mood: Extra inputs'),
        ('closing: keep_all', '', "stage 'filter' repeats, so it needs a closing function"),
        ('closing: keep_all', 'closing: finish', "no function named 'finish', its closing"),
        ('gives: list[list[int]]', 'gives: list[open]', "names 'open'"),
        ('straight way: [open', 'curved way: [open', "the fact 'curved way' of stage 'measure'"),
        ('stages:', 'stages: [', 'not valid YAML'),
    ],
)
def test_a_broken_task_file_is_told(base, old, new, sentence):
    edit(base / 'task.yaml', old, new)
    with pytest.raises(FunctionBaseError) as caught:
        load_task(base)
    assert any(sentence in fault for fault in caught.value.faults), caught.value.faults


def test_stages_that_do_not_fit_together_are_told(base):
    edit(base / 'task.yaml', 'takes: list\n    gives: list[list[list[int]]]',
         'takes: list\n    gives: list[int]')  # fmt: skip
    assert any("stage 'list' gives list[int], but the next" in f for f in faults_of(base))


def test_a_folder_without_a_task_file_is_told(tmp_path):
    assert faults_of(tmp_path) == [
        f'{tmp_path / "task.yaml"}: there is no such file; a function base needs rules and '
        'stages in it'
    ]


def test_a_file_that_is_not_utf8_is_told(base):
    (base / 'trap.py').write_bytes(b'# \xff\n')
    assert faults_of(base) == [f'{base / "trap.py"}: byte 2 is not UTF-8; save the file as UTF-8']


@pytest.mark.parametrize('trusted', [True, False])
def test_an_example_may_be_a_pair(trusted):
    executor = Executor('')
    examples = [('both(2), both(3)', '((2, 2), (3, 3))'), ('both(2), 3', '(2, 3)')]
    faults = failing_examples('def both(n):\n    return n, n\n', examples, trusted, executor)
    executor.close()
    assert faults == [
        'the example both(2), 3 gives ((2, 2), 3), the manual says (2, 3); correct one of them'
    ]
