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
"""Plays what the tables lack: every row asks for its seeds, the store says which are there.

What was played is kept as it comes, so a run that is interrupted, killed even, goes on where it
stopped. Episodes of another student, function base or version are not mixed in: their file is
set aside and the row begins anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
import itertools

from ld_agent.tables.engines import Engine
from ld_agent.tables.plan import Row, Table
from ld_agent.tables.store import Record, Store
from ld_agent.tables.worker import Job, Reply

CHUNK = 5
"""Seeds a job: what a killed process loses at most, times the processes."""
Key = tuple[str, str]


class Standing(Enum):
    """What the episodes of a row are worth."""

    PLAYED = 'played'
    NOT_CONFIGURED = 'not configured'
    STOPPED = 'stopped'
    NOT_SELECTED = 'not selected'


@dataclass(frozen=True)
class RowResult:
    """The episodes of a row, by seed, and why there are not more."""

    row: Row
    records: tuple[Record, ...]
    standing: Standing = Standing.PLAYED
    reason: str = ''


class Watch:
    """Is told how a run goes on; does nothing with it."""

    def tell(self, text: str) -> None:
        """Take a sentence that the user must read."""

    def begin(self, key: Key) -> None:
        """Take that a row's first job was handed over."""

    def progress(self, key: Key, done: int, total: int) -> None:
        """Take that `done` of `total` episodes of a row are there."""


def selected(
    tables: Sequence[Table], methods: Sequence[str] = ()
) -> Iterator[tuple[Key, Table, Row]]:
    """Yield the rows of `methods`, of all methods if there are none."""
    for table in tables:
        for row in table.rows:
            if not methods or row.method in methods:
                yield (table.name, row.name), table, row


def play_tables(
    tables: Sequence[Table],
    engine: Engine,
    store: Store,
    methods: Sequence[str] = (),
    watch: Watch | None = None,
) -> dict[str, list[RowResult]]:
    """Play the episodes that are missing; the store must be locked and the engine started.

    Args:
        methods: whose rows to play; default all. Of the others what is stored is returned.

    Returns:
        Table name → its rows, in the order of the plan, every one of them.

    Raises:
        LdAgentError: a process died, or the store cannot be read or written.
    """
    watch = watch or Watch()
    chosen = {key: (table, row) for key, table, row in selected(tables, methods)}
    standings = dict.fromkeys(chosen, (Standing.PLAYED, ''))
    made_from: dict[Key, dict[str, str]] = {}
    for reply in engine.run(Job(t.name, r, (), engine.processes) for t, r in chosen.values()):
        if reply.problem:
            standings[_key(reply)] = (Standing.NOT_CONFIGURED, reply.problem)
            watch.tell(f'{" ".join(_key(reply))}: not configured: {reply.problem}')
        else:
            made_from[_key(reply)] = reply.made_from

    missing: dict[Key, list[int]] = {}
    for key in chosen:
        if key in made_from:
            missing[key] = _missing(store, *chosen[key], made_from[key], watch)
            _report(watch, key, chosen[key][1], missing[key])

    for reply in engine.run(_jobs(chosen, missing, standings, engine.processes, watch)):
        key, problem = _key(reply), reply.problem
        if reply.made_from and reply.made_from != made_from[key]:
            problem = f'another machine {difference(made_from[key], reply.made_from)}'
        else:
            store.append(*chosen[key], reply.records)
            missing[key] = [s for s in missing[key] if s not in {r.seed for r in reply.records}]
        if problem and standings[key][0] is Standing.PLAYED:
            standings[key] = (Standing.STOPPED, problem)
            watch.tell(f'{" ".join(key)}: stopped: {problem}')
        _report(watch, key, chosen[key][1], missing[key])
    return {
        table.name: [_result(store, table, row, standings) for row in table.rows]
        for table in tables
    }


def difference(before: dict[str, str], now: dict[str, str]) -> str:
    """Say in which parts two agents are made from something else."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    told = (f'{n} {before.get(n, "none")}, now {now.get(n, "none")}' for n in names)
    return f'has other parts ({"; ".join(told)})'


def _missing(
    store: Store, table: Table, row: Row, made_from: dict[str, str], watch: Watch
) -> list[int]:
    """Return the seeds to play, having set aside episodes that were made from something else."""
    records = store.read(table, row)
    stale = next((r for r in records.values() if r.made_from != made_from), None)
    if stale is not None:
        aside = store.set_aside(table, row)
        watch.tell(
            f'{table.name} {row.name}: the stored play {difference(stale.made_from, made_from)}; '
            f'it is kept as {aside}, and the row begins anew'
        )
        records = {}
    return [seed for seed in row.seeds if seed not in records]


def _jobs(
    chosen: dict[Key, tuple[Table, Row]],
    missing: dict[Key, list[int]],
    standings: dict[Key, tuple[Standing, str]],
    processes: int,
    watch: Watch,
) -> Iterator[Job]:
    """Yield the jobs, row by row; a row that has stopped gets no more."""
    for key, seeds in list(missing.items()):
        table, row = chosen[key]
        watch.begin(key)
        for chunk in _chunks(row, seeds):
            if standings[key][0] is Standing.PLAYED:
                yield Job(table.name, row, chunk, processes)


def _chunks(row: Row, seeds: Sequence[int]) -> list[tuple[int, ...]]:
    """Return the seeds of each job; a match is one job, for its episodes hang together."""
    if row.match:
        return [tuple(some) for _, some in itertools.groupby(seeds, row.first_of_match)]
    return [tuple(seeds[first : first + CHUNK]) for first in range(0, len(seeds), CHUNK)]


def _result(
    store: Store, table: Table, row: Row, standings: dict[Key, tuple[Standing, str]]
) -> RowResult:
    records = store.read(table, row)
    there = tuple(records[s] for s in row.seeds if s in records and row.counts(s))
    standing, reason = standings.get((table.name, row.name), (Standing.NOT_SELECTED, ''))
    return RowResult(row, there, standing, reason)


def _key(reply: Reply) -> Key:
    return reply.job.table, reply.job.row.name


def _report(watch: Watch, key: Key, row: Row, missing: list[int]) -> None:
    watch.progress(key, len(row.seeds) - len(missing), len(row.seeds))
