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
"""What a student has encoded is found by the next process, with the very same bits."""

from __future__ import annotations

from dataclasses import replace
import logging
import os

from ld_agent.players import find_task
from ld_agent.selector import Selector
from ld_agent.student import encoded
from ld_agent.student.session import Student
import pytest

CHOOSE = find_task(None).stage('choose')
ENTRIES = [f.entry for f in CHOOSE.functions.values()]
FACTS = {'evader': 'near', 'heading': 'steady', 'formation': 'spread'}


class _Elsewhere:
    """The student with another folder; counts what it is asked to encode."""

    def __init__(self, student: Student, folder) -> None:
        self._student, self.folder, self.encoded = student, folder, 0

    def __getattr__(self, name):
        return getattr(self._student, name)

    def encode(self, *arguments):
        self.encoded += 1
        return self._student.encode(*arguments)


@pytest.fixture
def prepared(student, tmp_path):
    def prepare(entries=ENTRIES):
        elsewhere = _Elsewhere(student, tmp_path)
        selector = Selector(elsewhere)
        selector.prepare(CHOOSE.rules, entries, keep=True)
        return elsewhere.encoded, selector.select(CHOOSE.rules, entries, FACTS).scores

    return prepare


def _files(tmp_path):
    return sorted((tmp_path / 'encoded').iterdir())


def test_the_next_process_encodes_nothing_and_gets_the_same_scores(student, prepared, tmp_path):
    anew = Selector(student).select(CHOOSE.rules, ENTRIES, FACTS).scores
    assert prepared() == (1 + len(ENTRIES), anew)
    assert prepared() == (0, anew)
    assert len(_files(tmp_path)) == 1


def test_another_manual_is_encoded_anew(prepared):
    prepared()
    changed = [replace(ENTRIES[0], purpose='Wait and see.'), *ENTRIES[1:]]
    count, _ = prepared(changed)
    assert count == 1 + len(ENTRIES)


@pytest.mark.parametrize('damage', ['cut', 'flipped', 'emptied', 'no archive'])
def test_a_damaged_file_is_said_and_encoded_anew(prepared, tmp_path, caplog, damage):
    _, scores = prepared()
    (file,) = _files(tmp_path)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    half = bytes(content[: len(content) // 2])
    file.write_bytes({'cut': half, 'flipped': bytes(content), 'emptied': b''}.get(damage, b'x'))
    with caplog.at_level(logging.WARNING):
        assert prepared() == (1 + len(ENTRIES), scores)
    assert f'{file} is damaged' in caplog.text
    assert prepared() == (0, scores)


def test_a_folder_that_cannot_be_written_costs_the_encoding_only(prepared, tmp_path, caplog):
    (tmp_path / 'encoded').write_text('no folder')
    with caplog.at_level(logging.INFO):
        counts = [prepared()[0] for _ in range(2)]
    assert counts == [1 + len(ENTRIES)] * 2
    assert 'is not kept' in caplog.text


def test_what_was_not_used_for_longest_is_forgotten(prepared, tmp_path, monkeypatch):
    monkeypatch.setattr(encoded, 'KEPT_FILES', 2)
    sets = [ENTRIES[:2], ENTRIES[1:3], ENTRIES[2:4]]
    for age, entries in zip((30, 20), sets):
        prepared(entries)
        for file in _files(tmp_path):
            if file.stat().st_mtime > os.stat(tmp_path).st_mtime - 10:
                os.utime(file, (os.stat(tmp_path).st_mtime - age,) * 2)
    prepared(sets[0])
    prepared(sets[2])
    assert len(_files(tmp_path)) == 2
    assert prepared(sets[0])[0] == 0
    assert prepared(sets[1])[0] == 3
