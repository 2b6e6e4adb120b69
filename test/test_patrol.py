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
"""The patrol, a task added as data: its rules, its function base, and no other file about it."""

from __future__ import annotations

import re

from ld_agent.episodes import play
from ld_agent.errors import LdAgentError
from ld_agent.players import find_task, make_agent
from ld_agent.reference import reference_choice
from ld_agent.share import share_path
from ld_agent.worlds import open_world
from ld_agent_sim.patrol import (
    breeze,
    CALM,
    distance,
    DOCK,
    PatrolRules,
    PatrolWorld,
    sailed,
    WAYS,
    WINDS,
)
from ld_agent_sim.worlds import find_world, SpatialWorld
import numpy as np
import pytest

RULES = PatrolRules()
ACTIONS = (*WAYS, DOCK, 'swim')
SEEDS = range(40)
AT_SEA = {
    'width': 16, 'height': 12, 'boat': [3, 11], 'base': [3, 9], 'buoys': [[4, 11], [8, 2]],
    'fuel': 20, 'tank': 30, 'wind': 'east', 'docked': False,
}  # fmt: skip


def world(weather='breeze'):
    return open_world('patrol', weather, '20x20', 'exact', '', '')


def drifted(seed):
    """Play a patrol at random; return the world, all observations and the actions between."""
    sea, rng = PatrolWorld(), np.random.default_rng(seed)
    sea.reset(seed)
    seen, chosen = [sea.observation()], []
    while not sea.done:
        chosen.append(ACTIONS[int(rng.choice(6, p=[0.25, 0.25, 0.2, 0.2, 0.02, 0.08]))])
        sea.apply({'action': chosen[-1]})
        seen.append(sea.observation())
    return sea, seen, chosen


def test_a_move_costs_one_unit_and_two_against_the_wind():
    east = sailed(AT_SEA, 'east')
    assert (east['boat'], east['fuel'], east['buoys']) == ([4, 11], 18, [[8, 2]])
    west = sailed(AT_SEA, 'west')
    assert (west['boat'], west['fuel'], west['buoys']) == ([2, 11], 19, AT_SEA['buoys'])
    last = sailed({**AT_SEA, 'fuel': 1}, 'east')
    assert (last['boat'], last['fuel']) == ([4, 11], 0)


@pytest.mark.parametrize('action', ['north', DOCK, 'swim', None])
def test_what_is_not_allowed_keeps_the_boat_in_its_place_and_burns_a_unit(action):
    assert sailed(AT_SEA, action) == {**AT_SEA, 'fuel': 19}


@pytest.mark.parametrize(
    ('change', 'outcome'),
    [
        ({}, None),
        ({'fuel': 0}, 'adrift'),
        ({'fuel': 0, 'boat': [3, 9]}, 'returned'),
        ({'docked': True, 'boat': [3, 9]}, 'returned'),
        ({'docked': True, 'boat': [3, 9], 'buoys': []}, 'complete'),
        ({'buoys': []}, None),
    ],
)
def test_docking_or_the_end_of_the_fuel_ends_a_patrol(change, outcome):
    last = {**AT_SEA, **change}
    assert RULES.outcome(last, True, 0) == outcome
    assert RULES.over(last) == (outcome is not None)


@pytest.mark.parametrize('seed', SEEDS)
def test_a_patrol_follows_the_rules_and_replays(seed):
    sea, seen, chosen = drifted(seed)
    steps = list(zip(seen, chosen, seen[1:], strict=False))
    assert len(chosen) == sea.step <= RULES.max_steps
    replays = [RULES.replay(b, action, a, frozenset(), 0) for b, action, a in steps]
    assert [r.fault for r in replays] == [''] * len(steps)
    assert sum(r.violations for r in replays) == sea.outcome()['violations']
    assert RULES.outcome(seen[-1], True, 0) == sea.outcome()['outcome']
    for before, _, after in steps:
        assert RULES.fault(before) == RULES.fault(after) == ''
        assert distance(before['boat'], after['boat']) <= 1
        assert after['docked'] or 1 <= before['fuel'] - after['fuel'] <= 2
        gone = [buoy for buoy in before['buoys'] if buoy not in after['buoys']]
        assert gone in ([], [after['boat']])


@pytest.mark.parametrize(
    ('field', 'value'),
    [('fuel', 20), ('boat', [5, 11]), ('buoys', [[4, 11], [8, 2]]), ('base', [0, 0])],
)
def test_a_step_that_the_rules_do_not_give_is_told(field, value):
    after = {**sailed(AT_SEA, 'east'), 'wind': 'north'}
    assert RULES.replay(AT_SEA, 'east', after, frozenset(), 0).fault == ''
    assert RULES.replay(AT_SEA, 'east', {**after, field: value}, frozenset(), 0).fault.startswith(
        f'{field} is '
    )
    assert RULES.replay(AT_SEA, 'east', {**after, 'wind': 'up'}, frozenset(), 0).fault != ''


