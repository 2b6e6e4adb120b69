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
"""The layers around the sandbox's worker: as the kernel sees them, and where one is missing."""

from __future__ import annotations

import logging
from pathlib import Path
import signal
import subprocess
import sys
import time

from ld_agent import sandbox_worker
from ld_agent.errors import SandboxFailed
from ld_agent.sandbox import announce, CALL_SECONDS, excess, MAX_ITEMS, Sandbox
from ld_agent.sandbox_worker import launcher, Layer, layers_of, LIMITS, Worker
from ld_agent.seccomp_filter import compile_filter
import pytest

linux = pytest.mark.skipif(sys.platform != 'linux', reason='a worker is confined on Linux only')
GOOD = 'def f(a, b):\n    return a'
REPORT = {
    'refused': {}, 'user': 65534, 'capabilities': 0, 'no_new_privs': True, 'seccomp': True,
}  # fmt: skip


def held(layers: tuple[Layer, ...]) -> dict[str, bool]:
    return {layer.name: layer.holds for layer in layers}


@linux
def test_the_kernel_says_that_the_interpreter_is_confined():
    worker = Worker(CALL_SECONDS)
    try:
        assert all(held(worker.layers).values())
        with worker.session('f.py') as session:
            process = Path(f'/proc/{session.worker_pid}')
            status = (process / 'status').read_text()
            limits = (process / 'limits').read_text()
            assert session.feed_run('1 + 1') == 2
            assert 'NoNewPrivs:\t1\n' in status and 'Seccomp:\t2\n' in status
            assert 'CapEff:\t0000000000000000\n' in status
            assert f'Max address space         {LIMITS["AS"]}' in limits
            assert sorted(path.name for path in (process / 'fd').iterdir()) == ['0', '1', '2']
            assert (process / 'environ').read_bytes() == b''
    finally:
        worker.close()


@linux
def test_the_doorkeeper_has_left_when_the_worker_answers():
    worker = Worker(CALL_SECONDS)
    try:
        with worker.session('f.py') as session:
            session.feed_run('1 + 1')
            children = Path(f'/proc/{session.worker_pid}/task/{session.worker_pid}/children')
            end = time.monotonic() + 5.0
            while children.read_text() and time.monotonic() < end:
                time.sleep(0.01)
            assert children.read_text() == ''
    finally:
        worker.close()


def test_a_spare_worker_takes_over_without_a_wait():
    sandbox = Sandbox()
    try:
        sandbox.call(GOOD, 'f', 1, {})
        spare = sandbox._workers[1]
        assert spare.layers
        sandbox.drop_worker()
        assert sandbox.call(GOOD, 'f', 2, {}) == 2
        assert sandbox._workers[0] is spare
    finally:
        sandbox.close()


def test_a_worker_is_retired_before_its_time_is_over(monkeypatch):
    monkeypatch.setattr('ld_agent.sandbox.CALLS_PER_WORKER', 3)
    sandbox = Sandbox()
    try:
        seen = []
        for number in range(7):
            assert sandbox.call(GOOD, 'f', number, {}) == number
            if sandbox._workers[0] not in seen:
                seen.append(sandbox._workers[0])
        assert len(seen) == 3
    finally:
        sandbox.close()


