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
"""Listening to topics, also to what was published before, where Fast DDS withholds it.

Now and then it keeps a late reader from what a writer had latched (eProsima/Fast-DDS #3822, here
once in 82 restarted nodes), and such a node would wait in vain for the chart or not know an area.
While a latched topic is silent though somebody publishes on it, another subscription is made a few
times; to the one before is listened until the new one has heard.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ld_agent.errors import MessageError
from ld_agent.messages import M, parse
from ld_agent.nodes.common import every, Health
from ld_agent.nodes.topics import Topic
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.subscription import Subscription
from std_msgs.msg import String

AGAIN_SECONDS = 1.0
TRIES = 3
UNUSABLE = (
    ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError,
)  # fmt: skip
"""What a message raises that fits its schema and still makes no sense, as an odd observation."""


class Listener:
    """Listens to a topic.

    Args:
        callback: gets each message; with `raw` its bytes and rclpy's message info.
    """

    def __init__(
        self,
        node: Node,
        kind: type,
        name: str,
        callback: Callable[..., None],
        qos: QoSProfile,
        raw: bool = False,
    ) -> None:
        self._node, self._kind, self._name = node, kind, name
        self._callback, self._qos, self._raw = callback, qos, raw
        self._subscriptions: list[Subscription] = []
        self._made = 0
        self._heard = 0
        """The latest subscription that has heard something, counted from 1."""
        self._last: Any = None
        self._timer = None
        self._listen()
        if qos.durability == DurabilityPolicy.TRANSIENT_LOCAL:
            self._timer = every(node, AGAIN_SECONDS, self._look)

    def take_waiting(self) -> None:
        """Handle all messages that have arrived.

        The executor takes one of each subscription in turn, so that of several messages that came
        before one on another topic all but the first would be handled after it.
        """
        for subscription in list(self._subscriptions):
            with subscription.handle:
                while taken := subscription.handle.take_message(self._kind, self._raw):
                    subscription.callback(taken[0])

    def destroy(self) -> None:
        """Listen no longer."""
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
        while self._subscriptions:
            self._node.destroy_subscription(self._subscriptions.pop())

    def _listen(self) -> None:
        self._made += 1
        number = self._made

        def received(message: Any) -> None:
            if self._is_new(number, message):
                self._callback(message)

        def received_raw(message: bytes, info: Any) -> None:
            if self._is_new(number, message):
                self._callback(message, info)

        self._subscriptions.append(
            self._node.create_subscription(
                self._kind, self._name, received_raw if self._raw else received, self._qos,
                raw=self._raw,
            )
        )  # fmt: skip

    def _is_new(self, number: int, message: Any) -> bool:
        """Note that a subscription heard; tell whether no other has told this already."""
        if number < self._heard:
            return False
        self._heard = number
        if len(self._subscriptions) == 1:
            return True
        last, self._last = self._last, message
        return message != last

    def _look(self) -> None:
        while len(self._subscriptions) > 1:
            self._node.destroy_subscription(self._subscriptions.pop(0))
        if self._heard or self._made > TRIES:
            self._timer.cancel()
            self._last = None
        elif self._node.count_publishers(self._name):
            self._listen()


def listen(
    node: Node,
    topic: Topic,
    callback: Callable[[Any], None],
    health: Health,
    each: bool = False,
) -> Listener:
    """Listen to a topic; what makes no sense is logged, counted and dropped.

    Args:
        each: ask for all that its publishers keep.
    """

    def received(message: Any) -> None:
        try:
            callback(message)
        except UNUSABLE as error:
            health.fault(
                f"'{topic.name}': not usable ({type(error).__name__}: {error}); "
                'the message was dropped'
            )

    qos = topic.qos if each else topic.heard or topic.qos
    return Listener(node, topic.type, topic.name, received, qos)


def listen_json(
    node: Node,
    topic: Topic,
    model: type[M],
    callback: Callable[[M], None],
    health: Health,
    each: bool = False,
) -> Listener:
    """Listen to JSON; what does not fit its schema is logged, counted and dropped too."""

    def received(message: String) -> None:
        try:
            parsed = parse(model, message.data, topic.name)
        except MessageError as error:
            health.fault(str(error))
            return
        callback(parsed)

    return listen(node, topic, received, health, each)