@pytest.mark.parametrize(
    'change',
    [{'boat': [16, 3]}, {'base': [3, 12]}, {'buoys': [[-1, 0]]}, {'wind': 'up'}, {'fuel': 31},
     {'docked': 'no'}, {'boat': 'here'}],
)  # fmt: skip
def test_an_observation_that_cannot_be_is_told(change):
    (field,) = change
    assert RULES.fault(AT_SEA) == ''
    assert RULES.fault({**AT_SEA, **change}).startswith(field)


def test_the_guard_sends_the_boat_home_and_never_into_a_restricted_cell():
    sent, (remark,) = RULES.guard(AT_SEA, frozenset(), 'north', True)
    assert (sent, remark.asked, remark.replaced_by) == ('south', 'north', 'south')
    sent, _ = RULES.guard(AT_SEA, frozenset({(3, 10)}), 'south', True)
    assert sent in ('east', 'west')
    home = {**AT_SEA, 'boat': [3, 9]}
    assert RULES.guard(home, frozenset(), None, True)[0] == DOCK
    assert RULES.guard(AT_SEA, frozenset(), 'north', False)[0] == 'north'
    assert RULES.guard(AT_SEA, frozenset(), 'east', True) == ('east', [])


def test_the_same_seed_gives_the_same_patrol_and_every_wind_blows():
    assert drifted(3)[1] == drifted(3)[1] != drifted(4)[1]
    rng = np.random.default_rng(0)
    assert {breeze({}, rng) for _ in range(100)} == set(WINDS)
    assert {seen['wind'] for seen in drifted(3)[1]} > {CALM}


def test_a_lost_turn_is_counted_and_burns_a_unit():
    sea = PatrolWorld()
    before = sea.observation()
    sea.apply(None)
    assert sea.observation()['fuel'] == before['fuel'] - 1
    assert (sea.outcome()['lost_turns'], sea.outcome()['violations']) == (1, 0)


def test_the_world_is_found_by_its_name_and_has_no_scenario():
    assert find_world('patrol') is PatrolWorld
    assert not isinstance(PatrolWorld(), SpatialWorld)
    with pytest.raises(LdAgentError, match="the task 'patrol' has no scenarios"):
        open_world('patrol', 'calm', '20x20', 'exact', 'rectangle', '')


@pytest.mark.parametrize('boat', [[3, 11], [3, 9], [0, 0]])
def test_the_weather_can_be_asked_in_words(boat):
    asked = PatrolWorld.question({**AT_SEA, 'boat': boat})
    assert {option.choice for option in asked.options.values()} == set(WINDS)
    assert asked.facts == {
        'base': {3: {11: 'to the south', 9: 'here'}, 0: {0: 'to the north and the east'}}[boat[0]][
            boat[1]
        ]
    }


TASK = find_task(None, 'patrol')


def test_all_functions_are_pinned_and_differ_in_their_first_letters():
    assert TASK.trusted_facts
    for stage in TASK.stages:
        assert len(stage.functions) == 3
        assert all(function.trusted for function in stage.functions.values())
        assert len({name[:2] for name in stage.functions}) == 3


def test_the_state_decides_among_all_functions_of_every_stage():
    agent, sea = make_agent('reference', 'patrol', guard='count'), world()
    chosen, outcomes = set(), []
    for seed in SEEDS:
        for decision in play(agent, sea, seed):
            chosen |= {(stage.stage, stage.selected) for stage in decision.trace}
        outcomes.append(sea.outcome())
    agent.close()
    assert chosen == {(stage.name, name) for stage in TASK.stages for name in stage.functions}
    assert sum(outcome['violations'] for outcome in outcomes) == 0
    assert {outcome['outcome'] for outcome in outcomes} == {'complete', 'returned'}


def test_in_a_calm_the_rules_of_the_manual_complete_every_patrol():
    agent, sea = make_agent('reference', 'patrol', guard='count'), world('calm')
    for seed in SEEDS:
        assert list(play(agent, sea, seed))
        assert sea.outcome()['outcome'] == 'complete'
    agent.close()


def test_the_student_that_never_saw_the_task_selects_as_the_manual_says():
    try:
        agent = make_agent('ld', 'patrol')
    except LdAgentError as error:
        pytest.skip(f'the student is not here: {error}')
    decisions = list(play(agent, world(), 3))
    agent.close()
    judged = [
        reference_choice(TASK.stage(stage.stage), stage.facts) == stage.selected
        for decision in decisions
        for stage in decision.trace
    ]
    assert len(judged) >= 60
    assert sum(judged) >= 0.8 * len(judged)


def test_no_other_code_knows_the_task():
    root = share_path('ld_agent').parent
    files = [*root.glob('ld_agent/**/*.py'), *root.glob('launch/*.py'), root / 'setup.py']
    files += [file for file in root.glob('sim/*.py') if file.name != 'patrol.py']
    assert len(files) > 100
    named = re.compile(r"""['"/.]patrol['"/.]|import patrol|PatrolWorld""")
    assert [file for file in files if named.search(file.read_text(encoding='utf-8'))] == []
