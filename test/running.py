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
"""Nodes as processes in a private ROS domain, and a node of the test's own among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import os
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any, IO

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from geometry_msgs.msg import Point32, PolygonStamped
from ld_agent.nodes.topics import RESTRICTED_AREA, Topic
from ld_agent.runner import local_discovery
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

WAIT_SECONDS = 60.0
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
os.environ.update(local_discovery())


class Cast:
    """The processes of a graph, by the name of their node."""

    def __init__(self) -> None:
        self.processes: dict[str, subprocess.Popen] = {}
        self._said: dict[str, IO[str]] = {}

    def start(self, name: str, namespace: str = '', **parameters: object) -> None:
        arguments = ['--ros-args', *(['-r', f'__ns:={namespace}'] if namespace else [])]
        if name == 'simulator' and not namespace:
            parameters.setdefault('wait_for', 'meddler')
        if name == 'emergency':
            parameters.setdefault('sentences', False)  # the student that reads them takes seconds
        for key, value in parameters.items():
            arguments += ['-p', f'{key}:={value}']
        # A pipe that nobody reads holds up a node that says much.
        self._said[name] = tempfile.TemporaryFile('w+')
        self.processes[name] = subprocess.Popen(
            [sys.executable, '-m', f'ld_agent.nodes.{name}', *arguments],
            start_new_session=True,
            stdout=self._said[name],
            stderr=subprocess.STDOUT,
        )

    def kill(self, name: str) -> None:
        """End a process at once, as a crash does."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()
        self._said.pop(name).close()

    def stop(self, name: str) -> str:
        """End a process as Ctrl-C does and return all it said."""
        process = self.processes.pop(name)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(timeout=WAIT_SECONDS)
        with self._said.pop(name) as said:
            said.seek(0)
            return said.read()

    def ended(self, name: str) -> bool:
        return self.processes[name].poll() is not None


@contextmanager
def cast() -> Iterator[Cast]:
    """Yield a cast; whoever still runs at the end is killed."""
    people = Cast()
    try:
        yield people
    finally:
        for name in list(people.processes):
            people.kill(name)


class Meddler:
    """A node of the test's own, spun by hand."""

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node: Node = rclpy.create_node('meddler', context=self.context)
        self._seen = False
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)

    def until(self, done: Callable[[], object], what: str, seconds: float = WAIT_SECONDS) -> None:
        """Spin until `done`; fail with `what` was waited for."""
        if not self._seen:
            # The simulator waits for who listens to this: the last, after all other topics.
            self._seen = True
            listen(self.node, RESTRICTED_AREA)
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, f'waited in vain: {what}'
            self._executor.spin_once(timeout_sec=0.05)

    def wait(self, seconds: float) -> None:
        """Spin for so long."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end, 'time to pass')

    def call(self, client, request):
        self.until(client.service_is_ready, f'service {client.srv_name}')
        future = client.call_async(request)
        self.until(future.done, f'an answer of {client.srv_name}')
        return future.result()

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@contextmanager
def meddler() -> Iterator[Meddler]:
    """Yield a node of the test's own."""
    node = Meddler()
    try:
        yield node
    finally:
        node.close()


def listen(node: Node, topic: Topic, namespace: str = '') -> list[Any]:
    """Subscribe to a topic and return the list that what is received goes into."""
    heard: list[Any] = []
    name = f'{namespace}/{topic.name}' if namespace else topic.name
    node.create_subscription(topic.type, name, heard.append, topic.qos)
    return heard


def polygon(*corners: tuple[float, float]) -> PolygonStamped:
    """Return an area in metres."""
    message = PolygonStamped()
    message.header.frame_id = 'map'
    message.polygon.points = [Point32(x=float(x), y=float(y), z=0.0) for x, y in corners]
    return message
