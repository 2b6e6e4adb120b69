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
"""The baselines that use a model, as the decision node of a graph."""

from __future__ import annotations

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from ld_agent.messages import Decision, State
from ld_agent.nodes import topics
from ld_agent.nodes.common import publish_json
from ld_agent.nodes.joining import listeners
from ld_agent.players import make_agent, prepare_method
from running import cast, listen, meddler

SEEN = {
    'width': 9, 'height': 7, 'moves': 'exact', 'pursuers': [[1, 3], [7, 2], [0, 0]],
    'evader': [5, 3], 'walls': [[2, 3]], 'walls_block': True,
}  # fmt: skip
STATES = [
    State(
        task='pursuit', episode=0, seed=0, step=step, stamp=1.0 + step, deadline=60.0,
        observation={**SEEN, 'evader': evader},
    )
    for step, evader in enumerate([[5, 3], [5, 4]])
]  # fmt: skip


@pytest.mark.parametrize('method', ['small_free', 'small_pick', 'kd'])
def test_the_node_decides_as_its_player_does_and_says_how(method):
    prepare_method(method, 'smollm2')
    player = make_agent(method, guard='count')
    expected = [player.decide(state) for state in STATES]
    with cast() as nodes, meddler() as test:
        heard = listen(test.node, topics.DECISION)
        states = test.node.create_publisher(topics.STATE.type, topics.STATE.name, topics.STATE.qos)
        nodes.start('decision', method=method, guard='count')
        test.until(lambda: 'decision' in listeners(test.node, topics.STATE.name), 'the node')
        for number, state in enumerate(STATES, 1):
            publish_json(states, state)
            test.until(lambda n=number: len(heard) == n, f'decision {number}')
        assert 'Traceback' not in nodes.stop('decision')
    for told, answer in zip(heard, expected, strict=True):
        decision = Decision.model_validate_json(told.data)
        assert decision.method == method
        assert decision.moves == answer.moves
        assert decision.trace
        untimed = {'ms'}
        assert [s.model_dump(exclude=untimed) for s in decision.trace] == [
            s.model_dump(exclude=untimed) for s in answer.trace
        ]
