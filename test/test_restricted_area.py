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
"""Restricted areas while a hunt runs: from a polygon to moves that keep out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import json
import time

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from ld_agent.emergency_desk import Desk
from ld_agent.function_base import find_task
from ld_agent.messages import FunctionUpdate, State
from ld_agent.nodes import decision, emergency, topics
from ld_agent.nodes.common import publish_json
from ld_agent.nodes.joining import SETTLE_SECONDS
from nav_msgs.msg import OccupancyGrid
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from running import cast, listen, Meddler, meddler, polygon
from std_msgs.msg import String

SCENARIO = """
board: {width: 9, height: 7, walls: [[[8, 6], [8, 6]]]}
pursuers: [[0, 0], [1, 0], [0, 1]]
evader: [7, 5]
events:
  - {step: 0, area: {name: whirlpool, rectangle: [[3, 2], [5, 4]]}}
"""
CLOSED = {(x, y) for x in (3, 4, 5) for y in (2, 3, 4)}


def _cells(grid):
    width = grid.info.width
    return {(i % width, i // width) for i, value in enumerate(grid.data) if value == 100}


def test_truth_shows_what_the_chart_does_not_and_moves_keep_out(tmp_path):
    scenario = tmp_path / 'whirlpool.yaml'
    scenario.write_text(SCENARIO)
    with cast() as nodes, meddler() as test:
        heard = {
            topic.name: listen(test.node, topic)
            for topic in (topics.GRID, topics.TRUTH, topics.FUNCTIONS, topics.DECISION,
                          topics.RESULT, topics.STATE)
        }  # fmt: skip
        nodes.start('decision', method='reference', wait_for='emergency meddler')
        nodes.start('emergency')
        nodes.start(
            'simulator', method='reference', scenario=scenario, episodes=4, deadline=30.0,
            emergency_timeout=30.0,
            wait_for='emergency meddler', exit_when_done=False,
        )  # fmt: skip
        test.until(lambda: len(heard['result']) == 4, 'four results')
        test.until(lambda: len(heard['functions']) == 8, 'four areas added and lifted')
        steps = sum(json.loads(message.data)['steps'] for message in heard['result'])
        test.until(lambda: len(heard['decision']) >= steps, 'all decisions')
    assert {frozenset(_cells(grid)) for grid in heard['grid']} == {frozenset({(8, 6)})}
    assert _cells(heard['truth'][-1]) == CLOSED | {(8, 6)}
    updates = [json.loads(message.data) for message in heard['functions']]
    assert [update['action'] for update in updates] == ['add', 'remove'] * 4
    assert {update['name'] for update in updates} == {updates[0]['name']}
    for result in heard['result']:
        assert json.loads(result.data)['violations'] == 0
    decisions = [json.loads(message.data) for message in heard['decision']]
    informed = [d for d in decisions if any(updates[0]['name'] in t['candidates']
                                            for t in d['trace'])]  # fmt: skip
    assert {decision['episode'] for decision in informed} == {0, 1, 2, 3}
    assert not {tuple(move) for d in informed for move in d['moves']} & CLOSED


def test_an_area_that_a_user_publishes_is_obeyed_by_a_decision_node_started_later():
    with cast() as nodes, meddler() as test:
        functions = listen(test.node, topics.FUNCTIONS)
        decisions = listen(test.node, topics.DECISION)
        areas = test.node.create_publisher(
            topics.RESTRICTED_AREA.type, 'restricted_area', topics.RESTRICTED_AREA.qos
        )
        nodes.start('emergency')
        nodes.start(
            'simulator', method='reference', board='9x7', episodes=500, deadline=30.0,
            start_timeout=0.5,
        )  # fmt: skip
        # The meddler itself is one.
        test.until(lambda: areas.get_subscription_count() > 1, 'the emergency node')
        areas.publish(polygon((3, 2), (6, 2), (6, 5), (3, 5)))
        test.until(lambda: functions, 'a function')
        nodes.start('decision', method='reference', wait_for='emergency')
        test.until(lambda: decisions, 'a decision')
        first = json.loads(decisions[0].data)
        name = json.loads(functions[0].data)['name']
        assert any(name in trace['candidates'] for trace in first['trace'])
        assert not {tuple(move) for move in first['moves']} & CLOSED


def _chart() -> OccupancyGrid:
    grid = OccupancyGrid()
    grid.header.frame_id = 'map'
    grid.info.width, grid.info.height, grid.info.resolution = 9, 7, 1.0
    grid.data = [0] * 63
    return grid


def _state(step: int, done: bool = False, episode: int = 0) -> String:
    state = State(
        task='pursuit', episode=episode, seed=0, step=step, done=done, stamp=float(step),
        deadline=1.0, observation={'pursuers': [[0, 0], [1, 0], [0, 1]]},
    )  # fmt: skip
    return String(data=state.model_dump_json())


Spin = Callable[[Callable[[], object], str], None]
"""Spins until something holds; its second argument says what."""


@contextmanager
def _spun_by_hand(test: Meddler, node: Node) -> Iterator[Spin]:
    """Spin a node of this process only while something is waited for."""
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def spin(done: Callable[[], object], what: str) -> None:
        def spun() -> bool:
            executor.spin_once(timeout_sec=0.05)
            return bool(done())

        test.until(spun, what)

    yield spin
    executor.shutdown()


@contextmanager
def _decision_node() -> Iterator[tuple]:
    """A decision node in this process that is settled, spun by hand, and an area in force."""
    with meddler() as test, rclpy.init(args=['--ros-args', '-p', 'method:=reference']):
        said = listen(test.node, topics.DECISION)
        states, functions = (
            test.node.create_publisher(t.type, t.name, t.qos)
            for t in (topics.STATE, topics.FUNCTIONS)
        )
        node = decision.DecisionNode()
        with _spun_by_hand(test, node) as spin:
            spin(states.get_subscription_count, 'the node')
            spin(functions.get_subscription_count, 'the node')
            old, new = _columns(4, 3)
            publish_json(functions, old)
            end = time.monotonic() + SETTLE_SECONDS + 0.5
            spin(lambda: time.monotonic() > end, 'that all is settled')
            states.publish(_hunt(1, 0))
            spin(lambda: len(said) == 1, 'the first decision')
            yield test, spin, states, functions, said, old, new
        node.close()
        node.destroy_node()


def _columns(*columns: int) -> list[FunctionUpdate]:
    """Functions that close columns, as one emergency node names them."""
    desk = Desk(find_task(None), (9, 7), 1.0)
    updates = [
        desk.polygon([(x, 0), (x, 6), (x + 1, 6), (x + 1, 0)], f'area at {x}').updates[0]
        for x in columns
    ]
    desk.close()
    return updates


def _hunt(episode: int, step: int, done: bool = False) -> String:
    board = {
        'width': 9, 'height': 7, 'moves': 'exact', 'pursuers': [[2, 3], [0, 1], [0, 5]],
        'evader': [7, 3], 'walls': [], 'walls_block': True,
    }  # fmt: skip
    state = State(
        task='pursuit', episode=episode, seed=0, step=step, done=done, deadline=60.0,
        stamp=float(10 * episode + step), observation=board,
    )  # fmt: skip
    return String(data=state.model_dump_json())


def _candidates(message: String) -> set[str]:
    return {c for stage in json.loads(message.data)['trace'] for c in stage['candidates']}


def test_a_decision_node_that_lags_keeps_the_areas_of_the_next_episode_when_it_hears_the_end():
    """What is waiting at an end: the end itself, the lift of the old area, the new area."""
    with _decision_node() as (test, spin, states, functions, said, old, new):
        states.publish(_hunt(1, 1, done=True))
        for update in (FunctionUpdate(action='remove', name=old.name), new):
            publish_json(functions, update)
        states.publish(_hunt(2, 0))
        test.wait(0.5)
        spin(lambda: len(said) == 2, 'the decision of the next episode')
    assert [old.name in _candidates(m) for m in said] == [True, False]
    assert [new.name in _candidates(m) for m in said] == [False, True]


def test_an_area_stays_in_force_when_a_perception_that_was_started_again_counts_from_0():
    with _decision_node() as (_, spin, states, _, said, area, _):
        states.publish(_hunt(0, 0))
        spin(lambda: len(said) == 2, 'the decision of the episode that is counted anew')
        states.publish(_hunt(2, 0))
        spin(lambda: len(said) == 3, 'the decision of an episode that followed without an end')
    assert [area.name in _candidates(message) for message in said] == [True, True, False]


@contextmanager
def _emergency_node() -> Iterator[tuple]:
    """An emergency node in this process, spun by hand, that has a chart."""
    with meddler() as test, rclpy.init(args=['--ros-args', '-p', 'sentences:=false']):
        said = listen(test.node, topics.FUNCTIONS)
        chart, states, areas, kept = (
            test.node.create_publisher(t.type, t.name, t.qos)
            for t in (topics.GRID, topics.STATE, topics.RESTRICTED_AREA, topics.KEPT_FUNCTIONS)
        )
        node = emergency.EmergencyNode()
        with _spun_by_hand(test, node) as spin:
            chart.publish(_chart())
            spin(lambda: areas.get_subscription_count() > 1, 'the node')
            yield test, spin, (states, areas, kept), said
        node.destroy_node()


def _said(heard: list) -> list[tuple[str, str]]:
    updates = [json.loads(message.data) for message in heard]
    return [(update['action'], update['name']) for update in updates]


def test_a_node_that_lags_ends_an_area_with_its_episode_before_it_takes_the_next_ones():
    area = polygon((3, 2), (6, 2), (6, 5), (3, 5))
    with _emergency_node() as (test, spin, (states, areas, _), said):
        areas.publish(area)
        spin(lambda: len(said) == 1, 'the area')
        for step in range(5):
            states.publish(_state(step, done=step == 4))
        areas.publish(area)
        test.wait(0.5)
        spin(lambda: len(said) >= 3, 'the area of the next episode')
    assert [action for action, _ in _said(said)] == ['add', 'remove', 'add']


def test_an_episode_that_is_left_without_an_end_ends_its_areas_and_not_those_of_the_next_one():
    one, other = polygon((3, 2), (6, 2), (6, 5), (3, 5)), polygon((0, 5), (2, 5), (2, 7), (0, 7))
    with _emergency_node() as (test, spin, (states, areas, _), said):
        areas.publish(one)
        spin(lambda: len(said) == 1, 'the area')
        states.publish(_state(3))
        areas.publish(other)
        spin(lambda: len(said) == 2, 'the area of the next episode')
        states.publish(_state(0, episode=1))
        spin(lambda: len(said) == 3, 'the end of the first area')
        test.wait(0.3)
    (_, first), (_, second), last = _said(said)
    assert last == ('remove', first) and second != first


def test_what_was_in_force_and_is_heard_late_keeps_its_name():
    _, held = _columns(3, 4)
    with _emergency_node() as (_, spin, (_, areas, kept), said):
        areas.publish(polygon((0, 5), (2, 5), (2, 7), (0, 7)))
        spin(lambda: len(said) == 1, 'an area, so nothing more was adopted before')
        publish_json(kept, held)
        spin(lambda: len(said) == 2, 'what was in force')
    assert _said(said)[1] == ('add', held.name)
