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
"""Bags come back as the episodes that were played; anything else is named."""

from __future__ import annotations

import json

from ld_agent.bag_writer import BagWriter
from ld_agent.bags import probabilities_of, read_bag, read_episodes
from ld_agent.errors import BagError
from ld_agent.messages import StageTrace
from ld_agent_sim.pursuit import Board
import pytest
from recorded import record, Recording

STATE = {
    'task': 'pursuit',
    'episode': 0,
    'seed': 7,
    'step': 0,
    'stamp': 0.0,
    'deadline': 2.0,
    'observation': {
        'width': 6,
        'height': 4,
        'moves': 'exact',
        'pursuers': [[0, 0], [1, 0], [2, 0]],
        'evader': [5, 3],
        'walls': [],
    },
}
DECISION = {'task': 'pursuit', 'episode': 0, 'step': 0, 'moves': [[2, 0], [3, 0], [4, 0]]}


def added(name: str, **more) -> dict:
    return {'action': 'add', 'name': name, 'source': 'x', **more}


def test_episodes_come_back_whole_and_in_order(tmp_path):
    board = Board(12, 7)
    record(tmp_path / 'bag', [3, 4], board=board, method='reference')
    first, second = read_episodes(tmp_path / 'bag')
    assert (first.number, first.seed, second.number, second.seed) == (0, 3, 1, 4)
    assert first.method == 'reference'
    assert first.done
    assert [state.step for state in first.states] == list(range(len(first.states)))
    assert list(first.decisions) == list(range(len(first.states) - 1))
    assert first.result is not None
    assert first.result.steps == len(first.decisions)
    assert first.states[0].observation['width'] == 12


def test_any_namespace_reads(tmp_path):
    record(tmp_path / 'bag', [3], board=Board(9, 6), namespace='/harbour/vessels')
    assert len(read_episodes(tmp_path / 'bag')) == 1


def test_what_came_twice_counts_once(tmp_path):
    out = Recording(tmp_path / 'bag')
    out.put('state', STATE)
    out.put('decision', DECISION)
    out.put('state', STATE)
    out.put('decision', {**DECISION, 'moves': [[0, 2], [1, 2], [2, 2]]})
    out.close()
    (episode,) = read_episodes(tmp_path / 'bag')
    assert len(episode.states) == 1
    assert episode.decisions[0].moves == [(2, 0), (3, 0), (4, 0)]


def test_a_reset_starts_the_episode_anew(tmp_path):
    out = Recording(tmp_path / 'bag')
    out.put('state', STATE)
    out.put('decision', DECISION)
    out.put('state', {**STATE, 'seed': 8})
    out.close()
    old, new = read_episodes(tmp_path / 'bag')
    assert (old.seed, len(old.decisions)) == (7, 1)
    assert (new.seed, len(new.decisions)) == (8, 0)


def test_functions_count_from_when_they_came_until_they_expire_or_go(tmp_path):
    out = Recording(tmp_path / 'bag')
    for step in range(4):
        if step == 1:
            out.put('functions', added('avoid_reef', expires_at_step=3))
            out.put('functions', added('avoid_ice'))
        if step == 2:
            out.put('functions', {'action': 'remove', 'name': 'avoid_ice'})
        out.put('state', {**STATE, 'step': step})
        out.put('decision', {**DECISION, 'step': step})
    out.close()
    (episode,) = read_episodes(tmp_path / 'bag')
    active = [sorted(episode.active_functions(step)) for step in range(4)]
    assert active == [[], ['avoid_ice', 'avoid_reef'], ['avoid_reef'], []]


def test_the_truth_in_force_is_the_last_one_before_the_decision(tmp_path):
    board = Board(6, 4)
    out = Recording(tmp_path / 'bag')
    out.put('state', STATE)
    out.put('decision', DECISION)
    out.put_truth(board, [(5, 1)])
    out.put('state', {**STATE, 'step': 1})
    out.put('decision', {**DECISION, 'step': 1})
    out.close()
    (episode,) = read_episodes(tmp_path / 'bag')
    assert episode.closed_cells(0) == frozenset()
    assert episode.closed_cells(1) == {(5, 1)}


@pytest.mark.parametrize(
    ('fault', 'named'),
    [
        ('{"task": ', "'state'"),
        (json.dumps({**STATE, 'step': -1}), 'step'),
        (json.dumps({**STATE, 'observation': {'width': 6}}), 'observation.height'),
    ],
)
def test_messages_that_do_not_fit_are_left_out_and_listed(tmp_path, fault, named):
    out = Recording(tmp_path / 'bag')
    out.put('state', STATE)
    out.put('state', fault)
    out.close()
    bag = read_bag(tmp_path / 'bag')
    assert len(bag.episodes) == 1
    assert len(bag.dropped) == 1
    assert named in bag.dropped[0]


def test_no_bag_an_empty_bag_and_a_foreign_one_are_named(tmp_path):
    with pytest.raises(BagError, match='is no bag'):
        read_episodes(tmp_path / 'nothing')
    Recording(tmp_path / 'empty').close()
    with pytest.raises(BagError, match='no valid message on a topic named state'):
        read_episodes(tmp_path / 'empty')
    with BagWriter(tmp_path / 'foreign') as foreign:
        foreign.add_topic('/clock', 'rosgraph_msgs/msg/Clock')
    with pytest.raises(BagError, match='topic named state'):
        read_episodes(tmp_path / 'foreign')
    out = Recording(tmp_path / 'bad')
    out.put('state', 'not JSON')
    out.close()
    with pytest.raises(BagError, match='the first fault'):
        read_episodes(tmp_path / 'bad')


@pytest.mark.parametrize('keep', [0, 20, 0.5])
def test_a_damaged_file_is_named(tmp_path, keep):
    record(tmp_path / 'bag', [3], board=Board(9, 6))
    file = tmp_path / 'bag' / 'bag_0.mcap'
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * keep) if keep < 1 else keep])
    with pytest.raises(BagError, match='cannot be read'):
        read_episodes(tmp_path / 'bag')


def test_probabilities_fall_back_to_the_scores():
    trace = StageTrace(stage='s', candidates=['a', 'b'], scores=[-1.0, -1.0], selected='a', ms=1.0)
    assert probabilities_of(trace) == [0.5, 0.5]
    given = trace.model_copy(update={'probabilities': [0.9, 0.1]})
    assert probabilities_of(given) == [0.9, 0.1]
    bare = trace.model_copy(update={'scores': []})
    assert probabilities_of(bare) == [1.0, 0.0]
