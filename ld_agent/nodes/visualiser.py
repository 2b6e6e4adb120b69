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
"""The visualiser: markers for RViz and Foxglove from what the graph publishes.

Board, closed cells, pursuers with trails, evader, and what the student selected, as text.
"""

from __future__ import annotations

from collections import deque

from geometry_msgs.msg import Point, Vector3
from ld_agent.messages import Decision, State
from ld_agent.nodes import topics
from ld_agent.nodes.common import Health, listen, listen_json, publisher_of, run
from ld_agent.nodes.convert import CLOSED, time_of, to_metres
from ld_agent.nodes.parameters import declare, VisualiserParameters
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

PURSUER = ColorRGBA(r=0.12, g=0.47, b=0.71, a=1.0)
EVADER = ColorRGBA(r=1.0, g=0.5, b=0.05, a=1.0)
SHUT = ColorRGBA(r=0.84, g=0.15, b=0.16, a=0.5)
WATER = ColorRGBA(r=0.9, g=0.94, b=0.97, a=1.0)
INK = ColorRGBA(r=0.1, g=0.1, b=0.1, a=1.0)


class Visualiser(Node):
    """Draws the present step."""

    def __init__(self) -> None:
        super().__init__('visualiser')
        self.settings = declare(self, VisualiserParameters)
        self._publisher = publisher_of(self, topics.MARKERS)
        self._health = Health(self)
        self._truth: OccupancyGrid | None = None
        self._trails: list[deque] = []
        self._selected = ''
        self._episode = -1
        listen(self, topics.TRUTH, self._on_truth)
        listen_json(self, topics.DECISION, Decision, self._on_decision, self._health)
        listen_json(self, topics.STATE, State, self._on_state, self._health)

    def _on_truth(self, grid: OccupancyGrid) -> None:
        self._truth = grid

    def _on_decision(self, decision: Decision) -> None:
        self._selected = ' > '.join(stage.selected for stage in decision.trace)

    def _on_state(self, state: State) -> None:
        if self._truth is None or 'pursuers' not in state.observation:
            return
        pursuers, evader = state.observation['pursuers'], state.observation['evader']
        if state.episode != self._episode or len(self._trails) != len(pursuers):
            self._episode = state.episode
            self._trails = [deque(maxlen=self.settings.trail + 1) for _ in pursuers]
        for trail, cell in zip(self._trails, pursuers, strict=True):
            trail.append(cell)
        self._header = Header(stamp=time_of(state.stamp), frame_id=self._truth.header.frame_id)
        info = self._truth.info
        size, edge = (info.width, info.height), info.resolution
        shut = [(i % size[0], i // size[0]) for i, v in enumerate(self._truth.data) if v == CLOSED]
        board = self._marker('board', 0, Marker.CUBE, WATER, Vector3(
            x=size[0] * edge, y=size[1] * edge, z=0.02))  # fmt: skip
        board.pose.position.x, board.pose.position.y = size[0] * edge / 2, size[1] * edge / 2
        board.pose.position.z = -0.02
        closed = self._marker('closed', 0, Marker.CUBE_LIST, SHUT, Vector3(x=edge, y=edge, z=0.1))
        closed.points = [self._point(cell, 0.05) for cell in shut]
        if not shut:
            closed.action = Marker.DELETE
        markers = [board, closed]
        for number, trail in enumerate(self._trails):
            line = self._marker('trail', number, Marker.LINE_STRIP, PURSUER, Vector3(x=0.1 * edge))
            line.points = [self._point(cell, 0.1) for cell in trail]
            dot = self._marker('pursuer', number, Marker.SPHERE, PURSUER, self._cube(0.7 * edge))
            dot.pose.position = self._point(pursuers[number], 0.35)
            markers += [line, dot] if len(trail) > 1 else [dot]
        prey = self._marker('evader', 0, Marker.SPHERE, EVADER, self._cube(0.8 * edge))
        prey.pose.position = self._point(evader, 0.4)
        text = self._marker('selected', 0, Marker.TEXT_VIEW_FACING, INK, Vector3(z=0.7 * edge))
        text.pose.position.x, text.pose.position.y = size[0] * edge / 2, (size[1] + 1) * edge
        text.text = f'episode {state.episode}, step {state.step}: {self._selected}'
        self._publisher.publish(MarkerArray(markers=[*markers, prey, text]))

    def _marker(
        self, namespace: str, number: int, kind: int, colour: ColorRGBA, scale: Vector3
    ) -> Marker:
        marker = Marker(
            header=self._header, ns=namespace, id=number, type=kind, action=Marker.ADD,
            color=colour, scale=scale,
        )  # fmt: skip
        marker.pose.orientation.w = 1.0
        return marker

    def _point(self, cell: list[int], height: float) -> Point:
        x, y = to_metres(cell, self._truth.info.resolution)
        return Point(x=x, y=y, z=height)

    @staticmethod
    def _cube(edge: float) -> Vector3:
        return Vector3(x=edge, y=edge, z=edge)


NODE = Visualiser


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(Visualiser, args)


if __name__ == '__main__':
    main()
