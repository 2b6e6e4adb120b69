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
"""The simulator is paused, single-stepped and resumed, over real DDS."""

from __future__ import annotations

import json

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from ld_agent.nodes import topics
from running import cast, listen, meddler
from std_srvs.srv import Trigger

DEADLINE = 1.0
HUNT = {'method': 'reference', 'board': '9x7', 'seed': 5, 'episodes': 1, 'exit_when_done': False}


def last_step(states: list) -> int:
    return max((json.loads(message.data)['step'] for message in states), default=-1)


@pytest.mark.parametrize('rate', [0.0, 2.0])
def test_a_paused_hunt_moves_by_single_steps_and_goes_on_when_resumed(rate):
    with cast() as nodes, meddler() as test:
        pause, resume, step = (
            test.node.create_client(Trigger, name) for name in ('pause', 'resume', 'step')
        )
        states = listen(test.node, topics.STATE)
        decisions = listen(test.node, topics.DECISION)
        results = listen(test.node, topics.RESULT)
        health = listen(test.node, topics.DIAGNOSTICS)
        nodes.start('simulator', **HUNT, deadline=DEADLINE, rate=rate)
        refused = test.call(step, Trigger.Request())
        assert not refused.success and 'pause' in refused.message
        assert test.call(pause, Trigger.Request()).success
        nodes.start('decision', method='reference')
        for expected in (0, 1, 2):
            test.until(lambda e=expected: last_step(states) == e, f'state {expected}')
            test.until(lambda e=expected: last_step(decisions) == e, f'decision {expected}')
            heard = len(health)
            test.until(lambda n=heard: len(health) > n + 4, 'more than a deadline of real time')
            assert last_step(states) == expected
            assert test.call(step, Trigger.Request()).success
        assert test.call(resume, Trigger.Request()).success
        test.until(lambda: results, 'a result')
    assert json.loads(results[0].data)['lost_turns'] == 0
