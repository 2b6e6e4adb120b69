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
"""`ld-agent bench`: the figures of docs/benchmarks.md, measured again on this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
import json as json_text
from pathlib import Path
from typing import Annotated, Any

from ld_agent import benchmark
from ld_agent.abstain import abstain_report
from ld_agent.cli.common import (
    AsJson,
    console,
    errors_as_sentences,
    one_of,
    print_figures,
    show_step,
)
from ld_agent.combinations import areas_report, combinations_report
from ld_agent.entropy import measure_entropy
from ld_agent.errors import LdAgentError
from ld_agent.function_base import Task
from ld_agent.function_check import installed_bases
from ld_agent.players import find_task
from ld_agent.retrieval_bench import retrieval_report
from ld_agent.scenario_bench import scenario_report
from ld_agent.selector import Selector
from ld_agent.sentence_bench import sentence_report
from ld_agent.sentences.author import open_author
from ld_agent.steps_bench import EPISODES, FIRST_SEED, steps_report
from ld_agent.student.prepare import DEFAULT_MODEL, open_student
from ld_agent.training.report import SEED as READING_SEED
from ld_agent.training.report import SETS, task_report
import typer


@dataclass(frozen=True)
class _Setting:
    """What the parts measure, and how much."""

    task: Task
    model: str
    untuned: bool
    decisions: int
    most: int
    episodes: int
    seed: int | None
    sets: int
    plots: Path | None

    @cached_property
    def selector(self) -> Selector:
        """The student, opened where a part first needs it."""
        adapter = None if self.untuned else 'default'
        return Selector(open_student(self.model, adapter, progress=show_step))

    @property
    def first_seed(self) -> int:
        """The seed of the first episode that is played."""
        return FIRST_SEED if self.seed is None else self.seed

    def plot(self, name: str) -> Path | None:
        return None if self.plots is None else self.plots / f'{name}.png'


def _restart(s: _Setting) -> dict[str, Any]:
    here = benchmark.fingerprint(s.selector, s.task)
    there = benchmark.fingerprint_elsewhere(s.model)
    return {'same_bits': here == there, 'sha256': here}


def _entropy(s: _Setting) -> dict[str, Any]:
    figures = measure_entropy(s.task, s.model, s.decisions, progress=_tell)
    plot = s.plot('entropy')
    if plot is not None:
        # Matplotlib takes half a second to load, so only those who draw pay for it.
        from ld_agent.plot_entropy import draw_entropy

        draw_entropy(figures, plot)
    return figures


PARTS: dict[str, Callable[[_Setting], Any]] = {
    'reading': lambda s: task_report(
        s.selector, s.task, READING_SEED if s.seed is None else s.seed, s.sets
    ),
    'combinations': lambda s: combinations_report(
        s.selector, [find_task(folder) for folder in installed_bases()]
    ),
    'areas': lambda s: areas_report(s.selector, s.task),
    'speed': lambda s: benchmark.speed(s.selector, s.task, s.model),
    'order': lambda s: benchmark.order_flips(s.selector, s.task),
    'restart': _restart,
    'abstain': lambda s: abstain_report(s.selector, s.task, s.plot('abstain')),
    'entropy': _entropy,
    'sentences': lambda s: sentence_report(
        open_author(s.model, progress=show_step), s.task, _tell
    ),
    'steps': lambda s: steps_report(s.episodes, s.first_seed, progress=show_step),
    'scenarios': lambda s: scenario_report(s.episodes, s.first_seed, progress=show_step),
    'retrieval': lambda s: retrieval_report(
        s.selector, s.task, _tell, s.most, s.plot('retrieval')
    ),
}
ON_REQUEST = ('steps', 'scenarios', 'retrieval')
"""Run only where they are named: they take long, and the last needs `.[retriever,bench]`."""


def bench(
    parts: Annotated[
        list[str] | None,
        typer.Argument(
            help=f'Some of {", ".join(PARTS)}; default: all but the last three.',
            autocompletion=one_of(*PARTS),
        ),
    ] = None,
    model: Annotated[str, typer.Option(help='Student model.')] = DEFAULT_MODEL,
    untuned: Annotated[bool, typer.Option('--untuned', help='Without an adapter.')] = False,
    task: Annotated[str, typer.Option(help='Task.')] = 'pursuit',
    decisions: Annotated[int, typer.Option(min=1, help='Decisions for the entropy.')] = 100,
    episodes: Annotated[
        int, typer.Option(min=2, help='Episodes for steps, scenarios.')
    ] = EPISODES,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            help='Seed of reading, first seed of steps, scenarios; default: the reported ones.',
        ),
    ] = None,
    sets: Annotated[int, typer.Option(min=1, help='Sets of 8 answers a line of reading.')] = SETS,
    most: Annotated[
        int, typer.Option(min=10, help='Largest base for the cost of retrieval.')
    ] = 1_000_000,
    plots: Annotated[Path | None, typer.Option(help='Folder for plots (PNG).')] = None,
    out: Annotated[Path | None, typer.Option(help='Write the figures here too (JSON).')] = None,
    json: AsJson = False,
) -> None:
    """Measure the student part by part."""
    with errors_as_sentences():
        wanted = parts or [part for part in PARTS if part not in ON_REQUEST]
        unknown = [part for part in wanted if part not in PARTS]
        if unknown:
            raise LdAgentError(f'part {unknown[0]!r} is unknown; use some of {", ".join(PARTS)}')
        if plots is not None:
            plots.mkdir(parents=True, exist_ok=True)
        setting = _Setting(
            find_task(None, task), model, untuned, decisions, most, episodes, seed, sets, plots
        )
        figures: dict[str, Any] = {'machine': benchmark.machine()}
        for part in wanted:
            console.print(f'measuring {part} ...', highlight=False)
            figures[part] = PARTS[part](setting)
        if 'selector' in vars(setting):
            student = setting.selector.student
            figures.update(student=student.name, provider=student.provider)
    if out is not None:
        out.write_text(json_text.dumps(figures, indent=2) + '\n', encoding='utf-8')
    print_figures(figures, json, 'ld-agent bench')


def _tell(text: str) -> None:
    console.print(f'  {text} ...', highlight=False)
