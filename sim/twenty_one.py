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
"""21 points: the agent against one opponent, with 26 cards of two suits.

10, J, Q and K count 10, an ace 11 or 1. Each player gets one card face down and one face up; they
act in turn: hit or stand. Hit cards are face up, and who stood acts no more. Over 21 loses at
once; when both stand the higher total wins, and equal totals draw. The beginner alternates from
seed to seed. Who knows the opponent and how to play best against it is `twenty_one_tree.py`.

Games whose seeds follow on each other are one match: what the opponent did in its earlier games,
and with which face-up total, is public and part of the observation. Any other seed begins a new
match.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ld_agent_sim.pursuit import Board
from ld_agent_sim.rules import Observation, Option, Question
from ld_agent_sim.scenario import Scenario
from ld_agent_sim.twenty_one_cards import (
    ACTIONS,
    AGENT,
    OPPONENT,
    points,
    RANKS,
    SUITS,
    values,
    winner,
)
from ld_agent_sim.twenty_one_rules import TwentyOneRules
from ld_agent_sim.twenty_one_tree import (
    ANY,
    BestResponse,
    Choice,
    COIN,
    LIMIT,
    narrowed,
    pack,
    Policy,
    SEVENTEEN,
)
import numpy as np


@dataclass(frozen=True)
class Seat:
    """The game as the opponent sees it at its turn.

    Attributes:
        hand: its cards, the one face down first.
        other: the agent's face-up cards, in the order in which they came.
        other_stood: whether the agent has stood.
    """

    hand: tuple[str, ...]
    other: tuple[str, ...]
    other_stood: bool


Opponent = Callable[[Seat, np.random.Generator], str]
"""Chooses `hit` or `stand`."""


def opponent_by(policy: Policy) -> Opponent:
    """Return the opponent that plays by `policy`."""

    def choose(seat: Seat, rng: np.random.Generator) -> str:
        hand, other = values(seat.hand), values(seat.other)
        doubt = doubt_of(SEVENTEEN, other, seat.other_stood) if policy.watches else 0
        chance = policy.chance(pack(hand), pack(hand[1:]), pack(other), doubt, seat.other_stood)
        if chance in (0.0, 1.0):
            return 'hit' if chance else 'stand'
        return 'hit' if rng.random() < chance else 'stand'

    return choose


def doubt_of(policy: Policy, shown: Sequence[int], stood: bool) -> int:
    """Return the hidden cards that fit what a player did that plays by `policy`.

    Args:
        policy: one that does not watch.
        shown: values of its face-up cards, in the order in which they came.
    """
    mask = ANY
    for number in range(1, len(shown)):
        mask = narrowed(policy, pack(shown[:number]), mask, hit=True)
    return narrowed(policy, pack(shown), mask, hit=False) if stood else mask


BEST_AGAINST_SEVENTEEN = BestResponse(SEVENTEEN)
POLICIES: dict[str, Policy] = {
    'random': COIN,
    'stand_17': SEVENTEEN,
    'optimal': BEST_AGAINST_SEVENTEEN,
}


def opponent_question(seat: Seat) -> Question:
    """Return the opponent's choice in words, for the opponent `llm`."""
    options = {
        'hit': Option('Take one more card', 'the total is low', 'hit'),
        'stand': Option('Take no more cards', 'the total is high', 'stand'),
    }
    facts = {
        'total': str(points(seat.hand)),
        'cards that the other shows': ' '.join(seat.other),
        'other': 'stood' if seat.other_stood else 'plays',
    }
    return Question('You play 21 points. Come close to 21, but not over it.', options, facts)


class Game:
    """The cards of one game: who holds what, who has stood, and what was played.

    Args:
        rng: shuffles the deck.
        players: two names.
    """

    def __init__(self, rng: np.random.Generator, players: tuple[str, str]) -> None:
        deck = [rank for rank in RANKS for _ in range(SUITS)]
        self._deck = [deck[int(number)] for number in rng.permutation(len(deck))]
        self.hands = {who: [self._deck.pop(), self._deck.pop()] for who in players}
        self.stood = dict.fromkeys(players, False)
        self.played: list[list[str]] = []

    @property
    def done(self) -> bool:
        """Whether the game has ended."""
        return all(self.stood.values()) or any(
            points(hand) > LIMIT for hand in self.hands.values()
        )

    def act(self, who: str, action: str) -> None:
        """Let a player hit or stand."""
        self.played.append([who, action])
        if action == 'hit':
            self.hands[who].append(self._deck.pop())
        else:
            self.stood[who] = True


