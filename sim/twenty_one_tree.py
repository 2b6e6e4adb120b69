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
"""The best play at 21 points against an opponent whose policy is known, by exact expectimax.

What a player does not know is the opponent's hidden card. Its belief is the unseen cards that fit
what the opponent did so far: the opponent's policies here are sure of their action, or act by
chance alone, so a set of possible hidden cards is all that there is to know. The value of a
situation is the chance of a victory; a draw and a loss count 0. Knows nothing about episodes.

Cards are told apart by their value only (1 for the ace, 10 for 10, J, Q, K); a set of cards is
an integer with four bits a value, such as `pack([1, 10, 10])`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

VALUES = range(1, 11)
SHIFT = tuple(4 * (value - 1) if value else 0 for value in range(11))
ONE = tuple(1 << SHIFT[value] if value else 0 for value in range(11))
LIMIT = 21
KEPT = 2_000_000
"""Situations of a best response that are remembered at most, about 1.2 GB; then it begins anew."""
ANY = (1 << 10) - 1
"""The set of all values, as hidden cards are noted: bit `value - 1`."""


def pack(values: Iterable[int]) -> int:
    """Return a set of cards."""
    return sum(ONE[value] for value in values)


DECK = pack([value for value in VALUES for _ in range(8 if value == 10 else 2)])

_totals: dict[int, int] = {}


def total(cards: int) -> int:
    """Return the points of a set of cards: an ace counts 11 where that fits, else 1."""
    points = _totals.get(cards)
    if points is None:
        points = sum(value * (cards >> SHIFT[value] & 15) for value in VALUES)
        if cards & 15 and points <= LIMIT - 10:
            points += 10
        _totals[cards] = points
    return points


def counts(cards: int) -> list[int]:
    """Return how many cards of each value there are; the first entry is not used."""
    return [0, *(cards >> SHIFT[value] & 15 for value in VALUES)]


class Policy(Protocol):
    """How a player plays.

    Attributes:
        watches: whether it looks at what the other one shows and does.
    """

    watches: bool

    def chance(self, own: int, shown: int, other: int, doubt: int, other_stood: bool) -> float:
        """Return the chance that it hits: 0, 1, or the same whatever it holds.

        Args:
            own: all its cards; `shown`: those face up.
            other: the other one's cards that are face up.
            doubt: the other's hidden cards that fit what it did; 0 where that is not looked at.
        """


class Coin:
    """Hits with probability 1/2 at any total."""

    watches = False

    def chance(self, own: int, shown: int, other: int, doubt: int, other_stood: bool) -> float:
        """Return 1/2."""
        return 0.5


class Seventeen:
    """Hits below 17, an ace counted as 11 where that fits."""

    watches = False

    def chance(self, own: int, shown: int, other: int, doubt: int, other_stood: bool) -> float:
        """Return 1 below 17, else 0."""
        return float(total(own) < 17)


def narrowed(
    policy: Policy,
    shown: int,
    mask: int,
    hit: bool,
    other: int = 0,
    doubt: int = 0,
    other_stood: bool = False,
) -> int:
    """Return the hidden cards that fit, after a player with the cards `shown` hit or stood.

    Where none fits, the player does not play by `policy`, and any card is possible again.

    Args:
        mask: the hidden cards that fitted before.
        other, doubt, other_stood: what the player saw of the other one, if `policy` watches.
    """
    rest = counts(DECK - shown - other)
    kept = 0
    for value in VALUES:
        bit, own = 1 << value - 1, shown + ONE[value]
        if mask & bit and rest[value] and total(own) <= LIMIT:
            chance = policy.chance(own, shown, other, doubt, other_stood)
            if chance if hit else 1.0 - chance:
                kept |= bit
    return kept or ANY


class Choice(NamedTuple):
    """The best action, and the chance of a victory after it."""

    worth: float
    hit: bool


class BestResponse:
    """The best play against `opponent`; also a policy itself.

    As a policy it takes the other for `opponent`, whoever that is. It remembers the situations
    that it has judged, so that a later game is faster.
    """

    watches = True

    def __init__(self, opponent: Policy) -> None:
        self._opponent = opponent
        self._watched = opponent.watches
        self._mine: dict[tuple[int, ...], Choice] = {}
        self._theirs: dict[tuple[int, ...], float] = {}

    def chance(self, own: int, shown: int, other: int, doubt: int, other_stood: bool) -> float:
        """Return 1 where a hit is better than standing, else 0."""
        return float(self.choice(own, 0, 0, other, doubt, other_stood).hit)

    def choice(
        self, own: int, shown: int, doubt: int, other: int, mask: int, other_stood: bool
    ) -> Choice:
        """Return the best action at one's own turn; of equal ones, to stand.

        Args:
            own: all cards of the player; `shown`: those face up.
            doubt: the player's hidden cards that fit what it did, as the opponent sees it.
            other: the opponent's cards that are face up.
            mask: the opponent's hidden cards that fit what it did.
        """
        rest = counts(DECK - own - other)
        mask = _possible(mask, rest, other)
        if not self._watched:
            shown = doubt = 0
        key = (own, shown, doubt, other, mask, other_stood)
        known = self._mine.get(key)
        if known is None:
            if len(self._mine) > KEPT:
                self._mine.clear()
                self._theirs.clear()
            known = self._mine[key] = self._choose(*key, rest)
        return known

    def opening(self, own: int, shown: int, other: int) -> float:
        """Return the chance of a victory where the opponent begins, before its first turn."""
        return self._turn(own, shown, ANY, other, ANY, False)

    def _choose(
        self, own: int, shown: int, doubt: int, other: int, mask: int, over: bool, rest: list[int]
    ) -> Choice:
        # Up to 11 a hit costs nothing where nobody looks at it, and no hit is worth more than the
        # chance not to go over the limit: much of the tree need not be looked at.
        if total(own) <= LIMIT - 10 and not self._watched:
            return Choice(self._hit(own, shown, doubt, other, mask, over, rest), True)
        stand = self._stand(own, shown, doubt, other, mask, over, rest)
        if stand >= _safe(own, mask, rest):
            return Choice(stand, False)
        hit = self._hit(own, shown, doubt, other, mask, over, rest)
        return Choice(max(stand, hit), hit > stand)

    def _stand(
        self, own: int, shown: int, doubt: int, other: int, mask: int, over: bool, rest: list[int]
    ) -> float:
        if over:
            return _settled(own, other, mask, rest)
        if self._watched:
            doubt = narrowed(SEVENTEEN, shown, doubt, False)
        return self._turn(own, shown, doubt, other, mask, True)

    def _hit(
        self, own: int, shown: int, doubt: int, other: int, mask: int, over: bool, rest: list[int]
    ) -> float:
        hidden = [value for value in VALUES if mask >> value - 1 & 1]
        weight = sum(rest[value] for value in hidden)
        left = weight * (sum(rest) - 1)
        if self._watched:
            doubt = narrowed(SEVENTEEN, shown, doubt, True)
        worth = 0.0
        for card in VALUES:
            if not rest[card]:
                continue
            ways = rest[card] * (weight - (mask >> card - 1 & 1))
            more = own + ONE[card]
            if not ways or total(more) > LIMIT:
                continue
            shows = shown + ONE[card] if self._watched else 0
            if over:
                value = self.choice(more, shows, doubt, other, mask, True).worth
            else:
                value = self._turn(more, shows, doubt, other, mask, False)
            worth += ways * value
        return worth / left

    def _turn(self, own: int, shown: int, doubt: int, other: int, mask: int, stood: bool) -> float:
        """Return the chance of a victory at the opponent's turn; `stood`: the player has."""
        rest = counts(DECK - own - other)
        mask = _possible(mask, rest, other)
        if not self._watched:
            shown = doubt = 0
        key = (own, shown, doubt, other, mask, stood)
        known = self._theirs.get(key)
        if known is not None:
            return known
        hidden = [value for value in VALUES if mask >> value - 1 & 1]
        weight = sum(rest[value] for value in hidden)
        chances = {
            value: self._opponent.chance(other + ONE[value], other, shown, doubt, stood)
            for value in hidden
        }
        standing = sum(1 << value - 1 for value in hidden if chances[value] < 1.0)
        worth = 0.0
        if standing:
            part = sum(rest[value] * (1.0 - chances[value]) for value in hidden)
            if stood:
                value = _settled(own, other, standing, rest)
            else:
                value = self.choice(own, shown, doubt, other, standing, True).worth
            worth += part * value
        hitting = [value for value in hidden if chances[value] > 0.0]
        if hitting:
            worth += chances[hitting[0]] * self._drawn(
                own, shown, doubt, other, hitting, stood, rest
            )
        self._theirs[key] = worth / weight
        return worth / weight

    def _drawn(
        self,
        own: int,
        shown: int,
        doubt: int,
        other: int,
        hidden: list[int],
        stood: bool,
        rest: list[int],
    ) -> float:
        """Return the worth, times the cards that may be hidden, of the opponent's next card."""
        worth = 0.0
        for card in VALUES:
            if not rest[card]:
                continue
            more = other + ONE[card]
            mask = ways = 0
            for value in hidden:
                here = rest[value] * (rest[card] - (value == card))
                if total(more + ONE[value]) > LIMIT:
                    worth += here
                elif here:
                    mask |= 1 << value - 1
                    ways += here
            if mask and stood:
                worth += ways * self._turn(own, shown, doubt, more, mask, True)
            elif mask:
                worth += ways * self.choice(own, shown, doubt, more, mask, False).worth
        return worth / (sum(rest) - 1)


