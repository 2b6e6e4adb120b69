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
"""`ld-agent tables`: play the tables of docs/benchmarks.md and write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from ld_agent.cli.common import (
    AsJson,
    console,
    errors_as_sentences,
    one_of,
    print_json,
    show_step,
)
from ld_agent.errors import LdAgentError
from ld_agent.student.prepare import prepare
from ld_agent.tables.check import check_tables
from ld_agent.tables.engines import Engine, make_engine
from ld_agent.tables.plan import check_methods, choose, Table, TABLES
from ld_agent.tables.render import put_between_markers, read_page, render_table
from ld_agent.tables.run import Key, play_tables, RowResult, selected, Standing, Watch
from ld_agent.tables.store import Store
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.text import Text
import typer

STOPPED = 130


def tables(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help='table1, ...; default: all tables.',
            autocompletion=one_of(*(table.name for table in TABLES)),
        ),
    ] = None,
    engine: Annotated[str, typer.Option(help='local or ray.')] = 'local',
    processes: Annotated[
        int | None, typer.Option(min=1, help='Episodes at once; default: one a core.')
    ] = None,
    out: Annotated[Path, typer.Option(help='Folder that keeps every episode.')] = Path('results'),
    docs: Annotated[Path, typer.Option(help='Page that the tables are written into.')] = Path(
        'docs/benchmarks.md'
    ),
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Episodes a row, in place of the plan's.")
    ] = None,
    methods: Annotated[
        str, typer.Option(help='Play these methods only, with commas between them.')
    ] = '',
    check: Annotated[
        bool, typer.Option('--check', help='Play some stored seeds again and compare.')
    ] = False,
    json: AsJson = False,
) -> None:
    """Play what the tables lack, in parallel, and write them; goes on where it stopped."""
    wanted = [method.strip() for method in methods.split(',') if method.strip()]
    with errors_as_sentences():
        chosen = choose(TABLES, names or [], seeds)
        check_methods(chosen, wanted)
        if not check:
            read_page(docs, chosen)
        store = Store(out)
        running = make_engine(engine, processes)
        try:
            with store.locked():
                _prepare(chosen, wanted)
                if check:
                    _check(chosen, running, store, wanted, json)
                    return
                with _shown() as watch, running:
                    results = play_tables(chosen, running, store, wanted, watch)
        except KeyboardInterrupt:
            said = f'stopped; what was played is in {out}, the same command goes on'
            console.print(escape(said), highlight=False, soft_wrap=True)
            raise typer.Exit(STOPPED) from None
        _write(docs, chosen, results, seeds)
    if json:
        print_json(_as_json(docs, results))
    else:
        typer.echo(str(docs))
    stopped = [r for rows in results.values() for r in rows if r.standing is Standing.STOPPED]
    raise typer.Exit(1 if stopped else 0)


def _prepare(chosen: list[Table], methods: list[str]) -> None:
    """Prepare the student where it is needed, so that this is seen; its row tells of a failure."""
    if any(row.method == 'ld' for _, _, row in selected(chosen, methods)):
        try:
            prepare(progress=show_step)
        except LdAgentError as error:
            console.print(f'[yellow]![/] {escape(str(error))}', highlight=False, soft_wrap=True)


def _check(
    chosen: list[Table], engine: Engine, store: Store, methods: list[str], as_json: bool
) -> None:
    with _shown() as watch, engine:
        report = check_tables(chosen, engine, store, methods, watch)
    for row in report.unchecked:
        console.print(f'[yellow]not checked:[/] {escape(row)}', highlight=False, soft_wrap=True)
    for found in report.differences:
        console.print(f'[red]differs:[/] {escape(found)}', highlight=False, soft_wrap=True)
    if as_json:
        print_json(asdict(report))
    else:
        said = f'{report.same} episodes came out the same, {len(report.differences)} differences'
        typer.echo(said)
    if report.differences or not report.same:
        raise typer.Exit(1)


def _write(
    docs: Path,
    chosen: list[Table],
    results: dict[str, list[RowResult]],
    seeds: int | None,
) -> None:
    # Matplotlib takes half a second to load, so only those who draw pay for it.
    from ld_agent.tables.plots import draw_plots

    # Read anew: somebody may have written in it while the tables were played.
    text = read_page(docs, chosen)
    for table in chosen:
        rows = results[table.name]
        command = f'ld-agent tables {table.name}' + (f' --seeds {seeds}' if seeds else '')
        plots = draw_plots(table, rows, docs.parent)
        body = render_table(table, rows, command, plots)
        text = put_between_markers(text, table.name, body, docs)
    try:
        docs.write_text(text, encoding='utf-8')
    except OSError as error:
        raise LdAgentError(
            f'{docs}: cannot be written ({error.strerror}); give another page with --docs'
        ) from None


def _as_json(docs: Path, results: dict[str, list[RowResult]]) -> dict[str, Any]:
    """Return what stands in the tables now, a row each."""
    rows = {
        name: [
            {
                'row': result.row.name,
                'standing': result.standing.value,
                'reason': result.reason,
                'episodes': len(result.records),
                'outcomes': Counter(record.outcome for record in result.records),
            }
            for result in found
        ]
        for name, found in results.items()
    }
    return {'page': str(docs), 'tables': rows}


class _Rate(ProgressColumn):
    """Episodes a second of this run, and the time that is left at this rate."""

    def render(self, task: Task) -> Text:
        played = task.completed - task.fields['before']
        seconds = task.finished_time or task.elapsed
        if not played or not seconds or task.remaining is None:
            return Text('')
        left = timedelta(seconds=round(task.remaining * seconds / played))
        return Text(f'{played / seconds:.2f}/s, {left} left')


class _Bars(Watch):
    """A bar a row."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[Key, TaskID] = {}

    def tell(self, text: str) -> None:
        self._progress.console.print(
            f'[yellow]![/] {escape(text)}', highlight=False, soft_wrap=True
        )

    def begin(self, key: Key) -> None:
        self._progress.start_task(self._bars[key])

    def progress(self, key: Key, done: int, total: int) -> None:
        if key not in self._bars:
            self._bars[key] = self._progress.add_task(
                ' '.join(key), start=False, total=total, completed=done, before=done
            )
        else:
            self._progress.update(self._bars[key], completed=done)


@contextmanager
def _shown() -> Iterator[_Bars]:
    columns = (TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(), _Rate())
    with Progress(*columns, console=console) as progress:
        yield _Bars(progress)
