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
"""Every command of the README is run, or is shown to exist where it would take hours."""

import os
from pathlib import Path
import re
import shlex
import shutil
import subprocess
import sys

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / 'README.md').read_text(encoding='utf-8')
COMMANDS = [
    line
    for block in re.findall(r'```sh\n(.*?)```', README, re.DOTALL)
    for line in block.splitlines()
]
OURS = [
    c for c in COMMANDS
    if c.startswith(('ld-agent', 'cp ')) and not c.startswith('ld-agent train')
]  # fmt: skip
MADE = [c for c in COMMANDS if c.startswith('make')]
ROS = [c for c in COMMANDS if c.startswith(('ros2', 'python -m colcon'))]
SETTING_UP = ('source ', 'python3 -m venv', 'pip ', 'ld-agent train', 'torchrun ')
"""What is run elsewhere: by a user of ROS 2, or for hours."""
SECONDS = 280
SLOW = 'ld-agent probe'
"""Scores 366 cases, minutes on a slow machine; the tests of the probe score some of them."""


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A place with what a clone has, where commands may leave their files."""
    place = tmp_path_factory.mktemp('clone')
    (place / 'function_base').symlink_to(ROOT / 'function_base')
    return place


def _run(command, folder):
    program, *arguments = shlex.split(command)
    path = shutil.which(program, path=str(Path(sys.executable).parent)) or program
    done = subprocess.run(
        [path, *arguments], cwd=folder, capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 0, f'{command}\n{done.stdout}\n{done.stderr}'
    return done


@pytest.mark.parametrize('command', OURS)
def test_command(command, folder):
    if command.startswith(SLOW) and not os.environ.get('LD_AGENT_SLOW'):
        pytest.skip('takes minutes; LD_AGENT_SLOW=1 runs it')
    done = _run(command, folder)
    assert 'Traceback' not in done.stderr
    for picture in re.findall(r'(\w+\.png)', command):
        assert (folder / picture).stat().st_size > 10_000


@pytest.mark.parametrize('command', MADE)
def test_make_target_exists(command):
    done = _run(f'{command} --dry-run', ROOT)
    assert done.stdout


@pytest.mark.parametrize(
    'command',
    [c.partition('--no-python ')[2] or c for c in COMMANDS if 'ld-agent train' in c],
)
def test_training_command_exists(command):
    assert command.startswith('ld-agent train ld ')
    options = [word for word in shlex.split(command) if word.startswith('--')]
    text = _run('ld-agent train ld --help', ROOT).stdout
    assert options
    assert all(option in text for option in options)


@pytest.mark.parametrize('command', ROS)
def test_ros_command(command, folder):
    if not shutil.which('ros2') or 'topic' in command or 'service' in command:
        pytest.skip('needs a ROS 2 installation (test_launch.py runs the launch file there)')
    if 'launch' in command:
        command = f'{command} --show-args'
    _run(command, ROOT if 'colcon' in command else folder)


def test_nothing_else_is_shown():
    known = {*OURS, *MADE, *ROS}
    rest = [c for c in COMMANDS if c not in known and not c.startswith(SETTING_UP)]
    assert rest == []
