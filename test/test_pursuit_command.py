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
"""`ld-agent pursuit` over real DDS: processes or one process, bags, Ctrl-C, wrong arguments."""

from __future__ import annotations

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from ld_agent.bags import read_episodes
from ld_agent.evaluate import evaluate_bags
import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

COMMAND = [str(Path(sys.executable).with_name('ld-agent')), 'pursuit']
HUNT = ['--method', 'reference', '--board', '9x7', '--seed', '5', '--episodes', '4']
SECONDS = 120
LOADING_SECONDS = 0.5
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != 'ROS_DOMAIN_ID'}


def _run(*arguments):
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=ENVIRONMENT,
    )


@pytest.fixture(scope='module')
def bags(tmp_path_factory):
    """Bags of the same episodes, by processes and in one process, and what was printed."""
    folder = tmp_path_factory.mktemp('bags')
    found = {}
    for name, more in (('processes', []), ('composed', ['--compose'])):
        done = _run(*HUNT, *more, '--json', '--record', folder / name)
        assert done.returncode == 0, done.stderr
        found[name] = (folder / name, json.loads(done.stdout))
    return found


def test_the_printed_object_is_that_of_evaluate_and_the_bag(bags):
    for bag, printed in bags.values():
        assert printed.pop('bag') == str(bag)
        assert printed == json.loads(json.dumps(evaluate_bags([bag])[0].as_json()))
        assert printed['episodes'] == 4
        assert printed['disagreements'] == []


def test_processes_and_one_process_play_the_same(bags):
    moves = [
        [[d.moves for d in e.decisions.values()] for e in read_episodes(bag)]
        for bag, _ in bags.values()
    ]
    assert moves[0] == moves[1]


def test_every_state_is_in_the_bag(bags):
    for episode in read_episodes(bags['processes'][0]):
        steps = [state.step for state in episode.states]
        assert steps == list(range(len(steps)))
        assert [state.done for state in episode.states] == [False] * (len(steps) - 1) + [True]
        assert sorted(episode.decisions) == steps[:-1]


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['--method', 'guess'], "'guess' is unknown"),
        (['--method', 'ld', '--evader', 'ghost'], "'ghost'"),
        (['--method', 'ld', '--model', 'no/such/model/here'], 'no/such/model/here'),
        (['--method', 'reference', '--board', 'big'], 'big'),
        (['--method', 'reference', '--scenario', 'nowhere'], "'nowhere' is unknown"),
        (['--method', 'reference', '--guard', 'maybe'], 'maybe'),
        (['--method', 'reference', '--episodes', '0'], 'episodes'),
        (['--method', 'reference', '--function-base', '/nowhere'], '/nowhere'),
    ],
)
def test_a_wrong_argument_ends_with_a_sentence(tmp_path, arguments, sentence):
    done = _run(*arguments, '--record', tmp_path / 'bag')
    assert done.returncode != 0
    assert sentence in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize('when', ['while it loads', 'while it plays'])
def test_ctrl_c_ends_it_and_leaves_a_bag_that_reads(tmp_path, when):
    bag = tmp_path / 'bag'
    hunt = subprocess.Popen(
        [*COMMAND, '--method', 'reference', '--episodes', '5000', '--record', str(bag)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    said = ''
    if when == 'while it loads':
        time.sleep(LOADING_SECONDS)
    else:
        while 'episode 1 ' not in said:
            line = hunt.stderr.readline()
            assert line, said
            said += line
    hunt.send_signal(signal.SIGINT)
    said += hunt.communicate(timeout=SECONDS)[1]
    assert 'Traceback' not in said
    if when == 'while it plays':
        assert len(read_episodes(bag)) >= 2
