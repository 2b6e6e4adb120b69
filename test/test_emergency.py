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
"""A published polygon becomes a checked filter function, or one sentence says why not."""

from __future__ import annotations

from dataclasses import dataclass
import math

from hypothesis import given, settings
from hypothesis import strategies as st
from ld_agent.emergency import area_function, CALL_SIGNS, check_area
from ld_agent.errors import AreaError, LdAgentError
from ld_agent.executor import Executor
from ld_agent.function_base import read_function
from ld_agent.messages import FunctionUpdate, State
from ld_agent.players import find_task, make_agent
import pytest

SIZE = (12, 7)
TASK = find_task(None)
SQUARE = [(3, 2), (5, 2), (5, 4), (3, 4)]
SQUARE_CELLS = {(x, y) for x in (3, 4, 5) for y in (2, 3, 4)}


def refusal(corners, **more) -> str:
    with pytest.raises(AreaError) as caught:
        area_function(TASK, corners, SIZE, **{'taken': (), 'origin': 'test', **more})
    assert '\n' not in str(caught.value)
    return str(caught.value)


def kept_by(update: FunctionUpdate) -> set:
    function, faults = read_function(TASK, update.source, update.name, 'test')
    assert faults == []
    executor = Executor(TASK.tools)
    every = [[[x, y] for x in range(SIZE[0]) for y in range(SIZE[1])]]
    try:
        kept = executor.run(function, 'list[list[list[int]]]', every, {})
    finally:
        executor.close()
    return {(x, y) for x, y in kept[0]}


def test_a_polygon_becomes_a_filter_that_drops_its_cells_edge_included():
    update = area_function(TASK, SQUARE, SIZE, (), 'a whirlpool')
    every = {(x, y) for x in range(SIZE[0]) for y in range(SIZE[1])}
    assert kept_by(update) == every - SQUARE_CELLS
    assert (update.action, update.stage, update.origin) == ('add', 'filter', 'a whirlpool')
    assert update.name == f'{CALL_SIGNS[0]}_keepout'
    assert f'When to use: the closed area is {CALL_SIGNS[0]}' in update.manual
    assert update.checks['cells'] == 'drops exactly the 9 cells of the area'


@settings(max_examples=15, deadline=None)
@given(
    st.tuples(st.integers(1, 10), st.integers(1, 5)),
    st.lists(st.floats(0.3, 4.0), min_size=3, max_size=7),
)
def test_any_star_is_cut_as_the_referee_cuts_it(centre, radii):
    turns = [2 * math.pi * i / len(radii) for i in range(len(radii))]
    corners = [
        (centre[0] + r * math.cos(t), centre[1] + r * math.sin(t))
        for r, t in zip(radii, turns, strict=True)
    ]
    update = area_function(TASK, corners, SIZE, (), 'test')
    assert tuple(centre) not in kept_by(update)
    assert update.checks['examples'] == 'hold in the sandbox'


@pytest.mark.parametrize(
    ('corners', 'why'),
    [
        ([(1, 1), (4, 4)], 'needs three corners or more, this one has 2'),
        ([], 'this one has 0'),
        ([(1, 1), (4, math.nan), (4, 1)], 'not a finite number'),
        ([(1, 1), (math.inf, 1), (4, 4)], 'not a finite number'),
        ([(1, 1), (4, 4), (4, 1), (1, 4)], 'cross'),
        ([(1, 1), (2, 2), (3, 3)], 'no area'),
        ([(30, 30), (40, 30), (40, 40)], 'covers no cell of the board'),
        ([(2.3, 2.3), (2.6, 2.3), (2.4, 2.6)], 'covers no cell of the board'),
        ([(-1, -1), (20, -1), (20, 20), (-1, 20)], 'closes the whole board'),
    ],
)
def test_an_area_that_makes_no_sense_is_refused_in_one_sentence(corners, why):
    said = refusal(corners)
    assert said.startswith('the restricted area is refused: ')
    assert why in said


def test_an_area_over_a_pursuer_is_taken_and_told_of():
    update = area_function(TASK, SQUARE, SIZE, (), 'test', occupied=[(4, 3), (9, 1)])
    assert update.checks['occupied'] == 'pursuers stand on [(4, 3)]; they have to leave it'
    assert 'occupied' not in area_function(TASK, SQUARE, SIZE, (), 'test').checks


def test_each_area_has_a_name_of_its_own_until_there_are_too_many():
    taken: list[str] = []
    for _ in range(3):
        taken.append(area_function(TASK, SQUARE, SIZE, taken, 'test').name)
    assert len(set(taken)) == 3
    said = refusal(SQUARE, taken=[f'{sign}_keepout' for sign in CALL_SIGNS])
    assert f'{len(CALL_SIGNS)} are active already' in said


