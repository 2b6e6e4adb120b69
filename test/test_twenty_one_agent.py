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
"""21 points through the agent: its function base, the reference, the tables' rows, a student."""

from __future__ import annotations

from ld_agent.episodes import play, state_of
from ld_agent.errors import LdAgentError
from ld_agent.messages import Decision, State
from ld_agent.optimum import make_optimum
from ld_agent.players import find_task, make_agent
from ld_agent.tables.plan import choose, FIRST_SEED, Row, Table, TABLES
from ld_agent.tables.render import render_table
from ld_agent.tables.store import Store
from ld_agent.worlds import open_world
from ld_agent_sim.twenty_one import best_choice, BestResponse, Game, POLICIES, Seat, TwentyOneWorld
from ld_agent_sim.twenty_one_cards import points, values
import numpy as np
import pytest
from tabling import Inline
from tabling import play as play_table

TASK = find_task(None, 'twenty_one')
OUTCOMES = {'victory': 'victory', 'loss': 'loss', 'draw': 'draw'}
LONG = {'games': 400}
RECORDS = {
    'coin': {'3': [40, 40], '10': [60, 60], '16': [20, 20]},
    'bound': {'3': [30, 0], '6': [30, 3], '10': [42, 58], '16': [3, 17]},
    'watch': {'3': [26, 3], '6': [30, 4], '11': [30, 17], '15': [9, 16]},
}


def world(opponent='stand_17'):
    return open_world('twenty_one', opponent, '20x20', 'exact', '', '')


def early(seed, **change):
    """Return the state before a game's first action, with another record."""
    w = TwentyOneWorld()
    w.reset(seed)
    state = state_of(w, seed)
    return State(**{**state.model_dump(), 'observation': {**state.observation, **change}})


def selected(decision):
    return {stage.stage: stage.selected for stage in decision.trace}


def test_all_functions_are_pinned_and_every_stage_has_a_choice():
    functions = [f for stage in TASK.stages for f in stage.functions.values()]
    assert TASK.trusted_facts
    assert all(f.trusted for f in functions)
    assert all(len(stage.functions) > 1 for stage in TASK.stages)
    for stage in TASK.stages:
        assert len({name[:2] for name in stage.functions}) == len(stage.functions)


@pytest.mark.parametrize('model', RECORDS)
def test_the_record_decides_how_the_opponent_is_expected_to_play(model):
    agent = make_agent('reference', 'twenty_one')
    decision = agent.decide(early(2, record=RECORDS[model], **LONG))
    assert selected(decision)['model'] == model
    assert selected(agent.decide(early(2, record=RECORDS[model], games=1)))['model'] == 'guess'
    agent.close()


def test_what_the_opponent_did_decides_how_the_cards_are_counted_and_the_chances_estimated():
    agent, played = make_agent('reference', 'twenty_one'), set()
    table = world('random')
    for seed in range(40):
        for decision in play(agent, table, seed):
            chosen = selected(decision)
            played.add((chosen['count'], chosen['estimate'], chosen['decide']))
            assert decision.action == chosen['decide']
            assert decision.guarded == []
    assert {count for count, _, _ in played} == {'even', 'hits', 'closed'}
    assert {estimate for _, estimate, _ in played} == {'free', 'race', 'chase'}
    assert {decide for _, _, decide in played} == {'hit', 'stand'}
    agent.close()


@pytest.mark.parametrize(('opponent', 'model'), [('stand_17', 'bound'), ('random', 'coin')])
def test_once_it_knows_the_opponent_the_reference_plays_as_the_optimum(opponent, model):
    """Exactly: the look-ahead of the functions is that of the tree, written again."""
    agent, table = make_agent('reference', 'twenty_one'), world(opponent)
    policy = POLICIES[opponent]
    best = BestResponse(policy)
    for seed in range(25):
        table.reset(seed)
        while not table.done:
            seen = {**table.observation(), 'record': RECORDS[model], **LONG}
            state = State(**{**state_of(table, seed).model_dump(), 'observation': seen})
            decision = agent.decide(state)
            told = best_choice(best, policy, seen)
            if selected(decision)['estimate'] != 'free':
                chances = decision.trace[2].result
                assert max(chances) == pytest.approx(told.worth)
            assert decision.action == ('hit' if told.hit else 'stand')
            table.apply(decision.model_dump())
    agent.close()


