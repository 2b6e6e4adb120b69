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
"""Keeps every played episode: one file of JSON lines a row, appended as episodes end.

A line is written whole or, if the process is killed, mended when the file is next opened. Only
one run writes to a folder at a time. Knows nothing about how an episode is played.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path

from ld_agent.errors import LdAgentError
from ld_agent.tables.plan import Row, Table
from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Record(BaseModel):
    """One episode.

    Attributes:
        judged, agreed: selections that the manual's rules can judge, and those they agree with.
        played: hash of all moves, actions and selections: the same where the play was the same.
        prompts: hash of each different prompt that a selection was made for.
        selection_ms: milliseconds of each selection that was not remembered; `step_ms`: of each
            whole decision without one that was.
        made_from: what the episode depends on beside its row: versions and hashes.
        processes: how many played side by side, one thread each.
    """

    model_config = ConfigDict(frozen=True, extra='forbid', allow_inf_nan=False)

    method: str
    evader: str
    scenario: str
    seed: int = Field(ge=0)
    outcome: str
    steps: int = Field(ge=0)
    violations: int = Field(ge=0)
    lost_turns: int = Field(ge=0)
    judged: int = Field(ge=0)
    agreed: int = Field(ge=0)
    played: str
    prompts: tuple[str, ...]
    selection_ms: tuple[float, ...]
    step_ms: tuple[float, ...]
    made_from: dict[str, str]
    machine: str
    processes: int = Field(ge=1)

    @property
    def lasting(self) -> dict[str, object]:
        """What must come out again from the same seed: all but times and machines."""
        return self.model_dump(exclude={'selection_ms', 'step_ms', 'machine', 'processes'})


class Store:
    """The results below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for writing.

        Raises:
            LdAgentError: another run has it, or it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / '.lock').open('w')
        except OSError as error:
            raise _unwritable(self.folder, error) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LdAgentError(
                    f'{self.folder}: another run writes there; wait for it, or give another --out'
                ) from None
            yield

    def file(self, table: Table, row: Row) -> Path:
        """Return where the episodes of a row lie."""
        return self.folder / table.name / f'{row.name}.jsonl'

    def read(self, table: Table, row: Row) -> dict[int, Record]:
        """Return seed → episode, of all that the row's file holds.

        Raises:
            LdAgentError: a line is no episode.
        """
        path = self.file(table, row)
        if not path.exists():
            return {}
        records: dict[int, Record] = {}
        # What follows the last line break was cut off by the end of its process.
        for number, line in enumerate(path.read_bytes().split(b'\n')[:-1], 1):
            try:
                record = Record.model_validate_json(line)
            except ValidationError as error:
                fault = error.errors()[0]
                where = '.'.join(str(part) for part in fault['loc'])
                raise LdAgentError(
                    f'{path}, line {number}: no episode ({where}: {fault["msg"]}); remove the '
                    'line, and it is played again'
                ) from None
            records.setdefault(record.seed, record)
        return records

    def append(self, table: Table, row: Row, records: Sequence[Record]) -> None:
        """Add episodes to the row's file; they are on the disk on return.

        Raises:
            LdAgentError: the file cannot be written.
        """
        path = self.file(table, row)
        lines = ''.join(record.model_dump_json() + '\n' for record in records)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open('ab') as file:
                file.truncate(_whole(path))
                file.write(lines.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _unwritable(path, error) from None

    def set_aside(self, table: Table, row: Row) -> Path:
        """Rename the row's file, so that the row begins anew; return its new name."""
        path = self.file(table, row)
        number = 1
        while (aside := path.with_suffix(f'.old{number}.jsonl')).exists():
            number += 1
        return path.rename(aside)


def _whole(path: Path) -> int:
    """Return how many bytes of a file are whole lines."""
    return path.read_bytes().rfind(b'\n') + 1


def _unwritable(path: Path, error: OSError) -> LdAgentError:
    return LdAgentError(
        f'{path}: cannot be written ({error.strerror}); make room there, or give another --out'
    )
