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
"""Plays some of the stored seeds again: all but the times must come out the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ld_agent.tables.engines import Engine
from ld_agent.tables.plan import Table
from ld_agent.tables.run import difference, Key, selected, Watch
from ld_agent.tables.store import Record, Store
from ld_agent.tables.worker import Job

CHECKED = 5
"""Seeds a row, spread over those that are stored."""


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes:
        same: episodes that came out the same.
        differences: what did not, a sentence each.
        unchecked: rows that could not be played, with the reason.
    """

    same: int
    differences: tuple[str, ...]
    unchecked: tuple[str, ...]


def check_tables(
    tables: Sequence[Table],
    engine: Engine,
    store: Store,
    methods: Sequence[str] = (),
    watch: Watch | None = None,
) -> CheckReport:
    """Play a sample of the stored seeds again, each row for itself.

    Raises:
        LdAgentError: a process died, or the store cannot be read.
    """
    watch = watch or Watch()
    jobs: list[Job] = []
    stored: dict[Key, dict[int, Record]] = {}
    unchecked: list[str] = []
    for key, table, row in selected(tables, methods):
        stored[key] = store.read(table, row)
        seeds = sample(sorted(stored[key]))
        jobs += [Job(table.name, row, (seed,), engine.processes) for seed in seeds]
        if not seeds:
            unchecked.append(f'{table.name} {row.name}: nothing is stored')
        else:
            watch.progress(key, 0, len(seeds))
            watch.begin(key)
    played: Counter[Key] = Counter()
    same = 0
    differences: dict[str, None] = {}
    for reply in engine.run(jobs):
        key = (reply.job.table, reply.job.row.name)
        where = ' '.join(key)
        if reply.problem:
            unchecked.append(f'{where}: {reply.problem}')
        for record in reply.records:
            found = _difference(where, stored[key][record.seed], record)
            if found:
                differences[found] = None
            else:
                same += 1
            played[key] += 1
            watch.progress(key, played[key], len(sample(sorted(stored[key]))))
    return CheckReport(same, tuple(differences), tuple(dict.fromkeys(unchecked)))


def sample(seeds: Sequence[int]) -> list[int]:
    """Return up to `CHECKED` of `seeds`, evenly spread, the first and the last among them."""
    if len(seeds) <= CHECKED:
        return list(seeds)
    return [seeds[number * (len(seeds) - 1) // (CHECKED - 1)] for number in range(CHECKED)]


def _difference(where: str, before: Record, now: Record) -> str:
    if before.made_from != now.made_from:
        return f'{where}: the stored play {difference(before.made_from, now.made_from)}'
    old, new = before.lasting, now.lasting
    parts = [f'{name} {old[name]}, now {new[name]}' for name in old if old[name] != new[name]]
    return f'{where}, seed {before.seed}: {"; ".join(parts)}' if parts else ''
