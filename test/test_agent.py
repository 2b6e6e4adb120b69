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
"""Whole episodes without ROS: what a decision tells, and what the guard makes of it."""

from __future__ import annotations

from dataclasses import replace
import logging

from ld_agent.agent import Agent
from ld_agent.episodes import play
from ld_agent.errors import LdAgentError, MessageError
from ld_agent.guard import GuardMode
from ld_agent.messages import State
from ld_agent.methods import METHODS
from ld_agent.players import _prepare, find_task, make_agent, reference_select
from ld_agent.selector import Selection, Selector
from ld_agent.worlds import open_world
import pytest

TASK = find_task(None)
STAGES = ['list', 'filter', 'measure', 'choose']


def hunt(agent, scenario='', seed=3, board='16x11'):
    world = open_world('pursuit', 'flee', board, 'exact', scenario, '')
    decisions = list(play(agent, world, seed))
    agent.close()
    return decisions, world.outcome()


def state(**change) -> State:
    seen = {'width': 12, 'height': 7, 'moves': 'exact', 'evader': [6, 3], 'walls': [],
            'pursuers': [[1, 3], [2, 2], [3, 1]]}  # fmt: skip
    return State(task=change.pop('task', 'pursuit'), episode=0, seed=1, step=0, stamp=0.0,
                 deadline=2.0, observation={**seen, **change})  # fmt: skip


@pytest.mark.parametrize('method', ['reference', 'random'])
def test_a_decision_tells_every_stage_with_its_candidates_scores_and_result(method):
    decisions, outcome = hunt(make_agent(method, seed=1))
    assert [d.step for d in decisions] == list(range(outcome['steps']))
    for decision in decisions:
        assert (decision.task, decision.method, decision.episode) == ('pursuit', method, 0)
        assert list(dict.fromkeys(s.stage for s in decision.trace)) == STAGES
        assert decision.step_ms >= sum(s.run_ms for s in decision.trace)
        for stage in decision.trace:
            assert set(stage.candidates) == set(TASK.stage(stage.stage).functions)
            assert stage.selected in stage.candidates
            assert len(stage.scores) == len(stage.probabilities) == len(stage.candidates)
            assert sum(stage.probabilities) == pytest.approx(1.0)
            assert list(stage.facts) == list(TASK.stage(stage.stage).facts)
            assert (stage.margin is None) == (len(stage.candidates) == 1)
            assert stage.note == ''
    assert [list(m) for m in decision.moves] == decision.trace[-1].result


def test_the_reference_catches_the_evader_without_a_violation():
    for seed in range(3):
        decisions, outcome = hunt(make_agent('reference'), seed=seed)
        assert (outcome['outcome'], outcome['violations']) == ('success', 0)
        assert all(d.guarded == [] for d in decisions)


def test_random_selections_are_the_same_again_from_the_same_seed():
    first, again, other = (
        [d.moves for d in hunt(make_agent('random', seed=seed))[0]] for seed in (5, 5, 6)
    )
    assert first == again
    assert first != other


def test_a_repeated_stage_ends_with_its_closing_function():
    decisions, _ = hunt(make_agent('reference'), 'several', board='20x20')
    filters = [[s.selected for s in d.trace if s.stage == 'filter'] for d in decisions]
    assert all(names[-1] == 'keep_all' and 'keep_all' not in names[:-1] for names in filters)
    assert max(map(len, filters)) >= 2
    assert any(name.endswith('_keepout') for names in filters for name in names)


def test_a_stage_whose_closing_function_is_never_selected_ends_all_the_same():
    def stubborn(stage, functions, facts):
        if stage.name == 'filter':
            return Selection('drop_pockets', ('drop_pockets', 'keep_all'), (0.0, -9.0), 9.0, 0.0)
        return reference_select(stage, functions, facts)

    agent = Agent(TASK, stubborn, 'stubborn', GuardMode.ON)
    trace = agent.decide(state()).trace
    assert [s.stage for s in trace].count('filter') == 16
    assert trace[-1].stage == 'choose'


PLAIN = ('list_moves', 'keep_all', 'straight_distance', 'approach')


def heedless(stage, functions, facts) -> Selection:
    """Select what looks neither at walls nor at areas."""
    names = sorted(function.name for function in functions)
    name = next((n for n in names if n in PLAIN), names[0])
    return Selection(name, (name,), (0.0,), None, 0.0)


