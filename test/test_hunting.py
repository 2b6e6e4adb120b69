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
"""The choose functions hunt well together: they foresee the evader, and catch it soon."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from ld_agent.episodes import desk_for, play
from ld_agent.errors import LdAgentError
from ld_agent.players import find_task, make_agent
from ld_agent.steps_bench import greedy_moves
from ld_agent.worlds import open_scenario, open_world
from ld_agent_sim.evaders import EVADERS
from ld_agent_sim.pursuit import Board, evader_moves, pursuer_moves, Pursuit, PursuitState
import numpy as np
import pytest

TOOLS: dict = {}
exec(find_task(None).tools, TOOLS)
BOARD = Board(9, 7)
SCENARIOS = (
    'hiding', 'moving', 'on_top', 'rectangle', 'several', 'table2', 'told', 'u_trap', 'wall_gap',
)  # fmt: skip


def observed(pursuers, evader, track=()):
    return {
        'width': 9, 'height': 7, 'moves': 'exact', 'walls': [], 'areas': {},
        'pursuers': [list(p) for p in pursuers], 'evader': list(evader),
        'evader_track': [list(cell) for cell in track],
    }  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_the_replies_that_the_functions_foresee_are_the_evaders(data):
    cell = st.sampled_from(BOARD.free())
    pursuers, evader = tuple(data.draw(cell) for _ in range(3)), data.draw(cell)
    state = observed(pursuers, evader)
    for name, wary in (('flee', False), ('adversary', True)):
        likely = TOOLS['_replies'](pursuers, evader, wary, state, TOOLS['_known'](state))
        position = PursuitState(BOARD, pursuers, evader)
        real = {EVADERS[name](position, np.random.default_rng(s)) for s in range(40)}
        assert set(likely) == real


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_an_evader_is_held_for_wary_only_where_a_plain_one_moves_otherwise(data):
    cell = st.sampled_from(BOARD.free())
    pursuers, before = tuple(data.draw(cell) for _ in range(3)), data.draw(cell)
    seen = observed(pursuers, before)
    plain, wary = (
        set(TOOLS['_replies'](pursuers, before, habit, seen, TOOLS['_known'](seen)))
        for habit in (False, True)
    )
    for now in evader_moves(BOARD, before):
        later = observed(pursuers, now, [before])
        found = TOOLS['_is_wary'](later, TOOLS['_known'](later))
        assert found == (now in wary - plain)


def steps_of(evader, seeds):
    """Return the steps of greed and of the function base on the same seeds."""
    agent, world = make_agent('reference'), open_world('pursuit', evader, '20x20', 'exact', '', '')
    greed, ours = [], []
    for seed in seeds:
        game = Pursuit(Board(), seed=seed, evader=EVADERS[evader])
        while game.state.outcome is None:
            game.step(greedy_moves(game))
        greed.append(game.state.step)
        for _ in play(agent, world, seed):
            pass
        assert world.outcome()['outcome'] == 'success'
        ours.append(world.step)
    return np.mean(greed), np.mean(ours)


@pytest.mark.parametrize(('evader', 'share'), [('flee', 0.75), ('adversary', 0.85)])
def test_the_functions_catch_the_evader_much_sooner_than_greed(evader, share):
    greed, ours = steps_of(evader, range(40))
    assert ours < share * greed
    assert ours < 13.2


@pytest.mark.parametrize('evader', ['flee', 'adversary', 'random'])
@pytest.mark.parametrize('scenario', SCENARIOS)
def test_in_every_scenario_the_evader_is_caught_unless_an_area_shuts_someone_in(scenario, evader):
    agent, world = make_agent('reference'), open_world(
        'pursuit', evader, '20x20', 'exact', scenario, ''
    )  # fmt: skip
    desk = desk_for(agent, scenario)
    for seed in range(6):
        for _ in play(agent, world, seed, desk=desk):
            pass
        state = world.game.state
        shut_in = not evader_moves(state.board, state.evader, state.restricted) or not all(
            pursuer_moves(state.board, p, state.restricted) for p in state.pursuers
        )
        assert world.outcome()['outcome'] == 'success' or shut_in, seed


def test_what_a_scenario_tells_in_words_is_in_force_as_the_student_wrote_it():
    agent = make_agent('reference', guard='count')
    world = open_world('pursuit', 'flee', '20x20', 'exact', 'told', '')
    events = open_scenario('', 'told').events
    board, desk = open_scenario('', 'told').board, desk_for(agent, 'told')
    closed = {event.name: event.cells(board) for event in events if not event.lifts}
    for seed in range(5):
        for _ in play(agent, world, seed, desk=desk):
            told = [e for e in events if e.step < world.step]
            there = {e.name for e in told if not e.lifts} - {e.name for e in told if e.lifts}
            held = {active.cells for active in desk.active.values()}
            assert held == {closed[name] for name in there}
        assert world.outcome()['outcome'] == 'success'
        assert world.outcome()['violations'] == 0
    agent.close()
    desk.close()


def test_a_scenario_told_in_words_needs_a_desk():
    agent = make_agent('reference')
    world = open_world('pursuit', 'flee', '20x20', 'exact', 'told', '')
    with pytest.raises(LdAgentError, match='told by a sentence'):
        for _ in play(agent, world, 0):
            pass


def test_a_pursuer_on_which_an_area_appears_leaves_it_with_its_next_move_and_breaks_no_rule():
    agent = make_agent('reference', guard='count')
    world = open_world('pursuit', 'flee', '20x20', 'exact', 'on_top', '')
    squall = {(x, y) for x in range(4, 9) for y in range(4, 9)}
    for decision in play(agent, world, 1):
        assert not set(decision.moves) & squall
    assert world.outcome()['outcome'] == 'success'
    assert world.outcome()['violations'] == 0


def test_distances_ahead_go_round_what_is_closed_and_are_straight_where_nothing_is():
    bar = [[4, y] for y in range(6)]
    state = observed([(2, 1), (2, 2), (1, 1)], (6, 1)) | {'walls': bar, 'walls_block': True}
    known = TOOLS['_known'](state)
    blocked = TOOLS['_to_go'](((3, 1),) * 3, (6, 1), state, known)
    on_the_way_round = TOOLS['_to_go'](((3, 5),) * 3, (6, 1), state, known)
    assert known['round']
    assert on_the_way_round < blocked
    open_water = observed([(2, 1), (2, 2), (1, 1)], (6, 1))
    known = TOOLS['_known'](open_water)
    assert not known['round']
    near, far = (TOOLS['_to_go']((c,) * 3, (6, 1), open_water, known) for c in ((3, 1), (3, 5)))
    assert near < far


def test_pursuers_that_may_move_up_to_two_units_catch_it_too():
    agent, world = make_agent('reference'), open_world('pursuit', 'flee', '13x9', 'up_to', '', '')
    for seed in range(5):
        for _ in play(agent, world, seed):
            pass
        assert world.outcome() | {'steps': 0} == {
            'outcome': 'success', 'steps': 0, 'violations': 0, 'lost_turns': 0,
        }  # fmt: skip
