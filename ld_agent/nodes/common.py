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
"""What every node shares: publishers by topic, diagnostics, and how a process begins and ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import signal
import sys
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from ld_agent.errors import LdAgentError
from ld_agent.messages import Message
from ld_agent.nodes.topics import DIAGNOSTICS, Topic
import rclpy
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.exceptions import NotInitializedException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.timer import Timer
from std_msgs.msg import String

DIAGNOSTIC_SECONDS = 1.0
DELIVERY_SECONDS = 1.0
"""At most, that a node which ends waits for its listeners to have what it published."""


def publish_json(publisher: Any, message: Message) -> None:
    """Publish a message as JSON in a String."""
    publisher.publish(String(data=message.model_dump_json()))


def every(node: Node, seconds: float, callback: Callable[[], None]) -> Timer:
    """Call back every `seconds` of real time, also while simulated time stands still."""
    return node.create_timer(seconds, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))


def publisher_of(node: Node, topic: Topic) -> Any:
    """Create the publisher of a topic."""
    return node.create_publisher(topic.type, topic.name, topic.qos)


class Health:
    """A node's line on `diagnostics`: ok, or its last fault, with counts."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = publisher_of(node, DIAGNOSTICS)
        self._values: dict[str, str] = {}
        self._faults = 0
        self._last = ''
        self._timer = every(node, DIAGNOSTIC_SECONDS, self.publish)

    def tell(self, **values: Any) -> None:
        """Set values that the next line shows."""
        self._values.update({key: str(value) for key, value in values.items()})

    def fault(self, sentence: str) -> None:
        """Log a fault and publish it at once."""
        self._faults += 1
        self._last = sentence
        self._node.get_logger().error(sentence)
        self.publish()

    def stop(self) -> None:
        """Leave the topic."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._publisher)

    def publish(self) -> None:
        """Publish the line."""
        status = DiagnosticStatus(
            level=DiagnosticStatus.WARN if self._faults else DiagnosticStatus.OK,
            name=self._node.get_fully_qualified_name(),
            message=self._last or 'ok',
            values=[
                KeyValue(key=key, value=value)
                for key, value in {**self._values, 'faults': str(self._faults)}.items()
            ],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)


def _deliver(node: Node) -> None:
    """Wait until what was published has reached who listens, a recorder that is slow above all.

    A node that a signal ended can wait for nobody any more: its context is shut down.
    """
    end = time.monotonic() + DELIVERY_SECONDS
    with suppress(rclpy_implementation.RCLError):
        for publisher in node.publishers:
            publisher.wait_for_all_acked(Duration(seconds=max(0.0, end - time.monotonic())))


class _Interrupt:
    """Ctrl-C: ends a node at once while it is made, later by the shutdown of its context only.

    An exception between two lines of a callback, or in the `__del__` of somebody else's object,
    would leave things half done and a traceback in the log.
    """

    def __init__(self) -> None:
        self.at_once = True

    def __call__(self, number: int, frame: Any) -> None:
        if self.at_once:
            raise KeyboardInterrupt


def _spin(make: Callable[[], Node], interrupt: _Interrupt) -> None:
    executor = SingleThreadedExecutor()
    node = make()
    interrupt.at_once = False
    executor.add_node(node)
    try:
        executor.spin()
    finally:
        _deliver(node)
        close = getattr(node, 'close', None)
        if close is not None:
            close()
        executor.shutdown()
        node.destroy_node()


def run(make: Callable[[], Node], args: list[str] | None = None) -> None:
    """Run one node until it is told to end; a refusal at the start is one sentence, exit 2."""
    interrupt = _Interrupt()
    signal.signal(signal.SIGINT, interrupt)
    try:
        with rclpy.init(args=args):
            try:
                _spin(make, interrupt)
            except (NotInitializedException, rclpy_implementation.RCLError):
                if rclpy.ok():
                    raise
                # It was told to end while it joined the graph.
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except LdAgentError as error:
        print(f'error: {error}', file=sys.stderr)
        sys.exit(2)
