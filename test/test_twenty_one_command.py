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
"""`ld-agent twenty_one`: a match over ROS 2, through the nodes of every task."""

from __future__ import annotations

import ast
from dataclasses import replace
import json
import os
from pathlib import Path
import subprocess
import sys

from ld_agent.bags import read_episodes
from ld_agent.evaluate import evaluate_bags, evaluate_episodes
from ld_agent.players import find_task
import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

COMMAND = [str(Path(sys.executable).with_name('ld-agent')), 'twenty_one']
SECONDS = 120
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != 'ROS_DOMAIN_ID'}
NEUTRAL = ('agent.py', 'nodes', 'evaluate.py', 'referee.py', 'guard.py', 'episodes.py')


def _run(*arguments, verb=None):
    return subprocess.run(
        [*COMMAND[:1], verb or COMMAND[1], *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=ENVIRONMENT,
    )


@pytest.fixture(scope='module')
def match(tmp_path_factory):
    bag = tmp_path_factory.mktemp('bags') / 'match'
    done = _run(
        '--opponent', 'random', '--episodes', 5, '--seed', 15, '--method', 'reference', '--json',
        '--record', bag,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return bag, json.loads(done.stdout)


def test_shares_of_victory_loss_and_draw_stand_beside_the_usual_fields(match):
    bag, printed = match
    assert printed.pop('bag') == str(bag)
    assert printed == json.loads(json.dumps(evaluate_bags([bag])[0].as_json()))
    assert printed['victory'] + printed['loss'] + printed['draw'] == pytest.approx(1.0)
    assert (printed['task'], printed['episodes'], printed['seeds']) == (
        'twenty_one', 5, [15, 16, 17, 18, 19],
    )  # fmt: skip
    assert (printed['agreement'], printed['violations'], printed['disagreements']) == (1.0, 0, [])
    assert printed['selection_ms']['median'] is not None
    assert 'success' not in printed


def test_the_match_is_one_over_all_games_of_the_bag(match):
    episodes = read_episodes(match[0])
    assert [e.states[0].observation['games'] for e in episodes] == [0, 1, 2, 3, 4]


def test_a_game_that_the_opponent_loses_before_the_first_step_is_a_victory_without_one(match):
    """Of seed 17: the opponent begins, hits and is over 21."""
    (episode,) = [e for e in read_episodes(match[0]) if e.seed == 17]
    assert [state.done for state in episode.states] == [True]
    assert (episode.result.outcome, episode.result.steps, episode.result.lost_turns) == (
        'victory', 0, 0,
    )  # fmt: skip


def test_a_bag_that_says_otherwise_than_the_cards_is_found_out(match):
    episode = next(e for e in read_episodes(match[0]) if len(e.states) > 1)
    task = find_task(None, 'twenty_one')
    assert evaluate_episodes([episode], task).disagreements == ()
    end = episode.states[-1]
    forged = {**end.observation, 'hand': ['2', *end.observation['hand'][1:]]}
    assert forged['hand'] != end.observation['hand']
    state = end.model_copy(update={'observation': forged})
    changed = replace(episode, states=(*episode.states[:-1], state))
    (fault, *_) = evaluate_episodes([changed], task).disagreements
    assert 'cards or stands have changed' in fault or 'a hit brought' in fault


def test_a_game_is_told_step_by_step(match):
    told = _run(match[0], verb='replay')
    assert told.returncode == 0, told.stderr
    for word in ('agent', 'opponent ?', 'model', 'estimate', 'action', ' after '):
        assert word in told.stdout


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['--opponent', 'flee'], "opponent 'flee' is unknown; use one of random, stand_17"),
        (['--method', 'kd'], "method 'kd' gives moves"),
        (['--method', 'guess'], "'guess' is unknown"),
        (['--function-base', '/nowhere'], '/nowhere'),
        (['--episodes', '0'], 'episodes'),
    ],
)
def test_a_wrong_argument_ends_with_a_sentence(tmp_path, arguments, sentence):
    done = _run('--method', 'reference', *arguments, '--record', tmp_path / 'bag')
    assert done.returncode != 0
    assert sentence in ' '.join(done.stderr.split())
    assert 'Traceback' not in done.stderr


def test_no_node_and_no_part_of_the_agent_asks_for_the_tasks_name():
    root = Path(__file__).parent.parent / 'ld_agent'
    files = [f for name in NEUTRAL for f in sorted((root / name).rglob('*.py')) or [root / name]]
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Compare):
                names = {c.value for c in ast.walk(node) if isinstance(c, ast.Constant)}
                assert not names & {'pursuit', 'twenty_one'}, f'{file.name}:{node.lineno}'
