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
"""`ld-agent compare BAG BAG`: two methods on the same seeds, pair by pair."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from ld_agent.cli.common import AsJson, errors_as_sentences, print_json
from ld_agent.compare import compare_bags, Comparison, Difference
from rich.console import Console
from rich.markup import escape
from rich.table import Table
import typer


def compare(
    first: Annotated[Path, typer.Argument(help='Bag folder of one method.')],
    second: Annotated[Path, typer.Argument(help='Bag folder of the other, on the same seeds.')],
    json: AsJson = False,
) -> None:
    """Compare two bags of the same seeds, pair by pair."""
    with errors_as_sentences():
        found = compare_bags(first, second)
    if json:
        print_json(asdict(found))
        return
    out = Console()
    out.print(_table(found))
    for fault in (*found.first.disagreements, *found.second.disagreements):
        out.print(f'[yellow]![/] {escape(fault)}', highlight=False, soft_wrap=True)
    for one in found.unpaired:
        out.print(f'[yellow]not paired:[/] {escape(one)}', highlight=False, soft_wrap=True)


def _table(c: Comparison) -> Table:
    table = Table(
        title=f'{len(c.pairs)} pairs', caption="t: Student's 95 % interval; p: McNemar, exact"
    )
    table.add_column('')
    for place, side in (('first', c.first), ('second', c.second)):
        table.add_column(escape(f'{place}: {side.method}\n{side.bag}'), justify='right')
    table.add_column('together', justify='right')
    rows = {
        'success': (c.first.successes, c.second.successes, f'both {c.both}, neither {c.neither}'),
        'success of only this one': (c.only_first, c.only_second, f'p = {c.p_value:.3g}'),
        'violations': (c.first.violations, c.second.violations, ''),
        'lost turns': (c.first.lost_turns, c.second.lost_turns, ''),
        'steps where both succeed': (*_means(c), _shown(c.steps)),
    }
    for name, cells in rows.items():
        table.add_row(name, *(escape(str(cell)) for cell in cells))
    return table


def _means(c: Comparison) -> tuple[str, str]:
    won = [pair.steps for pair in c.pairs if pair.outcomes == ('success', 'success')]
    if not won:
        return '-', '-'
    a, b = (sum(steps) / len(won) for steps in zip(*won, strict=True))
    return f'{a:.2f}', f'{b:.2f}'


def _shown(steps: Difference | None) -> str:
    if steps is None:
        return '-'
    if steps.low is None:
        return f'{steps.mean:+.2f} (one pair)'
    return f'{steps.mean:+.2f} [{steps.low:+.2f}, {steps.high:+.2f}]'
