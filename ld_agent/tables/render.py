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
"""Writes the tables into a page, between markers; what stands around them is left alone.

A table named NAME stands between `<!-- tables:NAME -->` and `<!-- /tables:NAME -->`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from ld_agent.errors import LdAgentError
from ld_agent.summary import mean_interval, Millis, millis, Share, wilson
from ld_agent.tables.plan import FIRST_SEED, Row, Table
from ld_agent.tables.run import RowResult, Standing

NOTHING = '–'


def steps_of(table: Table, result: RowResult) -> list[int]:
    """Return the steps of the episodes whose steps the table averages."""
    return [record.steps for record in result.records if record.outcome == table.steps_of]


def labels(table: Table) -> dict[str, str]:
    """Return row name → its label: the method, and of its setting what differs in the table."""
    several = {
        part: len({getattr(row, part) for row in table.rows}) > 1
        for part in ('evader', 'scenario')
    }

    def label(row: Row) -> str:
        parts = [row.method, row.variant]
        parts += [row.evader] if several['evader'] else []
        parts += [Path(row.scenario).stem or 'open board'] if several['scenario'] else []
        return ', '.join(part for part in parts if part)

    return {row.name: label(row) for row in table.rows}


def render_table(
    table: Table, results: Sequence[RowResult], command: str, plots: Sequence[str] = ()
) -> str:
    """Return a table as Markdown.

    Args:
        command: what makes it, for the caption.
        plots: file names of its plots.
    """
    parts = [
        f'### {table.title}',
        _caption(table, results, command),
        _outcomes(table, results),
        'Selections that the rules of the manual would have made too (those of one episode are '
        'not independent, so their interval is rather too narrow), and how many prompts differ '
        'among them:',
        _agreement(table, results),
        'Milliseconds, median and 99th percentile; `ld` scores a prompt once a process, and '
        'what it remembered is not timed:',
        _latency(table, results),
        *(f'![{table.title}: {Path(plot).stem}]({plot})' for plot in plots),
        *_notes(table, results),
    ]
    return '\n\n'.join(parts)


def put_between_markers(text: str, name: str, body: str, page: Path) -> str:
    """Return `text` with `body` between the markers of the table `name`.

    Raises:
        LdAgentError: the markers are not there, once each and in order.
    """
    begin, end = f'<!-- tables:{name} -->', f'<!-- /tables:{name} -->'
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise LdAgentError(
            f'{page}: the table {name!r} has no place; put the lines {begin} and {end} there, '
            'once each, where it is to stand'
        )
    before, rest = text.split(begin)
    return f'{before}{begin}\n\n{body}\n\n{end}{rest.split(end)[1]}'


def read_page(page: Path, tables: Sequence[Table]) -> str:
    """Return the text of a page that has a place for all `tables`.

    Raises:
        LdAgentError: it cannot be read, or a table has no place in it.
    """
    try:
        text = page.read_text(encoding='utf-8')
    except (OSError, ValueError) as error:
        raise LdAgentError(
            f'{page}: cannot be read ({error}); give another page with --docs'
        ) from None
    for table in tables:
        put_between_markers(text, table.name, '', page)
    return text


def _caption(table: Table, results: Sequence[RowResult], command: str) -> str:
    records = list(chain.from_iterable(result.records for result in results))
    evaders = ', '.join(dict.fromkeys(f'`{row.evader}`' for row in table.rows))
    played_on = dict.fromkeys(f'{r.machine}, {r.processes} at once' for r in records)
    parts = sorted({f'{k} {v}' for r in records for k, v in r.made_from.items()})
    aside = max((row.aside for row in table.rows), default=0)
    lines = [
        f'`{command}`: against {evaders}, guard `count`, seeds from {FIRST_SEED} on; '
        'shares with Wilson 95 % intervals, means with Student’s t intervals.',
        f'Played in processes of one thread: {"; ".join(played_on) or "nowhere yet"}.',
        f'Made from: {", ".join(parts) or "nothing yet"}.',
    ]
    if aside:
        lines.insert(1, f'The first {aside} episodes of each match are played and not counted.')
    return ' '.join(lines)


def _outcomes(table: Table, results: Sequence[RowResult]) -> str:
    heads = ['method', 'episodes', *table.outcomes.values()]
    if table.steps_of is not None:
        heads.append(f'mean steps of {table.outcomes[table.steps_of]}')
    rows = []
    for result in results:
        total = len(result.records)
        cells = [_label(table, result), f'{total:,}' if total else _absent(result)]
        for outcome in table.outcomes:
            hits = sum(record.outcome == outcome for record in result.records)
            cells.append(_share(wilson(hits, total)) if total else NOTHING)
        if table.steps_of is not None:
            steps = steps_of(table, result)
            cells.append(
                '{:.2f} [{:.2f}, {:.2f}]'.format(*mean_interval(steps)) if steps else NOTHING
            )
        rows.append(cells)
    return _grid(heads, rows)


def _agreement(table: Table, results: Sequence[RowResult]) -> str:
    rows = []
    for result in results:
        judged = sum(record.judged for record in result.records)
        agreed = sum(record.agreed for record in result.records)
        share = _share(wilson(agreed, judged)) if judged else NOTHING
        prompts = {prompt for record in result.records for prompt in record.prompts}
        rows.append(
            [
                _label(table, result),
                f'{agreed:,} of {judged:,}' if judged else NOTHING,
                share,
                f'{len(prompts):,}' if prompts else NOTHING,
            ]
        )
    return _grid(['method', 'agree', 'share', 'different prompts'], rows)


def _latency(table: Table, results: Sequence[RowResult]) -> str:
    rows = []
    for result in results:
        selections = [ms for record in result.records for ms in record.selection_ms]
        steps = [ms for record in result.records for ms in record.step_ms]
        rows.append(
            [
                _label(table, result),
                f'{len(selections):,}' if result.records else NOTHING,
                _times(millis(selections)),
                _times(millis(steps)),
            ]
        )
    return _grid(['method', 'selections', 'one selection', 'one step'], rows)


def _notes(table: Table, results: Sequence[RowResult]) -> list[str]:
    notes = []
    for result in results:
        where, there = _label(table, result), len(result.records)
        kept = ' Its episodes are as stored, not verified by this run.' if there else ''
        if result.standing is Standing.NOT_CONFIGURED:
            notes.append(f'- {where}: not configured: {_escaped(result.reason)}.{kept}')
        elif result.standing is Standing.NOT_SELECTED:
            notes.append(f'- {where}: not part of this run.{kept}')
        elif result.standing is Standing.STOPPED:
            notes.append(
                f'- {where}: stopped after {there} of {result.row.episodes} episodes: '
                f'{_escaped(result.reason)}.'
            )
    return ['\n'.join(notes)] if notes else []


def _absent(result: RowResult) -> str:
    return 'not run' if result.standing is Standing.NOT_SELECTED else result.standing.value


def _label(table: Table, result: RowResult) -> str:
    return f'`{labels(table)[result.row.name]}`'


def _share(share: Share) -> str:
    return f'{100 * share.value:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}]'


def _times(found: Millis) -> str:
    if found.median is None:
        return NOTHING
    return f'{found.median:.3g}, {found.p99:.3g}'


def _escaped(text: str) -> str:
    return text.replace('|', '\\|').replace('<', '&lt;').rstrip('.')


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ['---'] + ['--:'] * (len(heads) - 1), *rows]
    return '\n'.join(f'| {" | ".join(cells)} |' for cells in lines)
