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
"""The cards of 21 points: what they are worth, and who wins with them."""

from __future__ import annotations

from collections.abc import Sequence

from ld_agent_sim.twenty_one_tree import LIMIT, pack, total

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


def winner(hand: Sequence[str], other: Sequence[str]) -> str:
    """Return the outcome of an ended game for who holds `hand`."""
    mine, theirs = points(hand), points(other)
    if mine > LIMIT or (theirs <= LIMIT and theirs > mine):
        return 'loss'
    return 'draw' if mine == theirs else 'victory'