@linux
@pytest.mark.parametrize(
    'action', ['Sandbox().call("def f():\\n    return 1", "f")', 'Worker(0.5)']
)
def test_a_killed_node_leaves_no_process_behind(action):
    code = (
        'from ld_agent.sandbox import Sandbox\nfrom ld_agent.sandbox_worker import Worker\n'
        f'kept = {action}\nprint("up", flush=True)\nimport time\ntime.sleep(60)'
    )
    node = subprocess.Popen(
        [sys.executable, '-c', code], stdout=subprocess.PIPE, start_new_session=True
    )
    assert node.stdout.readline() == b'up\n'
    node.send_signal(signal.SIGKILL)
    node.communicate()
    end = time.monotonic() + 20.0
    while _of_session(node.pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert _of_session(node.pid) == []


def _of_session(session: int) -> list[str]:
    found = []
    for path in Path('/proc').glob('[0-9]*/stat'):
        try:
            fields = path.read_text().rpartition(')')[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != 'Z':
            found.append(path.parent.name)
    return found


@linux
@pytest.mark.parametrize(
    ('given', 'missing'),
    [
        ({'with_door': 'AAAA'}, {'no files, no exec'}),
        ({'with_door': 'AAAA', 'without_door': 'AAAA'}, {'no files, no exec', 'seccomp filter'}),
        (None, {'no files, no exec', 'seccomp filter'}),
    ],
)
def test_a_filter_that_the_kernel_refuses_is_named_and_the_rest_holds(
    given, missing, monkeypatch, caplog
):
    filters = None if given is None else {**compile_filter(), **given}
    monkeypatch.setattr(sandbox_worker, '_filter', lambda: (filters, 'there is no libseccomp'))
    monkeypatch.setattr('ld_agent.sandbox._announced', set())
    sandbox = Sandbox()
    try:
        with caplog.at_level(logging.WARNING):
            assert sandbox.call(GOOD, 'f', 5, {}) == 5
            assert sandbox.call(GOOD, 'f', 6, {}) == 6
        assert {name for name, holds in held(sandbox.confinement()).items() if not holds} == (
            missing
        )
    finally:
        sandbox.close()
    assert len(caplog.messages) == len(missing)
    for message in caplog.messages:
        assert message.startswith('the sandbox runs without the layer')
        assert 'Invalid argument' in message or 'libseccomp' in message


@pytest.mark.parametrize(
    ('change', 'missing', 'why'),
    [
        ({}, [], ''),
        ({'refused': {'rlimit AS': 'no'}}, ['resource limits'], 'refused: AS'),
        ({'user': 0, 'refused': {'not root': 'no'}}, ['not root'], 'no'),
        ({'capabilities': 1}, ['not root'], 'it has capabilities'),
        ({'no_new_privs': False, 'refused': {'no_new_privs': 'no'}}, ['no_new_privs'], 'no'),
    ],
)
def test_each_layer_that_does_not_hold_is_told_with_its_reason(change, missing, why):
    layers = layers_of({**REPORT, **change})
    assert [layer.name for layer in layers if not layer.holds] == missing
    assert [layer.why for layer in layers if not layer.holds] == [why] * len(missing)
    assert all(layer.why == '' for layer in layers if layer.holds)


def test_outside_linux_every_layer_is_said_to_be_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, 'platform', 'beos')
    assert launcher(tmp_path, tmp_path / 'report', 'worker') == 'worker'
    assert not any(held(layers_of(None)).values())
    assert held(layers_of(None)).keys() == held(layers_of(REPORT)).keys()
    with pytest.raises(OSError, match='beos'):
        compile_filter()


def test_a_missing_layer_is_announced_once(caplog, monkeypatch):
    monkeypatch.setattr('ld_agent.sandbox._announced', set())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            announce([Layer('a', True), Layer('b', False, 'the kernel is old')])
    assert caplog.messages == ["the sandbox runs without the layer 'b': the kernel is old"]


@pytest.mark.parametrize('binary', ['/nonexistent/monty', __file__, '/bin/true'])
def test_a_worker_that_does_not_start_is_no_fault_of_the_function(binary, monkeypatch):
    monkeypatch.setattr(sandbox_worker, 'START_SECONDS', 0.5)
    sandbox = Sandbox(binary=binary)
    try:
        with pytest.raises(SandboxFailed, match='the worker of the sandbox does not start'):
            sandbox.call(GOOD, 'f', 1, {})
    finally:
        sandbox.close()


@pytest.mark.parametrize(
    ('value', 'what'),
    [
        ([[1, 'a', None, True, 2.5], {'a': (1,)}], ''),
        ([0] * (MAX_ITEMS + 1), 'items'),
        ({i: [0] * 1000 for i in range(1000)}, 'items'),
        (['x' * 1000] * 2000, 'characters'),
        (1 << 2000, 'bits'),
        ([{1}], 'set'),
        ([object()], 'object'),
    ],
)
def test_a_result_that_is_too_much_or_not_plain_is_told(value, what):
    assert what in excess(value)
    assert bool(excess(value)) == bool(what)
