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

import json as json_text
from pathlib import Path
from typing import Annotated, Any

from ld_agent import benchmark
from ld_agent.abstain import abstain_report
from ld_agent.cli.common import console, errors_as_sentences, show_step
from ld_agent.entropy import measure_entropy
from ld_agent.errors import LdAgentError
from ld_agent.players import find_task
from ld_agent.selector import Selector
from ld_agent.student.prepare import DEFAULT_MODEL, open_student
from ld_agent.training.report import task_report
import typer

PARTS = ('reading', 'speed', 'order', 'restart', 'abstain', 'entropy')


def bench(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f'Some of {", ".join(PARTS)}; default: all.')
    ] = None,
    model: Annotated[str, typer.Option(help='Student model.')] = DEFAULT_MODEL,
    untuned: Annotated[bool, typer.Option('--untuned', help='Without an adapter.')] = False,
    task: Annotated[str, typer.Option(help='Task.')] = 'pursuit',
    decisions: Annotated[int, typer.Option(min=1, help='Decisions for the entropy.')] = 100,
    plots: Annotated[Path | None, typer.Option(help='Folder for plots (PNG).')] = None,
    out: Annotated[Path | None, typer.Option(help='Write the figures here too (JSON).')] = None,
) -> None:
    """Measure reading, speed, order, restarts, abstaining, entropy; print one JSON object."""
    with errors_as_sentences():
        wanted = parts or list(PARTS)
        unknown = [part for part in wanted if part not in PARTS]
        if unknown:
            raise LdAgentError(f'part {unknown[0]!r} is unknown; use some of {", ".join(PARTS)}')
        loaded = find_task(None, task)
        adapter = None if untuned else 'default'
        selector = Selector(open_student(model, adapter, progress=show_step))
        figures: dict[str, Any] = {
            'machine': benchmark.machine(),
            'student': selector.student.name,
            'provider': selector.student.provider,
        }
        for part in wanted:
            console.print(f'measuring {part} ...', highlight=False)
            if part == 'reading':
                figures[part] = task_report(selector, loaded)
            elif part == 'speed':
                figures[part] = benchmark.speed(selector, loaded, model)
            elif part == 'order':
                figures[part] = benchmark.order_flips(selector, loaded)
            elif part == 'abstain':
                plot = None if plots is None else plots / 'abstain.png'
                figures[part] = abstain_report(selector, loaded, plot)
            elif part == 'entropy':
                figures[part] = measure_entropy(loaded, model, decisions, progress=_tell)
            else:
                here = benchmark.fingerprint(selector, loaded)
                there = benchmark.fingerprint_elsewhere(model)
                figures[part] = {'same_bits': here == there, 'sha256': here}
        if plots is not None and 'entropy' in figures:
            from ld_agent.plot_entropy import draw_entropy

            draw_entropy(figures['entropy'], plots / 'entropy.png')
    text = json_text.dumps(figures, indent=2)
    if out is not None:
        out.write_text(text + '\n', encoding='utf-8')
    typer.echo(text)


def _tell(method: str) -> None:
    console.print(f'  {method} ...', highlight=False)
