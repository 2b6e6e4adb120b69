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
"""The graph over real DDS: what is recorded, mirrored, timed, and how a node joins."""

from __future__ import annotations

import json

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from geometry_msgs.msg import PoseArray, PoseStamped
from ld_agent.bags import read_episodes
from ld_agent.nodes import topics
from ld_agent.nodes.common import publisher_of
from ld_agent.nodes.joining import listeners, unmatched
from ld_agent.nodes.qos import LATCHED
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from nav_msgs.msg import OccupancyGrid
from rosgraph_msgs.msg import Clock
from running import cast, listen, meddler
from std_srvs.srv import Trigger

HUNT = {'method': 'reference', 'board': '9x7', 'seed': 5, 'deadline': 30.0}
RESOLUTION = 0.5


def _cell(pose):
    return [round(pose.position.x / RESOLUTION - 0.5), round(pose.position.y / RESOLUTION - 0.5)]


def _moves(heard: list) -> dict:
    """Return step → moves; a decision comes again when a listener joins."""
    answers = [json.loads(message.data) for message in heard]
    return {(a['episode'], a['step']): a['moves'] for a in answers}


def test_typed_mirrors_agree_with_the_json():
    with cast() as nodes, meddler() as test:
        heard = {
            topic.name: listen(test.node, topic)
            for topic in (topics.STATE, topics.DECISION, topics.RESULT, topics.PURSUERS,
                          topics.EVADER, topics.MOVES, topics.GRID, topics.TRUTH)
        }  # fmt: skip
        nodes.start('decision', method='reference')
        nodes.start(
            'simulator', **HUNT, episodes=2, resolution=RESOLUTION, frame_id='sea',
            exit_when_done=False,
        )  # fmt: skip
        test.until(lambda: len(heard['result']) == 2, 'two results')
        test.until(
            lambda: sum(json.loads(m.data)['done'] for m in heard['state']) == 2, 'two last states'
        )
        states = [json.loads(message.data) for message in heard['state']]
        test.until(lambda: len(heard['pursuers']) == len(states), 'all mirrors')
        test.until(lambda: len(heard['evader']) == len(states), 'all evaders')
        steps = sum(not state['done'] for state in states)
        test.until(lambda: len(_moves(heard['decision'])) == steps, 'all decisions')
        test.until(lambda: len(heard['moves']) == steps, 'all moves')
        decisions = list(_moves(heard['decision']).values())
    seen = [state['observation'] for state in states]
    mirrored: list[PoseArray] = heard['pursuers']
    assert [[_cell(p) for p in m.poses] for m in mirrored] == [s['pursuers'] for s in seen]
    evaders: list[PoseStamped] = heard['evader']
    assert [_cell(m.pose) for m in evaders] == [s['evader'] for s in seen]
    assert [[_cell(p) for p in m.poses] for m in heard['moves']] == decisions
    assert {m.header.frame_id for m in mirrored} == {'sea'}
    assert [m.header.stamp.sec for m in mirrored] == [int(s['stamp']) for s in states]
    grid: OccupancyGrid = heard['grid'][0]
    assert (grid.info.width, grid.info.height, grid.info.resolution) == (9, 7, RESOLUTION)
    assert set(grid.data) == {0}
    assert heard['truth'][0].data == grid.data
    ends = [state['done'] for state in states]
    assert ends.count(True) == 2 and ends[-1]


def test_simulated_time_runs_on_and_is_followed(tmp_path):
    with cast() as nodes, meddler() as test:
        clock: list[Clock] = listen(test.node, topics.CLOCK)
        results = listen(test.node, topics.RESULT)
        health = listen(test.node, topics.DIAGNOSTICS)
        nodes.start('recorder', path=tmp_path / 'bag', use_sim_time=True)
        nodes.start('decision', method='reference', use_sim_time=True, wait_for='recorder')
        nodes.start('emergency', use_sim_time=True)
        nodes.start(
            'simulator', **HUNT, episodes=3, use_sim_time=True, exit_when_done=False,
            wait_for='emergency recorder meddler',
        )  # fmt: skip
        test.until(lambda: len(results) == 3, 'three results')
        test.until(
            lambda: any(
                m.status[0].name == '/decision' and m.header.stamp.sec == clock[-1].clock.sec
                for m in health
            ),
            'diagnostics in simulated time',
        )
        assert 'Traceback' not in nodes.stop('recorder')
    stamps = [message.clock.sec for message in clock]
    assert stamps == sorted(stamps)
    episodes = read_episodes(tmp_path / 'bag')
    assert [len(e.decisions) for e in episodes] == [e.states[-1].step for e in episodes]


