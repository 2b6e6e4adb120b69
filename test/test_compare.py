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
"""Two bags of the same seeds are compared pair by pair, and what has no partner is said."""

from __future__ import annotations

import json

from ld_agent.bags import read_episodes
from ld_agent.cli.app import app
from ld_agent.compare import compare_bags, difference
from ld_agent.errors import BagError
from ld_agent_sim.pursuit import Board
import pytest
from recorded import record
from test_evaluate import rewrite
from typer.testing import CliRunner

BOARD = Board(13, 9)


def idle(step, decision):
    """Lose the second turn, so that the hunt takes longer."""
    return None if step == 1 else decision


def still(step, decision):
    """Lose every turn: nobody is ever caught."""
    return None


@pytest.fixture(scope='module')
def bags(tmp_path_factory):
    folder = tmp_path_factory.mktemp('compare')
    record(folder / 'quick', range(1, 7), board=BOARD)
    record(folder / 'slow', range(3, 9), board=BOARD, method='reference', hook=idle)
    return folder


def steps(bag) -> dict[int, int]:
    return {episode.seed: episode.result.steps for episode in read_episodes(bag)}


def test_the_same_seeds_are_paired_and_the_others_named(bags):
    found = compare_bags(bags / 'quick', bags / 'slow')
    quick, slow = steps(bags / 'quick'), steps(bags / 'slow')
    assert [pair.seed for pair in found.pairs] == [3, 4, 5, 6]
    assert [pair.steps for pair in found.pairs] == [(quick[s], slow[s]) for s in (3, 4, 5, 6)]
    assert (found.first.method, found.second.method) == ('ld', 'reference')
    assert sorted(found.unpaired) == sorted(
        [f'{bags / "quick"}: seed {seed} is not in {bags / "slow"}' for seed in (1, 2)]
        + [f'{bags / "slow"}: seed {seed} is not in {bags / "quick"}' for seed in (7, 8)]
    )
    assert found.first.disagreements == found.second.disagreements == ()
    assert found.second.lost_turns > 0 == found.first.lost_turns


def test_the_interval_of_the_differences_is_that_of_a_paired_t_test():
    found = difference([2, 4, 6])
    # Mean 4, standard error 2 / sqrt(3), t(0.975, 2) = 4.3027.
    assert found.mean == 4.0
    assert found.low == pytest.approx(4.0 - 4.968, abs=1e-3)
    assert found.high == pytest.approx(4.0 + 4.968, abs=1e-3)
    assert difference([3]).low is None


def test_successes_of_one_side_only_are_tested_by_mcnemar(tmp_path):
    record(tmp_path / 'good', range(5), board=BOARD)
    record(tmp_path / 'bad', range(5), board=BOARD, method='random', hook=still)
    found = compare_bags(tmp_path / 'good', tmp_path / 'bad')
    assert (found.both, found.only_first, found.only_second, found.neither) == (0, 5, 0, 0)
    assert found.p_value == pytest.approx(2 * 0.5**5)
    assert found.steps is None
    same = compare_bags(tmp_path / 'good', tmp_path / 'good')
    assert (same.both, same.p_value, same.steps.mean) == (5, 1.0, 0.0)


def test_other_boards_evaders_repeats_and_broken_episodes_are_not_paired(tmp_path):
    record(tmp_path / 'a', [1, 2, 2], board=BOARD)
    record(tmp_path / 'b', [1, 2], board=Board(12, 9))
    with pytest.raises(BagError, match='start differently'):
        compare_bags(tmp_path / 'a', tmp_path / 'b')

    def other(topic, message):
        if topic == 'state' and message['seed'] == 2 and message['step'] > 2:
            return None
        if topic == 'result':
            return {**message, 'evader': 'random'} if message['seed'] == 1 else message
        return message

    changed = rewrite(record(tmp_path / 'c', [1, 2, 4], board=BOARD), tmp_path / 'd', other)
    record(tmp_path / 'e', [1, 2, 4, 4], board=BOARD)
    found = compare_bags(tmp_path / 'e', changed)
    assert [pair.seed for pair in found.pairs] == [4]
    said = '\n'.join(found.unpaired)
    assert 'episode 3 (seed 4) repeats a seed' in said
    assert 'episode 1 (seed 2) breaks off' in said
    assert 'seed 1: evader flee in the first, random in the second' in said


def test_several_methods_in_one_bag_are_refused(tmp_path):
    def mixed(topic, message):
        second = topic == 'result' and message['seed'] == 2
        return {**message, 'method': 'random'} if second else message

    bag = rewrite(record(tmp_path / 'a', [1, 2], board=BOARD), tmp_path / 'b', mixed)
    with pytest.raises(BagError, match='holds the methods ld, random'):
        compare_bags(bag, bag)


def test_the_command_shows_a_table_and_json(bags):
    arguments = ['compare', str(bags / 'quick'), str(bags / 'slow')]
    ran = CliRunner().invoke(app, arguments, env={'COLUMNS': '200'})
    assert ran.exit_code == 0, ran.output
    assert '4 pairs' in ran.stdout
    assert ran.stdout.count('not paired:') == 4
    said = json.loads(CliRunner().invoke(app, [*arguments, '--json']).stdout)
    assert len(said['pairs']) == 4
    assert said['steps']['low'] < said['steps']['mean'] < said['steps']['high']
    ran = CliRunner().invoke(app, ['compare', str(bags / 'quick'), str(bags)])
    assert ran.exit_code == 2
    assert 'is no bag' in ran.output
