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
"""The recorder: the topics of the game into a bag, as serialized, written through.

What was received is on disk after at most `flush_seconds`, in a bag that reads as it is,
however the process ends. A full disk is said once; the hunt goes on. A recorder that is started
again after its death begins another bag beside the first, and what is latched stands in both.
Messages are stamped with
the wall clock of their publishing, whatever `use_sim_time` says: simulated time orders no
replies, and the callbacks of several topics run in any order.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
import time
from typing import Any

from ld_agent.bag_writer import BagWriter, next_bag, TopicQos
from ld_agent.errors import BagError
from ld_agent.nodes import topics
from ld_agent.nodes.common import every, Health, run
from ld_agent.nodes.listener import Listener
from ld_agent.nodes.parameters import declare, RecorderParameters
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy


class Recorder(Node):
    """Records into one bag."""

    def __init__(self) -> None:
        super().__init__('recorder')
        self.settings = declare(self, RecorderParameters)
        asked = Path(self.settings.path)
        path = next_bag(asked) if self.settings.numbered else asked
        self._writer = BagWriter(path, self.settings.storage)
        self._health = Health(self)
        self._broken = False
        for topic in topics.RECORDED:
            name = self.resolve_topic_name(topic.name)
            package, kind = topic.type.__module__.split('.')[0], topic.type.__name__
            self._writer.add_topic(
                name,
                f'{package}/msg/{kind}',
                TopicQos(
                    depth=topic.qos.depth,
                    latched=topic.qos.durability == DurabilityPolicy.TRANSIENT_LOCAL,
                    keep_all=topic.qos.history == HistoryPolicy.KEEP_ALL,
                ),
            )
            Listener(
                self, topic.type, topic.name, partial(self._on_message, name), topic.qos, raw=True
            )
        every(self, self.settings.flush_seconds, self._flush)
        if path != asked:
            self.get_logger().warning(f'{asked} exists already; the recording goes on in {path}')
        self.get_logger().info(f'recording into {path}')

    def _on_message(self, topic: str, raw: bytes, info: dict[str, Any]) -> None:
        try:
            self._writer.write(topic, raw, info['source_timestamp'] or time.time_ns())
        except BagError as error:
            self._complain(error)

    def _flush(self) -> None:
        try:
            self._writer.flush()
            self._broken = False
        except BagError as error:
            self._complain(error)

    def _complain(self, error: BagError) -> None:
        if not self._broken:
            self._broken = True
            self._health.fault(f'recording stopped: {error}')

    def close(self) -> None:
        """Finish the bag."""
        try:
            self._writer.close()
        except BagError as error:
            self.get_logger().error(str(error))


NODE = Recorder


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(Recorder, args)


if __name__ == '__main__':
    main()
