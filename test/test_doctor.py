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
"""The doctor says what is missing, what follows and what to do; status 1 only when it matters."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

from ld_agent.cli.app import app
from ld_agent.doctor import machine, ros
from ld_agent.doctor.finding import Standing
from ld_agent.errors import FunctionBaseError, SandboxFailed
from ld_agent.sandbox_worker import Layer
from ld_agent.share import share_path
import pytest
from typer.testing import CliRunner


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty model cache."""
    monkeypatch.setenv('LD_AGENT_CACHE', str(tmp_path / 'cache'))
    return tmp_path / 'cache'


def _by_matter(findings) -> dict:
    return {finding.matter: finding for finding in findings}


def _advised(finding, standing: Standing) -> None:
    assert finding.standing is standing
    assert len(finding.advice) == 2
    assert all(line.endswith('.') for line in finding.advice)


def test_without_ros_only_that_is_said_of_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'rclpy', None)
    (finding,) = ros.look_at_ros()
    _advised(finding, Standing.MISSING)
    assert 'pip install "ld_agent[ros]"' in finding.advice[1]


@pytest.mark.parametrize(
    ('variables', 'standing', 'said'),
    [
        ({}, Standing.NOTE, 'range SUBNET, domain 0'),
        ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}, Standing.OK, 'range LOCALHOST, domain 0'),
        ({'ROS_LOCALHOST_ONLY': '1', 'ROS_DOMAIN_ID': '7'}, Standing.OK, 'domain 7'),
        ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'OFF'}, Standing.MISSING, 'range OFF'),
        ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'NEAR'}, Standing.MISSING, "'NEAR'"),
        ({'ROS_DOMAIN_ID': 'mine'}, Standing.MISSING, "ROS_DOMAIN_ID is 'mine'"),
        ({'ROS_DOMAIN_ID': '233'}, Standing.MISSING, "ROS_DOMAIN_ID is '233'"),
    ],
)
def test_discovery_is_told_and_judged(monkeypatch, variables, standing, said):
    pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')
    for name in ('ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_DOMAIN_ID', 'ROS_LOCALHOST_ONLY'):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = _by_matter(ros.look_at_ros())
    assert found['discovery'].standing is standing
    assert said in found['discovery'].found
    assert found['RMW'].found.startswith('rmw_')


@pytest.mark.parametrize(
    ('limit', 'standing'), [(ros.BUFFER, Standing.OK), (212992, Standing.NOTE)]
)
def test_small_receive_buffers_are_worth_a_note(tmp_path, monkeypatch, limit, standing):
    pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')
    monkeypatch.setattr(ros, 'BUFFER_LIMIT', tmp_path / 'rmem_max')
    assert 'receive buffers' not in _by_matter(ros.look_at_ros())  # no Linux
    ros.BUFFER_LIMIT.write_text(f'{limit}\n')
    finding = _by_matter(ros.look_at_ros())['receive buffers']
    assert finding.standing is standing
    assert finding.found == f'{limit // 1024} KiB at most'
    if standing is Standing.NOTE:
        _advised(finding, standing)
        assert 'sysctl -w net.core.rmem_max=4194304' in finding.advice[1]


def test_the_doctor_knows_what_the_profile_asks_for():
    asked = share_path('config', 'fastdds.xml').read_text()
    assert f'<receiveBufferSize>{ros.BUFFER}<' in asked


def test_every_message_package_of_the_topics_is_looked_for():
    topics = pytest.importorskip('ld_agent.nodes.topics', reason='ROS 2 is not there')
    used = {
        t.type.__module__.split('.')[0] for t in vars(topics).values()
        if isinstance(t, topics.Topic)
    }  # fmt: skip
    assert used - {ros.FRAMES} <= set(ros.MESSAGES)


def test_message_types_that_are_not_there_are_named(monkeypatch):
    pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')
    monkeypatch.setattr(ros, 'find_spec', lambda name: None if name == 'nav_msgs' else object())
    finding = _by_matter(ros.look_at_ros())['message types']
    _advised(finding, Standing.MISSING)
    assert 'nav_msgs' in finding.found


