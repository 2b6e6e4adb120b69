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
"""A bag reads, with no repair, up to its last flush, whatever happened to its writer."""

from __future__ import annotations

import os
from pathlib import Path
import random
import signal
import subprocess
import sys
import time

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
from ld_agent import bag_mcap, bag_storage
from ld_agent.bag_writer import bags_at, BagWriter, next_bag, TopicQos, typestore
from ld_agent.errors import BagError
import pytest
from rosbags.highlevel import AnyReader
from rosbags.interfaces import QosDurability, QosHistory
from rosbags.rosbag2 import Reader

STRING = 'std_msgs/msg/String'
STORAGES = ['mcap', 'sqlite3']
TYPES = [
    STRING,
    'geometry_msgs/msg/PoseArray',
    'geometry_msgs/msg/PoseStamped',
    'geometry_msgs/msg/PolygonStamped',
    'nav_msgs/msg/OccupancyGrid',
    'visualization_msgs/msg/MarkerArray',
    'diagnostic_msgs/msg/DiagnosticArray',
    'rosgraph_msgs/msg/Clock',
    'lifecycle_msgs/msg/TransitionEvent',
]


def string(text: str) -> bytes:
    store = typestore()
    return bytes(store.serialize_cdr(store.types[STRING](data=text), STRING))


def texts(path: Path) -> list[str]:
    """Read all strings of a bag as anybody would."""
    with AnyReader([path]) as reader:
        return [
            reader.deserialize(raw, connection.msgtype).data
            for connection, _, raw in reader.messages()
        ]


@pytest.mark.parametrize('storage', STORAGES)
def test_what_was_written_is_read_back_with_topics_types_and_times(tmp_path, storage):
    with BagWriter(tmp_path / 'bag', storage) as bag:
        for number, type_name in enumerate(TYPES):
            bag.add_topic(f'/ns/topic_{number}', type_name, TopicQos(latched=number == 0))
        for number in range(50):
            bag.write('/ns/topic_0', string(f'message {number}'), 1_000 + number)
    with Reader(tmp_path / 'bag') as reader:
        assert [c.msgtype for c in reader.connections] == TYPES
        assert all(c.digest == typestore().hash_rihs01(c.msgtype) for c in reader.connections)
        assert all(c.msgdef.data for c in reader.connections)
        assert (reader.start_time, reader.message_count) == (1_000, 50)
        assert reader.end_time == 1_050
        qos = reader.connections[0].ext.offered_qos_profiles[0]
        assert qos.durability == QosDurability.TRANSIENT_LOCAL
        assert qos.history == QosHistory.KEEP_LAST
        assert [stamp for _, stamp, _ in reader.messages()] == list(range(1_000, 1_050))
    assert texts(tmp_path / 'bag') == [f'message {number}' for number in range(50)]
    assert not list((tmp_path / 'bag').glob('*.tmp'))


@pytest.mark.parametrize('storage', STORAGES)
def test_an_empty_bag_reads(tmp_path, storage):
    bag = BagWriter(tmp_path / 'open', storage)
    assert texts(tmp_path / 'open') == []
    bag.close()
    assert texts(tmp_path / 'open') == []


@pytest.mark.parametrize('storage', STORAGES)
def test_a_bag_still_open_reads_up_to_its_last_flush(tmp_path, storage):
    bag = BagWriter(tmp_path / 'bag', storage)
    bag.add_topic('/t', STRING)
    bag.write('/t', string('flushed'), 1)
    bag.flush()
    bag.write('/t', string('pending'), 2)
    assert texts(tmp_path / 'bag') == ['flushed']
    bag.close()
    assert texts(tmp_path / 'bag') == ['flushed', 'pending']


