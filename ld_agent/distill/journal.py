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
"""What a teacher replied and what became of it, a line each, synced before it counts.

A run that was killed reads it and goes on: no reply is asked for, and no piece judged, twice. A
last line that broke off is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
import fcntl
import json
import os
from pathlib import Path
from typing import Any

from ld_agent.distill.step import Verdict
from ld_agent.errors import TeacherError
from ld_agent.teacher import Reply

FILE = 'journal.jsonl'


class Journal:
    """The journal in a work folder, held by one run at a time.

    Args:
        heading: what the run depends on; a journal of another one is refused.

    Raises:
        TeacherError: it is held by another run, is of another task, or cannot be used.
    """

    def __init__(self, folder: Path, heading: Mapping[str, Any]) -> None:
        self.path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open('a+b')
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TeacherError(
                f'{self.path}: another run writes here; wait for its end, or give another --out'
            ) from None
        except OSError as error:
            raise TeacherError(
                f'{self.path}: cannot be written ({error.strerror}); give an --out that can be'
            ) from None
        self.records = self._read()
        if not self.records:
            self._add({'kind': 'begun', **heading})
        begun = {key: value for key, value in self.records[0].items() if key != 'kind'}
        if begun != dict(heading):
            changed = [key for key in heading if begun.get(key) != heading[key]]
            self.close()
            raise TeacherError(
                f'{self.path}: was begun with another {" and ".join(changed) or "version"}; '
                f'remove {folder} to begin anew, or go on with what it was begun with'
            )

    def replies(self, step: str) -> int:
        """Return how many replies to a step there are."""
        return sum(r['kind'] == 'reply' and r['step'] == step for r in self.records)

    def reply(self, step: str, number: int) -> str | None:
        """Return the text of the reply `number` of a step, None where there is none yet."""
        record = self._find('reply', step, number)
        return None if record is None else record['text']

    def verdict(self, step: str, number: int) -> Verdict | None:
        """Return what became of it, None where it was not judged yet."""
        record = self._find('verdict', step, number)
        return None if record is None else Verdict(record['accepted'], record['faults'])

    def add_reply(self, step: str, number: int, reply: Reply) -> None:
        """Keep a reply."""
        self._add({'kind': 'reply', 'step': step, 'number': number, **asdict(reply)})

    def add_verdict(self, step: str, number: int, verdict: Verdict) -> None:
        """Keep what became of a reply."""
        self._add({'kind': 'verdict', 'step': step, 'number': number, **asdict(verdict)})

    def close(self) -> None:
        """Let others write."""
        self._file.close()

    def _find(self, kind: str, step: str, number: int) -> dict[str, Any] | None:
        for record in self.records:
            if (record['kind'], record.get('step'), record.get('number')) == (kind, step, number):
                return record
        return None

    def _read(self) -> list[dict[str, Any]]:
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b'\n') + 1
        if whole < len(content):
            self._file.truncate(whole)
        try:
            return [json.loads(line) for line in content[:whole].splitlines()]
        except ValueError as error:
            raise TeacherError(
                f'{self.path}: is damaged ({error}); remove it to begin anew'
            ) from None

    def _add(self, record: dict[str, Any]) -> None:
        try:
            self._file.write(json.dumps(record).encode() + b'\n')
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise TeacherError(
                f'{self.path}: cannot be written ({error.strerror}); make room there'
            ) from None
        self.records.append(record)
