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

A random shape over a few facts gives the functions of a set (`shapes.py`) and their conditions
in words. Exactly one function fits every state that is drawn, and the names say nothing about the
conditions. The facts come from `vocabulary.py`, which holds a part of them and of their wordings
out.
"""

from __future__ import annotations

from collections.abc import Iterator
import random

from ld_agent.prompt import Entry
from ld_agent.training.examples import Example, ExampleSet
from ld_agent.training.shapes import apart, labelled, Shape, tree
from ld_agent.training.vocabulary import Vocabulary
from ld_agent.training.words import ACTORS, NOUNS, PLACES, RULES, VERBS


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
    each other in the result, pairs first. In `apart` fewer pairs may be found.

    Args:
        vocabulary: the facts and wordings that may be used.
        rng: where all chance comes from.
        states: how many states to draw.
        level: `look-up` has one fact in its literal words, `plain` several, `full` adds other
            wordings, negations, alternatives, numbers and `otherwise`; in `apart` the functions
            speak of different facts, in `labelled` most of names.
    """
    odd = {'apart': apart, 'labelled': labelled}
    shape = odd[level](vocabulary, rng) if level in odd else tree(vocabulary, rng, level)
    for leaf, name in zip(shape.leaves, names(len(shape.leaves), rng), strict=True):
        leaf.name = name
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        spare = vocabulary.fact(rng)
        shape.domain.setdefault(spare.name, list(spare.values))
    entries = [Entry(leaf.name, purpose(leaf.name, rng), leaf.when) for leaf in shape.leaves]
    entries.sort(key=lambda entry: entry.name)
    actor = rng.choice(ACTORS)
    rules = rng.choice(RULES).format(
        actor=actor, Actor=actor[0].upper() + actor[1:], noun=rng.choice(NOUNS)
    )
    return ExampleSet(rules, tuple(entries), tuple(_draw_states(shape, rng, states)), level)


def _draw_states(shape: Shape, rng: random.Random, number: int) -> list[Example]:
    """Draw states that visit the leaves evenly: contrastive pairs first, then single ones."""
    shown = list(shape.domain)
    rng.shuffle(shown)

    def draw() -> Example:
        while True:
            leaf = rng.choice(shape.leaves)
            facts = {name: rng.choice(shape.domain[name]) for name in shown}
            facts.update({test.fact: rng.choice(test.values) for test in leaf.tests})
            if shape.answer(facts) == leaf.name:
                return Example(facts, leaf.name)

    drawn: list[Example] = []
    tries = 0
    while len(drawn) < number // 2 and tries < 10 * number:
        tries += 1
        first = draw()
        fact = rng.choice(shown)
        facts = {**first.facts, fact: rng.choice(shape.domain[fact])}
        answer = shape.answer(facts)
        if answer not in (None, first.answer):
            drawn += [first, Example(facts, answer)]
    while len(drawn) < number:
        drawn.append(draw())
    return drawn


def levels(done: float) -> dict[str, float]:
    """Return the shares of the levels after this part of the training (0 to 1).

    Look-up alone until it is learnt, then several facts, then everything.
    """
    hard = min(0.8, max(0.0, (done - 0.1) / 0.15 * 0.8))
    plain = (1.0 - hard) * min(0.85, max(0.0, (done - 0.025) / 0.05 * 0.85))
    return {
        'look-up': 1.0 - hard - plain, 'plain': plain, 'full': 0.58 * hard, 'apart': 0.32 * hard,
        'labelled': 0.1 * hard,
    }  # fmt: skip


def stream(
    vocabulary: Vocabulary, seed: int, states: int, total: int = 0, level: str = 'full'
) -> Iterator[ExampleSet]:
    """Yield sets without end, the same ones for the same arguments.

    Args:
        vocabulary: the facts and wordings that may be used.
        seed: where all chance comes from.
        states: states a set.
        total: length of the curriculum in sets; 0 for sets of one level only.
        level: that level.
    """
    number = 0
    while True:
        rng = random.Random(f'{seed}/{number}')
        shares = levels(min(1.0, number / total)) if total else {level: 1.0}
        chosen = rng.choices(list(shares), list(shares.values()))[0]
        yield example_set(vocabulary, rng, states, chosen)
        number += 1