class TwentyOneWorld:
    """A match as a world; an episode is a game, a step an action of the agent.

    Args:
        opponent: who plays against the agent.
    """

    task = 'twenty_one'
    role = 'opponent'
    opponents = {name: opponent_by(policy) for name, policy in POLICIES.items()}
    question = staticmethod(opponent_question)
    rules = TwentyOneRules()

    def __init__(self, opponent: Opponent = opponents['stand_17']) -> None:
        self._opponent = opponent
        self._record: dict[int, list[int]] = {}
        self._games = 0
        self._seed: int | None = None
        self.reset(0)
        self._seed = None

    @classmethod
    def open(
        cls, opponent: Opponent, board: Board | None = None, scenario: Scenario | None = None
    ) -> TwentyOneWorld:
        """Return the world for an opponent; there is no board, so it may be any.

        Raises:
            ValueError: a scenario is given.
        """
        if scenario is not None:
            raise ValueError("the task 'twenty_one' has no scenarios; leave the scenario empty")
        return cls(opponent)

    @staticmethod
    def best(opponent: str) -> Callable[[Observation], str]:
        """Return the best play against a known opponent.

        Raises:
            KeyError: nothing is known of an opponent of that name.
        """
        policy = POLICIES[opponent]
        known = BestResponse(policy)
        return lambda seen: 'hit' if best_choice(known, policy, seen).hit else 'stand'

    def reset(self, seed: int) -> None:
        """Deal a new game: the next one of the match if `seed` follows on the last one."""
        if self._seed is None or seed != self._seed + 1:
            self._record, self._games = {}, 0
        elif self._game.played:
            self._games += 1
            for seen, action in self._seen:
                counted = self._record.setdefault(seen, [0, 0])
                counted[ACTIONS.index(action)] += 1
        self._seed = seed
        self._rng = np.random.default_rng(seed)
        self._game = Game(self._rng, (AGENT, OPPONENT))
        self._seen: list[tuple[int, str]] = []
        self._step = self._violations = self._lost_turns = 0
        if seed % 2:
            self._answer()

    def observation(self) -> dict[str, Any]:
        """Return the `observation` of a state message; the opponent's cards once all is over.

        `record`: the opponent's face-up total → how often it hit and stood there in the earlier
        games of the match.
        """
        seen: dict[str, Any] = {
            'hand': list(self._game.hands[AGENT]),
            'face_up': {who: hand[1:] for who, hand in self._game.hands.items()},
            'stood': dict(self._game.stood),
            'played': [list(entry) for entry in self._game.played],
            'games': self._games,
            'record': {str(k): list(v) for k, v in sorted(self._record.items())},
        }
        return {**seen, 'opponent_hand': list(self._game.hands[OPPONENT])} if self.done else seen

    def apply(self, decision: Mapping[str, Any] | None) -> None:
        """Play the agent's action, and the opponent's up to the agent's next turn.

        An action that is none is a violation, and no decision a lost turn; the agent then
        stands. A call after the end changes nothing.
        """
        if self.done:
            return
        asked = None if decision is None else decision.get('action')
        self._lost_turns += decision is None
        self._violations += decision is not None and asked not in ACTIONS
        self._step += 1
        self._game.act(AGENT, asked if asked in ACTIONS else 'stand')
        self._answer()
        while self._game.stood[AGENT] and not self.done:
            self._answer()

    @property
    def done(self) -> bool:
        """Whether the game has ended."""
        return self._game.done

    @property
    def step(self) -> int:
        """Actions of the agent so far."""
        return self._step

    def outcome(self) -> dict[str, Any]:
        """Return outcome, steps, violations and lost_turns."""
        return {
            'outcome': winner(*self._game.hands.values()) if self.done else None,
            'steps': self._step,
            'violations': self._violations,
            'lost_turns': self._lost_turns,
        }

    def _answer(self) -> None:
        """Let the opponent act once, if it may."""
        if self.done or self._game.stood[OPPONENT]:
            return
        hand = tuple(self._game.hands[OPPONENT])
        other = tuple(self._game.hands[AGENT][1:])
        action = self._opponent(Seat(hand, other, self._game.stood[AGENT]), self._rng)
        self._seen.append((points(hand[1:]), action))
        self._game.act(OPPONENT, action)


WORLD = TwentyOneWorld


def best_choice(best: BestResponse, policy: Policy, observation: Observation) -> Choice:
    """Return the action with the higher chance of a victory, against an opponent by `policy`.

    Args:
        best: the best response to `policy`.
    """
    own = values(observation['hand'])
    other = values(observation['face_up'][OPPONENT])
    mask, mine, theirs = ANY, 1, 1
    stood = False
    for who, action in observation['played']:
        hit = action == 'hit'
        if who == OPPONENT:
            doubt = doubt_of(SEVENTEEN, own[1 : 1 + mine], stood)
            shown = pack(own[1 : 1 + mine])
            mask = narrowed(policy, pack(other[:theirs]), mask, hit, shown, doubt, stood)
            theirs += hit
        else:
            mine += hit
            stood = stood or not hit
    doubt = doubt_of(SEVENTEEN, own[1:], False)
    return best.choice(
        pack(own), pack(own[1:]), doubt, pack(other), mask, observation['stood'][OPPONENT]
    )