def test_an_empty_cache_is_worth_a_note_and_a_damaged_student_too(cache):
    _advised(machine.look_at_students(), Standing.NOTE)
    folder = machine.prepared_folder(machine.DEFAULT_MODEL)
    folder.mkdir(parents=True)
    (folder / 'manifest.json').write_text('{"files": {}}')
    whole = machine.look_at_students()
    assert whole.standing is Standing.OK
    assert whole.details['students'][folder.name]['damaged'] == []
    other = folder.with_name('other')
    other.mkdir()
    (other / 'manifest.json').write_text('{"files": {"model.onnx": "0"}}')
    finding = machine.look_at_students()
    _advised(finding, Standing.NOTE)
    assert 'damaged: other' in finding.found
    assert finding.details['students']['other']['damaged'] == ['model.onnx']


def test_a_cache_that_cannot_be_written_is_missing(cache, monkeypatch):
    monkeypatch.setattr(machine.os, 'access', lambda path, mode: False)
    _advised(machine.look_at_students(), Standing.MISSING)


def test_packages_below_what_is_needed_are_named_and_extras_apart(monkeypatch):
    needs = ['numpy>=999', 'rich', 'no-such-package', 'torch==0.1; extra == "train"',
             'numpy; extra == "gym"', 'no-such-thing; sys_platform == "nowhere"']  # fmt: skip
    monkeypatch.setattr(machine, 'requires', lambda name: needs)
    packages, extras = machine.look_at_packages()
    _advised(packages, Standing.MISSING)
    assert 'numpy>=999 (found: ' in packages.found
    assert 'no-such-package (found: none)' in packages.found
    assert 'no-such-thing' not in packages.found
    assert extras.details == {'train': False, 'gym': True}


def test_the_layers_that_the_kernel_refuses_are_said_with_the_reason(monkeypatch):
    layers = (Layer('seccomp', False, 'Operation not permitted'), Layer('no_new_privs', True))
    fake = SimpleNamespace(confinement=lambda: layers, close=lambda: None)
    monkeypatch.setattr(machine, 'Sandbox', lambda: fake)
    finding = machine.look_at_sandbox()
    _advised(finding, Standing.NOTE)
    assert finding.found == '1 of 2 layers hold; refused: seccomp (Operation not permitted)'

    def refuse():
        raise SandboxFailed('the sandbox worker does not start')

    fake.confinement = refuse
    _advised(machine.look_at_sandbox(), Standing.MISSING)


def test_a_broken_function_base_is_missing(monkeypatch):
    def broken(base):
        raise FunctionBaseError(['task.yaml: no stages', 'another fault'])

    monkeypatch.setattr(machine, 'find_task', broken)
    finding = machine.look_at_function_base()
    _advised(finding, Standing.MISSING)
    assert finding.found == 'task.yaml: no stages'


def test_too_little_room_is_said_with_what_is_needed(cache, monkeypatch):
    monkeypatch.setattr(machine.shutil, 'disk_usage', lambda path: SimpleNamespace(free=1 << 28))
    monkeypatch.setattr(machine, '_free_memory', lambda: 2 * machine.GIB)
    disk, memory = machine.look_at_room()
    _advised(disk, Standing.NOTE)
    assert '0.2 GiB free' in disk.found and '1.0 GiB are needed' in disk.found
    _advised(memory, Standing.NOTE)
    machine.prepared_folder(machine.DEFAULT_MODEL).mkdir(parents=True)
    assert machine.look_at_room()[1].standing is Standing.OK
    monkeypatch.setattr(machine, '_free_memory', lambda: None)
    _advised(machine.look_at_room()[1], Standing.NOTE)


def test_the_command_ends_with_1_when_something_needed_is_missing(cache, monkeypatch):
    monkeypatch.setitem(sys.modules, 'rclpy', None)
    ran = CliRunner().invoke(app, ['doctor', '--json'])
    said = json.loads(ran.stdout)
    assert ran.exit_code == 1
    assert said['missing'] == ['ROS 2']
    assert {finding['standing'] for finding in said['findings']} <= {'ok', 'note', 'missing'}
    shown = CliRunner().invoke(app, ['doctor'], env={'COLUMNS': '200'})
    assert shown.exit_code == 1
    assert 'evaluate, replay, compare and export work without.' in shown.stdout


def test_the_command_ends_with_0_on_this_machine():
    pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')
    ran = CliRunner().invoke(app, ['doctor', '--json'])
    assert ran.exit_code == 0, ran.stdout
    assert json.loads(ran.stdout)['missing'] == []
