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
"""The vessels: a sea that moves on by itself, commanded by `cmd_vel`, seen by `odom` and TF.

Stands in for robots: it tells the chart (`grid`), where its bodies are, and the time (`/clock`),
and hears nothing of the game but when a step begins (for a scenario's areas), which functions
answer these areas, and when an episode has ended. An area is published again until it is answered,
by an emergency node that was started anew if need be, and holds from the next step on; one that
nobody answers in half a minute is left out, as `diagnostics` says. A vessel
that hears no command for `cmd_timeout` seconds of real time holds station. A referee looks at
every simulated instant; if it saw a fault the process ends with status 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
import time
from typing import Any

from geometry_msgs.msg import PolygonStamped, TransformStamped, Twist
from ld_agent.emergency import polygon_origin
from ld_agent.errors import LdAgentError
from ld_agent.messages import FunctionUpdate, Result, State
from ld_agent.nodes import convert, topics
from ld_agent.nodes.common import every, Health, publisher_of, run
from ld_agent.nodes.listener import listen, listen_json
from ld_agent.nodes.parameters import declare, VesselsParameters
from ld_agent.voyage import areas_of, make_sea, sea_scenario
from ld_agent_sim.areas import Point, polygon_cells
from ld_agent_sim.lanes import make_lanes
from ld_agent_sim.pursuit import Cell
from ld_agent_sim.sea import DT, NAMES, Sea
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header

TICK_SECONDS = 0.02
MOST_SECONDS = 0.1
"""What one tick makes up for at most, where the machine was busy."""
LEASH_SECONDS = 0.25
"""Simulated time runs on so far beyond a command and then waits for the next one, so that a busy
machine slows the sea down instead of letting its vessels sail on blindly."""
FAREWELL_SECONDS = 0.5
"""Time for the last messages to reach the recorder before the process ends."""


AGAIN_SECONDS, MOST_TIMES = 2.0, 15


@dataclass
class _Asked:
    """An area that has no function yet: its cells, its message, when and how often it was sent."""

    cells: frozenset[Cell]
    message: PolygonStamped
    at: float
    times: int = 1


class Vessels(Node):
    """Runs `episodes` episodes, seeds counting up from `seed`."""

    def __init__(self) -> None:
        super().__init__('vessels')
        self.settings = declare(self, VesselsParameters)
        p = self.settings
        self._scenario = sea_scenario(p.board, p.scenario)
        try:
            self._lanes = make_lanes(self._scenario.board, p.kind, p.resolution)
        except ValueError as error:
            raise LdAgentError(f"parameter 'resolution' of node 'vessels': {error}") from None
        self._grid = publisher_of(self, topics.GRID)
        self._truth = publisher_of(self, topics.TRUTH)
        self._areas = publisher_of(self, topics.RESTRICTED_AREA)
        self._ticks = publisher_of(self, topics.CLOCK)
        self._odometry = {name: publisher_of(self, topics.odom(name)) for name in NAMES}
        self._health = Health(self)
        self._transforms = self._transform_publisher()
        self._commanded: dict[str, tuple[float, float]] = {}
        for name in NAMES[:-1]:
            listen(self, topics.cmd_vel(name), partial(self._on_command, name), self._health)
        listen_json(self, topics.STATE, State, self._on_state, self._health)
        listen_json(self, topics.FUNCTIONS, FunctionUpdate, self._on_function, self._health)
        listen_json(self, topics.RESULT, Result, self._on_result, self._health)
        self._episode = -1
        self._base_time = 0.0
        self._sea: Sea
        self._faults = 0
        self._ended_at: float | None = None
        self._next_episode()
        self._last = time.monotonic()
        every(self, TICK_SECONDS, self._tick)

    def _transform_publisher(self) -> Any:
        """Return the publisher of `tf`; None where its message type is not installed."""
        if topics.TFMessage is None:
            self.get_logger().warning(
                'the package tf2_msgs is not installed, so TF is not published; odometry is'
            )
            return None
        return publisher_of(self, topics.FRAMES)

    def _next_episode(self) -> None:
        self._episode += 1
        p = self.settings
        if self._episode >= p.episodes:
            self._ended_at = time.monotonic()
            self.get_logger().info(f'{p.episodes} episodes are done')
            return
        if self._episode:
            self._base_time = round(self._base_time + self._sea.time + DT, 6)
        self._sea = make_sea(
            self._scenario, self._lanes, p.evader, p.seed + self._episode, p.patience
        )
        self._commanded.clear()
        self._sea.waiting, self._begun = True, False
        self._result: Result | None = None
        self._coming = areas_of(self._scenario, self._sea, p.seed + self._episode)
        self._announced: list[tuple[int, frozenset]] = []
        self._asked: dict[str, _Asked] = {}
        self._step = 0
        header = self._header()
        self._grid.publish(self._chart(self._lanes.board.walls, header))
        self._truth.publish(self._chart(self._lanes.board.walls, header))

    def _tick(self) -> None:
        now = time.monotonic()
        if self._ended_at is not None:
            if self.settings.exit_when_done and now - self._ended_at > FAREWELL_SECONDS:
                if self._faults:
                    raise LdAgentError(f'{self._faults} faults at sea, see above')
                raise ExternalShutdownException
            return
        passed = min(now - self._last, MOST_SECONDS)
        self._last = now
        until = self._sea.time + passed * self.settings.speed
        for name, (heard, at) in self._commanded.items():
            if now - heard > self.settings.cmd_timeout:
                self._sea.command(name, 0.0, 0.0)
            else:
                until = min(until, at + LEASH_SECONDS)
        while self._sea.time < until:
            self._sea.advance()
        self._tell_faults()
        self._ask_again(now)
        self._publish()

    def _publish(self) -> None:
        header = self._header()
        self._ticks.publish(Clock(clock=header.stamp))
        transforms = []
        for name, pose in self._sea.poses().items():
            odometry = convert.to_odometry(pose, header, f'{name}/base_link')
            self._odometry[name].publish(odometry)
            transform = TransformStamped(header=header, child_frame_id=f'{name}/base_link')
            transform.transform.translation.x = pose.x
            transform.transform.translation.y = pose.y
            transform.transform.rotation = odometry.pose.pose.orientation
            transforms.append(transform)
        if self._transforms is not None:
            self._transforms.publish(self._transforms.msg_type(transforms=transforms))

    def _tell_faults(self) -> None:
        for fault in self._sea.faults:
            self._faults += 1
            self._health.fault(
                f'episode {self._episode}, {fault.time:.2f} s: {fault.body} {fault.what}'
            )
        self._sea.faults.clear()

    def _on_command(self, name: str, message: Twist) -> None:
        surge, turn = convert.from_twist(message)
        self._commanded[name] = (time.monotonic(), self._sea.time)
        self._sea.command(name, surge, turn)

    def _on_state(self, state: State) -> None:
        """A step begins: publish the areas whose time has come; they hold one step later."""
        if self._ended_at is not None or state.stamp < self._base_time:
            return
        self._sea.waiting = state.done
        self._begun = True
        header = self._header()
        # A perception that is started again counts from 0; the areas do not go back with it.
        self._step = max(self._step, state.step)
        while self._coming and self._coming[0].step <= self._step and not state.done:
            event = self._coming.pop(0)
            self.get_logger().info(f'step {self._step}: restricted area {event.name!r}')
            self._announce(event.corners, header)
        closed = frozenset().union(*(c for step, c in self._announced if step <= self._step))
        if closed != self._sea.closed:
            self._sea.close(closed)
            seen = Header(stamp=convert.time_of(state.stamp), frame_id=header.frame_id)
            self._truth.publish(self._chart(closed | self._lanes.board.walls, seen))
        self._end_episode()

    def _announce(self, corners: Sequence[Point], header: Header) -> None:
        message = convert.to_polygon(corners, header, self._lanes.edge)
        origin = polygon_origin(convert.from_polygon(message, self._chart(frozenset(), header)))
        cells = polygon_cells(corners, self._lanes.board)
        self._asked[origin] = _Asked(cells, message, time.monotonic())
        self._areas.publish(message)

    def _on_function(self, update: FunctionUpdate) -> None:
        """An area is answered: it holds from the next step on."""
        asked = self._asked.pop(update.origin, None) if update.action == 'add' else None
        if asked is not None:
            self._announced.append((self._step + 1, asked.cells))

    def _ask_again(self, now: float) -> None:
        for origin, asked in list(self._asked.items()):
            if now - asked.at < AGAIN_SECONDS:
                continue
            if asked.times == MOST_TIMES:
                del self._asked[origin]
                self._health.fault(
                    f'no function was published for the {origin} that was told {asked.times} '
                    'times; it is left out'
                )
                continue
            asked.at, asked.times = now, asked.times + 1
            self._areas.publish(asked.message)

    def _on_result(self, result: Result) -> None:
        if self._ended_at is None and self._begun:
            self._result = result
            self._end_episode()

    def _end_episode(self) -> None:
        """Go on to the next episode once its last state and its result came, in either order."""
        if self._result is not None and self._sea.waiting:
            self._health.tell(episodes=self._episode + 1, last=self._result.outcome)
            self._next_episode()

    def _chart(self, closed: frozenset, header: Header) -> Any:
        board = self._lanes.board
        return convert.to_grid((board.width, board.height), closed, header, self._lanes.edge)

    def _header(self) -> Header:
        stamp = convert.time_of(self._base_time + self._sea.time)
        return Header(stamp=stamp, frame_id=self.settings.frame_id)


NODE = Vessels


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(Vessels, args)


if __name__ == '__main__':
    main()
