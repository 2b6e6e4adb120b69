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
"""Shapes of invented manuals: how the conditions of a set of functions hang together.

A `tree` splits facts again and again, so exactly one function fits every state. In a set `apart`
the functions speak of different facts, most of which do not matter in a given state.
"""

from __future__ import annotations

from dataclasses import dataclass
import itertools
import random

from ld_agent.training.conditions import count_branches, fact_branches, Test
from ld_agent.training.vocabulary import Fact, label_fact, Vocabulary
from ld_agent.training.words import COUNTS, MORE_LABELS, OTHERWISE


@dataclass
class Leaf:
    """A function to be: it fits where all tests do; without tests, where no other fits."""

    tests: list[Test]
    when: str = ''
    name: str = ''


@dataclass(frozen=True)
class Shape:
    """The functions to be, and fact → the values it may have."""

    leaves: list[Leaf]
    domain: dict[str, list[str]]

    def answer(self, facts: dict[str, str]) -> str | None:
        """Return the name of the one function that fits, None where none or several do."""
        fit = self._fit(facts)
        return fit[0].name if len(fit) == 1 else None

    def answerable(self) -> bool:
        """Tell whether there is a state that one function alone fits."""
        return any(
            len(self._fit(dict(zip(self.domain, values, strict=True)))) == 1
            for values in itertools.product(*self.domain.values())
        )

    def _fit(self, facts: dict[str, str]) -> list[Leaf]:
        fit = [leaf for leaf in self.leaves if leaf.tests]
        fit = [leaf for leaf in fit if all(facts[t.fact] in t.values for t in leaf.tests)]
        return fit or [leaf for leaf in self.leaves if not leaf.tests]


def tree(vocabulary: Vocabulary, rng: random.Random, level: str) -> Shape:
    """Split facts until there are enough leaves; `level` as in `reading.example_set`."""
    easy, full = level == 'look-up', level == 'full'
    target = rng.choice((2, 3, 3, 4) if easy else (2, 3, 3, 4, 4, 5, 5, 6))
    plain = not full or rng.random() < 0.3
    domain: dict[str, list[str]] = {}
    used: list[Fact] = []
    leaves = [Leaf([])]
    while len(leaves) < target:
        leaf = leaves.pop(rng.randrange(len(leaves)))
        room = target - len(leaves)
        kind = rng.random()
        if kind < 0.16 and full:
            count = rng.choice([c for c in COUNTS if c.name not in domain])
            domain[count.name] = [str(n) for n in range(0, count.highest + 1)]
            tests = count_branches(count, rng, room)
        else:
            fact = label_fact(rng) if kind < 0.29 else vocabulary.fact(rng)
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
                    Test(fact.name, (v,), vocabulary.clause(fact, v, rng, plain))
                    for v in fact.values
                ]
                if easy or (not full and len(fact.values) <= room + 1)
                else fact_branches(fact, vocabulary, rng, max(2, room), plain)
            )
        leaves += [Leaf([*leaf.tests, test]) for test in tests]
        if easy:
            break
    for leaf in leaves:
        leaf.when = _said(leaf.tests, rng)
    if len(leaves) > 2 and full and rng.random() < 0.15:
        rng.choice(leaves).when = rng.choice(OTHERWISE)
    return Shape(leaves, domain)


def apart(vocabulary: Vocabulary, rng: random.Random) -> Shape:
    """Let the functions speak of two or three facts, each on its own, sometimes of two at once.

    One value at least of every fact but the first belongs to no function.
    """
    plain = rng.random() < 0.3
    facts = _different_facts(vocabulary, rng, rng.choice((2, 2, 3)))
    return _each_on_its_own(vocabulary, rng, facts, [], plain)


def labelled(vocabulary: Vocabulary, rng: random.Random) -> Shape:
    """Let two to eight functions each ask for a name, as areas in force do, others for facts."""
    plain = rng.random() < 0.6
    names = label_fact(rng, rng.sample(MORE_LABELS, rng.choice((2, 3, 4, 5, 6, 8))))
    facts = [
        fact
        for fact in _different_facts(vocabulary, rng, rng.choice((1, 1, 2)))
        if fact.name != names.name
    ]
    tests = [
        Test(names.name, (label,), vocabulary.clause(names, label, rng, plain))
        for label in names.values
        if label != 'none'
    ]
    return _each_on_its_own(vocabulary, rng, [names, *facts], tests, plain)


def _each_on_its_own(
    vocabulary: Vocabulary,
    rng: random.Random,
    facts: list[Fact],
    tests: list[Test],
    plain: bool,
) -> Shape:
    """Return functions of `tests`, and of tests of those facts that have none yet."""
    named = {test.fact for test in tests}
    for number, fact in enumerate(facts):
        if fact.name in named:
            continue
        most = len(fact.values) - (number > 0)
        for value in rng.sample(sorted(fact.values), rng.randint(1, min(most, 3))):
            tests.append(Test(fact.name, (value,), vocabulary.clause(fact, value, rng, plain)))
    leaves = []
    for test in tests:
        others = [t for t in tests if t.fact != test.fact]
        second = [rng.choice(others)] if rng.random() < 0.15 else []
        leaves.append(Leaf([test, *second]))
    for leaf in leaves:
        leaf.when = _said(leaf.tests, rng)
    if rng.random() < 0.25 or len(leaves) < 2:
        leaves.append(Leaf([], rng.choice(OTHERWISE)))
    shape = Shape(leaves, {fact.name: list(fact.values) for fact in facts})
    return shape if shape.answerable() else apart(vocabulary, rng)


def _different_facts(vocabulary: Vocabulary, rng: random.Random, number: int) -> list[Fact]:
    """Draw facts of different names, often two with the same values."""
    facts: dict[str, Fact] = {}
    while len(facts) < number:
        fact = vocabulary.fact(rng)
        facts.setdefault(fact.name, fact)
        twin = vocabulary.twin(fact, rng)
        if twin is not None and rng.random() < 0.5:
            facts.setdefault(twin.name, twin)
    return list(facts.values())


def _said(tests: list[Test], rng: random.Random) -> str:
    order = rng.sample(tests, len(tests))
    return rng.choice((' and ', ' and ', ', and ')).join(test.words for test in order)
