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
"""Moves given at once: read strictly, counted as the rules say, under every published area."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ld_agent.direct import DirectAgent, read_answer, read_moves
from ld_agent.emergency import area_function
from ld_agent.episodes import play
from ld_agent.guard import GuardMode
from ld_agent.messages import FunctionUpdate, State
from ld_agent.players import find_task
from ld_agent.worlds import open_world
import pytest

TASK = find_task(None)
ALL = ((1, 2), (13, 4), (5, 6))
SEEN = {
    'width': 12, 'height': 7, 'moves': 'exact', 'evader': [6, 3], 'walls': [],
    'pursuers': [[1, 3], [2, 2], [3, 1]],
}  # fmt: skip


@pytest.mark.parametrize(
    'text',
    ['1,2 13,4 5,6', ' 1,2  13,4 5,6 \n', '(1, 2), (13, 4), (5, 6)', '[[1,2],[13,4],[5,6]]',
     '[(1, 2), (13, 4), (5, 6)]', 'I thought.\n\n1,2 13,4 5,6\n', '(1,2) (13,4) (5,6)'],
)  # fmt: skip
def test_a_line_of_three_cells_is_read(text):
    assert read_moves(text, 3) == (ALL, '')


@pytest.mark.parametrize(
    ('text', 'moves'),
    [
        ('', (None, None, None)),
        ('1,2 13,4', ((1, 2), (13, 4), None)),
        ('1,2 13;4 5,6', ((1, 2), None, (5, 6))),
        ('1,2 13,4 5,6,7', ((1, 2), (13, 4), None)),
        ('1,2 13,4 5,6 7,8', (None, None, None)),
        ('1.0,2 13,4 5,x', (None, (13, 4), None)),
        ('The answer is 1,2 13,4 5,6', (None, None, None)),
        ('(1,2) then (13,4) (5,6)', (None, None, None)),
        ('(1,2), (13,4), (5,6) and done', (None, None, None)),
        ('1,2 13,4 5,6\nThat is it.', (None, None, None)),
        ('(1,2), (13,4,1), (5,6)', ((1, 2), None, (5, 6))),
        ('-1,2 13,4 5,6', ((-1, 2), (13, 4), (5, 6))),
        ('1,2 13,4 5,' + '6' * 400, ((1, 2), (13, 4), None)),
        ('\u0661,2 13,4 5,6', (None, (13, 4), (5, 6))),
    ],
)
def test_what_cannot_be_read_is_none_and_told(text, moves):
    found, note = read_moves(text, 3)
    assert found == moves
    assert bool(note) == (None in moves)
    assert '\n' not in note and len(note) < 200


@given(st.text(max_size=40), st.integers(1, 4))
def test_any_text_gives_as_many_choices_as_there_are_pursuers(text, count):
    found, note = read_moves(text, count)
    assert len(found) == count
    assert (None in found) == bool(note)


class Says:
    """A policy that always says the same, and remembers what it was shown."""

    def __init__(self, text):
        self.text, self.views = text, []

    def __call__(self, view):
        self.views.append(view)
        return read_answer(self.text, 3, facts={'evader': 'somewhere'}, ms=1.0)


def state(**change) -> State:
    return State(task='pursuit', episode=0, seed=1, step=0, stamp=0.0, deadline=2.0,
                 observation={**SEEN, **change})  # fmt: skip


@pytest.mark.parametrize('moves', ['exact', 'up_to'])
def test_a_choice_that_cannot_be_read_is_a_violation_a_pursuer_and_step(moves):
    agent = DirectAgent(TASK, Says('away'), 'small_free', GuardMode.COUNT)
    world = open_world('pursuit', 'flee', '12x7', moves, '', '')
    decisions = list(play(agent, world, 3))
    agent.close()
    assert world.outcome()['outcome'] == 'failure_with_violation'
    assert (world.outcome()['steps'], world.outcome()['violations']) == (3, 9)
    assert [(g.pursuer, g.asked, g.why) for g in decisions[0].guarded] == [
        (n, None, 'is no cell') for n in range(3)
    ]


def test_a_missing_cell_is_a_violation_of_that_pursuer_alone():
    agent = DirectAgent(TASK, Says('3,3 4,2'), 'kd', GuardMode.COUNT)
    decision = agent.decide(state())
    assert decision.moves[:2] == [(3, 3), (4, 2)]
    assert [g.pursuer for g in decision.guarded] == [2]


def test_the_guard_replaces_what_cannot_be_read():
    decision = DirectAgent(TASK, Says('away'), 'kd', GuardMode.ON).decide(state())
    assert decision.moves == [g.replaced_by for g in decision.guarded]
    assert all(abs(x - a) + abs(y - b) == 2 for (x, y), (a, b)
               in zip(decision.moves, SEEN['pursuers'], strict=True))  # fmt: skip


def test_the_trace_is_one_entry_with_the_text():
    decision = DirectAgent(TASK, Says('3,3 4,2 nowhere'), 'kd', GuardMode.ON).decide(state())
    (entry,) = decision.trace
    assert (entry.stage, entry.selected, entry.ms) == ('moves', '3,3 4,2 nowhere', 1.0)
    assert entry.result == [[3, 3], [4, 2], None]
    assert entry.note == "1 of 3 cells cannot be read in '3,3 4,2 nowhere'"


@pytest.mark.parametrize('mode', GuardMode)
def test_a_published_area_is_shown_to_the_policy_and_holds_in_the_guard(mode):
    policy = Says('3,3 4,2 5,1')
    agent = DirectAgent(TASK, policy, 'kd', mode)
    update = area_function(TASK, [(3, 3), (4, 3), (4, 4)], (12, 7), (), 'test')
    agent.update(update)
    decision = agent.decide(state())
    assert policy.views[-1]['areas'] == {'kestrel': [[3, 3], [4, 3], [4, 4]]}
    (remark,) = decision.guarded
    assert (remark.pursuer, remark.why) == (0, 'enters a restricted area')
    assert (decision.moves[0] == (3, 3)) == (mode is GuardMode.COUNT)
    agent.update(FunctionUpdate(action='remove', name=update.name))
    assert agent.decide(state()).guarded == []
    assert policy.views[-1]['areas'] == {}
    agent.close()
