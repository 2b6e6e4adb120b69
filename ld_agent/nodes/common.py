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

from collections.abc import Callable, Iterable
import sys
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from ld_agent.errors import LdAgentError, MessageError
from ld_agent.messages import M, Message, parse
from ld_agent.nodes.topics import DECISION, DIAGNOSTICS, RESTRICTED_AREA, STATE, Topic
import rclpy
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.duration import Duration
from rclpy.exceptions import NotInitializedException
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import qos_check_compatible, QoSCompatibility
from rclpy.timer import Timer
from std_msgs.msg import String

DIAGNOSTIC_SECONDS = 1.0
DELIVERY_SECONDS = 1.0
"""At most, that a node which ends waits for its listeners to have what it published."""
UNUSABLE = (
    ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError,
)  # fmt: skip
"""What a message raises that fits its schema and still makes no sense, as an odd observation."""


def publish_json(publisher: Any, message: Message) -> None:
    """Publish a message as JSON in a String."""
    publisher.publish(String(data=message.model_dump_json()))


def every(node: Node, seconds: float, callback: Callable[[], None]) -> Timer:
    """Call back every `seconds` of real time, also while simulated time stands still."""
    return node.create_timer(seconds, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))


def publisher_of(node: Node, topic: Topic) -> Any:
    """Create the publisher of a topic."""
    return node.create_publisher(topic.type, topic.name, topic.qos)


def listen(node: Node, topic: Topic, callback: Callable[[Any], None], each: bool = False) -> Any:
    """Create a subscription to a topic; `each` asks for all that its publishers keep."""
    qos = topic.qos if each else topic.heard or topic.qos
    return node.create_subscription(topic.type, topic.name, callback, qos)


def listen_json(
    node: Node,
    topic: Topic,
    model: type[M],
    callback: Callable[[M], None],
    health: Health,
    each: bool = False,
) -> Any:
    """Subscribe to JSON; what does not fit its schema is logged, counted and dropped."""

    def received(message: String) -> None:
        try:
            parsed = parse(model, message.data, topic.name)
        except MessageError as error:
            health.fault(str(error))
            return
        try:
            callback(parsed)
        except UNUSABLE as error:
            health.fault(
                f"'{topic.name}': not usable ({type(error).__name__}: {error}); "
                'the message was dropped'
            )

    return listen(node, topic, received, each)


def listeners(node: Node, topic: str) -> set[str]:
    """Return the names of the nodes that are seen to listen to a topic."""
    return {info.node_name for info in node.get_subscriptions_info_by_topic(topic)}


def unmatched(node: Node, publishers: Iterable[Publisher]) -> list[str]:
    """Return the topics of publishers that some listener, though seen, would get nothing from yet.

    Listeners whose quality of service does not fit will never get anything and are not counted.
    """
    return [
        publisher.topic_name
        for publisher in publishers
        if publisher.get_subscription_count()
        < sum(
            qos_check_compatible(publisher.qos_profile, info.qos_profile)[0]
            != QoSCompatibility.ERROR
            for info in node.get_subscriptions_info_by_topic(publisher.topic_name)
        )
    ]


def absent(node: Node, wait_for: str, publishers: Iterable[Publisher]) -> list[str]:
    """Return who is not there yet for a world to begin.

    That is a decision node, the nodes named in `wait_for`, and who is seen to listen to
    `publishers` without being matched.
    """
    there = listeners(node, RESTRICTED_AREA.name)
    missing = [name for name in wait_for.split() if name not in there]
    deciding = node.get_publishers_info_by_topic(DECISION.name)
    if not {info.node_name for info in deciding} & listeners(node, STATE.name):
        missing.append('a decision node')
    return missing + [f'a listener of {topic}' for topic in unmatched(node, publishers)]


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
    """Wait until what was published has reached who listens, a recorder that is slow above all."""
    end = time.monotonic() + DELIVERY_SECONDS
    for publisher in node.publishers:
        publisher.wait_for_all_acked(Duration(seconds=max(0.0, end - time.monotonic())))


def _spin(make: Callable[[], Node]) -> None:
    executor = SingleThreadedExecutor()
    node = make()
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
    try:
        with rclpy.init(args=args):
            try:
                _spin(make)
            except (NotInitializedException, rclpy_implementation.RCLError):
                if rclpy.ok():
                    raise
                # It was told to end while it joined the graph.
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except LdAgentError as error:
        print(f'error: {error}', file=sys.stderr)
        sys.exit(2)
