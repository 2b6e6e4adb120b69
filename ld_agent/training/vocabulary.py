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
"""What invented manuals speak of: facts, their values, and clauses that say a value.

Most facts lie in files of `vocabulary`, each value in six wordings; of `world.yaml` and
`vehicles.yaml` a part of the facts and of the wordings is held out. Others are put together at
random, from things and groups of values, or have mere names as values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
import random

from ld_agent.training.words import COUNTS, LABEL_KINDS, LABELS
import yaml

SPLIT = ('world', 'vehicles')
"""Files of which a part is held out."""
TRAINED_WHOLE = (
    'contests', 'days', 'devices', 'living', 'machines', 'measures', 'motion', 'people', 'places',
    'plant', 'space', 'stakes', 'stories', 'town', 'trades', 'transport', 'voyages',
)  # fmt: skip
"""Files of which nothing is held out but the last wordings."""
TEMPERED = ('home', 'leisure', 'nature', 'relations', 'works')
"""Files of which some facts are kept to set the temperature by."""
INVENTED = 0.35
NEAR_WORDINGS = 3
"""So many wordings of a value, the literal one among them, use words near to its own."""
HELD_OUT_FACTS = 5
"""Every fifth fact of the files that are split is never trained on."""
TEMPERATURE_FACTS = 12
"""Every twelfth fact of the files `TEMPERED` is never trained on, and in no report."""
HELD_OUT_WORDINGS = 1
"""The last wording of every value is never trained on."""


@dataclass(frozen=True)
class Fact:
    """A fact with, for each of its values, clauses that say the same."""

    name: str
    values: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Vocabulary:
    """The facts a generator may use, and which of their wordings.

    Attributes:
        invented: share of facts that are put together at random.
    """

    facts: tuple[Fact, ...]
    wordings: slice
    invented: float = 0.0

    def fact(self, rng: random.Random) -> Fact:
        """Draw a fact."""
        if rng.random() < self.invented:
            return self._invent(rng, rng.choice(_things()[1]))
        return rng.choice(self.facts)

    def twin(self, fact: Fact, rng: random.Random) -> Fact | None:
        """Return another fact with values of the same group, None where there is no group."""
        for group in _things()[1]:
            if self.invented and set(fact.values) <= set(group):
                return self._invent(rng, group)
        return None

    def _invent(self, rng: random.Random, group: dict[str, list[str]]) -> Fact:
        taken = {fact.name for fact in self.facts}
        thing = rng.choice([t for t in _things()[0] if t not in taken])
        chosen = rng.sample(sorted(group), rng.randint(2, len(group)))
        return Fact(
            thing,
            {
                value: (f'the {thing} is {value}', *(f'the {thing} {w}' for w in group[value]))
                for value in chosen
            },
        )

    def clause(self, fact: Fact, value: str, rng: random.Random, plain: bool) -> str:
        """Return a clause that says that `fact` has `value`, literally where `plain`.

        The literal and the two nearest wordings come three times as often as the far ones.
        """
        said = fact.values[value]
        if plain:
            return said[0]
        kept = said[self.wordings]
        return rng.choices(kept, [3 if said.index(w) < NEAR_WORDINGS else 1 for w in kept])[0]


def label_fact(rng: random.Random, labels: Sequence[str] | None = None) -> Fact:
    """Invent a fact whose values are mere names, which must be matched letter by letter.

    Args:
        labels: these names, instead of two to four.
    """
    kind = rng.choice(LABEL_KINDS)
    return Fact(
        kind,
        {
            label: (
                f'the {kind} is {label}', f'{label} is the {kind}', f'{kind} reads {label}',
                f'{label} is what the {kind} says', f'it is {label} that is the {kind}',
                f'the {kind} is {label}', f'the {kind} is {label}',
            )
            for label in (*(labels or rng.sample(LABELS, rng.choice((2, 2, 3, 4)))), 'none')
        },
    )  # fmt: skip


@cache
def _things() -> tuple[tuple[str, ...], tuple[dict[str, list[str]], ...]]:
    """Return the things, and the groups of values with phrases for each value."""
    file = Path(__file__).with_name('vocabulary') / 'things.yaml'
    read = yaml.safe_load(file.read_text(encoding='utf-8'))
    return tuple(t.strip() for t in read['things'].split(',')), tuple(read['values'])


def load_facts(*names: str) -> list[Fact]:
    """Read the vocabulary files of these names, in this order."""
    folder = Path(__file__).with_name('vocabulary')
    return [
        Fact(str(item['fact']), {str(v): tuple(map(str, w)) for v, w in item['values'].items()})
        for name in names
        for item in yaml.safe_load((folder / f'{name}.yaml').read_text(encoding='utf-8'))
    ]


@cache
def vocabularies() -> dict[str, Vocabulary]:
    """Return vocabularies by what is new in them: nothing, facts, or wordings."""
    facts = load_facts(*SPLIT)
    seen = tuple(f for i, f in enumerate(facts) if i % HELD_OUT_FACTS)
    kept: list[Fact] = []
    whole = load_facts(*TRAINED_WHOLE)
    for name in TEMPERED:
        for i, fact in enumerate(load_facts(name)):
            (whole if i % TEMPERATURE_FACTS else kept).append(fact)
    trained = {f.name for f in (*seen, *whole)} | {c.name for c in COUNTS} | set(_things()[0])
    unseen = tuple(
        f for i, f in enumerate(facts) if i % HELD_OUT_FACTS == 0 and f.name not in trained
    )
    old, new = slice(None, -HELD_OUT_WORDINGS), slice(-HELD_OUT_WORDINGS, None)
    return {
        'train': Vocabulary((*seen, *whole), old, INVENTED),
        'unseen facts': Vocabulary(unseen, old),
        'unseen facts, literal': Vocabulary(unseen, slice(None, 1)),
        'unseen facts, near wordings': Vocabulary(unseen, slice(None, NEAR_WORDINGS)),
        'unseen wordings': Vocabulary(seen, new),
        'temperature': Vocabulary(tuple(kept), slice(None)),
    }
