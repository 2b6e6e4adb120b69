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
"""A hunt of vessels among garbage on what its nodes hear, sentences, polygons and lifts.

A short one belongs to the tests. `LD_AGENT_SOAK=3 pytest -s test/test_soak.py` plays three
episodes of the full board, about an hour of simulated time, and prints what was measured.
"""

from __future__ import annotations

from collections import Counter
import contextlib
from functools import partial
import json
import math
import os
from pathlib import Path
import random
import subprocess
import sys
import time

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from geometry_msgs.msg import Point32, PolygonStamped, Pose, PoseArray, PoseStamped, Twist
from ld_agent.closed_areas import ClosedAreas
from ld_agent.errors import LdAgentError
from ld_agent.function_base import load_task
from ld_agent.messages import FunctionUpdate, parse, State
from ld_agent.nodes import convert, topics
from ld_agent.share import share_path
from ld_agent_sim.referee import Referee
from ld_agent_sim.sea import NAMES
from nav_msgs.msg import OccupancyGrid, Odometry
from processes import nodes_of
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from running import listen, meddler, polygon
from std_msgs.msg import String
from std_srvs.srv import Trigger

EPISODES = int(os.environ.get('LD_AGENT_SOAK', '0'))
SPEED = 20
FULL = ['--episodes', EPISODES, '--kind', 'surface_vessel']
SHORT = ['--episodes', 1, '--kind', 'differential_drive', '--board', '6x5']
EVERY_SECONDS = 0.1
KNOWN_SECONDS = 0.25 if EPISODES else 1.0
"""Real time that a driver may take until it knows of an area."""
SECONDS = 3000
SEED = 5
TEXTS = ('', '\0\1', '🌊' * 50, 'x' * 5000, '{"a": 1}', '[', 'null', 'NaN', '{"episode": 1e999}')
SENTENCES = (
    'the area between ({0}, {1}) and ({2}, {3}) is closed', 'row {0} is closed until step {1}',
    'stay at least 2 cells away from ({0}, {1})', 'the area around ({0}, {1}) is open again',
    'something is wrong near ({0}, {1})', 'rows {0} to', 'is ({0}, {1}) closed?', 'all is well',
)  # fmt: skip
JSON_TOPICS = (topics.STATE, topics.DECISION, topics.FUNCTIONS, topics.KEPT_FUNCTIONS,
               topics.RESULT)  # fmt: skip


class Nuisance:
    """Publishes at random what a graph should not get, and what changes at sea."""

    def __init__(self, test, size):
        self.rng, self.size = random.Random(SEED), size
        self.sent = Counter()
        node = test.node
        self._texts = [node.create_publisher(String, t.name, t.qos) for t in JSON_TOPICS]
        self._said = node.create_publisher(String, 'emergency', topics.EMERGENCY.qos)
        self._areas = node.create_publisher(
            PolygonStamped, 'restricted_area', topics.RESTRICTED_AREA.qos
        )
        self._moves = node.create_publisher(PoseArray, 'moves', topics.MOVES.qos)
        self._evader = node.create_publisher(PoseStamped, 'evader', topics.EVADER.qos)
        self._charts = [
            node.create_publisher(OccupancyGrid, t.name, t.qos)
            for t in (topics.GRID, topics.TRUTH)
        ]
        self._odometry, self._commands = (
            [node.create_publisher(topic(n).type, topic(n).name, topic(n).qos) for n in names]
            for topic, names in ((topics.odom, NAMES), (topics.cmd_vel, NAMES[:-1]))
        )
        self._clear = node.create_client(Trigger, 'emergency/clear_emergencies')
        self._deeds = (self.text, self.sentence, self.area, self.broken_area, self.broken_moves,
                       self.broken_chart, self.broken_odometry, self.broken_command,
                       self.lift, self.lift)  # fmt: skip

    def act(self):
        deed = self.rng.choice(self._deeds)
        deed()
        self.sent[deed.__name__] += 1

    def text(self):
        self.rng.choice(self._texts).publish(String(data=self.rng.choice(TEXTS)))

    def sentence(self):
        numbers = [self.rng.randrange(max(self.size)) for _ in range(4)]
        said = self.rng.choice((*SENTENCES, *TEXTS))
        self._said.publish(String(data=said.format(*numbers) if said in SENTENCES else said))

    def area(self):
        x, y = (self.rng.uniform(0, edge - 2) for edge in self.size)
        self._areas.publish(polygon((x, y), (x + 2, y), (x + 2, y + 2), (x, y + 2)))

    def broken_area(self):
        message = polygon((1, 1), (math.nan, 2), (3, math.inf))
        message.header.frame_id = self.rng.choice(('map', 'nowhere', ''))
        message.polygon.points = self.rng.choice(
            (message.polygon.points, [], [Point32()], [Point32(x=1e30)] * 3)
        )
        self._areas.publish(message)

    def broken_moves(self):
        lost = Pose()
        lost.position.x = self.rng.choice((math.nan, math.inf, -1e9))
        self._moves.publish(PoseArray(poses=[lost] * self.rng.randrange(6)))
        self._evader.publish(PoseStamped(pose=lost))

    def broken_chart(self):
        chart = OccupancyGrid(data=[0] * self.rng.randrange(9))
        chart.info.width = self.rng.choice((0, 3, 1000))
        chart.info.height = 5
        chart.info.resolution = self.rng.choice((0.0, -1.0, math.nan, 1.0))
        self.rng.choice(self._charts).publish(chart)

    def broken_odometry(self):
        message = Odometry()
        message.pose.pose.position.x = math.nan
        self.rng.choice(self._odometry).publish(message)

    def broken_command(self):
        message = Twist()
        message.linear.x = self.rng.choice((math.nan, math.inf))
        self.rng.choice(self._commands).publish(message)

    def lift(self):
        if self._clear.service_is_ready():
            self._clear.call_async(Trigger.Request())


