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
"""Processes of a running hunt that die at random instants.

`LD_AGENT_KILLS` sets how many, `LD_AGENT_KILLS_METHOD` who decides; what was measured is printed
(`pytest -s`). The sea stands for the world and is not killed here: its end is that of the graph.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
import json
import os
from pathlib import Path
import random
import signal
import statistics
import subprocess
import sys
import time
from urllib.request import urlopen

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from geometry_msgs.msg import Twist
from ld_agent.bag_writer import bags_at
from ld_agent.driving import CLEAR_SHARE
from ld_agent.nodes import topics
from ld_agent.nodes.parameters import PanelParameters
from ld_agent_sim.sea import NAMES
from ld_agent_sim.vessels import BURGER
from nav_msgs.msg import Odometry
from processes import nodes_of
from rosbags.rosbag2 import Reader
from running import listen, meddler

KILLS = int(os.environ.get('LD_AGENT_KILLS', '4'))
VICTIMS = ('driver', 'recorder', 'decision', 'perception', 'emergency', 'visualiser', 'panel')
METHOD = os.environ.get('LD_AGENT_KILLS_METHOD', 'reference')
COMMAND = [str(Path(sys.executable).with_name('ld-agent')), 'vessels', '--method', METHOD,
           '--kind', BURGER.name, '--seed', '3', '--scenario', 'several', '--episodes', '500',
           '--speed', '10', '--retries', '1000', '--panel']  # fmt: skip
PAGE = f'http://127.0.0.1:{PanelParameters().port}'
SPEED = 10.0
DEADLINE, CMD_TIMEOUT = 1.0, 0.5
CELL = 1.6
BRAKING = BURGER.speed / BURGER.braking / SPEED
BACK = 3.0
FLUSHED = 0.2
"""What a bag may lack of the time before its recorder was killed, s."""
BUSY = 5.0 if KILLS < 100 else 0.0
"""What a machine that does other things as well may take longer."""

pytestmark = pytest.mark.skipif(
    not Path('/proc/self/stat').exists(), reason='finds the nodes in /proc'
)


class Watch:
    """What is heard of a hunt: who moves, when moves were said, when decisions came."""

    def __init__(self, test):
        self.test = test
        self.speed, self.place, self.goals = {}, {}, []
        self.at = dict.fromkeys(('moves', 'decision', 'state', '/clock'), 0.0)
        self.sent, self.ages = 0.0, []
        self.ordered = 0.0
        """When a vessel was last told to move."""
        self.health = {}
        for name in NAMES[:-1]:
            odom, command = topics.odom(name), topics.cmd_vel(name)
            test.node.create_subscription(
                Odometry, odom.name, partial(self._moved, name), odom.qos
            )
            test.node.create_subscription(
                Twist, command.name, partial(self._told, name), command.qos
            )
        for topic in (topics.MOVES, topics.DECISION, topics.STATE, topics.CLOCK):
            test.node.create_subscription(
                topic.type, topic.name, partial(self._heard, topic.name), topic.heard or topic.qos
            )
        test.node.create_subscription(
            topics.DIAGNOSTICS.type, 'diagnostics', self._well, topics.DIAGNOSTICS.qos
        )

    def _well(self, message):
        (line,) = message.status
        name = line.name.strip('/')
        # The emergency node tells how many areas are in force once it has taken them over.
        if name != 'emergency' or any(value.key == 'active' for value in line.values):
            self.health[name] = time.monotonic()

    def _heard(self, topic, message, info):
        self.at[topic] = time.monotonic()
        if topic == topics.MOVES.name:
            # The driver may have heard them before this test did; the sender's stamps tell.
            self.goals = [(pose.position.x, pose.position.y) for pose in message.poses]
            self.sent = info['source_timestamp'] / 1e9
            self.ages = [(at, age) for at, age in self.ages if at < self.sent]

    def _moved(self, name, message):
        self.speed[name] = abs(message.twist.twist.linear.x)
        at = message.pose.pose.position
        self.place[name] = at.x, at.y

    def _told(self, name, message, info):
        if max(abs(message.linear.x), abs(message.angular.z)) > 0.01:
            self.ordered = time.monotonic()
        # Who leaves an area does so at half speed, and needs no order for it.
        ordered = abs(message.linear.x) > 1.1 * CLEAR_SHARE * BURGER.speed
        if ordered and self.sent:
            sent = info['source_timestamp'] / 1e9
            self.ages.append((sent, sent - self.sent))

    @property
    def worst_age(self):
        return max((age for _, age in self.ages), default=0.0)

    def moving(self):
        return len(self.speed) == 3 and max(self.speed.values()) > 0.05

    def arrived(self):
        """Tell whether every pursuer is in its cell, and there is nothing to be told to it."""
        return len(self.goals) == 3 and all(
            max(abs(here - there) for here, there in zip(self.place[name], goal)) < CELL / 2
            for name, goal in zip(NAMES, self.goals)
        )

    def resting(self):
        return max(self.speed.values()) < 0.01

    def since(self, moment, done, what):
        self.test.until(done, what)
        return time.monotonic() - moment


@contextmanager
def hunt(folder):
    with (folder / 'said').open('w') as said:
        process = subprocess.Popen(
            [*COMMAND, '--record', str(folder / 'bag')], stdout=said, stderr=said
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


@pytest.mark.timeout(120 + 15 * KILLS)
def test_who_is_killed_at_a_random_instant_is_back_and_no_vessel_sails_on_blindly(tmp_path):
    rng = random.Random(KILLS)
    rests, lost = [], []
    back = {name: [] for name in VICTIMS}
    with meddler() as test, hunt(tmp_path) as process:
        watch = Watch(test)
        functions = listen(test.node, topics.FUNCTIONS)
        for number in range(KILLS):
            victim = VICTIMS[number % len(VICTIMS)]
            test.until(watch.moving, 'a vessel under way')
            test.wait(rng.uniform(0.0, 2.0))
            killed, wall = time.monotonic(), time.time_ns()
            os.kill(nodes_of(process.pid)[victim], signal.SIGKILL)
            if victim == 'driver':
                if watch.moving():
                    rests.append(watch.since(killed, watch.resting, 'rest') - CMD_TIMEOUT)
                quiet = killed + 0.3
                test.until(
                    lambda at=quiet: watch.ordered > at or (watch.resting() and watch.arrived()),
                    'a vessel told to move',
                )
                taken = watch.ordered - killed
                if taken < 0.3:  # All had arrived: the next order is that of another step.
                    continue
            elif victim == 'recorder':
                there = len(bags_at(tmp_path / 'bag'))
                lost.append(_lacks(bags_at(tmp_path / 'bag')[-1], wall))
                taken = watch.since(
                    killed, lambda n=there: len(bags_at(tmp_path / 'bag')) > n, 'a new bag'
                )
            elif victim == 'decision':
                test.until(lambda at=killed: watch.at['decision'] > at, 'a new decision')
                taken = watch.at['decision'] - killed
            elif victim == 'perception':
                quiet = killed + 0.3
                test.until(lambda at=quiet: watch.at['moves'] > at, 'new moves')
                taken = watch.at['moves'] - killed
            else:
                quiet = killed + 0.3
                test.until(lambda at=quiet, v=victim: watch.health.get(v, 0.0) > at, victim)
                taken = watch.health[victim] - killed
                if victim == 'panel':
                    assert b'<html' in urlopen(PAGE, timeout=5).read()
            back[victim].append(taken)
            assert process.poll() is None
    said = (tmp_path / 'said').read_text()
    print(json.dumps({
        'kills': KILLS, 'method': METHOD,
        'rest after the deadline, s, most': max(rests, default=None),
        'oldest moves obeyed, s': watch.worst_age,
        'back after, s: median, most': {
            name: (statistics.median(times), max(times)) for name, times in back.items() if times
        },
        'a bag lacks at its end, s, most': max(lost, default=None),
        'bags': len(bags_at(tmp_path / 'bag')), 'functions published': len(functions),
    }, indent=2))  # fmt: skip
    assert 'collides' not in said and 'closed cell' not in said, said
    assert 'Traceback' not in said
    assert watch.worst_age < DEADLINE + 0.25 + BUSY
    assert all(rest < 0.25 + BRAKING + BUSY for rest in rests)
    assert all(lack < FLUSHED + BUSY for lack in lost)
    assert all(taken < BACK + BUSY for times in back.values() for taken in times)
    for bag in bags_at(tmp_path / 'bag'):
        with Reader(bag) as reader:
            # The metadata are written after what they count.
            assert sum(1 for _ in reader.messages()) >= reader.message_count


def _lacks(bag, killed):
    """Return the seconds before the kill that a bag lacks; the clock is told 50 times a second."""
    with Reader(bag) as reader:
        clock = [c for c in reader.connections if c.topic == '/clock']
        last = max((stamp for _, stamp, _ in reader.messages(connections=clock)), default=0)
    return (killed - last) / 1e9
