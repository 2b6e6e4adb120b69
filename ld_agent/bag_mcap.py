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
"""An MCAP file that is complete after every flush, whenever the process is killed.

A reader finds everything from the footer, which stands at the very end. So the file is kept
longer than its content, its end on a page boundary, and the *tail* (the chunk still growing,
the summary) is written into free room; then one write of 37 bytes within a page turns the
footer to the new tail. A half-done write is never reachable. Room between is covered by
private records, which readers skip; `close` cuts it off. Knows nothing about ROS but the
names of channel metadata that rosbag2 reads.
"""

from __future__ import annotations

import os
from pathlib import Path
import struct
from zlib import crc32

from ld_agent.bag_storage import Span, Topic

MAGIC = b'\x89MCAP0\r\n'
SEAL_BYTES = 128 * 1024
PAGE = 4096
FOOTER_BYTES = 37
FILLER_HEAD_BYTES = 9

# Opcodes of the MCAP specification; those from 0x80 on are private to the writer.
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, MESSAGE_INDEX, CHUNK_INDEX = range(1, 9)
STATISTICS, DATA_END, FILLER = 0x0B, 0x0F, 0x80


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack('<I', len(data)) + data


def _record(opcode: int, *parts: bytes | bytearray) -> bytes:
    return struct.pack('<BQ', opcode, sum(map(len, parts))) + b''.join(parts)


def _filler_head(room: int) -> bytes:
    """Return the head of a record that covers `room` bytes, its head included."""
    return struct.pack('<BQ', FILLER, room - FILLER_HEAD_BYTES)


class _Chunk:
    """A chunk that grows in memory."""

    def __init__(self) -> None:
        self.records = bytearray()
        self._crc = 0
        self._span = Span()
        self._index: dict[int, bytearray] = {}

    def add(self, record: bytes) -> None:
        self.records += record
        self._crc = crc32(record, self._crc)

    def add_message(self, channel: int, stamp_ns: int, raw: bytes) -> None:
        index = self._index.setdefault(channel, bytearray())
        index += struct.pack('<QQ', stamp_ns, len(self.records))
        self.add(_record(MESSAGE, struct.pack('<HIQQ', channel, 0, stamp_ns, stamp_ns), raw))
        self._span.add(stamp_ns)

    def rendered(self, offset: int) -> tuple[bytes, bytes]:
        """Return the chunk as it stands at `offset` of the file, and its index record."""
        if not self.records:
            return b'', b''
        times = struct.pack('<QQ', self._span.first, self._span.last)
        size = len(self.records)
        chunk = _record(
            CHUNK,
            times,
            struct.pack('<QI', size, self._crc),
            _string(''),
            struct.pack('<Q', size),
            self.records,
        )
        body = bytearray(chunk)
        offsets = bytearray()
        for channel, entries in self._index.items():
            offsets += struct.pack('<HQ', channel, offset + len(body))
            body += _record(MESSAGE_INDEX, struct.pack('<HI', channel, len(entries)), entries)
        index = _record(
            CHUNK_INDEX,
            times,
            struct.pack('<QQI', offset, len(chunk), len(offsets)),
            offsets,
            struct.pack('<Q', len(body) - len(chunk)),
            _string(''),
            struct.pack('<QQ', size, size),
        )
        return bytes(body), index


