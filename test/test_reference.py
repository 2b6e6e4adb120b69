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
"""The rules of the manual label every state that occurs, and a single fact can change a label."""

from __future__ import annotations

from dataclasses import replace

from ld_agent.episodes import play
from ld_agent.errors import LdAgentError
from ld_agent.players import find_task, make_agent
from ld_agent.reference import reference_choice
from ld_agent.rule import Rule
from ld_agent.worlds import open_world
import pytest

TASK = find_task(None)
SCENARIOS = ('', 'several', 'u_trap', 'wall_gap')


@pytest.fixture(scope='module')
def seen() -> list:
    """Return stage, facts, candidates and selection of every stage of some episodes."""
    agent = make_agent('random', seed=3)
    found = []
    for scenario in SCENARIOS:
        world = open_world('pursuit', 'flee', '20x14', 'exact', scenario, '')
        for number, decision in enumerate(play(agent, world, seed=5)):
            active = {s.name: dict(s.functions) for s in agent.task.stages}
            found += [(trace, active[trace.stage]) for trace in decision.trace]
            if number == 25:
                break
    agent.close()
    return found


def test_in_every_state_of_real_episodes_exactly_one_function_fits(seen):
    labels = set()
    for trace, functions in seen:
        candidates = [functions[name] for name in trace.candidates]
        names = {fact.replace(' ', '_'): value for fact, value in trace.facts.items()}
        fit = [f.name for f in candidates if eval(f.manual.rule, {}, names)]
        assert len(fit) == 1, (trace.stage, trace.facts, fit)
        assert reference_choice(TASK.stage(trace.stage), trace.facts, candidates) == fit[0]
        labels.add(fit[0])
    shipped = {name for stage in TASK.stages for name in stage.functions}
    assert len(labels & shipped) >= 10
    assert labels - shipped, 'an emergency filter is the right answer now and then'


@pytest.mark.parametrize(
    ('stage', 'facts', 'label', 'fact', 'value', 'other'),
    [
        ('filter', {'closed area': 'none', 'pocket': 'absent'}, 'keep_all',
         'pocket', 'present', 'drop_pockets'),
        ('measure', {'straight way': 'blocked', 'jumping': 'allowed'}, 'jump_distance',
         'jumping', 'forbidden', 'path_distance'),
        ('measure', {'straight way': 'blocked', 'jumping': 'allowed'}, 'jump_distance',
         'straight way', 'open', 'straight_distance'),
        ('choose', {'evader': 'far', 'heading': 'steady', 'formation': 'spread'}, 'intercept',
         'heading', 'unsteady', 'square_up'),
        ('choose', {'evader': 'near', 'heading': 'steady', 'formation': 'spread'}, 'converge',
         'formation', 'bunched', 'encircle'),
        ('choose', {'evader': 'near', 'heading': 'steady', 'formation': 'spread'}, 'converge',
         'evader', 'close', 'trap'),
        ('choose', {'evader': 'far', 'heading': 'steady', 'formation': 'spread'}, 'intercept',
         'evader', 'walled off', 'approach'),
    ],
)  # fmt: skip
def test_one_fact_changes_the_label(stage, facts, label, fact, value, other):
    assert reference_choice(TASK.stage(stage), facts) == label
    assert reference_choice(TASK.stage(stage), {**facts, fact: value}) == other


def test_every_fact_of_a_stage_changes_a_label_somewhere():
    for stage in TASK.stages[1:]:
        combinations = stage.fact_combinations()
        for fact in [f for f in stage.facts if f != 'closed area']:
            assert any(
                reference_choice(stage, c) != reference_choice(stage, {**c, fact: value})
                for c in combinations
                for value in stage.facts[fact]
            ), fact


def test_rules_that_overlap_or_fit_nothing_are_named():
    stage = TASK.stage('choose')
    facts = {'evader': 'close', 'heading': 'steady', 'formation': 'spread'}
    always = replace(stage.functions['approach'], rule=Rule('True', ()))
    with pytest.raises(LdAgentError, match='the rules of approach, trap hold'):
        reference_choice(stage, facts, [always, stage.functions['trap']])
    with pytest.raises(LdAgentError, match='the rules of no function hold'):
        reference_choice(stage, facts, [stage.functions['approach']])
