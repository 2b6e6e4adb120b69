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

from collections.abc import Iterator, Sequence
import itertools
from pathlib import Path

from ld_agent.function_base import Task
from ld_agent.student.prepare import fetch_model
from ld_agent.student.tokenizer import read_tokenizer
from ld_agent.training import manuals, reading
from ld_agent.training.examples import ExampleSet
from ld_agent.training.loop import measure, Progress, train
from ld_agent.training.lora import Plan, Trainee
from ld_agent.training.packing import pack, Packed
from ld_agent.training.vocabulary import vocabularies

STATES = 12
CHECK_SETS = 16
CHECK_READING_EVERY = 400
CHECK_TASK_EVERY = 25
HELD_OUT_SEED = 900


def train_reading(
    model: str, start: Path | None, work: Path, plan: Plan, progress: Progress
) -> None:
    """Phase one: learn to read manuals of invented functions.

    Args:
        start: adapter to go on from, with the hard levels at once; None begins with the easy.
    """
    words = vocabularies()
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


def train_tasks(
    model: str,
    tasks: Sequence[Task],
    start: Path | None,
    work: Path,
    plan: Plan,
    progress: Progress,
) -> None:
    """Phase two: the tasks' manuals, with reading mixed in.

    Args:
        tasks: one adapter learns them all.
        start: adapter of the reading phase; None goes without that phase, for comparison.
    """
    words = vocabularies()

    near = words['unseen facts, near wordings']
    held: dict[str, Iterator[ExampleSet]] = {}
    for task in tasks:
        name = 'task' if len(tasks) == 1 else f'task {task.name}'
        held[name] = manuals.stream(task, HELD_OUT_SEED, STATES)
        held[f'{name} reworded'] = manuals.stream(task, HELD_OUT_SEED, STATES, True)
    held['unseen facts, near wordings, apart'] = reading.stream(
        near, HELD_OUT_SEED, STATES, level='apart'
    )
    checks = {name: list(itertools.islice(sets, CHECK_SETS)) for name, sets in held.items()}
    read = reading.stream(words['train'], plan.seed, STATES, 1)
    sets = manuals.mixed(read, tasks, plan.seed, STATES)
    _train(model, start, work, plan, progress, sets, checks, CHECK_TASK_EVERY)


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
