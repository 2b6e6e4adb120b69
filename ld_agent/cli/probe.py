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
"""`ld-agent probe`: measure how well a student reads a manual."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ld_agent.cli.common import AsJson, console, errors_as_sentences, show_step
from ld_agent.cli.options import Adapter
from ld_agent.probe import probe as measure
from ld_agent.probe import read_cases, SHIPPED, shown
from ld_agent.selector import Selector
from ld_agent.student.prepare import DEFAULT_MODEL, open_student
from rich.table import Table
import typer


def probe(
    cases: Annotated[
        Path, typer.Argument(help='Case file; default: the shipped cases.')
    ] = SHIPPED,
    model: Annotated[str, typer.Option(help='Student model.')] = DEFAULT_MODEL,
    adapter: Adapter = 'default',
    untuned: Annotated[bool, typer.Option('--untuned', help='Without an adapter.')] = False,
    json: AsJson = False,
) -> None:
    """Measure how well a student reads manuals that belong to no task."""
    with errors_as_sentences():
        read = read_cases(cases)
        student = open_student(model, None if untuned else adapter, progress=show_step)
        figures = measure(Selector(student), read)
    if json:
        typer.echo(shown(figures))
        return
    table = Table(title=f'{figures["cases"]} cases')
    table.add_column('measure')
    table.add_column('value', justify='right')
    for name in ('accuracy', 'pair_accuracy'):
        table.add_row(name, f'{figures[name]:.1%}')
    table.add_row('ece', f'{figures["ece"]:.3f}')
    table.add_row('order_flips', str(figures['order_flips']))
    table.add_row('selection_ms (median)', f'{figures["selection_ms"]["median"]:.1f}')
    for level, share in figures['by_level'].items():
        table.add_row(f'  {level}', f'{share:.1%}')
    type(console)().print(table)
