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
"""The driver: moves become motion, one vessel each.

`moves` come in as poses and must come again within the deadline, or the vessels hold; what goes
out is `<name>/cmd_vel`, or with `driver: nav2` the end of each leg as `<name>/goal_pose`. `stop`
and `resume` are services of this node: they pass neither the model nor the decision node, and
nothing here makes a stop wait. `stopped` tells of it, and perception keeps it, so that a driver
that is started again in the place of a dead one is as stopped as that one was. What is closed the
driver reads from `functions`, as the agent does, beside the control loop, so that a function that
hangs holds up nobody; it keeps that for an emergency node that takes the place of a dead one.
Nobody sails before both are known, or before 2 s have passed where nobody publishes both.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
import time

from geometry_msgs.msg import PoseArray, PoseStamped, Twist
from ld_agent.closed_areas import ClosedAreas
from ld_agent.driving import DriveLimits, Fleet
from ld_agent.errors import LdAgentError
from ld_agent.function_base import find_task
from ld_agent.messages import FunctionUpdate, State
from ld_agent.nodes import convert, topics
from ld_agent.nodes.common import every, Health, publish_json, publisher_of, run
from ld_agent.nodes.joining import SETTLE_SECONDS
from ld_agent.nodes.listener import listen, listen_json
from ld_agent.nodes.parameters import declare, DriverParameters
from ld_agent_sim.sea import NAMES, TARGET
from ld_agent_sim.vessels import Pose
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.node import Node
from std_msgs.msg import Bool, Header
from std_srvs.srv import Trigger

TICK_SECONDS = 0.02
ALONE_SECONDS = 2.0
"""So long a driver waits for an emergency node and a perception before it sails without them."""
SILENT_SECONDS = 1.0
"""A vessel whose odometry is not heard for so long is not known to be anywhere."""


class Driver(Node):
    """Drives the pursuers."""

    def __init__(self) -> None:
        super().__init__('driver')
        self.settings = declare(self, DriverParameters)
        p = self.settings
        self._task = find_task(p.function_base, p.task)
        self._fleet: Fleet | None = None
        self._areas: ClosedAreas | None = None
        self._pending: list[FunctionUpdate] = []
        self._reader = ThreadPoolExecutor(1, thread_name_prefix='areas')
        self._reading: Future | None = None
        self._step = 0
        self._poses: dict[str, tuple[Pose, float]] = {}
        self._now = 0.0
        self._stopped = False
        self._stops = publisher_of(self, topics.STOPPED)
        self._kept = publisher_of(self, topics.KEPT_FUNCTIONS)
        self._charted: float | None = None
        self._settled = self._told = False
        self._goals: dict[str, tuple[tuple[float, float] | None, int]] = {}
        self._commands = {name: publisher_of(self, topics.cmd_vel(name)) for name in NAMES[:-1]}
        self._targets = {name: publisher_of(self, topics.goal_pose(name)) for name in NAMES[:-1]}
        self._health = Health(self)
        self.create_service(Trigger, 'stop', self._on_stop)
        self.create_service(Trigger, 'resume', self._on_resume)
        for name in NAMES:
            listen(self, topics.odom(name), partial(self._on_odometry, name), self._health)
        listen(self, topics.GRID, self._on_grid, self._health)
        listen_json(self, topics.FUNCTIONS, FunctionUpdate, self._on_function, self._health)
        self._states = listen_json(self, topics.STATE, State, self._on_state, self._health)
        listen(self, topics.MOVES, self._on_moves, self._health)
        listen(self, topics.STOPPED, self._on_stopped, self._health)
        every(self, TICK_SECONDS, self._tick)

    def _on_grid(self, grid: OccupancyGrid) -> None:
        """An episode begins: its chart, and no orders."""
        convert.check_grid(grid)
        self._resolution = grid.info.resolution
        try:
            lanes = convert.lanes_of(grid, self.settings.kind)
        except ValueError as error:
            self._health.fault(f"'grid': {error}; the vessels are held")
            self._fleet = None
            return
        limits = DriveLimits(self.settings.deadline, self.settings.timeout)
        self._fleet = Fleet(lanes, NAMES[:-1], limits)
        self._fleet.stopped = self._stopped
        self._poses = {}
        self._step = 0
        self._charted = self._charted or time.monotonic()
        if self._areas is None:
            self._areas = ClosedAreas(self._task, (grid.info.width, grid.info.height))

    def _on_odometry(self, name: str, message: Odometry) -> None:
        self._poses[name] = (convert.from_odometry(message), time.monotonic())
        self._now = convert.seconds_of(message.header.stamp)
        self._frame = message.header.frame_id

    def _on_function(self, update: FunctionUpdate) -> None:
        self._states.take_waiting()  # an episode that ended before this ends what was closed
        self._pending.append(update)

    def _on_state(self, state: State) -> None:
        self._step = state.step
        if state.done and self._settled and self._areas is not None:
            # The emergency node says so as well, unless it is dead just now.
            self._pending += [
                FunctionUpdate(action='remove', name=name, origin='the episode ended')
                for name in self._areas.names
            ]

    def _on_moves(self, message: PoseArray) -> None:
        if self._fleet is None:
            return
        moves = convert.from_moves(message, self._resolution)
        self._fleet.order(moves, convert.seconds_of(message.header.stamp), time.monotonic())

    def _tick(self) -> None:
        self._read_areas()
        fleet, clock = self._fleet, time.monotonic()
        if fleet is None or self._stopped or not self._knows(clock):
            self._hold()
            return
        poses = {n: p for n, (p, heard) in self._poses.items() if clock - heard < SILENT_SECONDS}
        others = [poses.pop(TARGET)] if TARGET in poses else []
        commands = fleet.control(poses, others, self._now, clock)
        for note in fleet.notes:
            self.get_logger().warning(note)
        fleet.notes.clear()
        if self.settings.driver == 'nav2':
            for name, pose in poses.items():
                end = fleet.heading_for(name, clock)
                self._aim(name, end or (pose.x, pose.y), moving=end is not None)
            return
        for name, command in commands.items():
            self._commands[name].publish(_twist(command.surge, command.turn))

    def _knows(self, clock: float) -> bool:
        """Tell whether what is latched, areas and a stop, has come and been read by now."""
        if not self._settled and self._charted is not None:
            waited = clock - self._charted
            there = (
                self.count_publishers(topics.FUNCTIONS.name) > 0
                and self.count_publishers(topics.STOPPED.name) > 1  # its own is one
            )
            heard = waited >= (SETTLE_SECONDS if there else ALONE_SECONDS)
            self._settled = heard and self._reading is None and not self._pending
        return self._settled

    def _read_areas(self) -> None:
        """Hand what has come to the reader, and take what it has found."""
        if self._reading is not None and self._reading.done():
            taken, faults = self._reading.result()
            for update in taken:
                publish_json(self._kept, update)
            for sentence in faults:
                self._health.fault(sentence)
            self._reading = None
        if self._areas is None or self._reading is not None:
            return
        if self._fleet is not None:
            self._fleet.close(self._areas.cells(self._step))
        if self._pending:
            updates, self._pending[:] = list(self._pending), []
            self._reading = self._reader.submit(_read, self._areas.update, updates)

    def _aim(self, name: str, end: tuple[float, float], moving: bool) -> None:
        """Publish a goal where it or a listener is new; who must hold gets its own place, once."""
        goal = end if moving else None, self._targets[name].get_subscription_count()
        if self._goals.get(name) == goal:
            return
        self._goals[name] = goal
        message = PoseStamped(header=self._header())
        message.pose.position.x, message.pose.position.y = end
        message.pose.orientation.w = 1.0
        self._targets[name].publish(message)

    def _hold(self) -> None:
        if self.settings.driver == 'direct':
            for publisher in self._commands.values():
                publisher.publish(_twist(0.0, 0.0))
            return
        for name, (pose, _) in self._poses.items():
            if name != TARGET:
                self._aim(name, (pose.x, pose.y), moving=False)

    def _on_stopped(self, message: Bool) -> None:
        # Before anybody has called this driver, a stop can only be one of the driver before it.
        if message.data and not self._told and not self._stopped:
            self._stop('still stopped')

    def _stop(self, what: str) -> None:
        self._stopped = True
        if self._fleet is not None:
            self._fleet.stop()
        self._hold()
        self._stops.publish(Bool(data=True))
        self.get_logger().warning(f'{what}; the vessels hold until `resume` is called')

    def _on_stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._told = True
        self._stop('stopped')
        response.success, response.message = True, 'the vessels hold'
        return response

    def _on_resume(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._told, self._stopped = True, False
        if self._fleet is not None:
            self._fleet.resume()
        self._stops.publish(Bool(data=False))
        response.success, response.message = True, 'the vessels go on'
        return response

    def _header(self) -> Header:
        return Header(stamp=convert.time_of(self._now), frame_id=self._frame)

    def close(self) -> None:
        """Hold the vessels, and end the sandbox."""
        self._reader.shutdown()
        if self._areas is not None:
            self._areas.close()


def _read(
    take: Callable[[FunctionUpdate], None], updates: list[FunctionUpdate]
) -> tuple[list[FunctionUpdate], list[str]]:
    """Take updates; return those that were taken, and what was wrong with the others."""
    taken, faults = [], []
    for update in updates:
        try:
            take(update)
        except LdAgentError as error:
            faults.append(str(error))
        else:
            taken.append(update)
    return taken, faults


def _twist(surge: float, turn: float) -> Twist:
    message = Twist()
    message.linear.x, message.angular.z = surge, turn
    return message


NODE = Driver


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(Driver, args)


if __name__ == '__main__':
    main()
