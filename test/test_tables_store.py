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
"""Episodes are kept line by line: torn lines are mended, strange ones named, nothing is lost."""

from __future__ import annotations

from ld_agent.errors import LdAgentError
from ld_agent.tables.store import Store
import pytest
from tabling import plan, record

TABLE = plan('reference')
ROW = TABLE.rows[0]


def test_what_was_appended_is_read_again(tmp_path):
    store = Store(tmp_path)
    store.append(TABLE, ROW, [record(1), record(2)])
    store.append(TABLE, ROW, [record(3, outcome='failure_with_violation')])
    assert store.read(TABLE, ROW) == {
        1: record(1), 2: record(2), 3: record(3, outcome='failure_with_violation')
    }  # fmt: skip


@pytest.mark.parametrize('kept', range(1, 40, 7))
def test_a_line_that_was_cut_off_is_forgotten_and_mended(tmp_path, kept):
    store = Store(tmp_path)
    store.append(TABLE, ROW, [record(1), record(2)])
    file = store.file(TABLE, ROW)
    first, second = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + second[:kept])
    assert store.read(TABLE, ROW) == {1: record(1)}
    store.append(TABLE, ROW, [record(3)])
    assert store.read(TABLE, ROW) == {1: record(1), 3: record(3)}


def test_a_strange_line_is_named(tmp_path):
    store = Store(tmp_path)
    store.append(TABLE, ROW, [record(1)])
    with store.file(TABLE, ROW).open('a') as file:
        file.write('{"seed": -4}\n')
    with pytest.raises(LdAgentError, match=r'reference-flee.jsonl, line 2: no episode \('):
        store.read(TABLE, ROW)


def test_files_that_were_set_aside_are_all_kept(tmp_path):
    store = Store(tmp_path)
    for seed in (1, 2):
        store.append(TABLE, ROW, [record(seed)])
        store.set_aside(TABLE, ROW)
    assert store.read(TABLE, ROW) == {}
    assert sorted(path.name for path in store.file(TABLE, ROW).parent.iterdir()) == [
        'reference-flee.old1.jsonl', 'reference-flee.old2.jsonl'
    ]  # fmt: skip


def test_only_one_run_writes_to_a_folder(tmp_path):
    with Store(tmp_path).locked():
        with pytest.raises(LdAgentError, match='another run writes there'):
            with Store(tmp_path).locked():
                pass
    with Store(tmp_path).locked():
        pass


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(LdAgentError, match='cannot be written'):
        with Store(tmp_path / 'file' / 'results').locked():
            pass