def test_a_filter_that_drops_other_cells_than_the_area_is_refused():
    update = area_function(TASK, SQUARE, SIZE, (), 'test')
    with pytest.raises(AreaError, match='it drops 9 cells, the area has 8'):
        check_area(TASK, update.name, update.source, frozenset(list(SQUARE_CELLS)[1:]), SIZE)


@dataclass
class _Hunt:
    agent: object
    step: int = 0

    def decide(self):
        seen = {'width': 12, 'height': 7, 'moves': 'exact', 'evader': [6, 3],
                'pursuers': [[1, 3], [2, 2], [3, 1]], 'walls': []}  # fmt: skip
        decision = self.agent.decide(
            State(task='pursuit', episode=0, seed=1, step=self.step, stamp=0.0, deadline=2.0,
                  observation=seen)
        )  # fmt: skip
        self.step += 1
        return decision


@pytest.fixture
def hunt():
    agent = make_agent('reference')
    yield _Hunt(agent)
    agent.close()


def test_a_filter_joins_at_the_next_step_and_is_gone_when_it_expires(hunt):
    update = area_function(TASK, SQUARE, SIZE, (), 'test', expires_at_step=2)
    hunt.agent.update(update)
    assert hunt.agent.restricted == {}
    selected = [[s.selected for s in hunt.decide().trace] for _ in range(3)]
    assert [update.name in names for names in selected] == [True, True, False]
    assert hunt.agent.restricted == {}
    hunt.agent.update(area_function(TASK, SQUARE, SIZE, (), 'test'))
    hunt.decide()
    assert hunt.agent.restricted == {update.name: frozenset(SQUARE_CELLS)}


def test_no_pursuer_is_sent_into_the_area(hunt):
    hunt.agent.update(area_function(TASK, SQUARE, SIZE, (), 'test'))
    decision = hunt.decide()
    assert decision.guarded == []
    assert not SQUARE_CELLS & set(decision.moves)


def test_a_removed_or_forgotten_filter_is_no_candidate_any_more(hunt):
    update = area_function(TASK, SQUARE, SIZE, (), 'test')
    lift = FunctionUpdate(action='remove', name=update.name)
    for forget in (lambda: hunt.agent.update(lift), hunt.agent.reset):
        hunt.agent.update(update)
        assert update.name in hunt.decide().trace[1].candidates
        forget()
        assert update.name not in hunt.decide().trace[1].candidates
        assert hunt.agent.restricted == {}


@pytest.mark.parametrize(
    ('change', 'why'),
    [
        ({'name': 'keep_all'}, 'must hold exactly one'),
        ({'stage': 'dream'}, "its stage 'dream' is none of list, filter, measure, choose"),
        ({'stage': 'choose'}, "its manual says stage 'filter', the message 'choose'"),
        ({'source': 'import os'}, "imports 'os'"),
    ],
)
def test_an_update_that_does_not_fit_is_refused_and_changes_nothing(hunt, change, why):
    update = area_function(TASK, SQUARE, SIZE, (), 'test')
    with pytest.raises(LdAgentError, match=why):
        hunt.agent.update(update.model_copy(update=change))
    assert hunt.decide().trace[1].candidates == ['drop_pockets', 'keep_all']


def test_a_function_of_the_base_can_be_neither_replaced_nor_removed(hunt):
    source = TASK.stage('filter').functions['keep_all'].source
    with pytest.raises(LdAgentError, match="the name 'keep_all' is taken in stage 'filter'"):
        hunt.agent.update(FunctionUpdate(action='add', name='keep_all', source=source))
    hunt.agent.update(FunctionUpdate(action='remove', name='keep_all'))
    with pytest.raises(LdAgentError, match='dream'):
        hunt.agent.update(FunctionUpdate(action='remove', name='keep_all', stage='dream'))
    assert hunt.decide().trace[1].selected == 'keep_all'


def test_a_filter_that_fails_on_the_board_is_dropped_and_the_decision_says_so(hunt):
    update = area_function(TASK, SQUARE, SIZE, (), 'test')
    broken = update.source.replace('return [[', 'cells[0][2:] and [][0]\n    return [[')
    hunt.agent.update(update.model_copy(update={'source': broken}))
    first = hunt.decide()
    assert [s.note for s in first.trace if s.note][0].startswith(f'{update.name} was dropped')
    assert 'IndexError' in first.trace[0].note
    assert len(first.moves) == 3
    assert hunt.decide().trace[1].candidates == ['drop_pockets', 'keep_all']
