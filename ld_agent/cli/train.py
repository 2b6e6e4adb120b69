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
"""`ld-agent train`: the two phases that make an adapter, and the baseline `kd`."""

from __future__ import annotations

from functools import partial
import json as json_text
from pathlib import Path
from typing import Annotated, Any

from ld_agent.cli.common import AsJson, console, errors_as_sentences, print_figures
from ld_agent.errors import LdAgentError
from ld_agent.players import find_task
from ld_agent.selector import Selector
from ld_agent.student.known import known_student
from ld_agent.student.prepare import DEFAULT_MODEL, open_student
from ld_agent.training.report import task_report
import typer

TASK_SEQUENCES = 240
READING_SEQUENCES = 7000
READING_SEED = 1
DPR_STEPS = 120
SENTENCE_SEQUENCES = 1280

train = typer.Typer(help='Train an adapter (needs the training extra).', no_args_is_help=True)


@train.command()
def reading(
    out: Annotated[Path, typer.Option(help='Work folder: checkpoint, log, adapter.')],
    start: Annotated[
        Path | None, typer.Option(help='Adapter to go on from; none: from the start.')
    ] = None,
    model: Annotated[str, typer.Option(help='Base model.')] = DEFAULT_MODEL,
    sequences: Annotated[int, typer.Option(help='Sets of twelve answers.')] = READING_SEQUENCES,
    seed: Annotated[int, typer.Option(help='Seed.')] = READING_SEED,
    threads: Annotated[int, typer.Option(help='Processor threads.')] = 2,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Peak of the learning rate, to go on at a lower one; default: the plan's.",
        ),
    ] = None,
) -> None:
    """Phase one: learn to read manuals of invented functions."""
    with errors_as_sentences():
        run, plan = _training(model)
        peak = plan().learning_rate if rate is None else rate
        numbers = plan(sequences=sequences, seed=seed, threads=threads, learning_rate=peak)
        run.train_reading(model, start, out, numbers, _show)


@train.command()
def ld(
    out: Annotated[Path, typer.Option(help='Work folder: checkpoint, log, adapter.')],
    start: Annotated[
        Path | None,
        typer.Option(help='Adapter of the reading phase; none: that phase runs first.'),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(help='Task; may be repeated: one adapter learns all. Default: pursuit.'),
    ] = None,
    function_base: Annotated[
        Path | None, typer.Option(help='Folder of a base, for one task; default: the installed.')
    ] = None,
    model: Annotated[str, typer.Option(help='Base model.')] = DEFAULT_MODEL,
    sequences: Annotated[int, typer.Option(help='Sets of twelve answers.')] = TASK_SEQUENCES,
    seed: Annotated[int, typer.Option(help='Seed.')] = 2,
    threads: Annotated[int, typer.Option(help='Processor threads.')] = 2,
    no_reading: Annotated[
        bool, typer.Option('--no-reading', help='Without the reading phase, for comparison.')
    ] = False,
    json: AsJson = False,
) -> None:
    """Phase two: the manuals of one task or several, on top of reading."""
    with errors_as_sentences():
        tasks = [find_task(function_base, name) for name in dict.fromkeys(task or ['pursuit'])]
        run, plan = _training(model)
        if start is None and not no_reading:
            numbers = plan(sequences=READING_SEQUENCES, seed=READING_SEED, threads=threads)
            run.train_reading(model, None, out / 'reading', numbers, _show)
            start = out / 'reading' / 'adapter'
        numbers = plan(
            sequences=sequences, warmup_steps=10, learning_rate=plan().learning_rate / 2,
            seed=seed, checkpoint_every=25, threads=threads,
        )  # fmt: skip
        out = out / 'task'
        run.train_tasks(model, tasks, start, out, numbers, _show)
        if not _leads():
            return
        console.print('preparing the student with the new adapter, to measure it as it runs')
        selector = Selector(open_student(model, out / 'adapter'))
        by_task = {loaded.name: task_report(selector, loaded) for loaded in tasks}
        figures = by_task if len(by_task) > 1 else by_task[tasks[0].name]
    text = json_text.dumps(figures, indent=2)
    (out / 'report.json').write_text(text + '\n', encoding='utf-8')
    print_figures(figures, json, 'ld-agent train ld')


@train.command()
def kd(
    out: Annotated[Path, typer.Option(help='Work folder: outputs, checkpoint, log, adapter.')],
    outputs: Annotated[int, typer.Option(min=1, help="States with the teacher's moves.")],
    task: Annotated[str, typer.Option(help='Task.')] = 'pursuit',
    model: Annotated[str, typer.Option(help='Base model.')] = DEFAULT_MODEL,
    epochs: Annotated[int, typer.Option(min=1, help='Times that each output is seen.')] = 1,
    json: AsJson = False,
) -> None:
    """The baseline kd: write the moves of a teacher; `large` where one is configured."""
    with errors_as_sentences():
        _training(model)
        from ld_agent.training.kd import Lesson, train_kd

        lesson = Lesson.of_configured_teacher(outputs, epochs)
        console.print(
            f'the teacher is {lesson.teacher} {lesson.teacher_model}'.rstrip()
            + ('' if lesson.teacher_model else ' (no large model is configured)'),
            highlight=False,
        )
        record = train_kd(
            model, task, out, lesson, _show,
            lambda done: None if done % 1000 else console.print(f'{done} outputs'),
        )  # fmt: skip
    if _leads():
        print_figures(record, json, 'ld-agent train kd')


