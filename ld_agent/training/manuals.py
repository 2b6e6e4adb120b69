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
"""Training examples from a task's manual: its stages, its facts, its functions.

Functions are renamed and their lines reworded at random, candidates are left out, emergency
filters with labels join the repeated stage, so that the student has to read. States are
combinations of the stage's facts; the labels come from the invocation rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import itertools
from pathlib import Path
import random

from ld_agent.errors import LdAgentError
from ld_agent.function_base import Stage, Task
from ld_agent.function_file import Function
from ld_agent.prompt import Entry
from ld_agent.training.examples import Example, ExampleSet
from ld_agent.training.reading import names
from ld_agent.training.words import LABELS, MORE_LABELS
import yaml

HELD_OUT_WORDINGS = 3
"""The last rewordings of every value are never trained on."""

READING_SHARE = 0.35
"""Share of reading in the task phase, so that it is not forgotten."""

Clauses = dict[str, dict[str, tuple[str, ...]]]


def rewordings(task: str, folder: Path | None = None) -> Clauses:
    """Return fact → value → other clauses that say it.

    Args:
        folder: a function base; its own `rewordings.yaml` comes before the shipped ones.

    Raises:
        LdAgentError: there are none.
    """
    shipped = Path(__file__).with_name('rewordings') / f'{task}.yaml'
    own = None if folder is None else folder / 'rewordings.yaml'
    file = own if own is not None and own.exists() else shipped
    if not file.exists():
        raise LdAgentError(
            f'{own or shipped}: there is no such file; training on {task!r} needs other wordings '
            'of its facts there (fact: value: clauses)'
        )
    read = yaml.safe_load(file.read_text(encoding='utf-8'))
    return {f: {v: tuple(said) for v, said in values.items()} for f, values in read.items()}


def reworded(function: Function, clauses: Clauses, rng: random.Random, held_out: bool) -> str:
    """Return when to use `function` in other words, clause by clause of its rule.

    Args:
        held_out: take only clauses that training never sees, otherwise only the others.
    """
    part = slice(-HELD_OUT_WORDINGS, None) if held_out else slice(None, -HELD_OUT_WORDINGS)
    said = []
    for fact, value in function.rule.equalities():
        kept = clauses[fact][value][part]
        literal = not held_out and rng.random() < 0.15
        said.append(f'the {fact} is {value}' if literal else rng.choice(kept))
    rng.shuffle(said)
    return rng.choice((' and ', ' and ', ', and ', ' while ')).join(said)


def keepout(fact: str, label: str) -> Entry:
    """Return what the student reads of the filter function of a labelled area."""
    return Entry(
        f'{label}_keepout',
        f'Drop the listed cells inside the {fact} {label}',
        f'the {fact} is {label}',
    )


def task_set(
    stage: Stage,
    clauses: Clauses,
    rng: random.Random,
    states: int,
    held_out: bool = False,
) -> ExampleSet:
    """Draw candidates, their words and names, and states of one stage.

    Args:
        held_out: reword every line in words that training never sees.
    """
    kept = list(stage.functions.values())
    if not held_out and len(kept) > 3 and rng.random() < 0.3:
        kept = rng.sample(kept, rng.randint(3, len(kept) - 1))
    renamed = rng.random() < 0.5
    new_names = iter(names(len(kept), rng))
    shown, entries = {}, []
    for function in kept:
        shown[function.name] = next(new_names) if renamed else function.name
        when = function.manual.when_to_use
        if held_out or rng.random() < 0.6:
            when = reworded(function, clauses, rng, held_out)
        entries.append(Entry(shown[function.name], function.manual.purpose, when))

    labelled = stage.labelled
    known, numbers = (LABELS, (1, 1, 2, 3)) if held_out else (MORE_LABELS, (1, 2, 3, 5, 8))
    labels = rng.sample(known, rng.choice(numbers)) if labelled else []
    for label in labels:
        entries.append(keepout(labelled[0], label))
    combinations = stage.fact_combinations()
    examples: list[Example] = []
    while len(examples) < states:
        facts = dict(rng.choice(combinations))
        if labels and rng.random() < 0.5:
            label = rng.choice(labels)
            examples.append(Example({**facts, labelled[0]: label}, f'{label}_keepout'))
            continue
        right = [f for f in kept if f.rule.holds(facts)]
        if right:
            examples.append(Example(facts, shown[right[0].name]))
    ordered = tuple(sorted(entries, key=lambda entry: entry.name))
    return ExampleSet(stage.rules, ordered, tuple(examples), f'task {stage.name}')


def stream(task: Task, seed: int, states: int, held_out: bool = False) -> Iterator[ExampleSet]:
    """Yield sets of the stages that have a choice, without end."""
    stages = [stage for stage in task.stages if len(stage.functions) > 1]
    clauses = rewordings(task.name, task.folder)
    number = 0
    while True:
        rng = random.Random(f'{seed}/{number}')
        yield task_set(rng.choice(stages), clauses, rng, states, held_out)
        number += 1


def mixed(
    read: Iterator[ExampleSet], tasks: Sequence[Task], seed: int, states: int
) -> Iterator[ExampleSet]:
    """Yield sets of `read` and of the tasks' manuals, the tasks in turn, without end."""
    turns = itertools.cycle([stream(task, seed, states) for task in tasks])
    for number in itertools.count():
        chance = random.Random(f'{seed}/mix/{number}').random()
        yield next(read if chance < READING_SHARE else next(turns))