def _possible(mask: int, rest: list[int], other: int) -> int:
    """Return the hidden cards that are unseen and not over the limit; all those if none fits."""
    open_ = sum(
        1 << value - 1 for value in VALUES if rest[value] and total(other + ONE[value]) <= LIMIT
    )
    return mask & open_ or open_


def _safe(own: int, mask: int, rest: list[int]) -> float:
    """Return the chance that one more card is not over the limit."""
    weight = sum(rest[value] for value in VALUES if mask >> value - 1 & 1)
    ways = sum(
        rest[card] * (weight - (mask >> card - 1 & 1))
        for card in VALUES
        if rest[card] and total(own + ONE[card]) <= LIMIT
    )
    return ways / (weight * (sum(rest) - 1))


def _settled(own: int, other: int, mask: int, rest: list[int]) -> float:
    """Return the chance that the own points are more, when both have stood."""
    points = total(own)
    won = every = 0
    for value in VALUES:
        if mask >> value - 1 & 1:
            every += rest[value]
            won += rest[value] * (total(other + ONE[value]) < points)
    return won / every


COIN, SEVENTEEN = Coin(), Seventeen()


def game_value(best: BestResponse) -> float:
    """Return the chance of a victory before the cards are dealt, who begins drawn evenly.

    The mean over all deals of the player's two cards and the opponent's open one, and over both
    beginners, of the value of the tree.
    """
    won = every = 0.0
    full = counts(DECK)
    for hidden in VALUES:
        for open_card in VALUES:
            for other in VALUES:
                rest, ways = full.copy(), 1
                for card in (hidden, open_card, other):
                    ways *= rest[card]
                    rest[card] -= 1
                if not ways:  # three cards of a value of which there are two
                    continue
                own, shown = ONE[hidden] + ONE[open_card], ONE[open_card]
                first = best.choice(own, shown, ANY, ONE[other], ANY, False).worth
                second = best.opening(own, shown, ONE[other])
                every += 2 * ways
                won += ways * (first + second)
    return won / every
