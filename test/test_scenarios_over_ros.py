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

from __future__ import annotations

import json

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from ld_agent.episodes import desk_for, play
from ld_agent.nodes import topics
from ld_agent.players import make_agent
from ld_agent.worlds import open_world
from running import cast, listen, meddler

DRIFT = """
board: {width: 11, height: 7}
pursuers: [[0, 0], [1, 0], [0, 1]]
evader: [9, 5]
events:
  - {step: 0, area: {name: ice, rectangle: [[3, 2], [4, 4]]}}
  - {step: 2, lift: ice}
  - {step: 2, area: {name: ice, rectangle: [[5, 2], [6, 4]]}}
  - {step: 3, area: {name: mine, sentence: stay out of row 6, rectangle: [[0, 6], [10, 6]]}}
"""


def played(scenario, seeds):
    """Return the results of the same episodes without ROS."""
    agent = make_agent('reference', guard='count')
    world = open_world('pursuit', 'flee', '20x20', 'exact', scenario, '')
    desk, results = desk_for(agent, scenario), []
    for seed in seeds:
        for _ in play(agent, world, seed, desk=desk):
            pass
        results.append(world.outcome())
    agent.close()
    if desk is not None:
        desk.close()
    return results


def over_ros(scenario, episodes, sentences=False, **parameters):
    """Play a scenario with real nodes; return what was heard on each topic."""
    with cast() as nodes, meddler() as test:
        heard = {
            topic.name: listen(test.node, topic)
            for topic in (topics.RESULT, topics.EMERGENCY, topics.FUNCTIONS, topics.DECISION)
        }
        nodes.start('decision', method='reference', guard='count', wait_for='emergency meddler')
        nodes.start('emergency', sentences=sentences)
        nodes.start(
            'simulator', method='reference', scenario=scenario, episodes=episodes, deadline=30.0,
            wait_for='emergency meddler', exit_when_done=False, **parameters,
        )  # fmt: skip
        test.until(lambda: len(heard['result']) == episodes, f'{episodes} results')
        steps = sum(json.loads(message.data)['steps'] for message in heard['result'])
        test.until(lambda: len(heard['decision']) >= steps, 'all decisions')
    return heard


@pytest.mark.parametrize(('scenario', 'at_first'), [('u_trap', 3), ('told', 0)])
def test_lock_step_play_over_ros_is_the_play_of_the_tables(scenario, at_first):
    heard = over_ros(scenario, 2, sentences=scenario == 'told', emergency_timeout=30.0)
    results = [json.loads(message.data) for message in heard['result']]
    assert [
        {name: result[name] for name in ('outcome', 'steps', 'violations', 'lost_turns')}
        for result in results
    ] == played(scenario, range(2))
    assert [result['violations'] for result in results] == [0, 0]
    first = json.loads(heard['decision'][0].data)
    filters = [trace for trace in first['trace'] if trace['stage'] == 'filter']
    assert sum(name.endswith('_keepout') for name in filters[0]['candidates']) == at_first


def test_a_lift_and_an_area_told_by_a_sentence_are_published_as_sentences(tmp_path):
    scenario = tmp_path / 'drift.yaml'
    scenario.write_text(DRIFT)
    heard = over_ros(str(scenario), 1, emergency_timeout=0.5)
    assert [message.data for message in heard['emergency']] == [
        'the area around (3, 3) is open again',
        'stay out of row 6',
    ]
    added = [u for u in (json.loads(m.data) for m in heard['functions']) if u['action'] == 'add']
    assert any('[3.0, 2.0]' in update['origin'] for update in added)
    assert any('[5.0, 2.0]' in update['origin'] for update in added)
