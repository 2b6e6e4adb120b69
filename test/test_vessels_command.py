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
"""`ld-agent vessels`: over real DDS with nodes that are killed, and in one process without ROS."""

from __future__ import annotations

from contextlib import contextmanager
import json
import os
from pathlib import Path
import signal
import subprocess
import sys

from ld_agent.cli.app import app
from ld_agent_sim.vessels import BURGER
from processes import nodes_of
import pytest
from typer.testing import CliRunner

COMMAND = [str(Path(sys.executable).with_name('ld-agent')), 'vessels', '--method', 'reference']
HUNT = ['--kind', BURGER.name, '--seed', '3']
SECONDS = 240


@contextmanager
def hunt(*arguments, **more):
    process = subprocess.Popen(
        [*COMMAND, *HUNT, *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=SECONDS)


needs_proc = pytest.mark.skipif(
    not Path('/proc/self/stat').exists(), reason='finds the nodes in /proc'
)


@needs_proc
def test_the_command_starts_a_dead_driver_again_and_ends_by_itself(tmp_path):
    pytest.importorskip('rclpy')
    bag = tmp_path / 'bag'
    environment = {k: v for k, v in os.environ.items() if k != 'ROS_DOMAIN_ID'}
    with hunt('--board', '6x5', '--episodes', '1', '--speed', '20', '--json', '--record', bag,
              env=environment) as process:  # fmt: skip
        said = ''
        while 'ready: method' not in said:
            line = process.stderr.readline()
            assert line, said
            said += line
        os.kill(nodes_of(process.pid)['driver'], signal.SIGKILL)
        out, rest = process.communicate(timeout=SECONDS)
    assert 'the node driver ended with status -9; it is started again, 1 of 3' in said + rest
    assert process.returncode == 0, said + rest
    printed = json.loads(out)
    assert (printed['episodes'], printed['success'], printed['disagreements']) == (1, 1.0, [])


AREA = """
board: {width: 9, height: 7}
pursuers: [[1, 1], [5, 1], [6, 5]]
evader: [7, 3]
events:
  - {step: 0, area: {name: squall, rectangle: [[0, 0], [2, 2]]}}
"""


def test_an_area_that_is_published_upon_a_vessel_is_left_and_kept_out_of(tmp_path):
    pytest.importorskip('rclpy')
    scenario = tmp_path / 'squall.yaml'
    scenario.write_text(AREA, encoding='utf-8')
    environment = {k: v for k, v in os.environ.items() if k != 'ROS_DOMAIN_ID'}
    with hunt('--scenario', scenario, '--episodes', '1', '--speed', '20', '--json',
              '--record', tmp_path / 'bag', env=environment) as process:  # fmt: skip
        out, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, said
    assert said.count('pursuer_0 leaves a closed area') == 1
    assert json.loads(out)['success'] == 1.0


def test_offline_plays_without_ros_and_says_what_happened(monkeypatch):
    monkeypatch.setitem(sys.modules, 'rclpy', None)
    arguments = ['vessels', '--offline', '--method', 'reference', '--board', '9x7', *HUNT,
                 '--episodes', '2', '--json']  # fmt: skip
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    printed = json.loads(done.stdout)
    assert (printed['runs'], printed['caught_without_fault']) == (2, 2)
    assert printed['faults'] == printed['others'] == []
    assert printed['real_time_factor'] > 1.0


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['--method', 'guess'], "method 'guess' is unknown"),
        (['--kind', 'raft'], "vessel kind 'raft' is unknown; use one of surface_vessel"),
        (['--evader', 'llm'], "evader 'llm' is unknown; use one of random, flee, adversary"),
        (['--board', 'big'], "the board 'big' is not WIDTHxHEIGHT"),
        (['--scenario', 'nowhere'], "scenario 'nowhere' is unknown"),
        (['--episodes', '0'], 'episodes is 0; play at least one'),
        (['--function-base', '/nowhere'], '/nowhere'),
    ],
)
def test_a_wrong_argument_ends_with_a_sentence(arguments, sentence):
    arguments = ['vessels', '--offline', '--method', 'reference', *arguments]
    done = CliRunner().invoke(app, arguments, env={'COLUMNS': '500'})
    assert done.exit_code == 2
    assert sentence in done.output