class McapStorage:
    """rosbag2's MCAP file."""

    identifier = 'mcap'

    def __init__(self, folder: Path):
        name = f'{folder.name}_0.mcap'
        self._span = Span()
        self.files = {name: self._span}
        self._counts: dict[int, int] = {}
        self._schemas: dict[str, bytes] = {}
        self._channels: dict[int, bytes] = {}
        self._chunk = _Chunk()
        self._sealed_indexes = bytearray()
        self._sealed = 0
        self._dirty = True

        head = MAGIC + _record(HEADER, _string('ros2'), _string('ld_agent'))
        self._data_end = self._tail_start = self._tail_end = len(head)
        self._size = PAGE
        self._summary_start = 0
        self._fd: int | None = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
        self._put(0, head)
        self.flush()

    def add_topic(self, topic: Topic) -> None:
        """Make `topic` known."""
        if topic.type_name not in self._schemas:
            schema = _record(
                SCHEMA,
                struct.pack('<H', len(self._schemas) + 1),
                _string(topic.type_name),
                _string('ros2msg'),
                _string(topic.definition),
            )
            self._schemas[topic.type_name] = schema
            self._chunk.add(schema)
        metadata = (
            _string('offered_qos_profiles')
            + _string(topic.qos)
            + _string('topic_type_hash')
            + _string(topic.digest)
        )
        channel = _record(
            CHANNEL,
            struct.pack('<HH', topic.id, list(self._schemas).index(topic.type_name) + 1),
            _string(topic.name),
            _string('cdr'),
            struct.pack('<I', len(metadata)),
            metadata,
        )
        self._channels[topic.id] = channel
        self._counts[topic.id] = 0
        self._chunk.add(channel)
        self._dirty = True

    def write(self, topic: Topic, raw: bytes, stamp_ns: int) -> None:
        """Take a message; it is on disk after the next flush."""
        self._chunk.add_message(topic.id, stamp_ns, raw)
        self._counts[topic.id] += 1
        self._span.add(stamp_ns)
        self._dirty = True

    def flush(self) -> None:
        """Put all messages taken so far on disk and turn the footer to them."""
        if self._dirty:
            if len(self._chunk.records) >= SEAL_BYTES:
                self._seal()
            self._publish()
            self._dirty = False

    def close(self) -> None:
        """Flush, then cut the reserves off: what stays is an ordinary MCAP file."""
        if self._fd is None:
            return
        try:
            self.flush()
            tail, summary_start = self._tail(self._data_end)
            if self._data_end + len(tail) + FOOTER_BYTES > self._tail_start:
                self._publish()
            self._put(self._data_end, tail + self._footer(summary_start))
            os.ftruncate(self._fd, self._data_end + len(tail) + FOOTER_BYTES)
        finally:
            self.release()

    def release(self) -> None:
        """Let go of the file without writing."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _seal(self) -> None:
        """Move the growing chunk to its final place, if the tail in use leaves room there."""
        body, index = self._chunk.rendered(self._data_end)
        room = self._tail_start - self._data_end - len(body)
        if room >= FILLER_HEAD_BYTES:
            self._put(self._data_end, body + _filler_head(room))
            self._data_end += len(body)
            self._sealed_indexes += index
            self._sealed += 1
            self._chunk = _Chunk()

    def _publish(self) -> None:
        """Write the tail where nothing is in use, then turn the footer to it."""
        tail, _ = self._tail(0)
        place = self._place(len(tail) + FOOTER_BYTES)
        tail, summary_start = self._tail(place)
        end = place + len(tail) + FOOTER_BYTES
        room = self._size - FOOTER_BYTES - place - len(tail)
        self._put(place, tail + _filler_head(room))
        self._put(self._size - FOOTER_BYTES, self._footer(summary_start))
        self._tail_start, self._tail_end, self._summary_start = place, end, summary_start
        if place > self._data_end:
            self._put(self._data_end, _filler_head(place - self._data_end))

    def _place(self, size: int) -> int:
        """Return where `size` bytes fit, clear of the data and of the tail in use."""
        if self._data_end + size <= self._tail_start:
            return self._data_end
        if self._tail_end + size <= self._size - FOOTER_BYTES:
            return self._tail_end
        place = self._size
        grown = place + 2 * size + SEAL_BYTES
        grown += -grown % PAGE
        # Past the old footer, which the tail in use still ends with.
        self._put(grown - FOOTER_BYTES, self._footer(self._summary_start))
        self._size = grown
        return place

    def _tail(self, offset: int) -> tuple[bytes, int]:
        """Return the growing chunk and the summary for `offset`, and where the latter starts."""
        body, index = self._chunk.rendered(offset)
        body += _record(DATA_END, struct.pack('<I', 0))
        counts = b''.join(struct.pack('<HQ', *item) for item in self._counts.items())
        statistics = _record(
            STATISTICS,
            struct.pack(
                '<QHIIIIQQI',
                self._span.count,
                len(self._schemas),
                len(self._channels),
                0,
                0,
                self._sealed + bool(index),
                self._span.first,
                self._span.last,
                len(counts),
            ),
            counts,
        )
        summary = b''.join((*self._schemas.values(), *self._channels.values(), statistics))
        return b''.join((body, summary, self._sealed_indexes, index)), offset + len(body)

    @staticmethod
    def _footer(summary_start: int) -> bytes:
        return _record(FOOTER, struct.pack('<QQI', summary_start, 0, 0)) + MAGIC

    def _put(self, offset: int, data: bytes) -> None:
        assert self._fd is not None
        view = memoryview(data)
        while view:
            written = os.pwrite(self._fd, view, offset)
            view = view[written:]
            offset += written
