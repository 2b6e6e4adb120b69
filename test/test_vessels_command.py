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
"""`ld-agent vessels`: over real DDS with nodes that are killed, and in one process without ROS.

`LD_AGENT_KILLS` sets how many processes of the running hunt are killed at random instants, six at
most; what was measured is printed (`pytest -s`).
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
import json
import os
from pathlib import Path
import random
import signal
import subprocess
import sys
import time

from ld_agent.cli.app import app
from ld_agent_sim.sea import NAMES
from ld_agent_sim.vessels import BURGER
from processes import nodes_of
import pytest
from typer.testing import CliRunner

COMMAND = [str(Path(sys.executable).with_name('ld-agent')), 'vessels', '--method', 'reference']
HUNT = ['--kind', BURGER.name, '--seed', '3']
KILLS = int(os.environ.get('LD_AGENT_KILLS', '2'))
SECONDS = 240
DEADLINE, CMD_TIMEOUT = 1.0, 0.5
BUSY = 5.0
"""What a machine that does other things as well may take longer."""


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
    with hunt('--board', '7x6', '--episodes', '1', '--speed', '8', '--json', '--record', bag,
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
    with hunt('--scenario', scenario, '--episodes', '1', '--speed', '8', '--json',
              '--record', tmp_path / 'bag', env=environment) as process:  # fmt: skip
        out, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, said
    assert said.count('pursuer_0 leaves a closed area') == 1
    assert json.loads(out)['success'] == 1.0


class Watch:
    """What is heard of a hunt: who moves, when moves were said, when decisions came."""

    def __init__(self, test):
        from geometry_msgs.msg import Twist
        from ld_agent.nodes import topics
        from nav_msgs.msg import Odometry

        self.test = test
        self.speed, self.told = {}, {}
        self.moves_at = self.decided_at = self.asked_at = 0.0
        self.worst_age = 0.0
        for name in NAMES[:-1]:
            test.node.create_subscription(
                Odometry, f'{name}/odom', partial(self._moved, name), topics.odom(name).qos
            )
            test.node.create_subscription(
                Twist, f'{name}/cmd_vel', partial(self._told, name), topics.cmd_vel(name).qos
            )
        for topic, mark in ((topics.MOVES, 'moves_at'), (topics.DECISION, 'decided_at'),
                            (topics.STATE, 'asked_at')):  # fmt: skip
            test.node.create_subscription(
                topic.type, topic.name, partial(self._heard, mark), topic.heard or topic.qos
            )

    def _heard(self, mark, message):
        setattr(self, mark, time.monotonic())

    def _moved(self, name, message):
        self.speed[name] = abs(message.twist.twist.linear.x)

    def _told(self, name, message):
        now = time.monotonic()
        self.told[name] = (now, message.linear.x)
        if message.linear.x and self.moves_at:
            self.worst_age = max(self.worst_age, now - self.moves_at)

    def moving(self):
        return any(surge and speed > 0.05 for (_, surge), speed in
                   zip(self.told.values(), self.speed.values()))  # fmt: skip

    def resting(self):
        return max(self.speed.values()) < 0.01

    def since(self, moment, done, what):
        self.test.until(done, what)
        return time.monotonic() - moment


@needs_proc
def test_who_is_killed_at_a_random_instant_is_back_and_no_vessel_sails_on_blindly(tmp_path):
    pytest.importorskip('rclpy')
    from running import meddler

    rng = random.Random(KILLS)
    rests, backs = [], []
    with meddler() as test, hunt(
        '--board', '20x20', '--episodes', '50', '--speed', '2', '--record', tmp_path / 'bag'
    ) as process:  # fmt: skip
        watch = Watch(test)
        for number in range(min(KILLS, 6)):
            victim = ('driver', 'decision')[number % 2]
            test.until(watch.moving, 'a vessel under way')
            instant = time.monotonic() + rng.uniform(0.0, 2.0)
            test.until(lambda at=instant: time.monotonic() > at, 'a random instant')
            killed = time.monotonic()
            os.kill(nodes_of(process.pid)[victim], signal.SIGKILL)
            if victim == 'driver':
                if watch.moving():
                    rests.append(watch.since(killed, watch.resting, 'rest') - CMD_TIMEOUT)
                told = len(watch.told)
                watch.told.clear()
                backs.append(watch.since(
                    killed, lambda n=told: len(watch.told) == n, 'commands of a new driver'
                ))  # fmt: skip
            else:
                test.until(lambda at=killed: watch.decided_at > at, 'a decision of a new node')
                backs.append(watch.decided_at - max(killed, min(watch.asked_at, watch.decided_at)))
            assert process.poll() is None
        print(f'{len(backs)} kills; at rest after the deadline, s: {rests}; hunting again, s: '
              f'{backs}; oldest moves obeyed, s: {watch.worst_age:.3f}')  # fmt: skip
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=SECONDS)[1]
    assert 'collides' not in said and 'closed cell' not in said
    assert watch.worst_age < DEADLINE + 0.25 + BUSY
    assert all(rest < 0.25 + BURGER.speed / BURGER.braking / 2 + BUSY for rest in rests)


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
