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
"""What goes wrong among running nodes, over real DDS, and what must not come of it."""

from __future__ import annotations

import json
import math

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from geometry_msgs.msg import Point32, PolygonStamped
from ld_agent.episodes import play, state_of
from ld_agent.evaluate import evaluate_bags
from ld_agent.nodes import topics
from ld_agent.players import make_agent
from ld_agent.worlds import open_world
from nav_msgs.msg import OccupancyGrid
from running import cast, meddler
from std_msgs.msg import String
from std_srvs.srv import Trigger

BOARD, SEED = '9x7', 11
WORLD = {'method': 'reference', 'board': BOARD, 'seed': SEED, 'start_timeout': 100.0}


@pytest.fixture(scope='module')
def undisturbed():
    """Steps of the episodes that begin at SEED, played without ROS."""
    agent = make_agent('reference')
    steps = []
    for seed in range(SEED, SEED + 12):
        world = open_world('pursuit', 'flee', BOARD, 'exact', '', '')
        steps.append(len(list(play(agent, world, seed))))
    agent.close()
    return steps


def _listen(node, topic, into, parsed=True):
    def received(message):
        into.append(json.loads(message.data) if parsed else message)

    return node.create_subscription(topic.type, topic.name, received, topic.qos)


def test_messages_that_arrive_twice_change_nothing(undisturbed):
    with cast() as nodes, meddler() as test:
        results = []
        _listen(test.node, topics.RESULT, results)
        states = test.node.create_publisher(String, 'state', topics.STATE.qos)
        decisions = test.node.create_publisher(String, 'decision', topics.DECISION.qos)
        seen, old = set(), []

        def echo(publisher):
            def received(message):
                if message.data not in seen:
                    seen.add(message.data)
                    old.append((publisher, message))
                    publisher.publish(message)
                    publisher.publish(message)
                    for earlier, stale in old[:-1:3]:
                        if earlier is decisions:
                            earlier.publish(stale)

            return received

        test.node.create_subscription(String, 'state', echo(states), topics.STATE.qos)
        test.node.create_subscription(String, 'decision', echo(decisions), topics.DECISION.qos)
        nodes.start('decision', method='reference')
        nodes.start('simulator', **WORLD, episodes=3, deadline=30.0)
        test.until(lambda: len(results) == 3, 'three results')
        assert [r['steps'] for r in results] == undisturbed[:3]
        assert [(r['lost_turns'], r['violations']) for r in results] == [(0, 0)] * 3


def test_what_is_malformed_is_dropped_with_a_sentence(undisturbed):
    with cast() as nodes, meddler() as test:
        results, diagnosed = [], []
        _listen(test.node, topics.RESULT, results)
        _listen(test.node, topics.DIAGNOSTICS, diagnosed, parsed=False)
        bad = [
            (test.node.create_publisher(String, name, topic.qos), text)
            for name, topic in (
                ('state', topics.STATE),
                ('decision', topics.DECISION),
                ('functions', topics.FUNCTIONS),
            )
            for text in ('{', '{"task": 3}', '{"task": "pursuit", "episode": NaN}')
        ]

        def spoil(message):
            for publisher, text in bad:
                publisher.publish(String(data=text))

        test.node.create_subscription(OccupancyGrid, 'grid', spoil, topics.GRID.qos)
        nodes.start('decision', method='reference')
        nodes.start('emergency')
        nodes.start('simulator', **WORLD, episodes=3, deadline=30.0, exit_when_done=False)
        test.until(lambda: len(results) == 3, 'three results')
        assert [r['steps'] for r in results] == undisturbed[:3]
        assert not any(nodes.ended(name) for name in nodes.processes)
        said = nodes.stop('decision')
        assert "'functions'" in said and "'state'" in said
        assert 'Traceback' not in said
        assert "'decision'" in nodes.stop('simulator')


def test_a_killed_decision_node_costs_lost_turns_and_picks_up():
    with cast() as nodes, meddler() as test:
        results, states = [], []
        _listen(test.node, topics.RESULT, results)
        _listen(test.node, topics.STATE, states)
        nodes.start('decision', method='reference')
        nodes.start(
            'simulator', **{**WORLD, 'board': '20x20'}, episodes=40, deadline=1.0,
            exit_when_done=False,
        )  # fmt: skip
        test.until(lambda: len(states) > 4, 'some steps')
        nodes.kill('decision')
        seen = len(states)
        test.until(lambda: len(states) > seen + 1, 'a lost turn')
        nodes.start('decision', method='reference')
        before = len(results)
        test.until(lambda: len(results) > before + 2, 'three more results')
        lost = [r['lost_turns'] for r in results]
        assert sum(lost) >= 1
        assert lost[-1] == 0
        assert all(r['outcome'] == 'success' for r in results)