def test_every_node_tells_of_its_health(tmp_path):
    with cast() as nodes, meddler() as test:
        health = listen(test.node, topics.DIAGNOSTICS)
        for name, parameters in {
            'recorder': {'path': tmp_path / 'bag'},
            'emergency': {},
            'visualiser': {},
            'decision': {'method': 'reference'},
            'simulator': {**HUNT, 'episodes': 1, 'exit_when_done': False},
        }.items():
            nodes.start(name, **parameters)
        wanted = {f'/{name}' for name in nodes.processes}
        test.until(
            lambda: {message.status[0].name for message in health} >= wanted, 'five diagnostics'
        )
        assert {message.status[0].message for message in health} == {'ok'}


def test_the_decision_node_is_led_through_its_life():
    with cast() as nodes, meddler() as test:
        change = test.node.create_client(ChangeState, 'decision/change_state')
        state = test.node.create_client(GetState, 'decision/get_state')
        results = listen(test.node, topics.RESULT)
        states = listen(test.node, topics.STATE)

        def go(transition):
            request = ChangeState.Request(transition=Transition(id=transition))
            assert test.call(change, request).success
            return test.call(state, GetState.Request()).current_state.label

        nodes.start('decision', method='reference', autostart=False)
        assert go(Transition.TRANSITION_CONFIGURE) == 'inactive'
        nodes.start('simulator', **HUNT, episodes=200, exit_when_done=False)
        test.until(lambda: states, 'the first state')
        assert results == []
        assert go(Transition.TRANSITION_ACTIVATE) == 'active'
        test.until(lambda: results, 'a result')
        # The state that waited for the activation was answered: no turn was lost.
        assert json.loads(results[0].data)['lost_turns'] == 0
        assert go(Transition.TRANSITION_DEACTIVATE) == 'inactive'
        assert go(Transition.TRANSITION_CLEANUP) == 'unconfigured'
        assert go(Transition.TRANSITION_CONFIGURE) == 'inactive'
        before = len(results)
        assert go(Transition.TRANSITION_ACTIVATE) == 'active'
        test.until(lambda: len(results) > before, 'a result after the second activation')
        assert 'Traceback' not in nodes.stop('decision')


def test_a_listener_that_is_seen_is_waited_for_unless_it_can_hear_nothing():
    with meddler() as test, meddler() as other:
        publisher = publisher_of(test.node, topics.MOVES)
        listen(other.node, topics.MOVES)
        test.until(lambda: listeners(test.node, topics.MOVES.name), 'the listener')
        test.until(lambda: not unmatched(test.node, [publisher]), 'their match')
        assert publisher.get_subscription_count() == 1
        # Who asks for what came before gets nothing from a publisher that keeps nothing.
        other.node.create_subscription(topics.MOVES.type, topics.MOVES.name, print, LATCHED)
        test.until(
            lambda: len(test.node.get_subscriptions_info_by_topic(topics.MOVES.name)) == 2,
            'the listener that asks too much',
        )
        assert unmatched(test.node, [publisher]) == []


def test_a_namespace_keeps_graphs_apart():
    with cast() as nodes, meddler() as test:
        near = listen(test.node, topics.RESULT)
        far = test.node.create_client(Trigger, '/fleet/reset')
        nodes.start('decision', namespace='/fleet', method='reference')
        nodes.start('simulator', namespace='/fleet', **HUNT, episodes=500)
        assert test.call(far, Trigger.Request()).message
        results = listen(test.node, topics.RESULT, '/fleet')
        test.until(lambda: results, 'a result in the namespace')
        assert near == []