@pytest.mark.parametrize('mode', GuardMode)
def test_the_guard_counts_or_replaces_moves_into_a_published_area(mode):
    remarks, violations = [], 0
    for seed in range(4):
        decisions, outcome = hunt(Agent(TASK, heedless, 'heedless', mode), 'u_trap', seed, '20x20')
        remarks += [r for d in decisions for r in d.guarded]
        violations += outcome['violations']
    assert remarks
    assert {r.why for r in remarks} == {'enters a restricted area'}
    assert {r.replaced_by is None for r in remarks} == {mode is GuardMode.COUNT}
    # The area counts one step after it was published, so the first remarks may go unpunished.
    assert (violations > 0) == (mode is GuardMode.COUNT)
    assert violations <= len(remarks)


def test_a_function_that_fails_leaves_safe_moves_and_a_note():
    stage = TASK.stage('choose')
    sound = stage.functions['converge']
    broken = replace(sound, source=sound.source.replace("state['evader']", "state['quarry']"))
    stages = (*TASK.stages[:-1], replace(stage, functions={'converge': broken}))
    agent = Agent(replace(TASK, stages=stages), heedless, 'heedless', GuardMode.ON)
    decision = agent.decide(state())
    assert 'converge raised KeyError' in decision.trace[-1].note
    assert [r.why for r in decision.guarded] == ['not two units'] * 3
    assert all(abs(x - a) + abs(y - b) == 2 for (x, y), (a, b)
               in zip(decision.moves, [(1, 3), (2, 2), (3, 1)], strict=True))  # fmt: skip


def test_a_state_of_another_task_is_refused():
    with pytest.raises(MessageError, match="of task 'chess', this agent plays 'pursuit'"):
        make_agent('reference').decide(state(task='chess'))


@pytest.mark.parametrize(
    'change',
    [
        {'pursuers': [[1]]},
        {'pursuers': None},
        {'width': 'wide'},
        {'width': 1},
        {'evader': []},
        {'walls': [[1, 2, 3]]},
        {'moves': 'sideways'},
    ],
)
def test_an_observation_that_cannot_be_read_is_refused_in_one_sentence(change):
    agent = make_agent('reference')
    with pytest.raises(LdAgentError) as caught:
        agent.decide(state(**change))
    agent.close()
    assert '\n' not in str(caught.value)
    assert 'the observation is not readable' in str(caught.value)


class _Letters:
    """Stands for a student whose tokens are letters."""

    def encode_text(self, text: str) -> list[int]:
        return [ord(letter) for letter in text.strip()]


def test_names_that_share_their_first_token_are_told_when_a_stage_is_prepared(caplog):
    selector = Selector(_Letters())
    selector.prepare = lambda rules, entries, keep: None
    with caplog.at_level(logging.WARNING):
        _prepare(selector, TASK.stage('choose'))
        assert caplog.messages == []
        _prepare(selector, TASK.stage('measure'))
        assert caplog.messages == []
        stage = TASK.stage('choose')
        track = replace(stage.functions['trap'], name='track')
        _prepare(selector, replace(stage, functions={**stage.functions, 'track': track}))
    assert caplog.messages == [
        'stage choose: the names track, trap share their first token, so a selection takes '
        '2 passes instead of 1; rename all but one of them'
    ]


def test_the_methods_are_those_that_the_design_names():
    assert set(METHODS) == {
        'ld', 'reference', 'random', 'small_free', 'small_pick', 'kd', 'large'
    }  # fmt: skip


def test_a_retriever_is_refused_where_no_function_is_selected():
    with pytest.raises(LdAgentError, match="'small_pick' selects no functions"):
        make_agent('small_pick', retriever='dpr')


def unsure(stage, functions, facts) -> Selection:
    """Select as the reference does, with a margin of half a nat."""
    chosen = reference_select(stage, functions, facts)
    return replace(chosen, margin=0.5 if len(functions) > 1 else None)


@pytest.mark.parametrize('guard', list(GuardMode))
def test_a_selection_with_too_small_a_margin_hands_the_step_to_the_guard(guard):
    agent = Agent(TASK, unsure, 'ld', guard, abstain_below=1.0)
    decision = agent.decide(state())
    agent.close()
    last = decision.trace[-1]
    assert (last.stage, last.abstained, last.result) == ('filter', True, None)
    assert last.note == 'abstained: the margin 0.50 is below 1'
    assert [g.replaced_by for g in decision.guarded] == decision.moves
    assert all(abs(x - a) + abs(y - b) == 2 for (x, y), (a, b) in zip(
        decision.moves, state().observation['pursuers'], strict=True
    ))  # fmt: skip


@pytest.mark.parametrize('least', [0.0, 0.5])
def test_a_margin_that_is_large_enough_is_acted_upon(least):
    agent = Agent(TASK, unsure, 'ld', GuardMode.ON, abstain_below=least)
    decision = agent.decide(state())
    agent.close()
    assert [s.stage for s in decision.trace] == STAGES
    assert not any(s.abstained for s in decision.trace)
