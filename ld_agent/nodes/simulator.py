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
"""The simulator: runs the world, publishes each state, waits for the decision.

Lock-step by default: a state goes out, and the step is played when its decision arrives or the
deadline passes, which is a lost turn. Whatever arrives twice, late or for another step changes
nothing. Where an emergency was published, the state waits until a function was published for it,
or `emergency_timeout` is over. With `rate` above 0 the steps follow the wall clock instead.
After `pause` a state is shown and decided, but played only at a `step` or a `resume`; the
deadline begins anew then.
"""

from __future__ import annotations

import time
from typing import Any

from ld_agent.emergency import polygon_origin
from ld_agent.emergency_desk import fail_safe_origin
from ld_agent.messages import Decision, FunctionUpdate, Result, State
from ld_agent.nodes import convert, topics
from ld_agent.nodes.common import every, Health, publish_json, publisher_of, run
from ld_agent.nodes.joining import absent
from ld_agent.nodes.listener import listen_json
from ld_agent.nodes.parameters import declare, SimulatorParameters
from ld_agent.worlds import open_world
from ld_agent_sim.scenario import Event
from ld_agent_sim.worlds import SpatialWorld
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header, String
from std_srvs.srv import Trigger

TICK_SECONDS = 0.02
FAREWELL_SECONDS = 0.5
"""Time for the last messages to reach the recorder before the process ends."""


