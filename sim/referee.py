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
"""Judges what bodies at sea do.

It looks at one instant at a time: two footprints that overlap, one that leaves the board, one that
reaches into a closed cell. A body upon which an area appears, or which cannot stop before it, is
not to blame until it has left it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ld_agent_sim.helm import braking_distance
from ld_agent_sim.lanes import Lanes
from ld_agent_sim.pursuit import Cell
from ld_agent_sim.vessels import footprint, Point, Pose
from shapely import geometry


class Referee:
    """Judges the bodies of one episode; each is blamed for the same thing once.

    Args:
        reaction: simulated seconds that a body may take until it begins to stop.
    """

    def __init__(self, lanes: Lanes, reaction: float = 1.0) -> None:
        self.closed: frozenset[Cell] = frozenset()
        self._lanes, self._kind, self._reaction = lanes, lanes.kind, reaction
        self._excused: dict[str, float] = {}
        """Body to the time until which it may still come into the area."""
        self._blamed: set[tuple[str, str]] = set()

    def close(self, cells: Iterable[Cell], time: float, poses: Mapping[str, Pose]) -> None:
        """Set the closed cells, beside the walls; who is in a new one is excused.

        So is who cannot stop before it, while it stops.
        """
        before, self.closed = self.closed, frozenset(cells)
        new = self.closed - before
        for name, pose in poses.items():
            here = (pose.x, pose.y)
            ahead = braking_distance(pose, self._kind) + pose.speed * self._reaction
            if self._lanes.touches(here, new):
                self._excused[name] = time
            elif self._lanes.touches(here, new, margin=ahead):
                self._excused[name] = time + self._reaction + pose.speed / self._kind.braking

    def look(self, time: float, poses: Mapping[str, Pose]) -> Iterator[tuple[str, str]]:
        """Yield who is newly to blame at an instant, and for what."""
        places = list(poses.items())
        for number, (name, pose) in enumerate(places):
            centre = (pose.x, pose.y)
            if self._reaches_in(pose, centre):
                if name not in self._excused:
                    yield from self._blame(name, 'reaches into a closed cell')
            elif time >= self._excused.get(name, time):
                self._excused.pop(name, None)
            if self._off_board(pose, centre):
                yield from self._blame(name, 'leaves the board')
            for other, there in places[number + 1 :]:
                if self._collide(pose, there):
                    yield from self._blame(name, f'collides with {other}')

    def _blame(self, body: str, what: str) -> Iterator[tuple[str, str]]:
        if (body, what) not in self._blamed:
            self._blamed.add((body, what))
            yield body, what

    def _reaches_in(self, pose: Pose, centre: Point) -> bool:
        shut = self.closed | self._lanes.board.walls
        if not self._lanes.touches(centre, shut):
            return False
        hull, edge = geometry.Polygon(footprint(pose, self._kind)), self._lanes.edge
        x, y = self._lanes.cell(centre)
        return any(
            hull.intersects(geometry.box(cx * edge, cy * edge, (cx + 1) * edge, (cy + 1) * edge))
            for cx in range(x - 1, x + 2)
            for cy in range(y - 1, y + 2)
            if (cx, cy) in shut
        )

    def _off_board(self, pose: Pose, centre: Point) -> bool:
        board, edge, radius = self._lanes.board, self._lanes.edge, self._kind.radius
        size = (board.width * edge, board.height * edge)
        if all(radius < c < s - radius for c, s in zip(centre, size)):
            return False
        corners = footprint(pose, self._kind)
        return not all(0 <= c <= s for corner in corners for c, s in zip(corner, size))

    def _collide(self, a: Pose, b: Pose) -> bool:
        if (a.x - b.x) ** 2 + (a.y - b.y) ** 2 > 4 * self._kind.radius**2:
            return False
        hulls = [geometry.Polygon(footprint(pose, self._kind)) for pose in (a, b)]
        return hulls[0].intersects(hulls[1])
