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
"""The visualiser: markers and frames for RViz and Foxglove from what the graph publishes.

Board, walls, restricted areas, pursuers with trails, evader, and what was selected, as text; a
frame for each pursuer and the evader. Areas are red where they are closed in truth, and yellow
where only the functions in force close them, as what a person closes. Where nobody tells the
truth, as with real vessels, the chart is drawn. Needs no tf2: see `topics.FRAMES`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
import time
from typing import Any

from geometry_msgs.msg import Point, TransformStamped, Vector3
from ld_agent.closed_areas import ClosedAreas
from ld_agent.errors import LdAgentError
from ld_agent.function_base import find_task
from ld_agent.messages import Cell, Decision, FunctionUpdate, State
from ld_agent.nodes import topics
from ld_agent.nodes.common import Health, publisher_of, run
from ld_agent.nodes.convert import check_grid, CLOSED, time_of, to_metres, to_transform
from ld_agent.nodes.joining import Joining, listeners, SETTLE_SECONDS
from ld_agent.nodes.listener import listen, listen_json, Listener
from ld_agent.nodes.parameters import declare, VisualiserParameters
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

PURSUER = ColorRGBA(r=0.12, g=0.47, b=0.71, a=1.0)
EVADER = ColorRGBA(r=1.0, g=0.5, b=0.05, a=1.0)
AREA = ColorRGBA(r=0.84, g=0.15, b=0.16, a=0.5)
CLOSED_BY_FUNCTION = ColorRGBA(r=0.95, g=0.7, b=0.1, a=0.5)
WALL = ColorRGBA(r=0.35, g=0.35, b=0.35, a=1.0)
WATER = ColorRGBA(r=0.9, g=0.94, b=0.97, a=1.0)
INK = ColorRGBA(r=0.1, g=0.1, b=0.1, a=1.0)


class Visualiser(Node):
    """Draws the present step."""

    def __init__(self) -> None:
        super().__init__('visualiser')
        p = self.settings = declare(self, VisualiserParameters)
        self._publisher = publisher_of(self, topics.MARKERS)
        self._frames = publisher_of(self, topics.FRAMES)
        if topics.TFMessage is None:
            self.get_logger().info(
                f'tf2_msgs is not there: frames go out on {topics.FRAMES.name!r}, one by one'
            )
        self._health = Health(self)
        self._task = find_task(p.function_base, p.task)
        self._areas: ClosedAreas | None = None
        self._updates: list[FunctionUpdate] = []
        self._states: Listener | None = None
        self._board: Any = None
        self._truths: list[OccupancyGrid] = []
        self._told_truth = False
        self._header = Header()
        self._trails: list[deque] = []
        self._state: State | None = None
        self._decision: Decision | None = None
        listen(self, topics.GRID, self._on_grid, self._health)
        listen(self, topics.TRUTH, self._on_truth, self._health)
        listen_json(self, topics.FUNCTIONS, FunctionUpdate, self._on_function, self._health)
        listen_json(self, topics.DECISION, Decision, self._on_decision, self._health)
        self._joining = Joining(
            self,
            self.settings.wait_for,
            lambda: listeners(self, topics.MARKERS.name),
            [self._publisher, self._frames],
            self._joined,
        )

    def _joined(self, missing: list[str]) -> None:
        if missing:
            self._health.fault(f'not seen: {", ".join(missing)}; drawing without')
        self._settled = time.monotonic() + SETTLE_SECONDS
        self._states = listen_json(self, topics.STATE, State, self._on_state, self._health)

    def _on_grid(self, grid: OccupancyGrid) -> None:
        check_grid(grid)
        if not self._told_truth:
            self._board = grid

    def _on_truth(self, grid: OccupancyGrid) -> None:
        """Keep it for the state that it belongs to, or draw it now if that came before it."""
        check_grid(grid)
        self._truths.append(grid)
        if self._state is not None and self._take_truth(self._header):
            shut = self._draw_shut(self._state)
            functions = self._draw_functions(self._read_areas(), self._state.step)
            self._publisher.publish(MarkerArray(markers=[*shut, functions]))

    def _take_truth(self, header: Header) -> bool:
        """Take the newest truth that is not younger than this state; say if there was one."""
        limit = Time.from_msg(header.stamp)
        due = [i for i, t in enumerate(self._truths) if Time.from_msg(t.header.stamp) <= limit]
        if not due:
            return False
        self._board, self._told_truth = self._truths[due[-1]], True
        del self._truths[: due[-1] + 1]
        return True

    def _on_function(self, update: FunctionUpdate) -> None:
        if self._states is not None:
            self._states.take_waiting()  # an episode that ended before this ends what it closed
        self._updates.append(update)
        if self._state is not None:
            shown = self._draw_functions(self._read_areas(), self._state.step)
            self._publisher.publish(MarkerArray(markers=[shown]))

    def _read_areas(self) -> ClosedAreas:
        """Read what has come, now that the size of the board is known."""
        if self._areas is None:
            info = self._board.info
            self._areas = ClosedAreas(self._task, (info.width, info.height))
        updates, self._updates = self._updates, []
        for update in updates:
            try:
                self._areas.update(update)
            except LdAgentError as error:
                self._health.fault(f'{error}; its cells are not drawn')
        return self._areas

    def _on_decision(self, decision: Decision) -> None:
        """Show what was selected, now or when its step is drawn: it may come before its state."""
        self._decision = decision
        self._show_decision()

    def _show_decision(self) -> None:
        drawn, decision = self._state, self._decision
        if drawn is None or decision is None:
            return
        if (drawn.episode, drawn.step) == (decision.episode, decision.step):
            chosen = ' > '.join(stage.selected for stage in decision.trace)
            self._publisher.publish(MarkerArray(markers=[self._text(drawn, chosen)]))

    def _on_state(self, state: State) -> None:
        header = Header(stamp=time_of(state.stamp))
        self._take_truth(header)
        if self._board is None or 'pursuers' not in state.observation:
            return
        header.frame_id = self._board.header.frame_id
        self._header = header
        areas = self._read_areas()
        if state.done and time.monotonic() > self._settled:
            areas.clear()
        pursuers, evader = state.observation['pursuers'], state.observation['evader']
        if self._state is None or state.episode != self._state.episode:
            self._trails = [deque(maxlen=self.settings.trail + 1) for _ in pursuers]
        self._state = state
        for trail, cell in zip(self._trails, pursuers, strict=True):
            trail.append(cell)
        actors = {f'pursuer_{i}': cell for i, cell in enumerate(pursuers)} | {'evader': evader}
        self._publish_frames(
            [to_transform(name, cell, self._header, self._edge) for name, cell in actors.items()]
        )
        markers = [
            self._draw_board(),
            *self._draw_shut(state),
            self._draw_functions(areas, state.step),
            *self._draw_pursuers(pursuers),
            self._dot('evader', 0, EVADER, evader, 0.8),
            self._text(state, ''),
        ]
        self._publisher.publish(MarkerArray(markers=markers))
        self._show_decision()

    def _publish_frames(self, frames: list[TransformStamped]) -> None:
        if topics.TFMessage is not None:
            self._frames.publish(topics.TFMessage(transforms=frames))
            return
        for frame in frames:
            self._frames.publish(frame)

    def _draw_board(self) -> Marker:
        info = self._board.info
        size = Vector3(x=info.width * self._edge, y=info.height * self._edge, z=0.02)
        board = self._marker('board', 0, Marker.CUBE, WATER, size)
        board.pose.position = Point(x=size.x / 2, y=size.y / 2, z=-0.02)
        return board

    def _draw_shut(self, state: State) -> list[Marker]:
        walls = {(x, y) for x, y in state.observation.get('walls', [])}
        return [
            self._cells('walls', WALL, walls),
            self._cells('areas', AREA, self._shut - walls),
        ]

    @property
    def _shut(self) -> set[Cell]:
        width = self._board.info.width
        return {(i % width, i // width) for i, v in enumerate(self._board.data) if v == CLOSED}

    def _draw_functions(self, areas: ClosedAreas, step: int) -> Marker:
        return self._cells('functions', CLOSED_BY_FUNCTION, areas.cells(step) - self._shut)

    def _draw_pursuers(self, pursuers: Sequence[Sequence[int]]) -> list[Marker]:
        markers = []
        for number, (trail, cell) in enumerate(zip(self._trails, pursuers, strict=True)):
            width = Vector3(x=0.1 * self._edge)
            line = self._marker('trails', number, Marker.LINE_STRIP, PURSUER, width)
            line.points = [self._point(passed, 0.1) for passed in trail]
            if len(trail) < 2:
                line.action = Marker.DELETE
            markers += [line, self._dot('pursuers', number, PURSUER, cell, 0.7)]
        return markers

    def _cells(self, namespace: str, colour: ColorRGBA, cells: Iterable[Cell]) -> Marker:
        cube = Vector3(x=self._edge, y=self._edge, z=0.1)
        marker = self._marker(namespace, 0, Marker.CUBE_LIST, colour, cube)
        marker.points = [self._point(cell, 0.05) for cell in sorted(cells)]
        if not marker.points:
            marker.action = Marker.DELETE
        return marker

    def _dot(
        self, namespace: str, number: int, colour: ColorRGBA, cell: Sequence[int], size: float
    ) -> Marker:
        edge = size * self._edge
        ball = Vector3(x=edge, y=edge, z=edge)
        marker = self._marker(namespace, number, Marker.SPHERE, colour, ball)
        marker.pose.position = self._point(cell, size / 2)
        return marker

    def _text(self, state: State, selected: str) -> Marker:
        info = self._board.info
        text = self._marker(
            'selected', 0, Marker.TEXT_VIEW_FACING, INK, Vector3(z=0.7 * self._edge)
        )
        text.pose.position.x = info.width * self._edge / 2
        text.pose.position.y = (info.height + 1) * self._edge
        end = 'the end' if state.done else selected
        text.text = f'episode {state.episode}, step {state.step}' + (f': {end}' if end else '')
        return text

    def _marker(
        self, namespace: str, number: int, kind: int, colour: ColorRGBA, scale: Vector3
    ) -> Marker:
        marker = Marker(
            header=self._header, ns=namespace, id=number, type=kind, action=Marker.ADD,
            color=colour, scale=scale,
        )  # fmt: skip
        marker.pose.orientation.w = 1.0
        return marker

    def close(self) -> None:
        """End the sandbox."""
        if self._areas is not None:
            self._areas.close()

    @property
    def _edge(self) -> float:
        return float(self._board.info.resolution)

    def _point(self, cell: Sequence[int], height: float) -> Point:
        x, y = to_metres(cell, self._edge)
        return Point(x=x, y=y, z=height)


NODE = Visualiser


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(Visualiser, args)


if __name__ == '__main__':
    main()
