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
"""The decision node under fire: hostile functions on its `functions` topic, over real DDS."""

from __future__ import annotations

import json

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from diagnostic_msgs.msg import DiagnosticArray
from ld_agent.nodes import topics
from running import cast, listen, meddler
from std_msgs.msg import String
from test_hostile_functions import AT_A_STEP, AT_ONCE, Bait, CONDITIONS, CORPUS, LATER, update

SEED = 11
SAMPLE = {
    'open a file': 'files', 'connect': 'network', 'shell': 'processes', 'class walk':
    'introspection', 'shared lists': 'memory', 'growing text': 'memory', 'itself': 'recursion',
    'print without end': 'output', 'control characters': 'output', 'system exit': 'processes',
    'base exception': 'exceptions', 'number of many digits': 'wrong types', 'none': 'wrong types',
    'endless and deaf': 'time',
}  # fmt: skip


def status(messages: list[DiagnosticArray], key: str) -> str:
    """Return a value of the decision node's last line on `diagnostics`."""
    for message in reversed(messages):
        for line in message.status:
            if line.name == '/decision':
                return {value.key: value.value for value in line.values}.get(key, '')
    return ''


def test_the_decision_node_survives_hostile_functions_and_goes_on(tmp_path):
    bait = Bait(tmp_path)
    with cast() as nodes, meddler() as test:
        results = listen(test.node, topics.RESULT)
        diagnosed = listen(test.node, topics.DIAGNOSTICS)
        decisions = listen(test.node, topics.DECISION)
        functions = test.node.create_publisher(String, 'functions', topics.FUNCTIONS.qos)
        nodes.start('decision', method='random', seed=SEED)
        nodes.start(
            'simulator', method='random', board='60x40', seed=SEED, episodes=500, deadline=30.0,
            exit_when_done=False,
        )  # fmt: skip
        test.until(lambda: len(decisions) > 2, 'some decisions')

        for number, name in enumerate(('endless loop', 'endless finally')):
            message = update(CORPUS['time'][name], CONDITIONS[AT_A_STEP], f'late{number}_keepout')
            functions.publish(String(data=message.model_dump_json()))
        for number, (name, group) in enumerate(SAMPLE.items()):
            for strikes in (AT_ONCE, LATER):
                message = update(
                    bait.body(group, name), CONDITIONS[strikes], f'bad{number}_{name[0]}'
                )
                functions.publish(String(data=message.model_dump_json()))

        test.until(
            lambda: status(diagnosed, 'quarantined') not in ('', 'none'),
            'a function in quarantine',
        )
        heard = len(decisions)
        test.until(lambda: len(decisions) > heard + 20, 'twenty more decisions')
        assert not nodes.ended('decision')
        said = nodes.stop('decision')
        assert 'Traceback' not in said
        assert '\x1b]0;' not in said
        assert said.count('is refused') + said.count('was dropped') >= len(SAMPLE)
        assert 'in quarantine' in said
    bait.check()
    bait.server.close()
    assert all(json.loads(message.data)['lost_turns'] == 0 for message in results)
    assert all(len(json.loads(message.data)['moves']) == 3 for message in decisions)
