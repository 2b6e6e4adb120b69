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
"""Turns recorded bags into a table, one row a step: state, moves, trace stage by stage.

Columns are named after what they hold: `pursuer_0_x`, `move_0_x`, `filter_1_selected`; stages
count from 1 within a step, since a stage may run several times. Of tasks other than the pursuit
each part of the observation is a column, lists as JSON. Parquet needs the extra
`.[parquet]`.
"""

from __future__ import annotations

from collections.abc import Sequence
import csv
import json
from pathlib import Path
from typing import Any

from ld_agent.bags import Episode, read_episodes
from ld_agent.errors import LdAgentError
from ld_agent.messages import Decision, StageTrace, State
from ld_agent.referee import referee

FORMATS = ('csv', 'parquet')
Row = dict[str, Any]


def export_bags(bags: Sequence[Path], form: str, out: Path) -> int:
    """Write the steps of some bags to the file `out`; return how many.

    Args:
        form: `csv` or `parquet`.

    Raises:
        LdAgentError: a bag cannot be read, the format is unknown or its library is not there, or
            the file cannot be written.
    """
    if form not in FORMATS:
        raise LdAgentError(f'format {form!r} is unknown; use one of {", ".join(FORMATS)}')
    rows = [row for bag in bags for episode in read_episodes(bag) for row in rows_of(episode)]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    try:
        (_write_csv if form == 'csv' else _write_parquet)(rows, columns, out)
    except OSError as error:
        raise LdAgentError(
            f'{out}: cannot be written ({error.strerror or error}); give another file with --out'
        ) from None
    return len(rows)


def rows_of(episode: Episode) -> list[Row]:
    """Return a row for each recorded step of an episode, one without a decision among them."""
    verdict = referee(episode)
    whole = {
        'bag': str(episode.bag),
        'task': episode.task,
        'method': episode.method,
        'episode': episode.number,
        'seed': episode.seed,
        'outcome': verdict.outcome,
    }
    return [
        {
            **whole,
            **_state(state),
            'restricted_cells': len(episode.closed_cells(state.step) - _walls(state)),
            'functions_in_force': json.dumps(sorted(episode.active_functions(state.step))),
            **_decision(episode.decisions.get(state.step)),
        }
        for state in episode.states
        if not state.done
    ]


def _walls(state: State) -> frozenset[tuple[int, int]]:
    return frozenset((x, y) for x, y in state.observation.get('walls', []))


def _state(state: State) -> Row:
    seen = state.observation
    row: Row = {'step': state.step, 'stamp': state.stamp}
    if state.task != 'pursuit':
        return row | {name: _plain(value) for name, value in seen.items()}
    row |= {'width': seen['width'], 'height': seen['height'], 'walls': len(_walls(state))}
    for number, cell in enumerate(seen['pursuers']):
        row |= _cell(f'pursuer_{number}', cell)
    return row | _cell('evader', seen['evader'])


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | None) else json.dumps(value)


def _cell(name: str, cell: Sequence[int]) -> Row:
    return {f'{name}_x': cell[0], f'{name}_y': cell[1]}


def _decision(decision: Decision | None) -> Row:
    row: Row = {'decided': decision is not None}
    if decision is None:
        return row
    row |= {'step_ms': decision.step_ms, 'action': decision.action}
    for number, cell in enumerate(decision.moves or []):
        row |= _cell(f'move_{number}', cell)
    row['guarded'] = json.dumps([remark.model_dump(mode='json') for remark in decision.guarded])
    for number, trace in enumerate(decision.trace, start=1):
        row |= _stage(f'{trace.stage}_{number}', trace)
    return row


def _stage(name: str, trace: StageTrace) -> Row:
    return {
        f'{name}_facts': json.dumps(trace.facts),
        f'{name}_candidates': json.dumps(trace.candidates),
        f'{name}_scores': json.dumps(trace.scores),
        f'{name}_selected': trace.selected,
        f'{name}_margin': trace.margin,
        f'{name}_result': json.dumps(trace.result),
        f'{name}_ms': trace.ms,
        f'{name}_run_ms': trace.run_ms,
        f'{name}_note': trace.note,
    }


def _write_csv(rows: Sequence[Row], columns: Sequence[str], out: Path) -> None:
    with out.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(rows: Sequence[Row], columns: Sequence[str], out: Path) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise LdAgentError(
            'the format parquet needs pyarrow; install it with `pip install "ld_agent[parquet]"`, '
            'or use --format csv'
        ) from None
    arrays = {name: [row.get(name) for row in rows] for name in columns}
    parquet.write_table(pyarrow.table(arrays), out)