@pytest.mark.parametrize('storage', STORAGES)
def test_a_topic_may_be_added_late(tmp_path, storage):
    with BagWriter(tmp_path / 'bag', storage) as bag:
        bag.add_topic('/a', STRING)
        bag.write('/a', string('one'), 1)
        bag.flush()
        bag.add_topic('/b', STRING)
        bag.write('/b', string('two'), 2)
    assert texts(tmp_path / 'bag') == ['one', 'two']


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    batches=st.lists(st.lists(st.integers(0, 30_000), max_size=4), max_size=14),
    seal=st.sampled_from([1, 5_000, 40_000]),
)
def test_no_write_can_be_cut_so_that_flushed_messages_are_lost(
    tmp_path_factory, monkeypatch, batches, seal
):
    """The MCAP file after every prefix of its writes, cut at page ends as a kill does."""
    folder = tmp_path_factory.mktemp('torn')
    operations: list[tuple[int, bytes, int]] = []
    flushed = 0
    pwrite, ftruncate = os.pwrite, os.ftruncate

    def recorded_pwrite(fd, data, offset):
        operations.append((offset, bytes(data), flushed))
        return pwrite(fd, data, offset)

    def recorded_ftruncate(fd, size):
        operations.append((size, b'', flushed))
        return ftruncate(fd, size)

    with monkeypatch.context() as patch:
        patch.setattr(bag_mcap, 'SEAL_BYTES', seal)
        patch.setattr(os, 'pwrite', recorded_pwrite)
        patch.setattr(os, 'ftruncate', recorded_ftruncate)
        bag = BagWriter(folder / 'bag')
        opened = len(operations)
        bag.add_topic('/t', STRING)
        written = 0
        for batch in batches:
            for size in batch:
                bag.write('/t', string('x' * size), written)
                written += 1
            bag.flush()
            flushed = written
        bag.close()
    image = bytearray()

    def check(least: int) -> None:
        (folder / 'bag' / 'bag_0.mcap').write_bytes(image)
        with Reader(folder / 'bag') as reader:
            found = [stamp for _, stamp, _ in reader.messages()]
        assert found[:least] == list(range(least))

    cuts = random.Random(0)
    for number, (offset, data, least) in enumerate(operations):
        if not data:
            del image[offset:]
            check(least)
            continue
        image.extend(b'\0' * (offset + len(data) - len(image)))
        pages = range(4096 - offset % 4096, len(data), 4096)
        if number >= opened and pages:
            before = bytes(image)
            cut = cuts.choice(pages)
            image[offset : offset + cut] = data[:cut]
            check(least)
            image[:] = before
        image[offset : offset + len(data)] = data
        if number >= opened:
            check(least)


WRITER = """
import sys
from pathlib import Path
from ld_agent.bag_writer import BagWriter, typestore
store = typestore()
kind = store.types['std_msgs/msg/String']
bag = BagWriter(Path(sys.argv[1]), sys.argv[2])
bag.add_topic('/t', 'std_msgs/msg/String')
number = 0
while True:
    for _ in range(number % 7 + 1):
        text = f'{number} ' + 'x' * (number * 37 % 3000)
        bag.write('/t', bytes(store.serialize_cdr(kind(data=text), 'std_msgs/msg/String')), number)
        number += 1
    bag.flush()
    print(number, flush=True)
"""


@pytest.mark.parametrize(('storage', 'kills'), [('mcap', 12), ('sqlite3', 4)])
def test_a_killed_writer_leaves_a_bag_that_reads_up_to_its_last_flush(tmp_path, storage, kills):
    chance = random.Random(storage)
    for kill in range(kills):
        path = tmp_path / f'bag_{kill}'
        child = subprocess.Popen(
            [sys.executable, '-c', WRITER, str(path), storage], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.5))
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate()
        # The last line may be cut in half by the kill.
        complete = (first + rest).rpartition('\n')[0].split()
        found = [int(text.split()[0]) for text in texts(path)]
        assert found == list(range(len(found)))
        assert len(found) >= int(complete[-1])


@pytest.mark.parametrize('storage', STORAGES)
def test_a_full_disk_ends_in_one_sentence_and_a_readable_bag(tmp_path, storage):
    """A file size limit stands in for the disk: the kernel refuses the write half done."""
    program = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
from pathlib import Path
from ld_agent.bag_writer import BagWriter, typestore
from ld_agent.errors import BagError
store = typestore()
kind = store.types['std_msgs/msg/String']
done = 0
try:
    with BagWriter(Path(sys.argv[1]), sys.argv[2]) as bag:
        bag.add_topic('/t', 'std_msgs/msg/String')
        for number in range(2_000):
            raw = bytes(store.serialize_cdr(kind(data=str(number).zfill(4_000)), kind.__msgtype__))
            bag.write('/t', raw, number)
            bag.flush()
            done = number + 1
except BagError as error:
    print(done, error, flush=True)
"""
    path = tmp_path / 'bag'
    output = subprocess.run(
        [sys.executable, '-c', program, str(path), storage], capture_output=True, text=True
    )
    assert output.stderr == ''
    done, _, sentence = output.stdout.strip().partition(' ')
    assert int(done) > 20
    assert str(path) in sentence
    assert 'cannot be written' in sentence
    assert 'make room' in sentence
    assert '\n' not in sentence
    found = [int(text) for text in texts(path)]
    assert found[: int(done)] == list(range(int(done)))


@pytest.mark.parametrize('storage', STORAGES)
def test_once_the_disk_has_room_again_the_next_flush_saves_everything(tmp_path, storage):
    program = """
import resource, sys
from pathlib import Path
from ld_agent.bag_writer import BagWriter, typestore
from ld_agent.errors import BagError
store = typestore()
kind = store.types['std_msgs/msg/String']
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
with BagWriter(Path(sys.argv[1]), sys.argv[2]) as bag:
    bag.add_topic('/t', 'std_msgs/msg/String')
    for number in range(60):
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000 if 20 <= number < 40 else hard, hard))
        raw = bytes(store.serialize_cdr(kind(data=str(number).zfill(4_200)), kind.__msgtype__))
        bag.write('/t', raw, number)
        try:
            bag.flush()
        except BagError:
            print(number, flush=True)
