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
"""The emergency node: a sentence or a polygon becomes a filter function on `functions`.

Each is written, checked in the sandbox, and published. What is refused is said in one sentence
on the log and `diagnostics`; what the numbers of a refused sentence span is closed until somebody
answers with a polygon. Areas hold until they expire or are lifted, at the longest until the
episode ends. A node that takes the place of a dead one adopts what `kept_functions` tells.

The student that reads sentences is opened beside this, as it takes seconds. A world that has not
begun waits for it; in a hunt that is under way it comes after all else, so that polygons are taken
at once, and sentences wait.
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
import time

from geometry_msgs.msg import PolygonStamped
from ld_agent.emergency import polygon_origin
from ld_agent.emergency_desk import Desk, Outcome
from ld_agent.errors import FunctionFailed, LdAgentError, ModelError
from ld_agent.function_base import find_task
from ld_agent.messages import Cell, FunctionUpdate, State
from ld_agent.nodes import convert, topics
from ld_agent.nodes.common import every, Health, publish_json, publisher_of, run
from ld_agent.nodes.joining import SETTLE_SECONDS
from ld_agent.nodes.listener import listen, listen_json, Listener, UNUSABLE
from ld_agent.nodes.parameters import declare, EmergencyParameters
from ld_agent.sentences.author import Author, open_author
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger

TICK_SECONDS = 0.05
HEAR_SECONDS = 1.0
"""So long a new node looks for who keeps what is in force already before it takes anything."""


class EmergencyNode(Node):
    """Turns emergencies into functions."""

    def __init__(self) -> None:
        super().__init__('emergency')
        self.settings = declare(self, EmergencyParameters)
        self._task = find_task(self.settings.function_base or None, self.settings.task)
        self._functions = publisher_of(self, topics.FUNCTIONS)
        self._health = Health(self)
        self._grid: OccupancyGrid | None = None
        self._desk: Desk | None = None
        self._author: Author | None = None
        self._opening: Future[Author] | None = None
        self._ready = not self.settings.sentences
        """Whether sentences can be answered: the student is there, or will not be."""
        self._ended = Event()
        self._areas: Listener | None = None
        self._early: list[PolygonStamped | String] = []
        self._standing: list[Cell] = []
        self._step = 0
        self._done = False
        self._since: float | None = None
        self._latest: State | None = None
        self._at_state: frozenset[str] = frozenset()
        """What was in force at the latest state; areas of the next episode come after it."""
        self._kept: dict[str, FunctionUpdate] = {}
        self._named: set[str] = set()
        """Functions that this node itself has published."""
        self._adopted = False
        listen(self, topics.GRID, self._on_grid, self._health)
        self._states = listen_json(
            self, topics.STATE, State, self._on_state, self._health, each=True
        )
        listen_json(self, topics.KEPT_FUNCTIONS, FunctionUpdate, self._on_kept, self._health)
        listen(self, topics.EMERGENCY, self._on_sentence, self._health)
        self.create_service(Trigger, '~/clear_emergencies', self._on_clear)
        self._began = time.monotonic()
        self._heard_at: float | None = None
        """When a kept function was heard last, or who keeps them was first seen."""
        self._beginning = every(self, TICK_SECONDS, self._begin)

    def destroy_node(self) -> None:
        """End the sandbox and the node."""
        self._ended.set()
        if self._desk is not None:
            self._desk.close()
        super().destroy_node()

    def _open_author(self) -> Author:
        settings = self.settings
        author = open_author(settings.model, settings.adapter, settings.provider, self._preparing)
        author.write('row 1 is closed')  # the first one is slower than all others
        return author

    def _preparing(self, text: str, share: float) -> None:
        if self._ended.is_set():
            raise ModelError('the node ends')
        self.get_logger().info(f'preparing: {text}')

    def _begin(self) -> None:
        """Take polygons, what is in force already, and sentences, each as soon as it can be."""
        now = time.monotonic()
        under_way = self._latest is not None and not self._latest.done
        if self._opening is not None and self._opening.done():
            self._opened(self._opening)
        elif self._opening is None and not self._ready:
            if self._adopted or (not under_way and now - self._began >= SETTLE_SECONDS):
                beside = ThreadPoolExecutor(1, 'author')
                self._opening = beside.submit(self._open_author)
                beside.shutdown(wait=False)
        if self._areas is None and (self._ready or under_way):
            # Who waits for this node waits until it listens here.
            self._areas = listen(self, topics.RESTRICTED_AREA, self._on_area, self._health)
        if not self._adopted and self._desk is not None and self._has_heard(now):
            self._adopt()
        if self._adopted and self._ready:
            self._beginning.cancel()

    def _has_heard(self, now: float) -> bool:
        if self._heard_at is None and self.count_publishers(topics.KEPT_FUNCTIONS.name):
            self._heard_at = now
        if self._heard_at is None:
            return now - self._began >= HEAR_SECONDS
        return now - self._heard_at >= SETTLE_SECONDS

    def _opened(self, opening: Future[Author]) -> None:
        self._opening, self._ready = None, True
        try:
            self._author = opening.result()
        except ModelError as error:
            self._health.fault(f'sentences will be refused: {error}')
        else:
            self.get_logger().info('sentences are understood')
        if self._desk is not None:
            self._desk.author = self._author
        if self._adopted:
            self._take_early()

    def _on_grid(self, grid: OccupancyGrid) -> None:
        convert.check_grid(grid)
        known, self._grid = self._grid, grid
        if known is None or _shape(known) != _shape(grid):
            if self._desk is not None:
                self._clear('the chart changed')
                self._desk.close()
            size = (grid.info.width, grid.info.height)
            self._desk = Desk(self._task, size, grid.info.resolution, self._author)
            try:
                self._desk.warm_up()
            except FunctionFailed as error:
                self._health.fault(str(error))
        if self._since is None:
            self._since = convert.seconds_of(grid.header.stamp)
            if self._latest is not None:
                self._on_state(self._latest)

    def _on_state(self, state: State) -> None:
        self._latest, before = state, self._latest
        # A node that joins late is told all states; those before its first chart are past.
        if self._since is None or state.stamp < self._since - 1e-6:
            return
        abandoned = before is not None and not before.done and state.episode > before.episode
        if state.done:
            self._clear('the episode ended')
        elif abandoned:
            self._clear('the episode was abandoned', self._at_state)
        self._at_state = frozenset() if self._desk is None else frozenset(self._desk.active)
        self._step, self._done = state.step, state.done
        self._standing = [(x, y) for x, y in state.observation.get('pursuers', ())]

    def _on_kept(self, update: FunctionUpdate) -> None:
        if self._adopted:
            if update.action == 'add' and update.name not in self._named:
                self._take_over(update)  # it came late
            return
        self._heard_at = time.monotonic()
        if update.action == 'add':
            self._kept[update.name] = update
        else:
            self._kept.pop(update.name, None)

    def _adopt(self) -> None:
        """Take over, once, what a node before this one had put in force."""
        self._adopted = True
        for update in self._kept.values():
            self._take_over(update)
        if self._done:
            self._clear('the episode ended')
        self._health.tell(active=len(self._desk.active))
        self._health.publish()
        self._take_early()

    def _take_over(self, update: FunctionUpdate) -> None:
        self._named.add(update.name)
        if update.expires_at_step is not None and update.expires_at_step <= self._step:
            return
        try:
            self._desk.adopt(update)
        except LdAgentError as error:
            self._health.fault(f'not adopted: {error}')
            return
        publish_json(self._functions, update)
        self.get_logger().warning(f'{update.name} was in force already and stays so')

    def _take_early(self) -> None:
        early, self._early = self._early, []
        for message in early:
            take = self._on_sentence if isinstance(message, String) else self._on_area
            try:
                take(message)
            except UNUSABLE as error:
                self._health.fault(f'not usable ({type(error).__name__}: {error}); dropped')

    def _on_area(self, message: PolygonStamped) -> None:
        self._states.take_waiting()  # an episode that ended before this ends what it closed
        if not self._adopted or self._desk is None or self._grid is None:
            self._early.append(message)
            return
        corners = convert.from_polygon(message, self._grid)
        for held in self._desk.active.values():
            if held.update.origin == polygon_origin(corners):  # asked again, it was not heard
                publish_json(self._functions, held.update)
                return
        self._tell(self._desk.polygon(corners, polygon_origin(corners), self._standing))

    def _on_sentence(self, message: String) -> None:
        self._states.take_waiting()
        if not self._adopted or self._desk is None or not self._ready:
            if self._opening is not None:
                self.get_logger().warning(
                    f'{message.data!r} waits until the student that reads sentences is open; '
                    'a polygon on restricted_area counts at once'
                )
            self._early.append(message)
            return
        self._tell(self._desk.sentence(message.data, self._step, self._standing))

    def _tell(self, outcome: Outcome) -> None:
        """Publish what came of an emergency, and say it."""
        for update in outcome.updates:
            self._named.add(update.name)
            publish_json(self._functions, update)
        self._health.tell(active=len(self._desk.active) if self._desk else 0)
        if outcome.status == 'refused':
            self._health.fault(outcome.reason)
            return
        what = f'{outcome.name} is in force' if outcome.action == 'close' else 'lifted'
        said = '; '.join(outcome.checks.values())
        self.get_logger().info(f'{what} after {outcome.ms:.0f} ms: {said}')

    def _on_clear(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._adopted or not self._kept
        if not response.success:
            response.message = 'areas from before are still being heard; call again in a second'
            return response
        response.message = f'{self._clear("cleared by a call")} restricted areas are lifted'
        return response

    def _clear(self, why: str, names: Collection[str] | None = None) -> int:
        """Lift all areas, or those that are named; return how many there were."""
        updates = [] if self._desk is None else self._desk.clear(why, names)
        for update in updates:
            publish_json(self._functions, update)
        self._health.tell(active=len(self._desk.active) if self._desk else 0)
        return len(updates)


def _shape(grid: OccupancyGrid) -> tuple[int, int, float]:
    return grid.info.width, grid.info.height, grid.info.resolution


NODE = EmergencyNode


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(EmergencyNode, args)


if __name__ == '__main__':
    main()
