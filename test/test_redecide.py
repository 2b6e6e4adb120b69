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
"""Recorded states are decided again, here or by a node that hears them, and differences listed."""

from __future__ import annotations

import json
import os

from ld_agent.bag_writer import typestore
from ld_agent.bags import read_episodes
from ld_agent.cli.app import app
from ld_agent.emergency import area_function
from ld_agent.episodes import state_of
from ld_agent.errors import BagError
from ld_agent.messages import FunctionUpdate
from ld_agent.players import make_agent
from ld_agent.redecide import compare_decided, redecide
from ld_agent.worlds import open_world
import pytest
from recorded import record, Recording
from rosbags.rosbag2 import Reader
from test_evaluate import rewrite
from typer.testing import CliRunner

SEEDS = (3, 4)
AREA = [(3.0, 2.0), (9.0, 2.0), (9.0, 6.0), (3.0, 6.0)]


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    """Two episodes of `reference`; in each an area comes before step 1 and goes before step 4."""
    path = tmp_path_factory.mktemp('redecide') / 'bag'
    out, player = Recording(path), make_agent('reference')
    world = open_world('pursuit', 'flee', '13x9', 'exact', '', '')
    for number, seed in enumerate(SEEDS):
        world.reset(seed)
        player.reset()
        area = area_function(player.task, AREA, world.size(), set(), 'reef')
        updates = {1: area, 4: FunctionUpdate(action='remove', name=area.name)}
        while not world.done:
            if world.step in updates:
                player.update(updates[world.step])
                out.put('functions', updates[world.step].model_dump(mode='json'))
            state = state_of(world, seed, number)
            out.put('state', state.model_dump(mode='json'))
            decision = player.decide(state)
            out.put('decision', decision.model_dump(mode='json'))
            world.apply({'moves': decision.moves})
        out.put('state', {**state_of(world, seed, number).model_dump(mode='json'), 'done': True})
    out.close()
    player.close()
    return path


@pytest.fixture(scope='module')
def steps(bag) -> int:
    """How many decisions the bag holds."""
    return sum(len(episode.decisions) for episode in read_episodes(bag))


def again(bag, method='reference', **options):
    player = make_agent(method, **options)
    try:
        return redecide(bag, player, method)
    finally:
        player.close()


def test_the_same_method_decides_the_same_with_the_functions_that_were_in_force(bag, steps):
    found = again(bag)
    assert found.steps == steps > 8
    assert (found.same_moves, found.same_selections) == (found.steps, found.steps)
    assert found.differences == found.refused == ()
    assert found.moves.low < 1.0 == found.moves.value
    assert found.recorded_method == 'reference'


def test_without_the_recorded_functions_the_first_differing_stage_is_named(bag, tmp_path):
    forgetful = rewrite(
        bag, tmp_path / 'bag', lambda topic, m: None if topic == 'functions' else m
    )
    found = again(forgetful)
    assert 0 < found.same_selections < found.steps
    filtered = [d for d in found.differences if 'filter' in d.stage]
    assert filtered
    assert all(d.selected[0] != d.selected[1] for d in filtered)
    assert {d.seed for d in found.differences} <= set(SEEDS)


def test_another_method_differs_and_lost_turns_are_left_out(bag, steps, tmp_path):
    def lose(topic, message):
        lost = topic == 'decision' and message['step'] == 2
        return None if lost else message

    found = again(rewrite(bag, tmp_path / 'bag', lose), 'random', seed=1)
    assert found.lost_turns == len(SEEDS)
    assert found.steps == steps - len(SEEDS)
    assert len(found.differences) >= found.steps - found.same_selections > 0
    assert 2 not in {d.step for d in found.differences}


def test_moves_that_no_selection_explains_are_said(bag, tmp_path):
    def shift(topic, message):
        if topic == 'decision' and (message['episode'], message['step']) == (1, 3):
            return {**message, 'moves': message['moves'][::-1]}
        return message

    (only,) = again(rewrite(bag, tmp_path / 'bag', shift)).differences
    assert (only.episode, only.step, only.stage) == (1, 3, '')
    assert only.recorded == only.now[::-1]
    assert 'selections are the same' in only.why


def test_a_refused_function_is_told_and_the_rest_is_decided(bag, steps, tmp_path):
    def spoil(topic, message):
        broken = topic == 'functions' and message['action'] == 'add'
        return {**message, 'source': 'no function'} if broken else message

    found = again(rewrite(bag, tmp_path / 'bag', spoil))
    assert found.steps == steps
    assert found.refused
    assert all('is refused' in sentence for sentence in found.refused)


