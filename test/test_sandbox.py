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
"""What an untrusted function may not do is refused, and the next function runs as before."""

from __future__ import annotations

import time

from ld_agent.errors import FunctionFailed
from ld_agent.executor import Executor, type_named
from ld_agent.function_file import check_source, Function
from ld_agent.manual import Manual
from ld_agent.rule import Rule
from ld_agent.sandbox import CALL_SECONDS, Sandbox
import pytest

HARMFUL = {
    'import os': ('import os\ndef f(a, b):\n    return os.system("true")', 'os'),
    'import socket': ('import socket\ndef f(a, b):\n    return socket.socket()', 'socket'),
    'open': ('def f(a, b):\n    return open("/etc/hostname").read()', 'Permission denied'),
    'endless loop': ('def f(a, b):\n    while True:\n        pass', 'time limit'),
    'huge list': ('def f(a, b):\n    return [0] * 10**8', 'memory limit'),
    'growing list': ('def f(a, b):\n    while True:\n        a = a + a', 'memory limit'),
    'huge number': ('def f(a, b):\n    return 7 ** 10**9', 'memory limit'),
    'recursion': ('def f(a, b):\n    return f(a, b)', 'recursion depth'),
    '__class__': ('def f(a, b):\n    return ().__class__.__bases__', '__class__'),
    'exception': ('def f(a, b):\n    return 1 // 0', 'ZeroDivisionError'),
}


@pytest.fixture(scope='module')
def sandbox():
    made = Sandbox()
    yield made
    made.close()


@pytest.mark.parametrize('deed', HARMFUL)
def test_harm_is_refused_with_a_reason_and_the_worker_goes_on(sandbox, deed):
    source, reason = HARMFUL[deed]
    begun = time.monotonic()
    with pytest.raises(FunctionFailed, match=reason) as caught:
        sandbox.call(source, 'f', [1, 2], {})
    assert time.monotonic() - begun < 8 * CALL_SECONDS
    assert str(caught.value).startswith('f failed in the sandbox: ')
    assert '\n' not in str(caught.value)
    assert sandbox.call('def g(a, b):\n    return a[::-1]', 'g', [1, 2], {}) == [2, 1]


@pytest.mark.parametrize('deed', ['import os', 'import socket', 'open', '__class__'])
def test_what_can_be_seen_in_the_text_is_refused_before_it_runs(deed):
    (fault, *_) = check_source(HARMFUL[deed][0])
    assert fault.startswith('line ')


@pytest.mark.parametrize('name', ['eval', 'exec', 'getattr', '__import__', 'globals'])
def test_names_that_lead_out_of_a_function_are_refused(name):
    faults = check_source(f'def f(a, b):\n    return {name}("a")')
    assert faults == [f'line 2: uses {name!r}, which a function may not']


def test_a_source_leaves_nothing_behind_for_the_next(sandbox):
    sandbox.call('secret = 7\ndef f(a, b):\n    return secret', 'f', [], {})
    with pytest.raises(FunctionFailed, match='secret'):
        sandbox.call('def f(a, b):\n    return secret', 'f', [], {})


def test_what_a_function_changes_in_its_arguments_stays_in_the_sandbox(sandbox):
    cells = [[1, 2]]
    assert sandbox.call('def f(a, b):\n    a.append(1)\n    return a', 'f', cells, {}) == [
        [1, 2],
        1,
    ]
    assert cells == [[1, 2]]


def test_what_a_function_prints_goes_nowhere(sandbox, capfd):
    assert sandbox.call('def f(a, b):\n    print("hello")\n    return 1', 'f', [], {}) == 1
    assert capfd.readouterr() == ('', '')


def made(source: str) -> Function:
    manual = Manual('', 'choose', '', '', ())
    return Function('f', 'choose', manual, Rule('True', ()), source, 'test')


@pytest.mark.parametrize(
    'value',
    ['"text"', '[[1, "2"]]', '[1]', '[[1.5, 2]]', 'lambda: 1', 'iter(a)', 'None'],
)
def test_a_result_of_another_type_than_the_stage_wants_is_refused(value):
    executor = Executor()
    try:
        with pytest.raises(FunctionFailed, match=r'f returned .*the stage wants list\[list\[int'):
            executor.run(made(f'def f(a, b):\n    return {value}'), 'list[list[int]]', [], {})
    finally:
        executor.close()


def test_the_tools_of_the_base_stand_before_an_untrusted_function():
    executor = Executor('def _twice(n):\n    return 2 * n\n')
    try:
        source = 'def f(a, b):\n    return [[_twice(b["n"]), 0]]'
        assert executor.run(made(source), 'list[list[int]]', [], {'n': 4}) == [[8, 0]]
    finally:
        executor.close()


@pytest.mark.parametrize(
    'expression',
    [
        'open',
        'list[object]',
        'list.append',
        '(lambda: 1)()',
        '10 ** 10 ** 10',
        'list[3]',
        'int[str]',
    ],
)
def test_a_stage_names_plain_types_only(expression):
    with pytest.raises(ValueError):
        type_named(expression)
