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
"""21 points as a PettingZoo environment in which both players are agents.

Spaces, turns and rewards only: cards and rules are those of `twenty_one.py`. Needs the extra
`gym`; nothing else in this package imports this module.
"""

from __future__ import annotations

from typing import Any

from ld_agent_sim.twenty_one import Game
from ld_agent_sim.twenty_one_cards import ACTIONS, RANKS, SUITS, winner
import numpy as np

try:
    from gymnasium import spaces
    from pettingzoo import AECEnv
except ImportError as error:
    raise ImportError(
        f"{error.name} is missing: install it with pip install 'ld_agent[gym]' to use TwentyOneEnv"
    ) from error

PLAYERS = ('player_0', 'player_1')
REWARDS = {'victory': 1.0, 'loss': -1.0, 'draw': 0.0}

Observation = dict[str, np.ndarray]


class TwentyOneEnv(AECEnv[str, Observation, int]):
    """Two players hit or stand in turn.

    | agents | `player_0`, `player_1` |
    | --- | --- |
    | action | `Discrete(2)`: 0 hit, 1 stand |
    | `observation` | `Box(0, 2, (2, 14), int8)`: a row a player, the own one first |
    | `action_mask` | `Box(0, 1, (2,), int8)`: both are legal at a player's turn, none else |

    A row counts the cards that are known of each rank, A to K (of the other, those face up), and
    ends with whether the player has stood.

    `player_0` begins where the seed is even, `player_1` where it is odd. Who stood gets no more
    turns. The winner gets 1, the loser -1, in a draw both 0, when the game ends; games are never
    truncated. Each `info` holds `seed` and, after the end, `outcome` (victory, loss or draw).
    """

    metadata = {'name': 'ld_agent_twenty_one_v0', 'render_modes': [], 'is_parallelizable': False}

    def __init__(self) -> None:
        """Set up the spaces; `reset` begins the first game."""
        super().__init__()
        self.render_mode = None
        self.possible_agents = list(PLAYERS)
        self.agents: list[str] = []
        self._seeds = np.random.default_rng()
        self.observation_spaces = {
            agent: spaces.Dict(
                {
                    'observation': spaces.Box(0, SUITS, (2, len(RANKS) + 1), np.int8),
                    'action_mask': spaces.Box(0, 1, (len(ACTIONS),), np.int8),
                }
            )
            for agent in PLAYERS
        }
        self.action_spaces = {agent: spaces.Discrete(len(ACTIONS)) for agent in PLAYERS}

    def observation_space(self, agent: str) -> spaces.Dict:
        """Return the agent's observation space, always the same object."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Discrete:
        """Return the agent's action space, always the same object."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Deal a new game.

        Args:
            seed: the game's seed; the seeds of later games follow from it. Without one the next
                seed is drawn.
            options: ignored.
        """
        if seed is not None:
            self._seeds = np.random.default_rng(seed)
        self._seed = int(self._seeds.integers(2**31)) if seed is None else seed
        self._game = Game(np.random.default_rng(self._seed), PLAYERS)
        self.agents = list(PLAYERS)
        self.rewards = dict.fromkeys(PLAYERS, 0.0)
        self._cumulative_rewards = dict.fromkeys(PLAYERS, 0.0)
        self.terminations = dict.fromkeys(PLAYERS, False)
        self.truncations = dict.fromkeys(PLAYERS, False)
        self.infos = {agent: {'seed': self._seed} for agent in PLAYERS}
        self.agent_selection = PLAYERS[self._seed % 2]

    def observe(self, agent: str) -> Observation:
        """Return what `agent` sees now."""
        other = _other(agent)
        hands, stood = self._game.hands, self._game.stood
        turn = agent == self.agent_selection and not self._game.done
        known = {agent: hands[agent], other: hands[other][1:]}
        rows = [[*map(cards.count, RANKS), stood[who]] for who, cards in known.items()]
        return {
            'observation': np.array(rows, np.int8),
            'action_mask': np.full(len(ACTIONS), turn, np.int8),
        }

    def step(self, action: int | None) -> None:
        """Let the agent whose turn it is act; an ended one takes None.

        Raises:
            ValueError: the action is outside the space.
        """
        agent = self.agent_selection
        if self.terminations[agent]:
            self._was_dead_step(action)
            return
        if not self.action_spaces[agent].contains(action):
            raise ValueError(f'action {action!r} of {agent} is not 0 (hit) or 1 (stand)')
        self._cumulative_rewards[agent] = 0.0
        self._game.act(agent, ACTIONS[int(action)])
        other = _other(agent)
        if not self._game.stood[other]:
            self.agent_selection = other
        self._clear_rewards()
        if self._game.done:
            for who in PLAYERS:
                outcome = winner(self._game.hands[who], self._game.hands[_other(who)])
                self.rewards[who] = REWARDS[outcome]
                self.infos[who]['outcome'] = outcome
            self.terminations = dict.fromkeys(PLAYERS, True)
        self._accumulate_rewards()


def _other(agent: str) -> str:
    return PLAYERS[1 - PLAYERS.index(agent)]