def test_a_bag_of_decisions_is_compared_state_by_state(bag, tmp_path):
    def other(topic, message):
        if topic == 'decision' and message['step'] == 1:
            return {**message, 'method': 'ld', 'moves': message['moves'][::-1]}
        if topic == 'decision' and message['step'] == 3:
            return None
        return {**message, 'method': 'ld'} if topic == 'decision' else message

    found = compare_decided(bag, rewrite(bag, tmp_path / 'again', other))
    assert (found.recorded_method, found.method) == ('reference', 'ld')
    assert found.steps - found.same_moves == 2 * len(SEEDS)
    missing = [d for d in found.differences if d.now is None]
    assert {d.step for d in missing} == {3}
    assert all('has no decision for this state' in d.why for d in missing)


def test_bags_without_decisions_are_named(bag, tmp_path):
    silent = record(tmp_path / 'silent', [1], hook=lambda step, decision: None, max_steps=3)
    with pytest.raises(BagError, match='holds no decision'):
        again(silent)
    with pytest.raises(BagError, match='holds no decision; record while'):
        compare_decided(bag, silent)


def test_the_command_lists_what_differs(bag, tmp_path):
    arguments = ['redecide', str(bag), '--method', 'random', '--seed', '1']
    ran = CliRunner().invoke(app, arguments, env={'COLUMNS': '200'})
    assert ran.exit_code == 0, ran.output
    assert 'recorded by reference, now random' in ' '.join(ran.stdout.split())
    assert 'steps that differ' in ran.stdout
    said = json.loads(CliRunner().invoke(app, [*arguments, '--json']).stdout)
    assert 0 < said['steps'] - said['same_moves'] <= len(said['differences'])


def test_the_command_plays_the_bag_to_a_node_and_compares(bag, steps, tmp_path, monkeypatch):
    pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    monkeypatch.setenv('ROS_DOMAIN_ID', str(1 + os.getpid() % 90))
    again_in = tmp_path / 'again'
    arguments = ['redecide', str(bag), '--method', 'reference', '--ros', str(again_in), '--json']
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.output
    said = json.loads(ran.stdout)
    assert (said['steps'], said['same_moves'], said['differences']) == (steps, steps, [])
    assert sum(len(episode.decisions) for episode in read_episodes(again_in)) == steps
    both = CliRunner().invoke(app, [*arguments, '--decided', str(again_in)])
    assert both.exit_code == 2
    assert 'exclude each other' in both.output


def test_a_node_that_hears_a_played_bag_decides_the_same(bag, steps, tmp_path):
    pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')
    from ld_agent.nodes import topics
    from running import cast, listen, meddler

    played = {'/state': topics.STATE, '/functions': topics.FUNCTIONS}
    with Reader(bag) as reader, cast() as nodes, meddler() as test:
        decisions = listen(test.node, topics.DECISION)
        heard = listen(test.node, topics.FUNCTIONS)
        out = {
            name: test.node.create_publisher(topic.type, topic.name, topic.qos)
            for name, topic in played.items()
        }
        nodes.start('recorder', path=tmp_path / 'again')
        nodes.start('decision', method='reference')
        test.until(
            lambda: test.node.count_subscribers('/state') >= 2
            and test.node.count_subscribers('/functions') >= 3, 'a decision node and a recorder',
        )  # fmt: skip
        functions = 0
        for connection, _, raw in reader.messages():
            if connection.topic not in played:
                continue
            out[connection.topic].publish(bytes(raw))
            text = typestore().deserialize_cdr(raw, connection.msgtype).data
            if connection.topic == '/functions':
                functions += 1
                test.until(lambda n=functions: len(heard) == n, 'a function')
                continue
            state = json.loads(text)
            wanted = {'episode': state['episode'], 'step': state['step']}
            if not state['done']:
                test.until(
                    lambda w=wanted: any(w.items() <= json.loads(d.data).items()
                                         for d in decisions[-2:]), f'a decision of {wanted}',
                )  # fmt: skip
        test.until(
            lambda: sum(len(e.decisions) for e in read_episodes(tmp_path / 'again')) == steps,
            'all decisions in the bag',
        )
        assert 'Traceback' not in nodes.stop('recorder')
    found = compare_decided(bag, tmp_path / 'again')
    assert found.steps == steps
    assert (found.same_moves, found.differences) == (found.steps, ())