"""
    path = tmp_path / 'bag'
    output = subprocess.run(
        [sys.executable, '-c', program, str(path), storage], capture_output=True, text=True
    )
    assert output.stderr == ''
    assert output.stdout.split() == [str(number) for number in range(20, 40)]
    assert [int(text) for text in texts(path)] == list(range(60))


@pytest.mark.parametrize('storage', STORAGES)
def test_a_flush_stays_cheap_in_a_long_bag(tmp_path, storage):
    raw = string('x' * 500)
    with BagWriter(tmp_path / 'bag', storage) as bag:
        for number, type_name in enumerate(TYPES):
            bag.add_topic(f'/t{number}', type_name)
        millis = []
        for number in range(1_500):
            for _ in range(20):
                bag.write('/t0', raw, number)
            start = time.perf_counter()
            bag.flush()
            millis.append((time.perf_counter() - start) * 1e3)
    # A ratio of medians: what else runs here slows both.
    assert sorted(millis[-300:])[150] < 3 * sorted(millis[:300])[150]
    with Reader(tmp_path / 'bag') as reader:
        assert reader.message_count == 30_000
        assert sum(1 for _ in reader.messages()) == 30_000


def test_a_large_sqlite_bag_is_split_and_reads_as_one(tmp_path, monkeypatch):
    monkeypatch.setattr(bag_storage, 'SPLIT_BYTES', 10_000)
    with BagWriter(tmp_path / 'bag', 'sqlite3') as bag:
        bag.add_topic('/t', STRING)
        for number in range(60):
            bag.write('/t', string(str(number).zfill(1_000)), number)
            bag.flush()
    assert len(list((tmp_path / 'bag').glob('*.db3'))) > 3
    assert [int(text) for text in texts(tmp_path / 'bag')] == list(range(60))


def test_the_reserve_of_an_open_mcap_file_is_cut_off_at_the_end(tmp_path):
    bag = BagWriter(tmp_path / 'bag')
    bag.add_topic('/t', STRING)
    for number in range(300):
        bag.write('/t', string('x' * 1_000), number)
        bag.flush()
    file = tmp_path / 'bag' / 'bag_0.mcap'
    open_size = file.stat().st_size
    bag.close()
    assert 300_000 < file.stat().st_size < 350_000 < open_size < 1_200_000


@pytest.mark.parametrize('closed', [True, False])
def test_the_mcap_library_reads_it_too_by_index_and_from_front_to_back(tmp_path, closed):
    reader_module = pytest.importorskip('mcap.reader')
    bag = BagWriter(tmp_path / 'bag')
    bag.add_topic('/t', STRING)
    for number in range(400):
        bag.write('/t', string('x' * 1_500), number)
        bag.flush()
    if closed:
        bag.close()
    with (tmp_path / 'bag' / 'bag_0.mcap').open('rb') as stream:
        seeking = reader_module.SeekingReader(stream, validate_crcs=True)
        assert seeking.get_summary().statistics.message_count == 400
        assert [m.log_time for _, _, m in seeking.iter_messages()] == list(range(400))
        stream.seek(0)
        straight = reader_module.NonSeekingReader(stream, validate_crcs=True)
        assert [m.log_time for _, _, m in straight.iter_messages()] == list(range(400))
    bag.close()


def test_an_existing_target_is_refused_untouched(tmp_path):
    (tmp_path / 'bag').mkdir()
    with pytest.raises(BagError, match='exists already'):
        BagWriter(tmp_path / 'bag')
    assert list((tmp_path / 'bag').iterdir()) == []


def test_a_run_whose_recorder_died_has_one_bag_after_the_other(tmp_path):
    assert next_bag(tmp_path / 'bag') == tmp_path / 'bag'
    for name in ('bag', 'bag_1', 'bag_2'):
        path = next_bag(tmp_path / 'bag')
        assert path.name == name
        BagWriter(path).close()
    assert [path.name for path in bags_at(tmp_path / 'bag')] == ['bag', 'bag_1', 'bag_2']


def test_misuse_is_named(tmp_path):
    with pytest.raises(BagError, match="storage 'tape' is unknown"):
        BagWriter(tmp_path / 'tape', 'tape')
    with BagWriter(tmp_path / 'bag') as bag:
        bag.add_topic('/t', STRING)
        with pytest.raises(BagError, match='added to the bag before'):
            bag.add_topic('/t', STRING)
        with pytest.raises(BagError, match="'my_msgs/msg/Thing' is none of the standard"):
            bag.add_topic('/u', 'my_msgs/msg/Thing')
        with pytest.raises(BagError, match="'/v' is not in the bag"):
            bag.write('/v', b'', 0)
        with pytest.raises(BagError, match='negative'):
            bag.write('/t', string(''), -1)
    bag.close()
    with pytest.raises(BagError, match='is closed'):
        bag.flush()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(BagError, match='cannot be created'):
        BagWriter(tmp_path / 'file' / 'bag')
