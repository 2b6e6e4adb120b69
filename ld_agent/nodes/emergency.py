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
"""The emergency node: a published restricted area becomes a filter function on `functions`.

Polygons in metres are taken; each is written into a function from a template, checked in the
sandbox, and published. What is refused is said in one sentence on the log and `diagnostics`.
Areas hold until the episode ends or `~/clear_emergencies` is called.
"""

from __future__ import annotations

from geometry_msgs.msg import PolygonStamped
from ld_agent.emergency import area_function
from ld_agent.errors import AreaError
from ld_agent.messages import Cell, FunctionUpdate, State
from ld_agent.nodes import convert, topics
from ld_agent.nodes.common import Health, listen, listen_json, publish_json, publisher_of, run
from ld_agent.nodes.parameters import declare, EmergencyParameters
from ld_agent.players import find_task
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from std_msgs.msg import String
from std_srvs.srv import Trigger


class EmergencyNode(Node):
    """Turns emergencies into functions."""

    def __init__(self) -> None:
        super().__init__('emergency')
        self.settings = declare(self, EmergencyParameters)
        self._task = find_task(self.settings.function_base or None, self.settings.task)
        self._functions = publisher_of(self, topics.FUNCTIONS)
        self._health = Health(self)
        self._grid: OccupancyGrid | None = None
        self._early: list[PolygonStamped] = []
        self._active: dict[str, FunctionUpdate] = {}
        self._standing: list[Cell] = []
        listen(self, topics.GRID, self._on_grid)
        listen_json(self, topics.STATE, State, self._on_state, self._health, each=True)
        listen(self, topics.EMERGENCY, self._on_sentence)
        listen(self, topics.RESTRICTED_AREA, self._on_area)
        self.create_service(Trigger, '~/clear_emergencies', self._on_clear)

    def _on_grid(self, grid: OccupancyGrid) -> None:
        self._grid = grid
        early, self._early = self._early, []
        for message in early:
            self._on_area(message)

    def _on_state(self, state: State) -> None:
        if state.done:
            self._clear('the episode ended')
        self._standing = [(x, y) for x, y in state.observation.get('pursuers', ())]

    def _on_area(self, message: PolygonStamped) -> None:
        if self._grid is None:
            self._early.append(message)
            return
        corners = convert.from_polygon(message, self._grid)
        origin = f'polygon {[list(corner) for corner in corners]} in cells'
        try:
            update = area_function(
                self._task,
                corners,
                (self._grid.info.width, self._grid.info.height),
                self._active,
                origin,
                occupied=self._standing,
            )
        except AreaError as error:
            self._health.fault(str(error))
            return
        self._active[update.name] = update
        publish_json(self._functions, update)
        self._health.tell(active=len(self._active))
        self.get_logger().info(f'{update.name} is in force: {"; ".join(update.checks.values())}')

    def _on_sentence(self, message: String) -> None:
        self._health.fault(
            f'the sentence {message.data[:80]!r} is refused: only polygons are understood yet; '
            'publish the area as a PolygonStamped on restricted_area'
        )

    def _on_clear(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = True
        response.message = f'{len(self._active)} restricted areas are lifted'
        self._clear('cleared by a call')
        return response

    def _clear(self, why: str) -> None:
        for name in self._active:
            publish_json(self._functions, FunctionUpdate(action='remove', name=name, origin=why))
        self._active = {}
        self._health.tell(active=0)


NODE = EmergencyNode


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(EmergencyNode, args)


if __name__ == '__main__':
    main()
