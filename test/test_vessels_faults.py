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
"""Vessels over real DDS: who dies stops nobody for long, and a stop needs the driver alone."""

from __future__ import annotations

from functools import partial
import json
import math
import time

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from geometry_msgs.msg import PoseStamped, Twist
from ld_agent.messages import Result, State
from ld_agent.nodes import topics
from ld_agent.nodes.common import publish_json, publisher_of
from ld_agent_sim.sea import NAMES
from ld_agent_sim.vessels import BURGER
from nav_msgs.msg import Odometry
from running import cast, listen, meddler, polygon
from std_srvs.srv import Trigger

PURSUERS = NAMES[:-1]
CMD_TIMEOUT = 0.5
SPEED = 8.0
BRAKING = BURGER.speed / BURGER.braking / SPEED
BUSY = 5.0
"""What a machine that does other things as well may take longer."""


class Fleet:
    """The graph as processes, and what is heard of it."""

    def __init__(self, nodes, test):
        self.nodes, self.test = nodes, test
        self.speeds, self.commands = {}, {}
        self.states = listen(test.node, topics.STATE)
        for name in PURSUERS:
            test.node.create_subscription(
                Odometry, f'{name}/odom', partial(self._moved, name), topics.odom(name).qos
            )
            test.node.create_subscription(
                Twist, f'{name}/cmd_vel', partial(self._told, name), topics.cmd_vel(name).qos
            )

    def _moved(self, name, message):
        self.speeds[name] = message.twist.twist.linear.x

    def _told(self, name, message):
        self.commands[name] = (time.monotonic(), message.linear.x)

    def start(self, *names):
        given = {
            'decision': {'method': 'reference'},
            'driver': {'kind': BURGER.name},
            'emergency': {},
            'perception': {'kind': BURGER.name, 'method': 'reference', 'deadline': 1.0},
            'vessels': {'kind': BURGER.name, 'board': '20x20', 'seed': 3, 'speed': SPEED,
                        'episodes': 50, 'cmd_timeout': CMD_TIMEOUT},
        }  # fmt: skip
        for name in names:
            self.nodes.start(name, **given[name])

    def moving(self):
        return max(self.speeds.values(), default=0.0) > 0.5 * BURGER.speed

    def resting(self):
        return len(self.speeds) == 3 and max(map(abs, self.speeds.values())) < 0.01

    def step(self):
        self.test.until(lambda: self.states, 'a state')
        last = json.loads(self.states[-1].data)
        return last['episode'], last['step']

    def sailing(self):
        self.test.until(self.moving, 'a vessel under way')
        return time.monotonic()


@pytest.fixture
def hunt():
    with cast() as nodes, meddler() as test:
        fleet = Fleet(nodes, test)
        fleet.start('decision', 'driver', 'perception', 'vessels')
        fleet.sailing()
        yield fleet
        said = nodes.stop('vessels')
        assert 'collides' not in said and 'closed cell' not in said, said
        assert 'Traceback' not in said


def test_tf_tells_what_odometry_tells(hunt):
    pytest.importorskip('tf2_msgs', reason='tf2_msgs comes with ROS 2 and is no Python wheel')
    frames = listen(hunt.test.node, topics.FRAMES)
    odometry = [listen(hunt.test.node, topics.odom(name)) for name in NAMES]
    hunt.test.wait(2.0)
    poses = {_key(message): message.pose for heard in odometry for message in heard}
    told = [frame for message in frames for frame in message.transforms]
    hulls = [frame for frame in told if frame.child_frame_id.endswith('/base_link')]
    known = [frame for frame in hulls if _key(frame) in poses]
    assert len(known) > 50
    for frame in known:
        at, pose = frame.transform, poses[_key(frame)].pose
        assert (at.translation.x, at.translation.y) == (pose.position.x, pose.position.y)
        assert at.rotation == pose.orientation
    assert {frame.header.frame_id for frame in told} == {'map'}


def test_a_dead_driver_leaves_the_vessels_at_rest_and_a_new_one_takes_up(hunt):
    hunt.nodes.kill('driver')
    killed = time.monotonic()
    hunt.test.until(hunt.resting, 'all at rest')
    assert time.monotonic() - killed < CMD_TIMEOUT + BRAKING + 0.25 + BUSY
    hunt.start('driver')
    hunt.sailing()


