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
"""The perception: odometry of all vessels and of the target becomes the `state` of the game.

It sits where the simulator sits in the board game: it asks the decision node step by step, and
turns what is decided into `moves`, which it says again and again while they are sailed. A new
`grid` begins an episode; what was going on before is abandoned. It also keeps whether the vessels
are stopped, for the driver that takes the place of a dead one.
"""

from __future__ import annotations

from functools import partial
import time

from ld_agent.messages import Decision, Result, State
from ld_agent.nodes import convert, topics
from ld_agent.nodes.common import every, Health, publish_json, publisher_of, run
from ld_agent.nodes.joining import absent
from ld_agent.nodes.listener import listen, listen_json
from ld_agent.nodes.parameters import declare, PerceptionParameters
from ld_agent.perception import Patience, Perception
from ld_agent_sim.lanes import Lanes
from ld_agent_sim.sea import NAMES
from ld_agent_sim.vessels import Pose
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.node import Node
from std_msgs.msg import Bool, Header

TICK_SECONDS = 0.02
REFRESH_SECONDS = 0.1
WORLD_SECONDS = 15.0
"""After so long without chart or odometry it is said that they are missing."""


class PerceptionNode(Node):
    """Sees the steps of one episode after another."""

    def __init__(self) -> None:
        super().__init__('perception')
        self.settings = declare(self, PerceptionParameters)
        self._out = {
            t.name: publisher_of(self, t)
            for t in (topics.STATE, topics.RESULT, topics.PURSUERS, topics.EVADER, topics.MOVES)
        }
        self._stops = publisher_of(self, topics.STOPPED)
        self._stopped = False
        self._health = Health(self)
        self._lanes: Lanes | None = None
        self._game: Perception | None = None
        self._episode = -1
        self._poses: dict[str, Pose] = {}
        self._now = self._since = 0.0
        self._asked: State | None = None
        self._refreshed = 0.0
        self._begun = time.monotonic()
        self._together = self._found = self._complained = False
        listen(self, topics.GRID, self._on_grid, self._health)
        for name in NAMES:
            listen(self, topics.odom(name), partial(self._on_odometry, name), self._health)
        listen_json(self, topics.DECISION, Decision, self._on_decision, self._health)
        listen(self, topics.STOPPED, self._on_stopped, self._health)
        every(self, TICK_SECONDS, self._tick)

    def _on_grid(self, grid: OccupancyGrid) -> None:
        """An episode begins."""
        convert.check_grid(grid)
        try:
            self._lanes = convert.lanes_of(grid, self.settings.kind)
        except ValueError as error:
            self._health.fault(f"'grid': {error}; no episode begins")
            self._game = None
            return
        self._frame = grid.header.frame_id
        self._since = convert.seconds_of(grid.header.stamp)
        self._poses, self._asked = {}, None
        self._episode += 1
        p = self.settings
        patience = Patience(p.still, p.deadline, p.sailing, p.target, p.stuck)
        self._game = Perception(self._lanes, patience, self._episode, p.seed + self._episode)

    def _on_odometry(self, name: str, message: Odometry) -> None:
        stamp = convert.seconds_of(message.header.stamp)
        if stamp < self._since:
            return
        self._poses[name] = convert.from_odometry(message)
        self._now = stamp

    def _on_stopped(self, message: Bool) -> None:
        if message.data != self._stopped:
            self._stopped = message.data
            self._stops.publish(message)

    def _tick(self) -> None:
        game, clock = self._game, time.monotonic()
        self._look_for_the_world(clock)
        if game is None or not self._all_together(clock):
            return
        lost = game.lost_turns
        state = game.look(self._poses, self._now, clock)
        if game.lost_turns > lost:
            self._health.fault(
                f'episode {game.episode}, step {game.step}: no decision within '
                f'{self.settings.deadline} s; the turn is lost'
            )
        if state is not None:
            self._ask(state)
        elif game.sailing and clock - self._refreshed >= REFRESH_SECONDS:
            self._send(clock)

    def _ask(self, state: State) -> None:
        assert self._game is not None and self._lanes is not None
        self._asked = state
        header, edge = self._header(state.stamp), self._lanes.edge
        *pursuers, target = self._game.places
        self._out['pursuers'].publish(convert.to_pose_array(pursuers, header, edge))
        self._out['evader'].publish(convert.to_pose_stamped(target, header, edge))
        publish_json(self._out['state'], state)
        if state.done:
            self._report()
        else:
            self.get_logger().info(
                f'episode {state.episode}, step {state.step}, after {state.stamp:.0f} s'
            )

    def _on_decision(self, decision: Decision) -> None:
        if self._game is not None and self._game.decide(decision, self._now) is not None:
            self._send(time.monotonic())

    def _send(self, clock: float) -> None:
        """Say the moves, stamped with the state that they answer."""
        assert self._game is not None and self._lanes is not None and self._asked is not None
        self._refreshed = clock
        header = self._header(self._asked.stamp)
        moves = self._game.sailing or []
        self._out['moves'].publish(convert.to_pose_array(moves, header, self._lanes.edge))

    def _report(self) -> None:
        assert self._game is not None
        p = self.settings
        result = Result(
            task='pursuit', method=p.method, episode=self._game.episode, seed=self._game.seed,
            evader=p.evader, scenario=p.scenario, **self._game.result(),
        )  # fmt: skip
        publish_json(self._out['result'], result)
        self._health.tell(episodes=result.episode + 1, last=result.outcome)
        self.get_logger().info(
            f'episode {result.episode} (seed {result.seed}): {result.outcome} after '
            f'{result.steps} steps, {result.violations} violations, '
            f'{result.lost_turns} lost turns'
        )

    def _look_for_the_world(self, clock: float) -> None:
        """Say, once, that nobody has told a chart or where the vessels are."""
        if self._found or self._complained:
            return
        unseen = [topics.odom(name).name for name in NAMES if name not in self._poses]
        missing = [*([] if self._game else [f'a usable {topics.GRID.name!r}']), *unseen]
        self._found = not missing
        if missing and clock - self._begun > WORLD_SECONDS:
            self._complained = True
            self._health.fault(
                f'not heard within {WORLD_SECONDS:.0f} s: {", ".join(missing)}; no episode begins '
                'before: start the sea or the robots, and look whether their topics arrive here, '
                'stamped later than the chart'
            )

    def _all_together(self, clock: float) -> bool:
        """Wait for a decision node, a driver, `wait_for` and who listens, but not for ever."""
        if self._together:
            return True
        missing = absent(self, self.settings.wait_for, self._out.values())
        if not self.count_subscribers(topics.MOVES.name):
            missing.append('a driver')
        waited = clock - self._begun
        if missing and waited <= self.settings.start_timeout:
            return False
        if missing:
            self._health.fault(
                f'not seen within {waited:.0f} s: {", ".join(missing)}; going on without, and '
                'without a decision node every turn is lost'
            )
        self._together = True
        return True

    def _header(self, stamp: float) -> Header:
        return Header(stamp=convert.time_of(stamp), frame_id=self._frame)


NODE = PerceptionNode


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(PerceptionNode, args)


if __name__ == '__main__':
    main()
