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
"""The PettingZoo environment of 21 points passes PettingZoo's own tests."""

from __future__ import annotations

from ld_agent_sim.twenty_one_cards import points
import pytest

pytest.importorskip('pettingzoo')

from ld_agent_sim.twenty_one_env import PLAYERS, TwentyOneEnv  # noqa: E402
from pettingzoo.test import api_test, seed_test  # noqa: E402

HIT, STAND = 0, 1


def played(seed, limit):
    """Return an ended game in which both hit below `limit`, and who acted, in order."""
    env = TwentyOneEnv()
    env.reset(seed)
    turns = []
    while not env.terminations[env.agent_selection]:
        agent = env.agent_selection
        turns.append(agent)
        seen = env.observe(agent)
        assert seen['action_mask'].tolist() == [1, 1]
        cards = [r for r, n in zip('A23456789TJQK', seen['observation'][0]) for _ in range(n)]
        env.step(HIT if points([c.replace('T', '10') for c in cards]) < limit else STAND)
    return env, turns


# A space with an action mask is a Dict, which the test wonders at for worlds it does not know.
@pytest.mark.filterwarnings(
    'error',
    'ignore:Observation space for each agent',
    'ignore:Observation is not a NumPy array',
    'ignore:Environment has not defined a render',
)
def test_it_passes_the_api_test():
    api_test(TwentyOneEnv(), num_cycles=300)


def test_the_same_seed_gives_the_same_games():
    seed_test(TwentyOneEnv, num_cycles=50)


def test_rewards_are_zero_sum_and_say_who_has_more_points():
    outcomes = set()
    for seed in range(60):
        env, turns = played(seed, 17)
        assert turns[0] == PLAYERS[seed % 2]
        assert sum(env.rewards.values()) == 0
        mine, theirs = (points(env._game.hands[who]) for who in PLAYERS)
        won = mine <= 21 and (theirs > 21 or mine > theirs)
        assert (env.rewards['player_0'] == 1.0) == won
        outcomes.add(env.infos['player_0']['outcome'])
    assert outcomes == {'victory', 'loss', 'draw'}


def test_who_stood_gets_no_more_turns():
    env = TwentyOneEnv()
    env.reset(4)
    env.step(STAND)
    other = env.agent_selection
    assert other == 'player_1'
    env.step(HIT)
    if not any(env.terminations.values()):
        assert env.agent_selection == other
    assert env.observe('player_0')['action_mask'].tolist() == [0, 0]


def test_the_other_ones_hidden_card_is_not_seen():
    env = TwentyOneEnv()
    env.reset(4)
    seen = env.observe('player_0')['observation']
    assert (seen[0, :13].sum(), seen[1, :13].sum()) == (2, 1)


def test_an_action_outside_the_space_is_refused():
    env = TwentyOneEnv()
    env.reset(1)
    with pytest.raises(ValueError, match='action 7 of player_1'):
        env.step(7)