def test_the_watchful_opponent_does_what_is_expected_of_it():
    """Over 95 of 100 actions of the best play against 17, where what is expected is sure."""
    tools: dict = {}
    exec(TASK.tools, tools)
    exec(TASK.stage('model').functions['watch'].source, tools)
    rows = tools['watch']([], {})
    rng, met = np.random.default_rng(5), []
    for _ in range(400):
        game, who = Game(rng, ('agent', 'opponent')), 'agent'
        limit = rng.integers(13, 19)
        while not game.done:
            hand, shown = game.hands['opponent'], game.hands['agent'][1:]
            if game.stood[who]:
                pass
            elif who == 'agent':
                game.act(who, 'hit' if points(game.hands[who]) < limit else 'stand')
            else:
                seat = Seat(tuple(hand), tuple(shown), game.stood['agent'])
                action = TwentyOneWorld.opponents['optimal'](seat, rng)
                row = rows[tools['_row'](points(shown), len(shown) > 1, game.stood['agent'])]
                chance = tools['_chance'](row, sum(values(hand)), values(hand).count(1))
                if chance in (0.0, 1.0):
                    met.append(action == ('hit' if chance else 'stand'))
                game.act(who, action)
            who = 'opponent' if who == 'agent' else 'agent'
    assert len(met) > 400
    assert sum(met) / len(met) > 0.95


def test_a_function_that_fails_leaves_the_action_to_the_guard():
    for mode, action in (('on', 'stand'), ('count', 'none')):
        agent = make_agent('reference', 'twenty_one', guard=mode)
        decision = agent.decide(early(2, record={'x': [1, 1]}, **LONG))
        assert decision.action == action
        assert decision.trace[-1].note
        assert [(g.pursuer, g.asked) for g in decision.guarded] == [(None, None)]
        agent.close()


def test_the_student_runs_on_this_base():
    try:
        agent = make_agent('ld', 'twenty_one')
    except LdAgentError as error:
        pytest.skip(f'the student is not here: {error}')
    (decision, *_) = play(agent, world(), 3)
    assert [stage.stage for stage in decision.trace] == ['model', 'count', 'estimate', 'decide']
    assert all(len(stage.scores) == len(stage.candidates) > 1 for stage in decision.trace)
    assert decision.action in ('hit', 'stand')
    agent.close()


def test_the_optimum_is_known_only_against_opponents_with_a_policy():
    player = make_optimum('twenty_one', 'stand_17', 'count')
    decisions: list[Decision] = list(play(player, world(), 3))
    assert {d.action for d in decisions} <= {'hit', 'stand'}
    player.close()
    with pytest.raises(LdAgentError, match="the best play against 'llm' is not known"):
        make_optimum('twenty_one', 'llm', 'count')
    with pytest.raises(LdAgentError, match="the best play of the task 'pursuit' is not known"):
        make_optimum('pursuit', 'flee', 'count')


def cards(*methods, episodes=4):
    rows = [Row(m, 'stand_17', '', episodes, 'twenty_one', match=2, aside=3) for m in methods]
    return Table('cards', 'Cards', tuple(rows), OUTCOMES)


def test_the_first_games_of_each_match_are_played_and_not_counted(tmp_path):
    table, store = cards('reference', 'optimum'), Store(tmp_path)
    reference, optimum = play_table(table, store)
    counted = [FIRST_SEED + n for n in (3, 4, 8, 9)]
    assert [r.seed for r in reference.records] == [r.seed for r in optimum.records] == counted
    assert list(store.read(table, table.rows[0])) == list(range(FIRST_SEED, FIRST_SEED + 10))
    text = render_table(table, [reference, optimum], 'a command')
    assert 'The first 3 episodes of each match are played and not counted.' in text


def test_a_match_goes_on_where_it_was_stopped_with_the_same_games(tmp_path):
    table = cards('reference')
    whole, cut = Store(tmp_path / 'whole'), Store(tmp_path / 'cut')
    play_table(table, whole)
    records = whole.read(table, table.rows[0])
    kept = [record for seed, record in records.items() if seed - FIRST_SEED not in (4, 7)]
    cut.append(table, table.rows[0], kept)
    play_table(table, cut)
    again = cut.read(table, table.rows[0])
    assert {s: r.lasting for s, r in again.items()} == {s: r.lasting for s, r in records.items()}


def test_a_match_is_one_job(tmp_path):
    from ld_agent.tables.run import play_tables

    with Inline() as engine:
        play_tables([cards('random')], engine, Store(tmp_path))
        jobs = [job.seeds for job in engine.jobs if job.seeds]
    assert jobs == [
        tuple(range(FIRST_SEED, FIRST_SEED + 5)), tuple(range(FIRST_SEED + 5, FIRST_SEED + 10)),
    ]  # fmt: skip


def test_the_third_table_counts_ten_thousand_games_of_ours_against_each_opponent():
    (table,) = choose(TABLES, ['table3'])
    counted = {(row.method, row.evader): sum(map(row.counts, row.seeds)) for row in table.rows}
    for opponent in ('random', 'stand_17', 'optimal'):
        assert counted['random', opponent] == 200
        for method in ('ld', 'reference', 'optimum'):
            assert counted[method, opponent] == 10_000
    assert {row.aside for row in table.rows} == {20}
