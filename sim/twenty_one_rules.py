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
"""The rules of 21 points on observations: what may be, what follows, who won."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ld_agent_sim.rules import Cell, Observation, Remark, Replay
from ld_agent_sim.twenty_one_cards import (
    ACTIONS,
    AGENT,
    OPPONENT,
    OUTCOMES,
    points,
    RANKS,
    SUITS,
    winner,
)
from ld_agent_sim.twenty_one_tree import LIMIT


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
