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
"""A recorded episode is told so that a person can follow it."""

from __future__ import annotations

import io

from ld_agent.bags import read_episodes
from ld_agent.cli.replay import replay as replay_verb
from ld_agent.errors import BagError
from ld_agent.replay import replay_episodes
from ld_agent_sim.pursuit import Board
import pytest
from recorded import record
from rich.console import Console
import typer
from typer.testing import CliRunner

BOARD = Board(13, 9)


def guarded(step, decision):
    if step == 1:
        return {**decision, 'guarded': [{'pursuer': 2, 'asked': [4, 4], 'why': 'enters a wall',
                                         'replaced_by': decision['moves'][2]}]}  # fmt: skip
    return None if step == 2 else decision


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    return record(tmp_path_factory.mktemp('replay') / 'bag', [1, 2], board=BOARD, hook=guarded)


def told(bag, **choice) -> str:
    out = io.StringIO()
    replay_episodes(read_episodes(bag), Console(file=out, width=160), **choice)
    return out.getvalue()


def test_the_story_has_positions_facts_candidates_selections_moves_and_the_end(bag):
    episode = read_episodes(bag)[0]
    story = told(bag)
    x, y = episode.states[0].observation['evader']
    (ax, ay), (bx, by) = (
        episode.states[0].observation['pursuers'][0],
        episode.decisions[0].moves[0],
    )
    for wanted in (
        'Episode 0 of bag: pursuit, method ld, seed 1',
        f'evader ({x}, {y})',
        'straight way: open',
        '0.97 straight_distance',
        'keep_all',
        f'1: ({ax}, {ay}) → ({bx}, {by})',
        f'success after {episode.result.steps} steps, 0 violations, 1 lost turns',
    ):
        assert wanted in story
    assert story.count('─ step ') == len(episode.states) - 1


def test_what_the_guard_changed_and_a_lost_turn_are_told(bag):
    assert 'guard: pursuer 3 asked for (4, 4), enters a wall; went to' in told(bag, step=1)
    assert 'no decision came: the turn is lost' in told(bag, step=2)


def test_one_episode_and_one_step_can_be_chosen(bag):
    story = told(bag, number=1, step=0)
    assert 'Episode 1' in story
    assert story.count('─ step ') == 1
    assert 'success' not in story


def test_an_unknown_episode_or_step_is_named(bag):
    with pytest.raises(BagError, match='no episode 7; there are 0, 1'):
        told(bag, number=7)
    with pytest.raises(BagError, match='no step 99; its steps are 0 to'):
        told(bag, step=99)


def test_the_command_tells_the_story_and_names_what_is_no_bag(bag, tmp_path):
    app = typer.Typer()
    app.command()(replay_verb)
    ran = CliRunner().invoke(app, [str(bag), '--episode', '1'])
    assert ran.exit_code == 0
    assert 'success after' in ran.stdout
    ran = CliRunner().invoke(app, [str(tmp_path)])
    assert ran.exit_code == 2
    assert 'is no bag' in ran.output