@train.command()
def sentences(
    out: Annotated[Path, typer.Option(help='Work folder: checkpoint, log, adapter.')],
    start: Annotated[
        Path | None, typer.Option(help='Adapter to go on from, at half the learning rate.')
    ] = None,
    model: Annotated[str, typer.Option(help='Base model.')] = DEFAULT_MODEL,
    sequences: Annotated[int, typer.Option(help='Sets of eight sentences.')] = SENTENCE_SEQUENCES,
    seed: Annotated[int, typer.Option(help='Seed.')] = 1,
    threads: Annotated[int, typer.Option(help='Processor threads.')] = 2,
) -> None:
    """The student that writes the filter function of an emergency's sentence."""
    with errors_as_sentences():
        _, plan = _training(model)
        from ld_agent.training.authoring import train_sentences

        rate = plan().learning_rate * (1.0 if start is None else 0.5)
        numbers = plan(
            sequences=sequences, per_step=2, learning_rate=rate, seed=seed,
            warmup_steps=40 if start is None else 5, threads=threads,
        )  # fmt: skip
        train_sentences(model, start, out, numbers, _show)
    if _leads():
        typer.echo(str(out / 'adapter'))


@train.command()
def average(
    adapters: Annotated[list[Path], typer.Argument(help='Adapters of legs from one start.')],
    out: Annotated[Path, typer.Option(help='Folder for the mean of them.')],
    rank: Annotated[
        int | None, typer.Option(help='Rank of the mean; default the highest of them.', min=1)
    ] = None,
) -> None:
    """The mean of adapters that were trained side by side, or one cut to a lower rank."""
    with errors_as_sentences():
        from ld_agent.training.average import average_adapters

        lost = average_adapters(adapters, out, rank)
    typer.echo(f'{out} ({100 * lost:.2g} % of what they add is lost by its rank)')


@train.command()
def temperature(
    adapter: Annotated[Path, typer.Argument(help='Adapter; gets temperature.json.')],
    model: Annotated[str, typer.Option(help='Base model.')] = DEFAULT_MODEL,
    json: AsJson = False,
) -> None:
    """How sure a student may be: on facts that no training saw. Needs no torch."""
    with errors_as_sentences():
        from ld_agent.training.temperature import set_temperature

        figures = set_temperature(Selector(open_student(model, adapter)), adapter)
    print_figures(figures, json, 'ld-agent train temperature')


@train.command()
def curve(
    logs: Annotated[list[Path], typer.Argument(help='log.jsonl of trainings, a panel each.')],
    png: Annotated[Path, typer.Option(help='Picture to write (PNG).')],
    label: Annotated[list[str] | None, typer.Option(help='Title of a panel, in order.')] = None,
) -> None:
    """Draw accuracy on held-out examples against the answers learnt from."""
    with errors_as_sentences():
        from ld_agent.training.curve import draw_curves

        titles = label or [log.parent.name for log in logs]
        if len(titles) != len(logs):
            raise LdAgentError(f'{len(logs)} logs have {len(titles)} labels; give one for each')
        draw_curves(logs, titles, png)


@train.command()
def dpr(
    out: Annotated[Path, typer.Option(help='Work folder: log, adapter.')],
    task: Annotated[
        list[str] | None, typer.Option(help='Task; may be repeated. Default: pursuit.')
    ] = None,
    steps: Annotated[int, typer.Option(help='Optimiser steps.', min=1)] = DPR_STEPS,
    seed: Annotated[int, typer.Option(help='Seed.')] = 1,
    threads: Annotated[int, typer.Option(help='Threads.', min=1)] = 2,
) -> None:
    """The encoders of the retriever, with in-batch negatives; also needs bfcl-eval."""
    with errors_as_sentences():
        _training(DEFAULT_MODEL)
        from ld_agent.training import dpr as module

        plan = module.DprPlan(steps=steps, seed=seed, threads=threads)
        module.train_dpr([find_task(None, name) for name in task or ['pursuit']], out, plan, _show)
    typer.echo(str(out / 'adapter'))


def _training(model: str) -> tuple[Any, Any]:
    """Return the module that trains, and its `Plan` with the numbers that suit `model`."""
    try:
        from ld_agent.training import lora, run
    except ImportError as error:
        raise LdAgentError(
            f'training needs torch, transformers and peft ({error}); install ld_agent with '
            '`pip install ".[train]"`'
        ) from None
    known = known_student(model)
    numbers = {} if known is None else known.training.model_dump()
    return run, partial(lora.Plan, **numbers)


def _leads() -> bool:
    """Return whether this process, of those that `torchrun` started, speaks for all."""
    from ld_agent.training.parallel import Workers

    return not Workers().rank


def _show(record: dict) -> None:
    console.print(
        f'step {record["step"]}/{record["of"]}  loss {record["loss"]:.3f}  '
        f'accuracy {record["accuracy"]:.2f}  {record["seconds"]:.1f} s',
        highlight=False,
    )
