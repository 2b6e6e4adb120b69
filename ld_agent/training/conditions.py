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
"""Conditions on facts, put into words: a value, several, all but one, a range of numbers."""

from __future__ import annotations

from dataclasses import dataclass
import random

from ld_agent.training.vocabulary import Fact, Vocabulary
from ld_agent.training.words import Count


@dataclass(frozen=True)
class Test:
    """A branch of the tree: which values of a fact go this way, and the words for it."""

    fact: str
    values: tuple[str, ...]
    words: str


def fact_branches(
    fact: Fact, vocabulary: Vocabulary, rng: random.Random, most: int, plain: bool
) -> list[Test]:
    """Split the values of `fact` into two to `most` groups, each put into words."""
    values = list(fact.values)
    rng.shuffle(values)
    groups = [[v] for v in values]
    while len(groups) > most or (len(groups) > 2 and rng.random() < 0.2):
        last = groups.pop()
        groups[rng.randrange(len(groups))].extend(last)
    tests = []
    for group in groups:
        excluded = [v for v in values if v not in group]
        if len(excluded) == 1 and rng.random() < (0.35 if len(group) > 1 else 0.2):
            words = _negated(fact, excluded[0], vocabulary, rng, plain)
        elif len(group) > 1 and len(excluded) == 1:
            words = _negated(fact, excluded[0], vocabulary, rng, plain)
        else:
            words = ' or '.join(vocabulary.clause(fact, v, rng, plain) for v in group)
        tests.append(Test(fact.name, tuple(group), words))
    return tests


def _negated(
    fact: Fact, value: str, vocabulary: Vocabulary, rng: random.Random, plain: bool
) -> str:
    if value in ('yes', 'no') or rng.random() < 0.3:
        clause = vocabulary.clause(fact, value, rng, plain)
        return rng.choice(('it is not the case that {}', 'it is not true that {}')).format(clause)
    return rng.choice(
        (
            'the {f} is not {v}', 'the {f} is anything but {v}', 'the {f} is other than {v}',
            "the {f} isn't {v}", 'the {f} is no longer {v}', '{f} shows no {v}',
        )
    ).format(f=fact.name, v=value)  # fmt: skip


def count_branches(count: Count, rng: random.Random, most: int = 2) -> list[Test]:
    """Split a number at one threshold, or at two where `most` allows it."""
    numbers = range(0, count.highest + 1)
    cut = rng.randint(2, count.highest - 2)
    if most > 2 and rng.random() < 0.4:
        end = rng.randint(cut + 1, count.highest - 1)
        middle = rng.choice(
            (
                f'{count.noun} is between {cut} and {end}', f'{count.noun} is {cut} to {end}',
                f'{count.noun} is at least {cut} but at most {end}',
                f'{count.noun} lies from {cut} up to {end}',
            )
        )  # fmt: skip
        groups = [
            (numbers[:cut], _below(count, cut, rng)),
            (numbers[cut : end + 1], middle),
            (numbers[end + 1 :], _at_least(count, end + 1, rng)),
        ]
    else:
        groups = [
            (numbers[:cut], _below(count, cut, rng)),
            (numbers[cut:], _at_least(count, cut, rng)),
        ]
    return [Test(count.name, tuple(map(str, group)), words) for group, words in groups]


def _below(count: Count, cut: int, rng: random.Random) -> str:
    said = [
        f'{count.noun} is below {cut}', f'{count.noun} is less than {cut}',
        f'{count.noun} is at most {cut - 1}', f'{count.name} under {cut}',
        f'{count.noun} is smaller than {cut}', f'{count.noun} does not reach {cut}',
        f'{count.noun} is no more than {cut - 1}', f'{count.noun} stays under {cut}',
        f'{count.noun} is {cut - 1} or less', f'{count.noun} does not exceed {cut - 1}',
        f'{count.name} up to {cut - 1}', f'{count.noun} is lower than {cut}',
    ]  # fmt: skip
    if count.things:
        said += [f'fewer than {cut} {count.things}', f'there are fewer than {cut} {count.things}']
        said += [f'at most {cut - 1} {count.things}', f'not more than {cut - 1} {count.things}']
    return rng.choice(said)


def _at_least(count: Count, cut: int, rng: random.Random) -> str:
    said = [
        f'{count.noun} is at least {cut}', f'{count.noun} is {cut} or more',
        f'{count.noun} is above {cut - 1}', f'{count.name} over {cut - 1}',
        f'{count.noun} is greater than {cut - 1}', f'{count.noun} has reached {cut}',
        f'{count.noun} exceeds {cut - 1}', f'{count.noun} is no less than {cut}',
        f'{count.noun} is not below {cut}', f'{count.noun} is higher than {cut - 1}',
        f'{count.name} beyond {cut - 1}', f'{count.noun} comes to {cut} or more',
    ]  # fmt: skip
    if count.things:
        said += [f'{cut} or more {count.things}', f'more than {cut - 1} {count.things}']
        said += [f'at least {cut} {count.things}', f'there are over {cut - 1} {count.things}']
    return rng.choice(said)
