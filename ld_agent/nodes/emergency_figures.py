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
"""Measures how soon an emergency is in force: `python -m ld_agent.nodes.emergency_figures`.

The emergency node runs as its own process, as in a hunt. What is timed is from publishing a
polygon (`restricted_area`) or a sentence (`emergency`) until another process hears the checked
function on `functions`, which is where the decision node and the driver take it from.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
import json
import os
import subprocess
import sys
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PolygonStamped
from ld_agent.benchmark import machine
from ld_agent.errors import LdAgentError
from ld_agent.messages import FunctionUpdate
from ld_agent.nodes import convert, topics
from ld_agent.nodes.common import Health, publisher_of
from ld_agent.nodes.joining import listeners
from ld_agent.nodes.listener import listen, listen_json
from ld_agent.runner import isolate
from ld_agent.sentence_bench import BY_HAND, hand_cases, SIZE
import numpy as np
import rclpy
from rclpy.node import Node
from std_msgs.msg import Header, String
from std_srvs.srv import Trigger

POLYGONS, SENTENCES, SEED = 200, 60, 7
START_SECONDS, ANSWER_SECONDS = 300.0, 20.0
CLEARED_EVERY = 3
"""Areas in force at the most, as in a hunt; more would soon close the board."""


class Announcer(Node):
    """Publishes emergencies, one after another, and times the answers."""

    def __init__(self) -> None:
        super().__init__('announcer')
        health = Health(self)
        self._added: list[FunctionUpdate] = []
        self._refused = 0
        self._areas = publisher_of(self, topics.RESTRICTED_AREA)
        self._sentences = publisher_of(self, topics.EMERGENCY)
        self._clear = self.create_client(Trigger, 'emergency/clear_emergencies')
        listen_json(self, topics.FUNCTIONS, FunctionUpdate, self._on_function, health)
        listen(self, topics.DIAGNOSTICS, self._on_diagnostics, health)
        header = Header(frame_id='map')
        self._grid = publisher_of(self, topics.GRID)
        self._grid.publish(convert.to_grid(SIZE, (), header, 1.0))

    def _on_function(self, update: FunctionUpdate) -> None:
        if update.action == 'add':
            self._added.append(update)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.endswith('emergency'):
                values = {value.key: value.value for value in status.values}
                self._refused = int(values['faults'])

    def until(self, done: Callable[[], bool], seconds: float, what: str) -> None:
        """Spin until `done`.

        Raises:
            LdAgentError: it takes longer than `seconds`.
        """
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise LdAgentError(f'{what}: waited {seconds:.0f} s in vain')
            rclpy.spin_once(self, timeout_sec=0.01)

    def meet(self) -> None:
        """Wait for the emergency node, which comes when its student is ready."""
        self.until(
            lambda: (
                'emergency' in listeners(self, topics.RESTRICTED_AREA.name)
                and all(
                    p.get_subscription_count() for p in (self._areas, self._sentences, self._grid)
                )
                and bool(self.count_publishers(topics.FUNCTIONS.name))
                and self._clear.service_is_ready()
            ),
            START_SECONDS,
            'the emergency node',
        )

    def polygon_ms(self, number: int, rng: np.random.Generator) -> float:
        """Return how long a triangle somewhere on the board takes, ms."""
        x, y = rng.uniform(0.0, 15.0, 2)
        corners = [(x, y), (x + rng.uniform(3, 5), y), (x, y + rng.uniform(3, 5))]
        message = convert.to_polygon(corners, Header(frame_id='map'), 1.0)
        took = self._timed(number, self._areas, message)
        assert took is not None, 'a polygon was refused'
        return took

    def sentence_ms(self, number: int, sentence: str) -> float | None:
        """Return how long a sentence takes, ms; None where it is refused."""
        return self._timed(number, self._sentences, String(data=sentence))

    def _timed(
        self, number: int, publisher: Any, message: PolygonStamped | String
    ) -> float | None:
        if number % CLEARED_EVERY == 0:
            future = self._clear.call_async(Trigger.Request())
            self.until(future.done, ANSWER_SECONDS, 'clear_emergencies')
        added, refused = len(self._added), self._refused
        begun = time.perf_counter()
        publisher.publish(message)
        self.until(
            lambda: len(self._added) > added or self._refused > refused,
            ANSWER_SECONDS,
            f'an answer to {message}',
        )
        took = 1000.0 * (time.perf_counter() - begun)
        return took if self._refused == refused else None


def measure() -> dict[str, Any]:
    """Return milliseconds from publishing to being in force.

    Raises:
        LdAgentError: the emergency node does not answer.
    """
    isolate()  # areas must not be published to a robot that is at work
    node = subprocess.Popen([sys.executable, '-m', 'ld_agent.nodes.emergency'])
    try:
        with rclpy.init():
            announcer = Announcer()
            announcer.meet()
            rng = np.random.default_rng(SEED)
            polygons = [announcer.polygon_ms(i, rng) for i in range(POLYGONS)]
            closing = (c.sentence for c in hand_cases(BY_HAND) if c.action == 'close')
            answers = [
                announcer.sentence_ms(i, text) for i, text in enumerate(islice(closing, SENTENCES))
            ]
            announcer.destroy_node()
    finally:
        node.terminate()
        node.wait()
    sentences = [ms for ms in answers if ms is not None]
    return {
        'machine': {**machine(), 'load': round(os.getloadavg()[0], 1)},
        'polygons': _spread(polygons),
        'sentences': _spread(sentences),
        'sentences_refused': len(answers) - len(sentences),
    }


def _spread(ms: list[float]) -> dict[str, float]:
    """Return how many, median, 99th percentile and the most, ms."""
    return {
        'n': len(ms),
        'median_ms': round(float(np.median(ms)), 1),
        'p99_ms': round(float(np.percentile(ms, 99)), 1),
        'most_ms': round(max(ms), 1),
    }


if __name__ == '__main__':
    print(json.dumps(measure(), indent=2))
