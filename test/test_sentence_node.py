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
"""A sentence over real DDS: understood, in force, lifted; a refused one is told and fails safe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
from threading import Event, Thread
import time

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from geometry_msgs.msg import PolygonStamped
from ld_agent.nodes import emergency, joining, topics
from ld_agent.sentences.author import open_author, prepare_author
from ld_agent.student.cache import cache_folder
import rclpy
from rclpy.executors import SingleThreadedExecutor
from running import cast, listen, meddler, polygon
from std_msgs.msg import String

GARBAGE = ('', '\x00\x01', '🌊' * 50, 'x' * 5000, '{"a": 1}', '(3,', '((((((', 'rows 5 to')


def test_sentences_are_taken_in_a_running_graph():
    prepare_author()
    with cast() as nodes, meddler() as test:
        functions = listen(test.node, topics.FUNCTIONS)
        diagnosed = listen(test.node, topics.DIAGNOSTICS)
        sentences = test.node.create_publisher(String, 'emergency', topics.EMERGENCY.qos)

        def said() -> list[dict]:
            return [json.loads(message.data) for message in functions]

        def tell(sentence: str) -> None:
            sentences.publish(String(data=sentence))

        nodes.start('emergency', sentences=True)
        nodes.start('decision', method='reference', wait_for='emergency')
        nodes.start('simulator', method='reference', episodes=500, exit_when_done=False)
        test.until(lambda: sentences.get_subscription_count() > 0, 'the emergency node')
        tell('column 1 is closed until step 90')
        test.until(lambda: any('column 1' in f['origin'] for f in said()), 'the student')

        begun = time.monotonic()
        tell('the area between (3, 4) and (6, 8) is closed')
        test.until(lambda: any('(3, 4)' in f['origin'] for f in said()), 'the area in force')
        assert time.monotonic() - begun < 20  # the bound itself is a benchmark's
        (area,) = [f for f in said() if '(3, 4)' in f['origin'] and f['action'] == 'add']
        assert '_rectangle(x, y, 3, 4, 6, 8)' in area['source']

        for sentence in GARBAGE:
            tell(sentence)
        tell('something is wrong near (3, 4)')
        test.until(
            lambda: any('fail safe' in f['origin'] and '(3, 4)' in f['origin'] for f in said()),
            'the fail-safe area',
        )
        test.until(
            lambda: any(
                'publish the area as a polygon' in line.message
                for message in diagnosed
                for line in message.status
            ),
            'a refusal on diagnostics',
        )
        assert not nodes.ended('emergency') and not nodes.ended('decision')
        log = nodes.stop('emergency')
        assert 'Traceback' not in log
        assert log.count('is refused') >= len(GARBAGE)


@contextmanager
def spinning(node) -> Iterator[None]:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    thread = Thread(target=executor.spin)
    thread.start()
    try:
        yield
    finally:
        executor.shutdown()
        thread.join()
        node.destroy_node()


def test_who_joins_a_hunt_takes_polygons_at_once_and_sentences_when_the_student_is_there(
    monkeypatch, capfd
):
    prepare_author()
    may_open = Event()

    def open_later(*args):
        assert may_open.wait(60)
        return open_author(*args)

    monkeypatch.setattr(emergency, 'open_author', open_later)
    with cast() as nodes, meddler() as test, rclpy.init():
        functions = listen(test.node, topics.FUNCTIONS)
        areas = test.node.create_publisher(
            PolygonStamped, 'restricted_area', topics.RESTRICTED_AREA.qos
        )
        sentences = test.node.create_publisher(String, 'emergency', topics.EMERGENCY.qos)

        def origins() -> list[str]:
            return [json.loads(message.data)['origin'] for message in functions]

        def area_in_force() -> bool:
            areas.publish(polygon((3, 4), (6, 4), (6, 8), (3, 8)))
            test.wait(0.2)
            return any('polygon' in origin for origin in origins())

        with spinning(emergency.EmergencyNode()):
            test.wait(2.0)
            names = joining.listeners(test.node, 'restricted_area')
            assert 'emergency' not in names, 'a world that has not begun waits for the student'

            nodes.start('decision', method='reference')
            nodes.start('simulator', method='reference', episodes=500, exit_when_done=False)
            test.until(lambda: sentences.get_subscription_count() > 0, 'the emergency node')
            sentences.publish(String(data='column 1 is closed until step 90'))
            test.until(area_in_force, 'the area in force')
            assert not any('column 1' in origin for origin in origins())

            may_open.set()
            test.until(lambda: any('column 1' in origin for origin in origins()), 'the sentence')
    said = capfd.readouterr().err
    assert "'column 1 is closed until step 90' waits until the student" in said


def test_a_node_that_ends_while_it_prepares_its_student_leaves_no_half_of_it(
    tmp_path, monkeypatch
):
    prepare_author()
    downloads = cache_folder() / 'downloads'
    monkeypatch.setenv('LD_AGENT_CACHE', str(tmp_path))
    (tmp_path / 'downloads').symlink_to(downloads)
    with cast() as nodes, meddler() as test:
        nodes.start('emergency', sentences=True)
        begun = tmp_path / 'students'
        test.until(lambda: list(begun.glob('.*.part')), 'the writing of a student')
        said = nodes.stop('emergency')
    assert 'Traceback' not in said, said
    assert not [path for path in begun.iterdir() if not path.name.startswith('.')]
