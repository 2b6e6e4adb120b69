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
"""The two phases of training: reading, once per base model, and a task on top of it.

Both are the same from the same seed, resume after an interruption, and log every step to
`log.jsonl` in their work folder, where the adapter is written too.
"""

from __future__ import annotations

from collections.abc import Iterator
import itertools
from pathlib import Path
import random

from ld_agent.function_base import Task
from ld_agent.student.prepare import fetch_model
from ld_agent.student.tokenizer import read_tokenizer
from ld_agent.training import manuals, reading
from ld_agent.training.examples import ExampleSet
from ld_agent.training.lora import measure, Plan, Progress, train, Trainee
from ld_agent.training.packing import pack, Packed
from ld_agent.training.vocabulary import vocabularies

STATES = 12
CHECK_SETS = 16
CHECK_READING_EVERY = 200
CHECK_TASK_EVERY = 25
HELD_OUT_SEED = 900
READING_SHARE = 0.35
"""Share of reading in the task phase, so that it is not forgotten."""


def train_reading(
    model: str, start: Path | None, work: Path, plan: Plan, progress: Progress
) -> None:
    """Phase one: learn to read manuals of invented functions.

    Args:
        start: adapter to go on from, with the hard levels at once; None begins with the easy.
    """
    words = vocabularies('world', 'vehicles')
    total = plan.sequences if start is None else 1
    sets = reading.stream(words['train'], plan.seed, STATES, total)
    held = {
        f'{name}, {level}': list(
            itertools.islice(reading.stream(v, HELD_OUT_SEED, STATES, level=level), CHECK_SETS)
        )
        for name, v in words.items()
        for level in ('full', 'apart')
    }
    _train(model, start, work, plan, progress, sets, held, CHECK_READING_EVERY)


def train_task(
    model: str, task: Task, start: Path | None, work: Path, plan: Plan, progress: Progress
) -> None:
    """Phase two: the task's manual, with reading mixed in.

    Args:
        start: adapter of the reading phase; None goes without that phase, for comparison.
    """
    words = vocabularies('world', 'vehicles')

    def sets() -> Iterator[ExampleSet]:
        read = reading.stream(words['train'], plan.seed, STATES, 1)
        tasks = manuals.stream(task, plan.seed, STATES)
        for number in itertools.count():
            chance = random.Random(f'{plan.seed}/mix/{number}').random()
            yield next(read if chance < READING_SHARE else tasks)

    near = words['unseen facts, near wordings']
    held = {
        'task': list(itertools.islice(manuals.stream(task, HELD_OUT_SEED, STATES), CHECK_SETS)),
        'task reworded': list(
            itertools.islice(manuals.stream(task, HELD_OUT_SEED, STATES, True), CHECK_SETS)
        ),
        'unseen facts, near wordings, apart': list(
            itertools.islice(
                reading.stream(near, HELD_OUT_SEED, STATES, level='apart'), CHECK_SETS
            )
        ),
    }
    _train(model, start, work, plan, progress, sets(), held, CHECK_TASK_EVERY)


def _train(
    model: str,
    start: Path | None,
    work: Path,
    plan: Plan,
    progress: Progress,
    sets: Iterator[ExampleSet],
    held: dict[str, list[ExampleSet]],
    check_every: int,
) -> None:
    source = fetch_model(model)
    tokenizer, bos = read_tokenizer(source)

    def packed(example_set: ExampleSet) -> Packed:
        return pack(
            example_set, lambda text: tokenizer.encode(text, add_special_tokens=False).ids, bos
        )

    checks = {name: [packed(s) for s in some] for name, some in held.items()}
    trainee = Trainee(source, plan, start)

    def check() -> dict:
        return {
            name: {k: round(v, 4) for k, v in measure(trainee, some).items()}
            for name, some in checks.items()
        }

    notes = {'states': STATES}
    train(trainee, plan, map(packed, sets), work, progress, check, check_every, notes)
