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
"""The best play: against a search of all deals without a belief, and against play."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from ld_agent_sim.twenty_one import best_choice, POLICIES, TwentyOneWorld
from ld_agent_sim.twenty_one_tree import (
    ANY,
    BestResponse,
    COIN,
    counts,
    DECK,
    game_value,
    pack,
    SEVENTEEN,
    total,
)
import pytest

VALUES = {'stand_17': 0.4748, 'random': 0.6928}
"""Chance of a victory of the best play before the deal: `game_value`, the mean over all deals."""


def slow_value(own, hidden_worlds, other, over, model):
    """Return the best chance to win at one's turn, over explicit worlds (hidden card, weight).

    Another form of the search: every hidden card is carried along with its weight, nothing is
    remembered, and the opponent's turn splits the worlds one by one.
    """

    def unseen(mine, shown, hidden):
        rest = [2] * 9 + [8]
        for card in (*mine, *shown, hidden):
            rest[card - 1] -= 1
        return rest

    def won(mine, worlds, shown):
        return sum(w for h, w in worlds if points((*shown, h)) < points(mine))

    def mine_to_act(mine, worlds, shown, over):
        stand = won(mine, worlds, shown) if over else theirs(mine, worlds, shown, True)
        hit = Fraction(0)
        for card in range(1, 11):
            drawn = []
            for h, w in worlds:
                rest = unseen(mine, shown, h)
                drawn.append((h, w * Fraction(max(rest[card - 1], 0), sum(rest))))
            drawn = [(h, w) for h, w in drawn if w]
            if drawn and points((*mine, card)) <= 21:
                if over:
                    hit += mine_to_act((*mine, card), drawn, shown, True)
                else:
                    hit += theirs((*mine, card), drawn, shown, False)
        return max(stand, hit)

    def theirs(mine, worlds, shown, stood):
        worth = Fraction(0)
        standing, hitting = [], []
        for h, w in worlds:
            chance = model(points((*shown, h)))
            standing += [(h, w * (1 - chance))] if chance < 1 else []
            hitting += [(h, w * chance)] if chance > 0 else []
        if standing:
            worth += (
                won(mine, standing, shown) if stood else mine_to_act(mine, standing, shown, True)
            )
        for card in range(1, 11):
            left = []
            for h, w in hitting:
                rest = unseen(mine, shown, h)
                part = w * Fraction(max(rest[card - 1], 0), sum(rest))
                if points((*shown, card, h)) > 21:
                    worth += part
                elif part:
                    left.append((h, part))
            if left and stood:
                worth += theirs(mine, left, (*shown, card), True)
            elif left:
                worth += mine_to_act(mine, left, (*shown, card), False)
        return worth

    return mine_to_act(own, hidden_worlds, other, over)


@cache
def points(cards):
    hard = sum(cards)
    return hard + 10 if 1 in cards and hard <= 11 else hard


@pytest.mark.parametrize(
    ('own', 'other', 'over'),
    [((10, 9), (10, 5), False), ((10, 8), (9, 8), False), ((10, 5, 2), (10,), True),
     ((9, 7), (10, 6), False), ((10, 10), (10, 2), False)],
)  # fmt: skip
@pytest.mark.parametrize(
    ('policy', 'model'),
    [(SEVENTEEN, lambda p: int(p < 17)), (COIN, lambda p: Fraction(1, 2))],
    ids=['stand_17', 'random'],
)
def test_the_tree_agrees_with_a_search_that_carries_every_hidden_card_along(
    own, other, over, policy, model
):
    rest = counts(DECK - pack(own) - pack(other))
    fits = [h for h in range(1, 11) if rest[h] and points((*other, h)) <= 21]
    weight = sum(rest[h] for h in fits)
    worlds = [(h, Fraction(rest[h], weight)) for h in fits]
    mask = sum(1 << h - 1 for h in fits)
    best = BestResponse(policy).choice(pack(own), 0, 0, pack(other), mask, over)
    assert best.worth == pytest.approx(float(slow_value(own, worlds, other, over, model)))


def test_points_are_those_of_the_cards():
    assert [total(pack(c)) for c in ((1, 10), (1, 1), (1, 5, 10), (10, 10, 2))] == [21, 12, 16, 22]


def test_low_totals_are_hit_and_twenty_stands():
    for policy in (COIN, SEVENTEEN):
        best = BestResponse(policy)
        assert best.choice(pack([10, 1]), 0, 0, pack([10]), ANY, False).hit is False
        assert best.choice(pack([7, 4]), 0, 0, pack([10]), ANY, True).hit is True


def test_a_player_that_hit_at_ten_hides_a_card_that_makes_it_hit():
    seen = {
        'hand': ['9', '8'], 'face_up': {'agent': ['8'], 'opponent': ['10', '2']},
        'stood': {'agent': False, 'opponent': False}, 'played': [['opponent', 'hit']],
    }  # fmt: skip
    policy = POLICIES['stand_17']
    best = BestResponse(policy)
    told = best_choice(best, policy, seen)
    fits = sum(1 << h - 1 for h in range(2, 7))
    rest = counts(DECK - pack([9, 8, 10, 2]))
    assert all(rest[h] for h in range(2, 7))
    assert told == best.choice(pack([9, 8]), 0, 0, pack([10, 2]), fits, False)


@pytest.mark.parametrize('opponent', VALUES)
def test_play_reaches_the_value_of_the_tree(opponent):
    """200 games of small seeds; their mean lies within three standard errors of the value."""
    world = TwentyOneWorld(TwentyOneWorld.opponents[opponent])
    best = TwentyOneWorld.best(opponent)
    won = 0
    for seed in range(200):
        world.reset(seed)
        while not world.done:
            world.apply({'action': best(world.observation())})
        won += world.outcome()['outcome'] == 'victory'
    value = VALUES[opponent]
    assert abs(won / 200 - value) < 3 * (value * (1 - value) / 200) ** 0.5


def test_the_value_of_the_game_is_that_of_its_tree():
    """Takes a minute and a gigabyte for all deals, so a tree of constants stands for it here."""

    class Known:
        def choice(self, *place):
            return BestResponse(SEVENTEEN).choice(pack([10, 10]), 0, 0, pack([10]), ANY, True)

        def opening(self, *place):
            return 0.25

    stood = Known().choice()
    assert game_value(Known()) == pytest.approx((stood.worth + 0.25) / 2)
