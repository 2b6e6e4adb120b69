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
"""The panel's node: what is published goes to the web page, what a person does goes out.

The page runs in threads of its own and takes pictures of what was heard; the decision node is
never waited for, and never waits. Its actions go the way of everybody: `emergency`,
`restricted_area`, and the services `pause`, `step` and `resume`, of vessels `stop` and `resume`.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
import os
from typing import Any, TYPE_CHECKING

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from ld_agent.errors import LdAgentError
from ld_agent.function_base import find_task, Task
from ld_agent.messages import Decision, FunctionUpdate, Result, State
from ld_agent.nodes import convert, topics
from ld_agent.nodes.common import Health, publisher_of, run
from ld_agent.nodes.listener import listen, listen_json
from ld_agent.nodes.parameters import declare, PanelParameters
from ld_agent.panel import require_nicegui
from ld_agent.panel.door import Door, open_door, TOKEN_VARIABLE
from ld_agent.panel.view import View, Watch
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from std_msgs.msg import Bool, Header, String
from std_srvs.srv import Trigger

if TYPE_CHECKING:
    from ld_agent.panel.server import Server

COMMANDS = {'simulator': ('pause', 'step', 'resume'), 'vessels': ('stop', 'resume')}
"""World → the services by which it is steered."""
NICENESS = 10


class PanelNode(Node):
    """A running hunt, as the page sees it and acts on it."""

    def __init__(self) -> None:
        super().__init__('panel')
        self.settings = declare(self, PanelParameters)
        p = self.settings
        task = find_task(p.function_base or None, p.task)
        self._watch = Watch(task)
        self._grid: OccupancyGrid | None = None
        self._sentences = publisher_of(self, topics.EMERGENCY)
        self._areas = publisher_of(self, topics.RESTRICTED_AREA)
        self.commands = COMMANDS[p.world]
        self._callers: dict[str, Any] = {
            name: self.create_client(Trigger, name) for name in self.commands
        }
        self._health = Health(self)
        listen(self, topics.GRID, self._on_grid, self._health)
        listen(self, topics.TRUTH, self._on_truth, self._health)
        listen(self, topics.DIAGNOSTICS, self._on_diagnostics, self._health)
        listen(self, topics.STOPPED, self._on_stopped, self._health)
        listen_json(self, topics.FUNCTIONS, FunctionUpdate, self._watch.hear, self._health)
        listen_json(self, topics.RESULT, Result, self._watch.hear, self._health)
        listen_json(self, topics.DECISION, Decision, self._watch.hear, self._health)
        listen_json(self, topics.STATE, State, self._watch.hear, self._health)
        # The simulator waits for who listens to this.
        listen(self, topics.RESTRICTED_AREA, lambda message: None, self._health)
        door = open_door(p.host, p.port, p.token or os.environ.get(TOKEN_VARIABLE, ''))
        self._server = _serve(self, task, door)
        self.get_logger().info(f'the panel is at {door.url}')

    def close(self) -> None:
        """End the page and the sandbox."""
        self._server.close()
        self._watch.close()

    def view(self) -> View:
        """Return the present picture."""
        return self._watch.view()

    def say(self, sentence: str) -> None:
        """Publish an emergency."""
        self._sentences.publish(String(data=sentence))

    def restrict(self, corners: Sequence[tuple[float, float]]) -> None:
        """Publish a restricted area, corners in cells.

        Raises:
            LdAgentError: no chart was published, so that nothing says how large a cell is.
        """
        grid = self._grid
        if grid is None:
            raise LdAgentError(
                'there is no chart yet, so no area can be published; wait for the first state'
            )
        header = Header(frame_id=grid.header.frame_id, stamp=grid.header.stamp)
        self._areas.publish(convert.to_polygon(corners, header, grid.info.resolution))

    def command(self, name: str) -> Future[str]:
        """Call a service of the world, one of `commands`.

        Raises:
            LdAgentError: nobody offers it.
        """
        client = self._callers[name]
        if not client.service_is_ready():
            raise LdAgentError(
                f'no node offers the service {client.srv_name!r}; the world does while it runs'
            )
        answer: Future[str] = Future()

        def answered(called: Any) -> None:
            if not answer.done():
                answer.set_result(called.result().message)

        client.call_async(Trigger.Request()).add_done_callback(answered)
        return answer

    def _on_grid(self, grid: OccupancyGrid) -> None:
        convert.check_grid(grid)
        self._grid = grid

    def _on_truth(self, grid: OccupancyGrid) -> None:
        convert.check_grid(grid)
        self._watch.hear_truth(convert.closed_cells(grid))

    def _on_stopped(self, message: Bool) -> None:
        self._watch.hear_stopped(message.data)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        """Show the last fault of any node, such as why a sentence was refused."""
        for status in message.status:
            if status.level != DiagnosticStatus.OK:
                self._watch.notice(f'{status.name}: {status.message}')


def _serve(node: PanelNode, task: Task, door: Door) -> Server:
    """Start the page.

    Raises:
        LdAgentError: NiceGUI is not there, or the address is not to be had.
    """
    require_nicegui()
    from ld_agent.panel.page import Panel
    from ld_agent.panel.server import Server

    server = Server(Panel(task, door, live=node))
    server.start()
    return server


NODE = PanelNode


def main(args: list[str] | None = None) -> None:
    """Run the node; where the cores are short, those who decide come first."""
    os.nice(NICENESS)
    run(PanelNode, args)


if __name__ == '__main__':
    main()
