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
"""`ld-agent evaluate BAG...`: success, steps, times and agreement, from bags alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ld_agent.bags import read_episodes
from ld_agent.cli.common import console, errors_as_sentences, print_json
from ld_agent.evaluate import evaluate_bags, EvaluationReport
from ld_agent.summary import Millis, Share
from rich.console import Console
from rich.markup import escape
from rich.table import Table
import typer


def evaluate(
    bags: Annotated[list[Path], typer.Argument(help='Bag folders, of one or several methods.')],
    json: Annotated[
        bool, typer.Option('--json', help='Print one JSON object (a list for several methods).')
    ] = False,
    png: Annotated[
        Path | None,
        typer.Option(help='Draw trajectories of chosen episodes here (PNG).'),
    ] = None,
    trace_png: Annotated[
        Path | None,
        typer.Option(help='Draw one step, function by function, here (PNG).'),
    ] = None,
    episode: Annotated[
        list[int] | None,
        typer.Option(help='Episode to draw; may be repeated. Default: the first of each bag.'),
    ] = None,
    step: Annotated[int, typer.Option(help='Step to draw in the trace.')] = 0,
    function_base: Annotated[
        Path | None,
        typer.Option(help="The task's function base, if it is not the shipped one."),
    ] = None,
) -> None:
    """Evaluate recorded bags: every move is refereed again."""
    with errors_as_sentences():
        reports = evaluate_bags(bags, function_base)
        if png is not None or trace_png is not None:
            _draw(bags, episode, step, png, trace_png)
    if json:
        shown = [report.as_json() for report in reports]
        print_json(shown[0] if len(shown) == 1 else shown)
        return
    out = Console()
    out.print(table(reports))
    for report in reports:
        for fault in (*report.disagreements, *report.dropped, report.agreement_note):
            if fault:
                out.print(f'[yellow]![/] {escape(str(fault))}', highlight=False, soft_wrap=True)


def _draw(
    bags: list[Path],
    numbers: list[int] | None,
    step: int,
    png: Path | None,
    trace_png: Path | None,
) -> None:
    # Matplotlib takes half a second to load, so only those who draw pay for it.
    from ld_agent.plots import choose_episodes, draw_trace, draw_trajectories

    chosen = choose_episodes([read_episodes(bag) for bag in bags], numbers)
    if png is not None:
        draw_trajectories(chosen, png)
        console.print(f'trajectories: {png}', highlight=False)
    if trace_png is not None:
        draw_trace(chosen[0], step, trace_png)
        console.print(f'trace: {trace_png}', highlight=False)


def table(reports: list[EvaluationReport]) -> Table:
    """Return the reports as a table, a method a column."""
    out = Table(title='Evaluation', caption='shares with Wilson 95 % intervals')
    out.add_column('')
    for report in reports:
        out.add_column(f'{report.method} ({report.task})', justify='right')
    outcomes = dict.fromkeys(outcome for r in reports for outcome in r.outcomes)
    rows = {
        'episodes': [_count(r.episodes, r.unfinished, 'unfinished') for r in reports],
        **{
            outcome.replace('_', ' '): [
                _percent(r.outcomes[outcome]) if outcome in r.outcomes else '-' for r in reports
            ]
            for outcome in outcomes
        },
        f'mean steps of {next(iter(outcomes))}': [_number(r.mean_steps, '.2f') for r in reports],
        'violations / lost turns': [f'{r.violations} / {r.lost_turns}' for r in reports],
        'agrees with the reference': [
            '-' if r.agreement is None else f'{r.agreement:.1%} of {r.judged}' for r in reports
        ],
        'selection, ms (median, p99)': [_times(r.selection_ms) for r in reports],
        'step, ms (median, p99)': [_times(r.step_ms) for r in reports],
        'state to state, ms (median, p99)': [_times(r.cycle_ms) for r in reports],
        'disagreements': [str(len(r.disagreements)) for r in reports],
    }
    for name, cells in rows.items():
        out.add_row(name, *cells)
    return out


def _count(count: int, more: int, what: str) -> str:
    return f'{count} (+{more} {what})' if more else str(count)


def _percent(share: Share) -> str:
    return f'{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]'.replace('[', '\\[')


def _number(value: float | None, form: str) -> str:
    return '-' if value is None else format(value, form)


def _times(millis: Millis) -> str:
    return f'{_number(millis.median, ".1f")}, {_number(millis.p99, ".1f")}'