def test_a_dead_decision_node_costs_turns_and_no_old_move_is_sailed(hunt):
    before = hunt.step()
    hunt.nodes.kill('decision')
    hunt.test.until(lambda: hunt.step() > before, 'the next step, with nobody to decide it')
    asked = hunt.step()
    hunt.test.until(hunt.resting, 'all at rest')
    hunt.start('decision')
    hunt.test.until(hunt.moving, 'a vessel under way again')
    assert hunt.step() >= asked


def test_a_dead_perception_holds_the_vessels_and_a_new_one_begins_a_step(hunt):
    hunt.nodes.kill('perception')
    killed = time.monotonic()
    hunt.test.until(hunt.resting, 'all at rest')
    assert time.monotonic() - killed < 1.0 + BRAKING + 0.25 + BUSY
    hunt.start('perception')
    hunt.sailing()


def test_a_stop_needs_nobody_but_the_driver(hunt):
    hunt.nodes.kill('decision')
    hunt.nodes.kill('perception')
    answer = hunt.test.call(hunt.test.node.create_client(Trigger, 'stop'), Trigger.Request())
    assert answer.success
    hunt.test.until(hunt.resting, 'all at rest')
    assert all(surge == 0.0 for _, surge in hunt.commands.values())
    moves, fastest = listen(hunt.test.node, topics.MOVES), []
    hunt.start('decision', 'perception')

    def ordered_twice():
        fastest.append(max(surge for _, surge in hunt.commands.values()))
        return len(moves) > 1

    hunt.test.until(ordered_twice, 'moves that are said again')
    assert max(fastest) == 0.0 and hunt.resting()
    hunt.test.call(hunt.test.node.create_client(Trigger, 'resume'), Trigger.Request())
    hunt.sailing()


def test_a_stop_outlives_the_driver_that_was_told(hunt):
    hunt.test.call(hunt.test.node.create_client(Trigger, 'stop'), Trigger.Request())
    hunt.test.until(hunt.resting, 'all at rest')
    hunt.nodes.kill('driver')
    hunt.commands.clear()
    hunt.start('driver')
    hunt.test.until(lambda: len(hunt.commands) == 3, 'commands of the new driver')
    end, fastest = time.monotonic() + 2.0, []

    def two_seconds_later():
        fastest.append(max(surge for _, surge in hunt.commands.values()))
        return time.monotonic() > end

    hunt.test.until(two_seconds_later, 'time in which it could have sailed')
    assert max(fastest) == 0.0 and hunt.resting()
    hunt.test.call(hunt.test.node.create_client(Trigger, 'resume'), Trigger.Request())
    hunt.sailing()
    assert 'still stopped' in hunt.nodes.stop('driver')


def test_an_area_outlives_the_emergency_node_that_took_it_and_is_told_a_later_decision_node(hunt):
    functions = listen(hunt.test.node, topics.FUNCTIONS)
    areas = hunt.test.node.create_publisher(
        topics.RESTRICTED_AREA.type, 'restricted_area', topics.RESTRICTED_AREA.qos
    )
    hunt.start('emergency')
    kept = listen(hunt.test.node, topics.KEPT_FUNCTIONS)
    # The meddler itself is one.
    hunt.test.until(lambda: areas.get_subscription_count() > 1, 'the emergency node')
    edge = BURGER.cell
    areas.publish(polygon(*((x * edge, y * edge) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1)))))
    hunt.test.until(lambda: kept, 'a driver that keeps the function')
    name = json.loads(functions[0].data)['name']
    hunt.nodes.kill('emergency')
    hunt.nodes.kill('decision')
    functions.clear()
    hunt.start('emergency')
    hunt.test.until(lambda: functions, 'the function again')
    told = json.loads(functions[0].data)
    assert (told['action'], told['name']) == ('add', name)
    decisions = listen(hunt.test.node, topics.DECISION)
    decisions.clear()
    hunt.start('decision')
    hunt.test.until(
        lambda: any(name in stage['candidates'] for message in decisions
                    for stage in json.loads(message.data)['trace']),
        'a decision that weighs the area',
    )  # fmt: skip
    assert 'was in force already and stays so' in hunt.nodes.stop('emergency')


