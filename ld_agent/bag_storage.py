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
"""What every storage of a bag shares, and the one in SQLite.

A storage keeps its files readable at every instant: what a flush has returned from is found by
any reader after the process was killed, with no repair. SQLite's own journal cannot promise
that to a reader that ignores it (rosbags does), so the current file is built in memory and
swapped in whole; a full one is followed by the next split. Loss of power is not covered.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
import os
from pathlib import Path
import sqlite3
from typing import Protocol

SPLIT_BYTES = 1 << 20


@dataclass(frozen=True)
class Topic:
    """A topic as the bag describes it.

    Attributes:
        id: 1, 2, ... in the order of their adding.
        definition: the message definition in full, with every type it contains.
        digest: the type's RIHS01 hash.
        qos: the offered QoS profiles as a YAML list.
    """

    id: int
    name: str
    type_name: str
    definition: str
    digest: str
    qos: str


@dataclass
class Span:
    """How many messages, and from when to when (nanoseconds)."""

    count: int = 0
    first: int = 0
    last: int = 0

    def add(self, stamp_ns: int) -> None:
        """Count a message received at `stamp_ns`."""
        self.first = min(self.first, stamp_ns) if self.count else stamp_ns
        self.last = max(self.last, stamp_ns)
        self.count += 1


class Storage(Protocol):
    """Writes the messages of a bag into one or several files.

    Attributes:
        files: name of each file that a reader may open → what it holds.
    """

    identifier: str
    files: dict[str, Span]

    def add_topic(self, topic: Topic) -> None:
        """Make `topic` known."""

    def write(self, topic: Topic, raw: bytes, stamp_ns: int) -> None:
        """Take a message; it is on disk after the next flush."""

    def flush(self) -> None:
        """Put all messages taken so far on disk.

        Raises:
            OSError, sqlite3.Error: nothing changed on disk; a later flush tries all again.
        """

    def close(self) -> None:
        """Flush and leave a file without reserves.

        Raises:
            OSError, sqlite3.Error: what was flushed before stays readable.
        """

    def release(self) -> None:
        """Let go of the files without writing; after `close` this does nothing."""


class SqliteStorage:
    """rosbag2's SQLite files, schema version 4, a new file after every megabyte."""

    identifier = 'sqlite3'

    _SCHEMA = """
    CREATE TABLE schema(schema_version INTEGER PRIMARY KEY, ros_distro TEXT NOT NULL);
    CREATE TABLE metadata(id INTEGER PRIMARY KEY, metadata_version INTEGER NOT NULL,
        metadata TEXT NOT NULL);
    CREATE TABLE topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL,
        serialization_format TEXT NOT NULL, offered_qos_profiles TEXT NOT NULL,
        type_description_hash TEXT NOT NULL);
    CREATE TABLE message_definitions(id INTEGER PRIMARY KEY, topic_type TEXT NOT NULL,
        encoding TEXT NOT NULL, encoded_message_definition TEXT NOT NULL,
        type_description_hash TEXT NOT NULL);
    CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL,
        timestamp INTEGER NOT NULL, data BLOB NOT NULL);
    CREATE INDEX timestamp_idx ON messages (timestamp ASC);
    INSERT INTO schema(schema_version, ros_distro) VALUES (4, 'rosbags');
    """

    def __init__(self, folder: Path):
        self.files: dict[str, Span] = {}
        self._folder = folder
        self._topics: list[Topic] = []
        self._start_file()
        self.flush()

    def _start_file(self) -> None:
        self._name = f'{self._folder.name}_{len(self.files)}.db3'
        self._span = Span()
        self._bytes = 0
        self._dirty = True
        self._memory = sqlite3.connect(':memory:', check_same_thread=False)
        self._memory.executescript(self._SCHEMA)
        for topic in self._topics:
            self._insert_topic(topic)

    def add_topic(self, topic: Topic) -> None:
        """Make `topic` known."""
        self._topics.append(topic)
        self._insert_topic(topic)

    def _insert_topic(self, topic: Topic) -> None:
        self._memory.execute(
            "INSERT INTO topics VALUES(?, ?, ?, 'cdr', ?, ?)",
            (topic.id, topic.name, topic.type_name, topic.qos, topic.digest),
        )
        self._memory.execute(
            'INSERT INTO message_definitions(topic_type, encoding, encoded_message_definition,'
            " type_description_hash) SELECT ?1, 'ros2msg', ?2, ?3 WHERE NOT EXISTS"
            '(SELECT 1 FROM message_definitions WHERE topic_type = ?1)',
            (topic.type_name, topic.definition, topic.digest),
        )
        self._dirty = True

    def write(self, topic: Topic, raw: bytes, stamp_ns: int) -> None:
        """Take a message; it is on disk after the next flush."""
        if self._bytes >= SPLIT_BYTES and not self._dirty:
            self._memory.close()
            self._start_file()
        self._memory.execute(
            'INSERT INTO messages(topic_id, timestamp, data) VALUES(?, ?, ?)',
            (topic.id, stamp_ns, raw),
        )
        self._span.add(stamp_ns)
        self._bytes += len(raw)
        self._dirty = True

    def flush(self) -> None:
        """Swap in the current file with all messages taken so far."""
        if not self._dirty:
            return
        self._memory.commit()
        draft = self._folder / f'{self._name}.tmp'
        draft.unlink(missing_ok=True)
        try:
            with closing(sqlite3.connect(draft)) as disk:
                disk.execute('PRAGMA journal_mode = OFF')
                disk.execute('PRAGMA synchronous = OFF')
                self._memory.backup(disk)
            os.replace(draft, self._folder / self._name)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        self.files[self._name] = self._span
        self._dirty = False

    def close(self) -> None:
        """Flush and let go."""
        try:
            self.flush()
        finally:
            self.release()

    def release(self) -> None:
        """Let go of the files without writing."""
        self._memory.close()
