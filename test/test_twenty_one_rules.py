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
"""21 points: rules on small decks written again, the match's record, the opponents, the guard."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from ld_agent_sim.twenty_one import Seat, TwentyOneWorld
from ld_agent_sim.twenty_one_cards import ACTIONS, AGENT, OPPONENT, points, RANKS
from ld_agent_sim.twenty_one_rules import TwentyOneRules
from ld_agent_sim.worlds import find_world, SpatialWorld
import numpy as np
import pytest

RULES = TwentyOneRules()
OPPONENTS = TwentyOneWorld.opponents


def played(seed, choose, opponent='stand_17', world=None):
    """Play a game; return the world and all observations with the actions between them."""
    world = world or TwentyOneWorld(OPPONENTS[opponent])
    world.reset(seed)
    seen, chosen = [world.observation()], []
    while not world.done:
        chosen.append(choose(seen[-1]))
        world.apply({'action': chosen[-1]})
        seen.append(world.observation())
    return world, seen, chosen


def up_to(limit):
    return lambda seen: 'hit' if points(seen['hand']) < limit else 'stand'


def best_of(cards):
    """Return a total by trying every value of every ace."""
    totals = {0}
    for card in cards:
        worth = (1, 11) if card == 'A' else (10,) if card in 'JQK' else (int(card),)
        totals = {t + w for t in totals for w in worth}
    fitting = [t for t in totals if t <= 21]
    return max(fitting) if fitting else min(totals)


@given(st.lists(st.sampled_from(RANKS), max_size=8).filter(lambda c: c.count('A') <= 2))
def test_an_ace_counts_eleven_where_that_fits(cards):
    assert points(cards) == best_of(cards)


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 10_000), st.integers(12, 22), st.sampled_from(['random', 'stand_17']))
def test_a_game_follows_the_rules(seed, limit, opponent):
    world, seen, chosen = played(seed, up_to(limit), opponent)
    end = seen[-1]
    mine, theirs = best_of(end['hand']), best_of(end['opponent_hand'])
    cards = end['hand'] + end['opponent_hand']
    assert max(cards.count(card) for card in cards) <= 2
    wanted = (
        'loss' if mine > 21
        else 'victory' if theirs > 21 or mine > theirs
        else 'draw' if mine == theirs
        else 'loss'
    )  # fmt: skip
    assert world.outcome() == {
        'outcome': wanted, 'steps': len(chosen), 'violations': 0, 'lost_turns': 0,
    }  # fmt: skip
    assert RULES.outcome(end, True, 0) == wanted
    turns = [who for who, _ in end['played']]
    assert turns[0] == (AGENT, OPPONENT)[seed % 2]
    for who in (AGENT, OPPONENT):
        actions = [action for player, action in end['played'] if player == who]
        assert 'stand' not in actions[:-1]
    for before, action, after in zip(seen, chosen, seen[1:], strict=False):
        assert RULES.fault(before) == RULES.fault(after) == ''
        assert RULES.replay(before, action, after, frozenset(), 0).fault == ''
        other = ACTIONS[1 - ACTIONS.index(action)]
        assert RULES.replay(before, other, after, frozenset(), 0).fault != ''


@pytest.mark.parametrize('opponent', OPPONENTS)
def test_the_same_seeds_give_the_same_match(opponent):
    def match():
        world = TwentyOneWorld(OPPONENTS[opponent])
        return [played(seed, up_to(16), world=world)[1] for seed in range(3, 7)]

    assert match() == match()


def test_the_record_holds_what_the_opponent_did_in_the_earlier_games_of_the_match():
    world = TwentyOneWorld(OPPONENTS['random'])
    counted: dict[str, list[int]] = {}
    for number, seed in enumerate(range(10, 40)):
        _, seen, _ = played(seed, up_to(15), world=world)
        assert all(s['record'] == counted and s['games'] == number for s in seen)
        face_up = seen[-1]['face_up'][OPPONENT]
        shown = 1
        for who, action in seen[-1]['played']:
            if who == OPPONENT:
                total = str(best_of(face_up[:shown]))
                counted.setdefault(total, [0, 0])[action == 'stand'] += 1
                shown += action == 'hit'
    assert counted
    world.reset(7)
    assert world.observation()['record'] == {}
    assert world.observation()['games'] == 0


def test_the_opponents_hidden_card_is_shown_only_in_the_end():
    _, seen, _ = played(2, up_to(17))
    assert all('opponent_hand' not in s for s in seen[:-1])
    assert seen[-1]['opponent_hand'][1:] == seen[-1]['face_up'][OPPONENT]


def test_what_is_no_action_is_a_violation_and_no_decision_a_lost_turn_and_both_stand():
    world = TwentyOneWorld()
    world.reset(4)
    world.apply({'action': 'double'})
    assert world.done
    assert (world.outcome()['violations'], world.outcome()['lost_turns']) == (1, 0)
    world.reset(4)
    world.apply(None)
    assert (world.outcome()['violations'], world.outcome()['lost_turns']) == (0, 1)
    assert world.observation()['stood'][AGENT]


def test_the_guard_lets_actions_pass_and_replaces_what_is_none():
    seen = played(2, up_to(17))[1][0]
    assert RULES.guard(seen, frozenset(), 'hit', True) == ('hit', [])
    sent, (remark,) = RULES.guard(seen, frozenset(), 'fold', True)
    assert (sent, remark.asked, remark.replaced_by) == ('stand', 'fold', 'stand')
    sent, (remark,) = RULES.guard(seen, frozenset(), None, False)
    assert (sent, remark.asked, remark.replaced_by) == ('none', None, None)


@pytest.mark.parametrize(
    'change',
    [
        {'hand': ['K']}, {'hand': ['K', 'X']}, {'stood': {}}, {'face_up': None},
        {'hand': ['K', 'K', 'K'], 'face_up': {'agent': ['K', 'K'], 'opponent': ['2']}},
        {'played': [['agent', 'fold']]},
    ],
)  # fmt: skip
def test_an_observation_that_no_game_shows_has_a_fault(change):
    sound = played(2, up_to(17))[1][0]
    assert RULES.fault(sound) == ''
    assert RULES.fault({**sound, **change}) != ''


@pytest.mark.parametrize(
    ('hand', 'shown', 'stood', 'stand_17', 'optimal'),
    [
        (('10', '6'), ('2',), False, 'hit', 'stand'),
        (('10', '7'), ('2',), False, 'stand', 'stand'),
        (('A', '6'), ('9',), True, 'stand', 'hit'),
    ],
)
def test_an_opponent_plays_by_its_policy(hand, shown, stood, stand_17, optimal):
    rng = np.random.default_rng(0)
    assert OPPONENTS['stand_17'](Seat(hand, shown, stood), rng) == stand_17
    assert OPPONENTS['optimal'](Seat(hand, shown, stood), rng) == optimal
    drawn = [OPPONENTS['random'](Seat(hand, shown, stood), rng) for _ in range(400)]
    assert 150 < drawn.count('hit') < 250


def test_the_world_is_found_by_its_name_and_has_no_board():
    assert find_world('twenty_one') is TwentyOneWorld
    assert not isinstance(TwentyOneWorld(), SpatialWorld)
    assert isinstance(find_world('pursuit')(), SpatialWorld)
    with pytest.raises(ValueError, match='no scenarios'):
        TwentyOneWorld.open(OPPONENTS['random'], None, object())
