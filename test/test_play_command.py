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
"""`ld-agent play TASK` over real DDS: any task by its name, and wrong names."""

from __future__ import annotations

import json
import os
from pathlib import Path
import subprocess
import sys

from ld_agent.function_check import installed_bases
import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

COMMAND = [str(Path(sys.executable).with_name('ld-agent')), 'play']
SECONDS = 120
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != 'ROS_DOMAIN_ID'}
TASKS = [base.name for base in installed_bases()]


def _run(*arguments):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=ENVIRONMENT,
    )


@pytest.mark.parametrize('task', TASKS)
def test_every_shipped_task_plays_by_its_name(tmp_path, task):
    bag = tmp_path / 'bag'
    done = _run(
        task, '--method', 'reference', '--episodes', 2, '--seed', 3, '--record', bag, '--json'
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed['task'], printed['episodes'], printed['seeds']) == (task, 2, [3, 4])
    assert (printed['violations'], printed['unfinished']) == (0, 0)
    assert printed['agreement'] == 1.0
    assert printed['bag'] == str(bag)


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['chess', '--method', 'reference'], "there is no world for the task 'chess'"),
        (['twenty_one', '--method', 'guess'], "'guess' is unknown"),
        (['twenty_one', '--opponent', 'flee'], "opponent 'flee' is unknown"),
    ],
)
def test_a_wrong_argument_ends_with_a_sentence(tmp_path, arguments, sentence):
    done = _run(*arguments, '--record', tmp_path / 'bag')
    assert done.returncode != 0
    assert sentence in ' '.join(done.stderr.split())
    assert 'Traceback' not in done.stderr