def test_nav2_holds_a_vessel_that_is_seen_before_the_chart():
    with cast() as nodes, meddler() as test:
        goals = []
        test.node.create_subscription(PoseStamped, 'pursuer_1/goal_pose', goals.append, 10)
        odometry = test.node.create_publisher(
            Odometry, 'pursuer_1/odom', topics.odom('pursuer_1').qos
        )
        seen = Odometry()
        seen.header.frame_id = 'odom'
        seen.pose.pose.position.x = 2.5
        seen.pose.pose.orientation.w = 1.0
        nodes.start('driver', kind=BURGER.name, driver='nav2')

        def held():
            odometry.publish(seen)
            return goals

        test.until(held, 'a goal')
        assert goals[0].header.frame_id == 'odom' and _place(goals[0].pose) == (2.5, 0.0)
        assert not nodes.ended('driver')


def _place(pose):
    return pose.position.x, pose.position.y


def test_nav2_gets_the_end_of_each_leg_as_a_goal():
    with cast() as nodes, meddler() as test:
        goals, told, places = {name: [] for name in PURSUERS}, [], {}

        def afar():
            """Whether everybody has a goal, and somebody's is not where it is."""
            return all(goals.values()) and any(
                math.dist(_place(sent[-1].pose), places[name]) > BURGER.length
                for name, sent in goals.items()
            )

        for name in PURSUERS:
            goal = f'{name}/goal_pose'
            test.node.create_subscription(PoseStamped, goal, goals[name].append, 10)
            test.node.create_subscription(Twist, f'{name}/cmd_vel', told.append, 10)
            test.node.create_subscription(
                Odometry,
                f'{name}/odom',
                lambda m, name=name: places.update({name: _place(m.pose.pose)}),
                topics.odom(name).qos,
            )
        nodes.start('decision', method='reference')
        nodes.start('driver', kind=BURGER.name, driver='nav2')
        nodes.start('perception', kind=BURGER.name, method='reference')
        nodes.start('vessels', kind=BURGER.name, board='12x9', seed=3, speed=SPEED, patience=900.0)
        test.until(lambda: len(places) == len(PURSUERS) and afar(), 'goals')
        assert {goal.header.frame_id for sent in goals.values() for goal in sent} == {'map'}
        assert told == []


def test_a_perception_that_hears_no_world_says_so():
    with cast() as nodes, meddler() as test:
        health = listen(test.node, topics.DIAGNOSTICS)
        nodes.start('perception', kind=BURGER.name, method='reference')
        said = "not heard within 15 s: a usable 'grid', pursuer_0/odom"
        test.until(lambda: any(said in m.status[0].message for m in health), 'what is missing')


def test_an_episode_ends_though_its_result_comes_before_its_last_state():
    result = Result(
        task='pursuit', method='reference', episode=0, seed=3, evader='flee', scenario='',
        outcome='success', steps=1, violations=0, lost_turns=0,
    )  # fmt: skip
    with cast() as nodes, meddler() as test:
        charts = listen(test.node, topics.GRID)
        states, results = (publisher_of(test.node, t) for t in (topics.STATE, topics.RESULT))
        nodes.start('vessels', kind=BURGER.name, episodes=2, seed=3)
        test.until(lambda: charts, 'a chart')
        heard_by = (states.get_subscription_count, results.get_subscription_count)
        test.until(lambda: all(count() for count in heard_by), 'the sea')
        for done in (False, True):
            if done:
                publish_json(results, result)
                test.wait(0.5)
                assert len(charts) == 1
            state = {'task': 'pursuit', 'episode': 0, 'seed': 3, 'step': int(done), 'stamp': 1.0,
                     'deadline': 1.0, 'done': done, 'observation': {}}  # fmt: skip
            publish_json(states, State(**state))
        test.until(lambda: len(charts) == 2, 'the next episode')


def _key(message):
    stamp = message.header.stamp
    return message.child_frame_id, stamp.sec, stamp.nanosec
