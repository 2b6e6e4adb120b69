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
"""The playback: publishes the states and functions of a bag, each state when the last is decided.

In the simulator's place, for a decision node that decides a recording again. `ros2 bag play` does
the same by the clock, whether or not a decision came. Recorded decisions are not published.
"""

from __future__ import annotations

from collections import deque
from pathlib import Path
import time

from ld_agent.bags import read_heard
from ld_agent.messages import Decision, State
from ld_agent.nodes import topics
from ld_agent.nodes.common import every, Health, publish_json, publisher_of, run
from ld_agent.nodes.joining import listeners
from ld_agent.nodes.listener import listen_json
from ld_agent.nodes.parameters import declare, Parameters
from pydantic import Field
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

TICK_SECONDS = 0.02
SETTLE_SECONDS = 0.5
"""A decision node takes a new episode for the one it joined for this long."""
FAREWELL_SECONDS = 0.5


class PlaybackParameters(Parameters):
    """Parameters of the playback."""

    bag: str = Field('', description='folder of the bag whose states are decided again')
    deadline: float = Field(10.0, gt=0.0, le=600.0, description='seconds to wait for a decision')
    start_timeout: float = Field(
        180.0, gt=0.0, le=3600.0, description='seconds to wait for those who listen'
    )
    wait_for: str = Field(
        'decision recorder', description='nodes that must listen before it begins'
    )


class Playback(Node):
    """Plays one bag and ends."""

    def __init__(self) -> None:
        super().__init__('playback')
        self.settings = declare(self, PlaybackParameters)
        self._left = deque(read_heard(Path(self.settings.bag)))
        self._states = publisher_of(self, topics.STATE)
        self._functions = publisher_of(self, topics.FUNCTIONS)
        self._health = Health(self)
        self._asked: State | None = None
        self._since = time.monotonic()
        self._met: float | None = None
        listen_json(self, topics.DECISION, Decision, self._on_decision, self._health)
        every(self, TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        waited = time.monotonic() - self._since
        if self._met is None:
            self._meet(waited)
        elif time.monotonic() - self._met < SETTLE_SECONDS:
            return
        elif self._asked is not None:
            if waited > self.settings.deadline:
                self._health.fault(
                    f'episode {self._asked.episode}, step {self._asked.step}: no decision within '
                    f'{self.settings.deadline} s; going on without'
                )
                self._go_on()
        elif self._left:
            self._go_on()
        elif waited > FAREWELL_SECONDS:
            raise ExternalShutdownException

    def _meet(self, waited: float) -> None:
        """Find those who must listen, or go on without them."""
        there = listeners(self, topics.STATE.name) & listeners(self, topics.FUNCTIONS.name)
        missing = set(self.settings.wait_for.split()) - there
        if missing and waited < self.settings.start_timeout:
            return
        if missing:
            self._health.fault(f'not seen: {", ".join(sorted(missing))}; playing without')
        self._met = time.monotonic()

    def _go_on(self) -> None:
        """Publish the next message; one a tick, so that a function comes before its state."""
        self._asked, self._since = None, time.monotonic()
        if not self._left:
            return
        message = self._left.popleft()
        if isinstance(message, State):
            publish_json(self._states, message)
            self._asked = None if message.done else message
        else:
            publish_json(self._functions, message)

    def _on_decision(self, decision: Decision) -> None:
        asked = self._asked
        if asked is not None and (asked.episode, asked.step) == (decision.episode, decision.step):
            self._go_on()


NODE = Playback


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(Playback, args)


if __name__ == '__main__':
    main()
