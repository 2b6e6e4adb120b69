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
"""Invented manuals: functions that exist nowhere, chosen by facts that a reader must look up.

A random decision tree over a few facts gives the functions of a set: each leaf is one
function, and its condition is the way to the leaf in words. So exactly one function fits
every state, every fact can matter, and the names say nothing about the conditions. The
vocabulary lies in `vocabulary/*.yaml`; a part of its facts and of its wordings is held out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
import random

from ld_agent.prompt import Entry
from ld_agent.training.examples import Example, ExampleSet
from ld_agent.training.words import (
    ACTORS,
    Count,
    COUNTS,
    LABEL_KINDS,
    LABELS,
    NOUNS,
    OTHERWISE,
    PLACES,
    RULES,
    VERBS,
)  # fmt: skip
import yaml

HELD_OUT_FACTS = 5
"""Every fifth fact of the vocabulary is never trained on."""
HELD_OUT_WORDINGS = 1
"""The last wording of every value is never trained on."""


@dataclass(frozen=True)
class Fact:
    """A fact with, for each of its values, clauses that say the same."""

    name: str
    values: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Vocabulary:
    """The facts a generator may use, and which of their wordings."""

    facts: tuple[Fact, ...]
    wordings: slice

    def clause(self, fact: Fact, value: str, rng: random.Random, plain: bool) -> str:
        """Return a clause that says that `fact` has `value`, literally where `plain`.

        The literal and the two nearest wordings come three times as often as the far ones.
        """
        said = fact.values[value]
        if plain:
            return said[0]
        kept = said[self.wordings]
        return rng.choices(kept, [3 if said.index(w) < 3 else 1 for w in kept])[0]


def _label_fact(rng: random.Random) -> Fact:
    """Invent a fact whose values are mere names, which must be matched letter by letter."""
    kind = rng.choice(LABEL_KINDS)
    return Fact(
        kind,
        {
            label: (
                f'the {kind} is {label}', f'{label} is the {kind}', f'{kind} reads {label}',
                f'{label} is what the {kind} says', f'it is {label} that is the {kind}',
                f'the {kind} is {label}', f'the {kind} is {label}',
            )
            for label in (*rng.sample(LABELS, rng.choice((2, 2, 3, 4))), 'none')
        },
    )  # fmt: skip


def load_facts(*names: str) -> list[Fact]:
    """Read the vocabulary files of these names (`world`, `vehicles`), in this order."""
    folder = Path(__file__).with_name('vocabulary')
    return [
        Fact(str(item['fact']), {str(v): tuple(map(str, w)) for v, w in item['values'].items()})
        for name in names
        for item in yaml.safe_load((folder / f'{name}.yaml').read_text(encoding='utf-8'))
    ]


def vocabularies(*names: str) -> dict[str, Vocabulary]:
    """Return vocabularies of these files by what is new: nothing, facts, or wordings."""
    facts = load_facts(*names)
    seen = tuple(f for i, f in enumerate(facts) if i % HELD_OUT_FACTS)
    unseen = tuple(f for i, f in enumerate(facts) if i % HELD_OUT_FACTS == 0)
    old, new = slice(None, -HELD_OUT_WORDINGS), slice(-HELD_OUT_WORDINGS, None)
    return {
        'train': Vocabulary(seen, old),
        'unseen facts': Vocabulary(unseen, old),
        'unseen wordings': Vocabulary(seen, new),
    }


@dataclass(frozen=True)
class _Test:
    """A branch of the tree: which values of a fact go this way, and the words for it."""

    fact: str
    values: tuple[str, ...]
    words: str


@dataclass
class _Leaf:
    tests: list[_Test]
    name: str = ''


def _fact_branches(
    fact: Fact, vocabulary: Vocabulary, rng: random.Random, most: int, plain: bool
) -> list[_Test]:
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
        tests.append(_Test(fact.name, tuple(group), words))
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


def _count_branches(count: Count, rng: random.Random) -> list[_Test]:
    """Split a number at a threshold."""
    cut = rng.randint(2, count.highest - 1)
    numbers = range(0, count.highest + 1)
    low = tuple(str(n) for n in numbers if n < cut)
    high = tuple(str(n) for n in numbers if n >= cut)
    below = rng.choice(
        (f'{count.noun} is below {cut}', f'{count.noun} is less than {cut}',
         f'{count.noun} is at most {cut - 1}', f'{count.name} under {cut}',
         f'{count.noun} is smaller than {cut}', f'{count.noun} does not reach {cut}')
    )  # fmt: skip
    above = rng.choice(
        (f'{count.noun} is at least {cut}', f'{count.noun} is {cut} or more',
         f'{count.noun} is above {cut - 1}', f'{count.name} over {cut - 1}',
         f'{count.noun} is greater than {cut - 1}', f'{count.noun} has reached {cut}')
    )  # fmt: skip
    return [_Test(count.name, low, below), _Test(count.name, high, above)]


def names(number: int, rng: random.Random) -> list[str]:
    """Return names of invented functions, their first words all different."""
    found: list[str] = []
    for verb in rng.sample(sorted(set(VERBS)), number):
        found.append(verb if rng.random() < 0.4 else f'{verb}_{rng.choice(NOUNS)}')
    return found


def purpose(name: str, rng: random.Random) -> str:
    """Return a sentence on what the function does, never on when."""
    verb, _, noun = name.partition('_')
    return f'{verb.capitalize()} the {noun or rng.choice(NOUNS)}{rng.choice(PLACES)}.'


def example_set(
    vocabulary: Vocabulary, rng: random.Random, states: int, level: str = 'full'
) -> ExampleSet:
    """Invent functions and draw `states` states, half of them contrastive pairs.

    The two states of a pair differ in one fact and want different functions; they follow
    each other in the result, pairs first.

    Args:
        vocabulary: the facts and wordings that may be used.
        rng: where all chance comes from.
        states: how many states to draw.
        level: `look-up` has one fact in its literal words, `plain` several, `full` adds other
            wordings, negations, alternatives, numbers and `otherwise`.
    """
    easy, full = level == 'look-up', level == 'full'
    target = rng.choice((2, 3, 3, 4) if easy else (2, 3, 3, 4, 4, 5, 5, 6))
    plain = not full or rng.random() < 0.3
    domain: dict[str, list[str]] = {}
    used: list[Fact] = []
    leaves = [_Leaf([])]
    while len(leaves) < target:
        leaf = leaves.pop(rng.randrange(len(leaves)))
        room = target - len(leaves)
        kind = rng.random()
        if kind < 0.1 and full:
            count = rng.choice([c for c in COUNTS if c.name not in domain])
            domain[count.name] = [str(n) for n in range(0, count.highest + 1)]
            tests = _count_branches(count, rng)
        else:
            fact = _label_fact(rng) if kind < 0.25 else rng.choice(vocabulary.facts)
            if used and rng.random() < 0.35:
                fact = rng.choice(used)
            elif fact.name in domain:
                leaves.append(leaf)
                continue
            if fact.name in (test.fact for test in leaf.tests):
                leaves.append(leaf)
                continue
            if fact.name not in domain:
                used.append(fact)
            domain[fact.name] = list(fact.values)
            tests = (
                [
                    _Test(fact.name, (v,), vocabulary.clause(fact, v, rng, plain))
                    for v in fact.values
                ]
                if easy or (not full and len(fact.values) <= room + 1)
                else _fact_branches(fact, vocabulary, rng, max(2, room), plain)
            )
        leaves += [_Leaf([*leaf.tests, test]) for test in tests]
        if easy:
            break
    for leaf, name in zip(leaves, names(len(leaves), rng), strict=True):
        leaf.name = name
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        spare = rng.choice(vocabulary.facts)
        domain.setdefault(spare.name, list(spare.values))

    other = (
        rng.randrange(len(leaves)) if len(leaves) > 2 and full and rng.random() < 0.15 else None
    )
    entries = []
    for number, leaf in enumerate(leaves):
        order = rng.sample(leaf.tests, len(leaf.tests))
        when = rng.choice((' and ', ' and ', ', and ')).join(test.words for test in order)
        if number == other:
            when = rng.choice(OTHERWISE)
        entries.append(Entry(leaf.name, purpose(leaf.name, rng), when))
    entries.sort(key=lambda entry: entry.name)
    shown = list(domain)
    rng.shuffle(shown)
    actor = rng.choice(ACTORS)
    rules = rng.choice(RULES).format(
        actor=actor, Actor=actor[0].upper() + actor[1:], noun=rng.choice(NOUNS)
    )
    draws = _draw_states(leaves, domain, shown, rng, states)
    return ExampleSet(rules, tuple(entries), tuple(draws), level)


def _answer(leaves: Sequence[_Leaf], facts: dict[str, str]) -> str:
    return next(leaf.name for leaf in leaves if all(facts[t.fact] in t.values for t in leaf.tests))


def _draw_states(
    leaves: Sequence[_Leaf],
    domain: dict[str, list[str]],
    shown: Sequence[str],
    rng: random.Random,
    number: int,
) -> list[Example]:
    """Draw states that visit the leaves evenly: contrastive pairs first, then single ones."""

    def state_of(leaf: _Leaf) -> dict[str, str]:
        facts = {name: rng.choice(values) for name, values in domain.items()}
        facts.update({test.fact: rng.choice(test.values) for test in leaf.tests})
        return {name: facts[name] for name in shown}

    drawn: list[Example] = []
    tries = 0
    while len(drawn) < number // 2 and tries < 10 * number:
        tries += 1
        leaf = rng.choice(leaves)
        first = state_of(leaf)
        fact = rng.choice([test.fact for test in leaf.tests])
        second = {**first, fact: rng.choice(domain[fact])}
        answer = _answer(leaves, second)
        if answer != leaf.name:
            drawn += [Example(first, leaf.name), Example(second, answer)]
    while len(drawn) < number:
        leaf = rng.choice(leaves)
        drawn.append(Example(state_of(leaf), leaf.name))
    return drawn


def levels(done: float) -> dict[str, float]:
    """Return the shares of the levels after this part of the training (0 to 1).

    Look-up alone until it is learnt, then several facts, then everything.
    """
    full = min(0.6, max(0.0, (done - 0.25) / 0.35 * 0.6))
    plain = (1.0 - full) * min(0.85, max(0.0, (done - 0.06) / 0.12 * 0.85))
    return {'look-up': 1.0 - full - plain, 'plain': plain, 'full': full}


def stream(vocabulary: Vocabulary, seed: int, states: int, total: int = 0) -> Iterator[ExampleSet]:
    """Yield sets without end, the same ones for the same arguments.

    Args:
        vocabulary: the facts and wordings that may be used.
        seed: where all chance comes from.
        states: states a set.
        total: length of the curriculum in sets; 0 for sets of the last level only.
    """
    number = 0
    while True:
        rng = random.Random(f'{seed}/{number}')
        shares = levels(min(1.0, number / total)) if total else {'full': 1.0}
        level = rng.choices(list(shares), list(shares.values()))[0]
        yield example_set(vocabulary, rng, states, level)
        number += 1