class Simulator(Node):
    """Runs `episodes` episodes, seeds counting up from `seed`."""

    def __init__(self) -> None:
        super().__init__('simulator')
        self.settings = declare(self, SimulatorParameters)
        p = self.settings
        self._world = open_world(p.task, p.evader, p.board, p.moves, p.scenario, p.model)
        self._board = self._world if isinstance(self._world, SpatialWorld) else None
        mirrors = () if self._board is None else topics.MIRRORS
        self._out = {
            t.name: publisher_of(self, t)
            for t in (topics.STATE, topics.RESULT, topics.CLOCK, *mirrors)
        }
        self._health = Health(self)
        listen_json(self, topics.DECISION, Decision, self._on_decision, self._health)
        listen_json(self, topics.FUNCTIONS, FunctionUpdate, self._on_function, self._health)
        for name, answer in (
            ('reset', self._on_reset),
            ('pause', self._on_pause),
            ('resume', self._on_resume),
            ('step', self._on_step),
        ):
            self.create_service(Trigger, name, answer)
        self._paused = False
        self._steps_due = 0
        self._episode = -1
        self._base_time = 0.0
        self._asked_at: float | None = None
        self._due = 0.0
        self._answer: Decision | None = None
        self._begun = time.monotonic()
        self._ended_at: float | None = None
        self._truth: Any = None
        self._told_at: float | None = None
        self._unheard: dict[str, int] = {}
        """Origin of a function that answers an emergency → which of this step's."""
        every(self, TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        if self._ended_at is not None:
            if self.settings.exit_when_done and now - self._ended_at > FAREWELL_SECONDS:
                raise ExternalShutdownException
        elif self._episode < 0:
            waited = now - self._begun
            missing = absent(self, self.settings.wait_for, self._out.values())
            if not missing or waited > self.settings.start_timeout:
                if missing:
                    self._health.fault(
                        f'not seen within {waited:.0f} s: {", ".join(missing)}; playing on '
                        'without, and without a decision node every turn is lost'
                    )
                self._next_episode()
        elif self._told_at is not None:
            self._wait_for_functions(now - self._told_at)
        elif self._asked_at is not None and self._held():
            self._begin_step(now)
        elif self._asked_at is not None:
            waited = now - self._asked_at
            if self.settings.rate > 0:
                if now >= self._due:
                    self._play(self._answer)
            elif self._answer is not None:
                self._play(self._answer)
            elif waited > self.settings.deadline:
                self._play(None)

    def _next_episode(self) -> None:
        self._episode += 1
        if self._episode >= self.settings.episodes:
            self._ended_at = time.monotonic()
            self.get_logger().info(f'{self.settings.episodes} episodes are done')
            return
        self._base_time = self._time() if self._episode else 0.0
        self._world.reset(self.settings.seed + self._episode)
        if self._board is not None:
            self._truth = None
            self._out['grid'].publish(
                convert.to_grid(
                    self._board.size(),
                    self._board.chart(),
                    self._header(),
                    self.settings.resolution,
                )
            )
        self._ask()
        # An opponent that begins may have lost before the agent's first step.
        self._end_if(self._world.done)

    def _ask(self) -> None:
        """Publish what is new, and the state last."""
        header = self._header()
        self._out['/clock'].publish(Clock(clock=header.stamp))
        events = self._news()
        self._unheard = {}
        if self._board is not None:
            self._mirror(self._board, events, header)
        if events and self.settings.rate == 0:
            self._told_at = time.monotonic()
        else:
            self._show_state()

    def _news(self) -> list[Event]:
        """Return what a scenario publishes now."""
        if self._board is None or self._world.done:
            return []
        return self._board.announcements()

    def _on_function(self, update: FunctionUpdate) -> None:
        answered = self._unheard.get(update.origin)
        self._unheard = {o: number for o, number in self._unheard.items() if number != answered}

    def _wait_for_functions(self, waited: float) -> None:
        missing = len(set(self._unheard.values()))
        if missing and waited < self.settings.emergency_timeout:
            return
        if missing:
            self._health.fault(
                f'episode {self._episode}, step {self._world.step}: no function was published for '
                f'{missing} emergencies within {waited:.1f} s; playing on'
            )
        self._told_at = None
        self._show_state()

    def _begin_step(self, now: float) -> None:
        """Begin to wait; with a rate, a step is due a period after the one before was."""
        self._asked_at = now
        if self.settings.rate > 0:
            period = 1.0 / self.settings.rate
            on_time = 0.0 <= now - self._due < period
            self._due = (self._due if on_time else now) + period

    def _show_state(self) -> None:
        self._answer = None
        self._begin_step(time.monotonic())
        publish_json(
            self._out['state'],
            State(
                task=self.settings.task,
                episode=self._episode,
                seed=self.settings.seed + self._episode,
                step=self._world.step,
                done=self._world.done,
                stamp=self._time(),
                deadline=self.settings.deadline,
                observation=self._world.observation(),
            ),
        )

    def _mirror(self, board: SpatialWorld, events: list[Event], header: Header) -> None:
        """Publish what is spatial in typed messages too."""
        edge = self.settings.resolution
        for number, event in enumerate(events):
            told = event.sentence or 'a polygon'
            self.get_logger().info(f'step {self._world.step}: area {event.name!r}: {told}')
            if event.sentence:
                self._out['emergency'].publish(String(data=event.sentence))
                origins = [event.sentence, fail_safe_origin(event.sentence)]
            else:
                area = convert.to_polygon(event.corners, header, edge)
                self._out['restricted_area'].publish(area)
                chart = convert.to_grid(board.size(), board.chart(), header, edge)
                origins = [polygon_origin(convert.from_polygon(area, chart))]
            self._unheard |= dict.fromkeys(origins, number)
        truth = board.truth()
        if truth != self._truth:
            self._truth = truth
            self._out['truth'].publish(convert.to_grid(board.size(), truth, header, edge))
        actors = board.actors()
        self._out['pursuers'].publish(convert.to_pose_array(actors['pursuers'], header, edge))
        for cell in actors['evader']:
            self._out['evader'].publish(convert.to_pose_stamped(cell, header, edge))

    def _on_decision(self, decision: Decision) -> None:
        expected = (self.settings.task, self._episode, self._world.step)
        if self._asked_at is None or (decision.task, decision.episode, decision.step) != expected:
            self.get_logger().debug(
                f'ignored a decision for episode {decision.episode}, step {decision.step}'
            )
        elif self.settings.rate > 0 or self._held():
            self._answer = self._answer or decision
        else:
            self._play(decision)

    def _play(self, decision: Decision | None) -> None:
        if decision is None:
            rate = self.settings.rate
            limit = 1.0 / rate if rate > 0 else self.settings.deadline
            self._health.fault(
                f'episode {self._episode}, step {self._world.step}: no decision within '
                f'{limit:g} s; the turn is lost'
            )
        elif decision.moves is not None and self._board is not None:
            self._out['moves'].publish(
                convert.to_pose_array(decision.moves, self._header(), self.settings.resolution)
            )
        self._asked_at = None
        self._steps_due = 0
        self._world.apply(None if decision is None else decision.model_dump())
        done = self._world.done
        self._ask()
        self._end_if(done)

    def _end_if(self, done: bool) -> None:
        if done:
            self._asked_at = None
            self._report()
            self._next_episode()

    def _report(self) -> None:
        outcome = self._world.outcome()
        result = Result(
            task=self.settings.task,
            method=self.settings.method,
            episode=self._episode,
            seed=self.settings.seed + self._episode,
            evader=self.settings.evader,
            scenario=self.settings.scenario,
            **outcome,
        )
        publish_json(self._out['result'], result)
        self._health.tell(episodes=self._episode + 1, last=result.outcome)
        self.get_logger().info(
            f'episode {result.episode} (seed {result.seed}): {result.outcome} after '
            f'{result.steps} steps, {result.violations} violations, '
            f'{result.lost_turns} lost turns'
        )

    def _held(self) -> bool:
        return self._paused and not self._steps_due

    def _on_pause(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._paused, self._steps_due = True, 0
        response.success, response.message = True, f'held before step {self._world.step}'
        return response

    def _on_resume(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self._paused = False
        response.success, response.message = True, f'going on with step {self._world.step}'
        return response

    def _on_step(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if not self._paused:
            response.success, response.message = False, 'not paused; call pause first'
            return response
        self._steps_due = 1
        response.success, response.message = True, f'playing step {self._world.step}'
        return response

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._episode < 0 or self._ended_at is not None:
            response.success, response.message = False, 'no episode is running'
            return response
        self._told_at = None
        response.success = True
        response.message = f'episode {self._episode} is abandoned, the next one begins'
        self._next_episode()
        return response

    def _time(self) -> float:
        """Return the simulated time, seconds; it never runs backwards."""
        return self._base_time + (self._world.step + 1) * self.settings.step_seconds

    def _header(self) -> Header:
        return Header(stamp=convert.time_of(self._time()), frame_id=self.settings.frame_id)


NODE = Simulator


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(Simulator, args)


if __name__ == '__main__':
    main()