def test_a_decision_node_that_comes_late_decides_no_state_that_is_past():
    with cast() as nodes, meddler() as test:
        states = test.node.create_publisher(String, 'state', topics.STATE.qos)
        decided = []
        _listen(test.node, topics.DECISION, decided)
        world = open_world('pursuit', 'flee', BOARD, 'exact', '', '')
        world.reset(SEED)
        for step in range(5):
            told = state_of(world, SEED).model_copy(update={'step': step})
            states.publish(String(data=told.model_dump_json()))
        nodes.start('decision', method='reference', autostart=True)
        test.until(lambda: decided and decided[-1]['step'] == 4, 'a decision on the last state')
        test.wait(0.2)
        # The first may have arrived before the others.
        assert len(decided) <= 2


def test_a_killed_recorder_leaves_a_bag_that_reads(tmp_path):
    bag = tmp_path / 'bag'
    with cast() as nodes, meddler() as test:
        results = []
        _listen(test.node, topics.RESULT, results)
        nodes.start('recorder', path=bag)
        nodes.start('decision', method='reference')
        nodes.start('simulator', **WORLD, episodes=500, rate=20.0, wait_for='recorder meddler')
        test.until(lambda: len(results) > 10, 'ten results')
        nodes.kill('recorder')
        heard = len(results)
    report = evaluate_bags([bag])[0]
    assert report.episodes >= heard - 3
    assert report.disagreements == ()


def _polygon(*corners):
    message = PolygonStamped()
    message.header.frame_id = 'map'
    message.polygon.points = [Point32(x=float(x), y=float(y), z=0.0) for x, y in corners]
    return message


def test_areas_become_functions_and_bad_ones_are_refused():
    with cast() as nodes, meddler() as test:
        functions, decisions, truths = [], [], []
        _listen(test.node, topics.FUNCTIONS, functions)
        _listen(test.node, topics.DECISION, decisions)
        _listen(test.node, topics.TRUTH, truths, parsed=False)
        areas = test.node.create_publisher(
            PolygonStamped, 'restricted_area', topics.RESTRICTED_AREA.qos
        )
        nodes.start('decision', method='reference')
        nodes.start('emergency')
        nodes.start(
            'simulator', method='reference', board='20x20', seed=SEED, episodes=2000, rate=4.0,
            wait_for='emergency meddler',
        )  # fmt: skip
        test.until(lambda: decisions and areas.get_subscription_count() > 1, 'a first decision')
        areas.publish(_polygon((1, 1), (2, 2)))
        areas.publish(_polygon((1, 1), (math.nan, 2), (3, 3)))
        areas.publish(_polygon((-9, -9), (99, -9), (99, 99), (-9, 99)))
        areas.publish(_polygon((8, 8), (12, 8), (12, 12), (8, 12)))
        test.until(lambda: functions, 'a function')
        (added,) = functions
        assert (added['action'], added['name'].partition('_')[2]) == ('add', 'keepout')
        assert added['checks']['cells'] == 'drops exactly the 16 cells of the area'
        name = added['name']

        def offered():
            return [d for d in decisions if any(name in t['candidates'] for t in d['trace'])]

        test.until(lambda: len(offered()) > 2, 'decisions that may select the function')
        first = offered()[0]
        inside = [
            move
            for d in offered()
            if d['episode'] == first['episode']
            for move in d['moves']
            if 8 <= move[0] < 12 and 8 <= move[1] < 12
        ]
        assert inside == []
        lifted = test.call(
            test.node.create_client(Trigger, 'emergency/clear_emergencies'), Trigger.Request()
        )
        assert lifted.success
        test.until(lambda: functions[-1]['action'] == 'remove', 'the removal')
        said = nodes.stop('emergency')
        assert said.count('is refused') == 3
        assert 'Traceback' not in said


def test_reset_begins_the_next_episode():
    with cast() as nodes, meddler() as test:
        states = []
        _listen(test.node, topics.STATE, states)
        nodes.start('simulator', **WORLD, episodes=3, deadline=50.0, exit_when_done=False)
        nodes.start('decision', method='reference', autostart=False)
        test.node.create_publisher(String, 'decision', topics.DECISION.qos)
        test.until(lambda: states, 'the first state')
        reset = test.node.create_client(Trigger, 'reset')
        assert test.call(reset, Trigger.Request()).success
        test.until(lambda: states[-1]['episode'] == 1, 'the second episode')
        assert (states[-1]['step'], states[-1]['seed']) == (0, SEED + 1)
