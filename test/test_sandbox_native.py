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
"""A hostile native program in the worker's place: blocked where it is confined, and only there.

Each probe of `hostile_native.c` runs twice, by itself and through the program that confines the
worker. That it works by itself shows that the probe can fail its test.
"""

from __future__ import annotations

from dataclasses import dataclass
import os
from pathlib import Path
import shutil
import socket
import subprocess
import sys

from ld_agent.errors import FunctionFailed, WorkerLost
from ld_agent.executor import Executor
from ld_agent.sandbox import Sandbox
from ld_agent.sandbox_worker import launcher, LIMITS
import pytest

COMPILER = shutil.which('gcc') or shutil.which('cc')
SOURCE = Path(__file__).with_name('hostile_native.c')
SECONDS = 20.0
LEAST_PROBES = 40
"""How many probes must be seen to work unconfined, on any Linux."""

pytestmark = [
    pytest.mark.skipif(sys.platform != 'linux', reason='a worker is confined on Linux only'),
    pytest.mark.skipif(COMPILER is None, reason='there is no C compiler (gcc or cc)'),
]


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def begun(self) -> bool:
        return self.out.startswith('begun\n')

    @property
    def worked(self) -> bool:
        return self.out.endswith('worked\n')


@pytest.fixture(scope='module')
def program(tmp_path_factory) -> Path:
    made = tmp_path_factory.mktemp('native') / 'hostile'
    made.parent.chmod(0o755)
    subprocess.run([COMPILER, '-O1', '-pthread', '-w', '-o', str(made), str(SOURCE)], check=True)
    return made


@pytest.fixture(scope='module')
def confined(program) -> str:
    folder = program.parent
    return launcher(folder, folder / 'report.json', str(program), {**LIMITS, 'CPU': 1})


def listed(program: Path) -> dict[str, list[str]]:
    out = subprocess.run([program, 'list'], capture_output=True, text=True, check=True).stdout
    return {name: needs.split() for name, needs in (line.split(':') for line in out.splitlines())}


def perform(command: str | Path, probe: str, needs: list[str], folder: Path) -> Outcome:
    """Run one probe; what it needs is made anew."""
    folder.mkdir()
    file = folder / 'kept'
    file.write_text('kept')
    inherited = os.open(file, os.O_RDONLY)
    victim = subprocess.Popen(['sleep', '60'])
    with socket.create_server(('127.0.0.1', 0)) as server:
        given = {
            'file': file,
            'new': folder / 'new',
            'port': server.getsockname()[1],
            'victim': victim.pid,
            'variable': 'LD_AGENT_SECRET',
            'descriptor': inherited,
        }
        argument = next((str(given[need]) for need in needs if need in given), '')
        try:
            done = subprocess.run(
                [command, probe, argument],
                stdin=subprocess.PIPE if probe == 'control_device' else subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                pass_fds=[inherited],
                env={'LD_AGENT_SECRET': 'known'},
                start_new_session=True,
            )
        finally:
            os.close(inherited)
            victim.kill()
            victim.wait()
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope='module')
def outcomes(program, confined, tmp_path_factory) -> dict[str, tuple[list[str], Outcome, Outcome]]:
    """Return probe → what it needs, what came of it unconfined, and confined."""
    folder = tmp_path_factory.mktemp('probes')
    return {
        probe: (
            needs,
            perform(program, probe, needs, folder / f'{probe}_free'),
            perform(confined, probe, needs, folder / f'{probe}_confined'),
        )
        for probe, needs in listed(program).items()
    }


def test_every_probe_is_blocked_confined(outcomes):
    assert [name for name, (_, _, confined) in outcomes.items() if not confined.begun] == []
    assert [name for name, (_, _, confined) in outcomes.items() if confined.worked] == []


def test_every_probe_works_unconfined_so_that_it_is_the_confinement_that_blocks(outcomes):
    """What needs root, or a kernel that offers it, may be refused here to anyone."""
    refused = {name: free.out for name, (_, free, _) in outcomes.items() if not free.worked}
    excused = {
        name
        for name, (needs, _, _) in outcomes.items()
        if 'kernel' in needs or ('root' in needs and os.geteuid() != 0)
    }
    assert {name: out for name, out in refused.items() if name not in excused} == {}
    assert len(outcomes) - len(refused) >= LEAST_PROBES


def test_too_much_processor_time_ends_the_process(outcomes):
    _, _, confined = outcomes['much_time']
    assert confined.code < 0 or confined.code > 128


def test_what_a_worker_says_on_stderr_goes_nowhere(program, confined, tmp_path):
    folder = tmp_path / 'free'
    assert 'loud' in perform(program, 'loud', [], folder).err
    outcome = perform(confined, 'loud', [], tmp_path / 'confined')
    assert outcome.begun and outcome.err == ''


@pytest.fixture
def harm(program, tmp_path, request) -> str:
    """The program under a name that says what it does to the node when a function comes."""
    tmp_path.chmod(0o755)
    return str(shutil.copy(program, tmp_path / request.param))


GOOD = 'def f(a, b):\n    return a'


@pytest.mark.parametrize('harm', ['silent', 'dies', 'garbage'], indirect=True)
def test_a_worker_that_hangs_dies_or_talks_nonsense_is_noticed_and_replaced(harm):
    sandbox = Sandbox(call_seconds=0.1, binary=harm)
    try:
        for _ in range(2):
            with pytest.raises(WorkerLost, match='f made the sandbox fail: '):
                sandbox.call(GOOD, 'f', [], {})
    finally:
        sandbox.close()


@pytest.mark.parametrize('harm', ['dies'], indirect=True)
def test_the_function_that_ended_a_worker_does_not_run_again_until_it_is_removed(harm):
    executor = Executor()
    executor._sandbox = Sandbox(binary=harm)
    with pytest.raises(WorkerLost):
        executor.call(GOOD, 'f', False, [], {})
    executor.close()
    assert len(executor.quarantined) == 1
    try:
        with pytest.raises(FunctionFailed, match='in quarantine .*remove the function'):
            executor.call(GOOD, 'f', False, [1], {})
        assert executor.call('def g(a, b):\n    return 2', 'g', False, [1], {}) == 2
        executor.release(GOOD)
        assert executor.quarantined == ()
        assert executor.call(GOOD, 'f', False, [1], {}) == [1]
    finally:
        executor.close()
