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
"""Writes rosbag2 bags of raw serialized messages, MCAP by default, readable at every instant.

After each `flush` the folder is a complete bag: a process killed later, at any instant, leaves
all that was flushed, with no repair. A recorder that flushes every 100 ms so loses less than
200 ms. Type definitions and hashes come from rosbags' type store; knows nothing about rclpy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
import os
from pathlib import Path
import sqlite3
from types import TracebackType
from typing import Literal

from ld_agent.bag_mcap import McapStorage
from ld_agent.bag_storage import Span, SqliteStorage, Storage, Topic
from ld_agent.errors import BagError
from rosbags.typesys import get_typestore, Stores
from rosbags.typesys.store import Typestore
import yaml

STORAGES: dict[str, type[McapStorage] | type[SqliteStorage]] = {
    'mcap': McapStorage,
    'sqlite3': SqliteStorage,
}
METADATA_VERSION = 9
MOST_BAGS = 1_000
"""Bags of one run, at most."""
_INFINITE = {'sec': 9223372036, 'nsec': 854775807}


@dataclass(frozen=True)
class TopicQos:
    """What a topic's publisher offers.

    Attributes:
        depth: messages kept for late readers; not used with `keep_all`.
        latched: durability `transient_local`.
    """

    depth: int = 10
    reliable: bool = True
    latched: bool = False
    keep_all: bool = False

    def profiles(self) -> list[dict]:
        """Return the profiles as rosbag2 lists them."""
        return [
            {
                'history': 'keep_all' if self.keep_all else 'keep_last',
                'depth': self.depth,
                'reliability': 'reliable' if self.reliable else 'best_effort',
                'durability': 'transient_local' if self.latched else 'volatile',
                'deadline': _INFINITE,
                'lifespan': _INFINITE,
                'liveliness': 'automatic',
                'liveliness_lease_duration': _INFINITE,
                'avoid_ros_namespace_conventions': False,
            }
        ]


def bags_at(path: Path) -> list[Path]:
    """Return the bags of one run: `path`, then `path_1`, `path_2` and so on, as far as they exist.

    A run has more than one where its recorder died and was started again.
    """
    paths = [path, *(path.with_name(f'{path.name}_{number}') for number in range(1, MOST_BAGS))]
    return list(takewhile(Path.exists, paths))


def next_bag(path: Path) -> Path:
    """Return where the next bag of a run goes."""
    there = len(bags_at(path))
    return path.with_name(f'{path.name}_{there}') if there else path


class _PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


def _yaml(data: object) -> str:
    return yaml.dump(data, Dumper=_PlainDumper, sort_keys=False, default_flow_style=False)


@cache
def typestore() -> Typestore:
    """Return the definitions of the standard messages (the same in Jazzy and Kilted)."""
    return get_typestore(Stores.ROS2_JAZZY)


class BagWriter:
    """A bag being written; a context manager that closes it."""

    def __init__(self, path: Path, storage: Literal['mcap', 'sqlite3'] = 'mcap'):
        """Create the bag's folder and an empty, readable bag in it.

        Raises:
            BagError: `path` exists, cannot be written, or the storage is unknown.
        """
        self.path = Path(path)
        if storage not in STORAGES:
            raise BagError(
                f'storage {storage!r} is unknown; choose one of {", ".join(sorted(STORAGES))}'
            )
        try:
            self.path.mkdir(parents=True)
        except FileExistsError:
            raise BagError(
                f'{self.path} exists already; name a new folder for the bag or remove this one'
            ) from None
        except OSError as error:
            raise BagError(
                f'the bag {self.path} cannot be created: {error.strerror}; '
                'choose another folder for it'
            ) from None
        self._topics: dict[str, Topic] = {}
        self._topic_heads: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._dirty = False
        self._closed = False
        with self._faults_named():
            self._storage: Storage = STORAGES[storage](self.path)
            self._write_metadata()

    def add_topic(self, topic: str, type_name: str, qos: TopicQos | None = None) -> None:
        """Make a topic known before its first message.

        Args:
            topic: its full name, such as `/vessels/state`.
            type_name: such as `std_msgs/msg/String`.
            qos: what its publisher offers; default reliable, the last ten.

        Raises:
            BagError: the topic was added before, or the type is unknown.
        """
        self._check_open()
        if topic in self._topics:
            raise BagError(f'topic {topic!r} was added to the bag before; add a topic once')
        store = typestore()
        if type_name not in store.types:
            raise BagError(
                f'topic {topic!r}: message type {type_name!r} is none of the standard ones; '
                'a bag holds only types whose definition is known'
            )
        definition, _ = store.generate_msgdef(type_name, ros_version=2)
        profiles = (qos or TopicQos()).profiles()
        entry = Topic(
            id=len(self._topics) + 1,
            name=topic,
            type_name=type_name,
            definition=definition,
            digest=store.hash_rihs01(type_name),
            qos=_yaml(profiles).strip(),
        )
        self._storage.add_topic(entry)
        self._topics[topic] = entry
        self._counts[topic] = 0
        self._topic_heads[topic] = _indented(
            _yaml(
                {
                    'name': topic,
                    'type': type_name,
                    'serialization_format': 'cdr',
                    'offered_qos_profiles': profiles,
                    'type_description_hash': entry.digest,
                }
            ),
            8,
        )
        self._dirty = True

    def write(self, topic: str, raw_cdr: bytes, stamp_ns: int) -> None:
        """Take a message; it is safe after the next `flush`.

        Args:
            topic: a topic added before.
            raw_cdr: the message as the middleware serialized it.
            stamp_ns: when it was received, nanoseconds, not negative.

        Raises:
            BagError: the topic was not added, or the bag is closed.
        """
        self._check_open()
        if topic not in self._topics:
            raise BagError(f'topic {topic!r} is not in the bag; add it before its messages')
        if stamp_ns < 0:
            raise BagError(f'topic {topic!r}: the time {stamp_ns} ns is negative')
        with self._faults_named():
            self._storage.write(self._topics[topic], bytes(raw_cdr), stamp_ns)
        self._counts[topic] += 1
        self._dirty = True

    def flush(self) -> None:
        """Make everything taken so far readable, whatever happens to this process.

        Raises:
            BagError: the disk is full or failing. The bag stays readable up to the flush before;
                a later flush tries again with everything.
        """
        self._check_open()
        if self._dirty:
            with self._faults_named():
                self._storage.flush()
                self._write_metadata()
            self._dirty = False

    def close(self) -> None:
        """Flush and finish the bag; closing twice does nothing.

        Raises:
            BagError: the last messages could not be written; the bag stays readable.
        """
        if self._closed:
            return
        self._closed = True
        with self._faults_named():
            self._storage.close()
            self._write_metadata()

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except BagError:
            if error is None:
                raise

    def _check_open(self) -> None:
        if self._closed:
            raise BagError(f'the bag {self.path} is closed; start another to record more')

    @contextmanager
    def _faults_named(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, 'strerror', None) or str(error)
            raise BagError(
                f'the bag {self.path} cannot be written: {why}; what was written before can be '
                'read, make room on the disk and record again'
            ) from error

    def _write_metadata(self) -> None:
        """Replace `metadata.yaml` in one step, so that a reader finds the old or the new one."""
        draft = self.path / 'metadata.yaml.tmp'
        try:
            draft.write_text(self._metadata(), encoding='utf-8')
            os.replace(draft, self.path / 'metadata.yaml')
        except OSError:
            draft.unlink(missing_ok=True)
            raise

    def _metadata(self) -> str:
        spans = self._storage.files
        first = min((span.first for span in spans.values() if span.count), default=0)
        last = max((span.last for span in spans.values()), default=0)
        total = Span(sum(span.count for span in spans.values()), first, last)
        lines = [
            'rosbag2_bagfile_information:',
            f'  version: {METADATA_VERSION}',
            f'  storage_identifier: {self._storage.identifier}',
            *_span_lines(total, 2),
            '  compression_format: ""',
            '  compression_mode: ""',
            '  ros_distro: rosbags',
            '  custom_data: ~',
            '  topics_with_message_count:' + ('' if self._topics else ' []'),
        ]
        for topic, head in self._topic_heads.items():
            lines += [
                f'    - message_count: {self._counts[topic]}',
                '      topic_metadata:',
                head,
            ]
        lines.append('  relative_file_paths:')
        lines += [f'    - {_quoted(name)}' for name in spans]
        lines.append('  files:')
        for name, span in spans.items():
            lines += [f'    - path: {_quoted(name)}', *_span_lines(span, 6)]
        return '\n'.join(lines) + '\n'


def _indented(text: str, by: int) -> str:
    return '\n'.join(' ' * by + line for line in text.splitlines())


def _quoted(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _span_lines(span: Span, indent: int) -> list[str]:
    margin = ' ' * indent
    return [
        f'{margin}starting_time:',
        f'{margin}  nanoseconds_since_epoch: {span.first}',
        f'{margin}duration:',
        f'{margin}  nanoseconds: {span.last - span.first if span.count else 0}',
        f'{margin}message_count: {span.count}',
    ]
