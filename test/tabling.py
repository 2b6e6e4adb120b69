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
"""What the tests of the tables share: small plans, and an engine that plays in this process."""

from __future__ import annotations

from ld_agent.tables.engines import Engine
from ld_agent.tables.plan import PURSUIT_OUTCOMES, Row, Table
from ld_agent.tables.run import play_tables, Watch
from ld_agent.tables.store import Record
from ld_agent.tables.worker import work


class Inline(Engine):
    """Plays in this process, a job at a time; `after` is called with the number of each."""

    def __init__(self, after=lambda number: None):
        self.processes = 1
        self.jobs = []
        self._after = after

    def __enter__(self):
        return self

    def __exit__(self, kind, error, where):
        pass

    def _submit(self, job):
        self.jobs.append(job)
        return job

    def _some(self, running):
        for job in running:
            yield work(job)
            self._after(len(self.jobs))
        return []


class Told(Watch):
    """Keeps what it is told."""

    def __init__(self):
        self.sentences = []
        self.counts = []

    def tell(self, text):
        self.sentences.append(text)

    def progress(self, key, done, total):
        self.counts.append((*key, done, total))


def plan(*methods, episodes=6, name='small', **fields):
    rows = tuple(Row(method, episodes=episodes, **fields) for method in methods)
    return Table(name, 'A small table', rows, PURSUIT_OUTCOMES, steps_of='success')


def play(table, store, **arguments):
    """Play a table in this process and return its rows."""
    with Inline() as engine:
        return play_tables([table], engine, store, **arguments)[table.name]


def record(seed, method='reference', **fields):
    """Return an episode as it could have been played."""
    given = {
        'evader': 'flee', 'scenario': '', 'outcome': 'success', 'steps': 10, 'violations': 0,
        'lost_turns': 0, 'judged': 30, 'agreed': 30, 'played': 'ab', 'prompts': ('01',),
        'selection_ms': (20.0, 22.0), 'step_ms': (60.0,), 'made_from': {'version': '0'},
        'machine': 'a machine', 'processes': 2,
    }  # fmt: skip
    return Record(method=method, seed=seed, **{**given, **fields})
