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

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ld_agent_sim.pursuit import Board
from ld_agent_sim.rules import Cell, Observation, Option, Question, Remark, Replay
from ld_agent_sim.scenario import Scenario
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
    total,
)
import numpy as np

RANKS = ('A', '2', '3', '4', '5', '6', '7', '8', '9', '10', 'J', 'Q', 'K')
SUITS = 2
ACTIONS = ('hit', 'stand')
AGENT, OPPONENT = 'agent', 'opponent'
OUTCOMES = ('victory', 'loss', 'draw')
_VALUES = {rank: min(number + 1, 10) for number, rank in enumerate(RANKS)}


def values(cards: Sequence[str]) -> list[int]:
    """Return the values of cards such as `['A', 'K']`: 1 for an ace, 10 for a face."""
    return [_VALUES[card] for card in cards]


def points(cards: Sequence[str]) -> int:
    """Return the total of cards, an ace counted 11 where that fits."""
    return total(pack(values(cards)))


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


class TwentyOneRules:
    """The rules on observations; see `sim/rules.py`."""

    outcomes = OUTCOMES
    max_steps = SUITS * len(RANKS)

    def fault(self, observation: Observation) -> str:
        """Return what is wrong with an observation; empty if nothing is."""
        try:
            hand, shown = observation['hand'], observation['face_up']
            cards = [*hand, *observation.get('opponent_hand', shown[OPPONENT])]
            if shown[AGENT] != hand[1:] or len(hand) < 2 or not shown[OPPONENT]:
                return 'hand: is not one card face down and the face-up ones'
            many = [card for card, count in Counter(cards).items() if count > SUITS]
            unknown = [card for card in cards if card not in RANKS]
            if many or unknown:
                return f'hand: the card {(many + unknown)[0]!r} is not in the deck so often'
            if not all(isinstance(observation['stood'][who], bool) for who in (AGENT, OPPONENT)):
                return 'stood: is not true or false'
            if [who for who, action in observation['played'] if action not in ACTIONS]:
                return 'played: holds what is no action'
        except (LookupError, TypeError, ValueError) as error:
            return f'hand: is not as the game shows it ({type(error).__name__}: {error})'
        return ''

    def guard(
        self, observation: Observation, restricted: frozenset[Cell], asked: Any, replace: bool
    ) -> tuple[str, list[Remark]]:
        """Return the action to send: one that is none is replaced by `stand`, or sent on."""
        points(observation['hand'])
        if asked in ACTIONS:
            return asked, []
        why = 'is not one of hit, stand'
        if replace:
            return 'stand', [Remark(None, asked, why, 'stand')]
        return str(asked or 'none'), [Remark(None, asked, why)]

    def replay(
        self,
        before: Observation,
        asked: Any,
        after: Observation,
        closed: frozenset[Cell],
        violations: int,
        coming: frozenset[Cell] = frozenset(),
    ) -> Replay:
        """Play one recorded step again: the agent's action, then the opponent's."""
        action = asked if asked in ACTIONS else 'stand'
        broken = int(asked is not None and asked not in ACTIONS)
        return Replay(_continued(before, action, after), broken)

    def describe(self, observation: Observation) -> str:
        """Return both players' cards."""
        hand, shown = observation['hand'], observation['face_up'][OPPONENT]
        other = observation.get('opponent_hand')
        theirs = f'{" ".join(other)} ({points(other)})' if other else f'? {" ".join(shown)}'
        stood = [who for who, has in observation['stood'].items() if has]
        return f'agent {" ".join(hand)} ({points(hand)})   opponent {theirs}' + (
            f'   stood: {", ".join(stood)}' if stood else ''
        )

    def over(self, observation: Observation) -> bool:
        """Tell whether the game has ended."""
        return 'opponent_hand' in observation

    def outcome(self, last: Observation, done: bool, violations: int) -> str | None:
        """Return who won, by the cards that are turned up in the end."""
        if not done or 'opponent_hand' not in last:
            return None
        return winner(last['hand'], last['opponent_hand'])


def winner(hand: Sequence[str], other: Sequence[str]) -> str:
    """Return the outcome of an ended game for who holds `hand`."""
    mine, theirs = points(hand), points(other)
    if mine > LIMIT or (theirs <= LIMIT and theirs > mine):
        return 'loss'
    return 'draw' if mine == theirs else 'victory'


def _continued(before: Observation, action: str, after: Observation) -> str:
    """Return why `after` does not follow from `before` by `action`; empty if it does."""
    played = [list(entry) for entry in after['played']]
    new = played[len(before['played']) :]
    if played[: len(before['played'])] != [list(entry) for entry in before['played']]:
        return 'what was played before the step has changed'
    if new[:1] != [[AGENT, action]]:
        return f'the agent chose {action}, the next state has {new[:1]}'
    if any(who != OPPONENT for who, _ in new[1:]):
        return 'the agent acted twice in one step'
    shown = {who: list(cards) for who, cards in before['face_up'].items()}
    now, stood = after['face_up'], dict(before['stood'])
    hand = list(before['hand'])
    if action == 'hit':
        hand = list(after['hand'])[: len(hand) + 1]
        if hand[:-1] != list(before['hand']):
            return 'a hit brought other than one card'
    stood[AGENT] = stood[AGENT] or action == 'stand'
    for _, answer in new[1:]:
        if stood[OPPONENT] or points(hand) > LIMIT:
            return 'the opponent acted when it could not'
        if answer == 'stand':
            stood[OPPONENT] = True
        else:
            shown[OPPONENT] = now[OPPONENT][: len(shown[OPPONENT]) + 1]
    hits = sum(answer == 'hit' for _, answer in new[1:])
    if (
        list(after['hand']) != hand
        or list(now[OPPONENT]) != shown[OPPONENT]
        or len(now[OPPONENT]) != len(before['face_up'][OPPONENT]) + hits
        or list(now[OPPONENT])[: len(before['face_up'][OPPONENT])]
        != list(before['face_up'][OPPONENT])
        or dict(after['stood']) != stood
    ):
        return 'cards or stands have changed in a way that no action brings'
    ended = points(hand) > LIMIT or all(stood.values())
    if 'opponent_hand' in after:
        other = list(after['opponent_hand'])
        if other[1:] != shown[OPPONENT]:
            return 'the opponent turned up other cards than it had'
        ended = ended or points(other) > LIMIT
    if ended != ('opponent_hand' in after):
        return f'the game has {"ended" if ended else "not ended"}, the next state says otherwise'
    if not ended and not stood[OPPONENT] and len(new) != 2:
        return f'the opponent acted {len(new) - 1} times in its turn'
    return ''


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
