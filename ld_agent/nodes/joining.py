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
"""Who is there: nodes find each other late, and who is not matched yet misses what is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
import time

from ld_agent.nodes.common import every
from ld_agent.nodes.topics import DECISION, RESTRICTED_AREA, STATE
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import qos_check_compatible, QoSCompatibility

JOIN_SECONDS = 20.0
SETTLE_SECONDS = 0.3
"""Who joins in the middle of an episode hears in this time which areas are restricted."""
TICK_SECONDS = 0.05


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


class Joining:
    """Calls `joined` once a node has met those that it waits for and is matched by its listeners.

    That is `SETTLE_SECONDS` after all were seen, or `JOIN_SECONDS` after the node began to spin
    without those that `joined` is told.
    """

    def __init__(
        self,
        node: Node,
        wait_for: str,
        seen: Callable[[], set[str]],
        publishers: Iterable[Publisher],
        joined: Callable[[list[str]], None],
    ) -> None:
        self._node = node
        self._awaited = set(wait_for.split())
        self._seen = seen
        self._publishers = list(publishers)
        self._joined = joined
        self._begun: float | None = None
        """The first tick: a node may have much to load before."""
        self._met = None if self._awaited else time.monotonic()
        self._timer = every(node, TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        self._begun = self._begun or now
        missing = self._awaited - self._seen()
        if self._met is None and not missing:
            self._met = now
        settled = self._met is not None and now - self._met > SETTLE_SECONDS
        settled = settled and not unmatched(self._node, self._publishers)
        if settled or now - self._begun >= JOIN_SECONDS:
            self._timer.cancel()
            self._joined(sorted(missing))

    def stop(self) -> None:
        """Wait no longer."""
        self._node.destroy_timer(self._timer)