class Hulls:
    """Referees the pursuers' hulls against all areas in force, by the senders' stamps."""

    def __init__(self, test, kind):
        self.kind = kind
        self.poses = 0
        self._heard = []
        for name in NAMES[:-1]:
            self._hear(test, topics.odom(name), partial(self._pose, name))
        self._hear(test, topics.GRID, self._chart)
        self._hear(test, topics.FUNCTIONS, self._function)
        self._hear(test, topics.STATE, self._step)

    def _hear(self, test, topic, take):
        def heard(message, info):
            self._heard.append((info['source_timestamp'], len(self._heard), take, message))

        qos = QoSProfile(
            depth=1000, reliability=topic.qos.reliability, durability=topic.qos.durability
        )
        test.node.create_subscription(topic.type, topic.name, heard, qos)

    def judge(self):
        """Return what the hulls are to blame for."""
        self._task = load_task(share_path('function_base', 'pursuit'))
        self._referee, self._areas, self._at, self._faults = None, None, {}, []
        self._number = self._time = 0
        for _, _, take, message in sorted(self._heard, key=lambda h: h[:2]):
            with contextlib.suppress(ValueError, LdAgentError):  # garbage
                take(message)
        self._areas.close()
        return self._faults

    def _chart(self, grid):
        convert.check_grid(grid)
        lanes = convert.lanes_of(grid, self.kind)
        self._referee, self._at = Referee(lanes, KNOWN_SECONDS * SPEED), {}
        self._areas = self._areas or ClosedAreas(self._task, (grid.info.width, grid.info.height))
        self._areas.clear()
        self._number = 0

    def _function(self, message):
        self._areas.update(parse(FunctionUpdate, message.data, topics.FUNCTIONS.name))
        self._close()

    def _step(self, message):
        self._number = parse(State, message.data, topics.STATE.name).step
        self._close()

    def _poses(self):
        return {name: pose for name, (_, pose) in self._at.items()}

    def _close(self):
        self._referee.close(self._areas.cells(self._number), self._time, self._poses())

    def _pose(self, name, odometry):
        pose = convert.from_odometry(odometry)
        self._time = convert.seconds_of(odometry.header.stamp)
        self._at[name] = self._time, pose
        if [time for time, _ in self._at.values()] == [self._time] * 3:
            self.poses += 1
            self._faults += [
                f'{self._time:.2f} s: {body} {what}'
                for body, what in self._referee.look(self._time, self._poses())
            ]


def _megabytes(parent):
    """Return node → resident memory, MB, of the nodes that a process has started."""
    found = {}
    for node, process in nodes_of(parent).items():
        with contextlib.suppress(OSError):
            pages = int(Path(f'/proc/{process}/statm').read_text().split()[1])
            found[node] = round(pages * os.sysconf('SC_PAGE_SIZE') / 1e6, 1)
    return found


@pytest.mark.skipif(not Path('/proc/self/statm').exists(), reason='reads the nodes from /proc')
@pytest.mark.timeout(SECONDS + 60)
def test_among_garbage_no_node_dies_and_no_move_is_illegal(tmp_path):
    options = [str(o) for o in (FULL if EPISODES else SHORT)]
    command = [str(Path(sys.executable).with_name('ld-agent')), 'vessels', '--method', 'reference',
               '--speed', str(SPEED)]  # fmt: skip
    said, out = tmp_path / 'said', tmp_path / 'out'
    with meddler() as test, said.open('w') as errors, out.open('w') as printed:
        nuisance = Nuisance(test, (20, 20) if EPISODES else (6, 5))
        clock = []
        test.node.create_subscription(Clock, '/clock', clock.append, topics.CLOCK.qos)
        functions = listen(test.node, topics.FUNCTIONS)
        hulls = Hulls(test, options[options.index('--kind') + 1])
        process = subprocess.Popen(
            [*command, *options, '--json', '--seed', '3', '--record', tmp_path / 'bag'],
            stdout=printed, stderr=errors,
        )  # fmt: skip
        memory, end = [], time.monotonic() + SECONDS
        try:
            test.until(lambda: clock, 'simulated time')
            began = time.monotonic()
            while process.poll() is None and time.monotonic() < end:
                nuisance.act()
                test.wait(EVERY_SECONDS)
                if sum(nuisance.sent.values()) % 100 == 1:
                    memory.append(_megabytes(process.pid))
            ran = time.monotonic() - began
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=60)
    log = said.read_text()
    assert process.returncode == 0, log[-4000:]
    result = json.loads(out.read_text())
    simulated = clock[-1].clock.sec
    whole = [sample for sample in memory if 'vessels' in sample]
    grown = {node: (whole[len(whole) // 4][node], mb) for node, mb in whole[-1].items()}
    faults = hulls.judge()
    print(json.dumps({
        'simulated seconds': simulated, 'times real time': round(simulated / ran, 1),
        'sent': nuisance.sent, 'functions published': len(functions),
        'instants refereed': hulls.poses, 'hulls to blame': faults,
        'episodes': result['episodes'], 'success': result['success'],
        'MB after a quarter, at the end': grown,
    }, indent=2))  # fmt: skip
    assert 'is started again' not in log and 'Traceback' not in log
    assert set(nuisance.sent) == {deed.__name__ for deed in nuisance._deeds} or not EPISODES
    assert result['violations'] == 0
    assert hulls.poses > 10 * simulated / SPEED and not faults
    if EPISODES:
        assert all(late < 1.15 * early + 5.0 for early, late in grown.values())
