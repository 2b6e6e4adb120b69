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
"""Lanes: how several bodies move over one board of cells without ever meeting at rest.

A cell is a square of `edge` metres, and each body has a berth of its own in every cell. No two
berths share a row or a column, so a body that goes along a row or a column of its berths passes
everyone that lies at a berth by at least a quarter of a cell; only two that move at the same time
can meet, where their lanes cross. A berth is an eighth of a cell from the cell's edge, so a body
that turns there stays in its cell. Knows no dynamics.
"""

from __future__ import annotations

from collections.abc import Set
import heapq
import math

from ld_agent_sim.pursuit import Board, Cell
from ld_agent_sim.vessels import Kind, kind_of, Point

BERTHS: tuple[Point, ...] = ((-0.375, -0.125), (-0.125, 0.375), (0.125, -0.375), (0.375, 0.125))
"""In cells, from the cell's centre, one a body; no two share a coordinate."""
CLOSED_WEIGHT = 1000.0
"""A metre in a closed cell counts as this many: a way out is the shortest way inside first."""
TOLERANCE_SHARE = 0.02
"""How far from its berth a body may come to rest, in edges of a cell."""


def make_lanes(board: Board, kind: str, edge: float = 0.0) -> Lanes:
    """Return the lanes of a board for vessels.

    The rules stay those of the board; a jump over a closed cell is sailed round it.

    Args:
        edge: of a cell, m; 0 for what the kind of vessel needs.

    Raises:
        ValueError: an unknown kind, or cells that are too small.
    """
    found = kind_of(kind)
    edge = edge or found.cell
    return Lanes(board, edge, found, TOLERANCE_SHARE * edge)


class Lanes:
    """The ways of each body over a board.

    Args:
        edge: of a cell, m.
        tolerance: how far a body may be from where it should be, m.

    Raises:
        ValueError: the cells are too small for bodies of this kind to turn and to pass.
    """

    def __init__(self, board: Board, edge: float, kind: Kind, tolerance: float) -> None:
        least = 8 * (kind.radius + tolerance)
        if edge < least:
            raise ValueError(
                f'cells of {edge:g} m are too small for a {kind.name}; use {least:.2f} m or more'
            )
        self.board, self.edge, self.kind, self.tolerance = board, edge, kind, tolerance

    def berth(self, lane: int, cell: Cell) -> Point:
        """Return where the body of that lane lies in a cell, m."""
        dx, dy = BERTHS[lane]
        return (cell[0] + 0.5 + dx) * self.edge, (cell[1] + 0.5 + dy) * self.edge

    def cell(self, point: Point) -> Cell:
        """Return the cell that holds a point."""
        return math.floor(point[0] / self.edge), math.floor(point[1] / self.edge)

    def way(self, lane: int, start: Point, goal: Cell, closed: Set[Cell]) -> list[Point] | None:
        """Return the points to pass from `start` to the berth in `goal`, corners alone.

        Returns:
            None where every way leads through a closed cell that `start` is not in.
        """
        if goal in closed or not self.board.inside(goal):
            return None
        found = self._search(lane, start, closed, lambda cell: cell == goal)
        return None if found is None else _corners(start, found)

    def way_out(self, lane: int, start: Point, closed: Set[Cell]) -> list[Point] | None:
        """Return the points to pass to a berth in a free cell, by the shortest way inside.

        Returns:
            None where no free cell can be reached.
        """
        found = self._search(lane, start, closed, lambda cell: cell not in closed)
        return None if found is None else _corners(start, found)

    def touches(self, centre: Point, closed: Set[Cell], margin: float = 0.0) -> bool:
        """Tell whether the circle round a body at `centre` reaches into a closed cell."""
        if not closed:
            return False
        reach = self.kind.radius + margin
        (west, south), (east, north) = (
            self.cell((centre[0] - reach, centre[1] - reach)),
            self.cell((centre[0] + reach, centre[1] + reach)),
        )
        return any(
            (x, y) in closed and self._distance(centre, (x, y)) < reach
            for x in range(west, east + 1)
            for y in range(south, north + 1)
        )

    def crosses(self, start: Point, end: Point, closed: Set[Cell]) -> bool:
        """Tell whether a straight way leads through a closed cell."""
        return self._inside(start, end, closed) > 0.0

    def _search(self, lane, start, closed, done) -> list[Point] | None:
        """Search from the berths next to `start`, weighing the metres in closed cells.

        A way may begin in closed cells, and once out of them it enters none.
        """
        queue: list[tuple[float, Cell, Cell | None]] = []
        for cell in self._neighbouring(lane, start):
            if self.board.inside(cell) and cell not in self.board.walls:
                heapq.heappush(queue, (self._cost(start, self.berth(lane, cell), closed),
                                       cell, None))  # fmt: skip
        before: dict[Cell, Cell | None] = {}
        while queue:
            cost, cell, last = heapq.heappop(queue)
            if cell in before:
                continue
            if cell in closed and last is not None and last not in closed:
                continue
            if cell in closed and last is None and self.cell(start) not in closed:
                continue
            before[cell] = last
            if done(cell):
                way: list[Point] = []
                step: Cell | None = cell
                while step is not None:
                    way.append(self.berth(lane, step))
                    step = before[step]
                return way[::-1]
            here = self.berth(lane, cell)
            for dx, dy in ((-1, 0), (0, -1), (0, 1), (1, 0)):
                to = (cell[0] + dx, cell[1] + dy)
                if self.board.inside(to) and to not in self.board.walls and to not in before:
                    step_cost = self._cost(here, self.berth(lane, to), closed)
                    heapq.heappush(queue, (cost + step_cost, to, cell))
        return None

    def _neighbouring(self, lane: int, start: Point) -> list[Cell]:
        """Return the cells whose berth a body at `start` can reach straight.

        That is its own cell and, where it lies between two berths, that at the lane's other end.
        """
        cell = self.cell(start)
        own = self.berth(lane, cell)
        found = [cell]
        for axis in (0, 1):
            off, along = start[1 - axis] - own[1 - axis], start[axis] - own[axis]
            if abs(off) <= self.tolerance and along:
                to = list(cell)
                to[axis] += 1 if along > 0 else -1
                found.append((to[0], to[1]))
        return found

    def _cost(self, start: Point, end: Point, closed: Set[Cell]) -> float:
        return math.dist(start, end) + CLOSED_WEIGHT * self._inside(start, end, closed)

    def _inside(self, start: Point, end: Point, closed: Set[Cell]) -> float:
        """Return the metres of a straight way that lie in closed cells."""
        cuts = [0.0, 1.0]
        for axis in (0, 1):
            a, b = start[axis], end[axis]
            low, high = math.ceil(min(a, b) / self.edge), math.floor(max(a, b) / self.edge)
            cuts += [(k * self.edge - a) / (b - a) for k in range(low, high + 1) if a != b]
        cuts.sort()
        length = math.dist(start, end)
        total = 0.0
        for low, high in zip(cuts, cuts[1:]):
            t = (low + high) / 2
            middle = (start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1]))
            if high > low and self.cell(middle) in closed:
                total += (high - low) * length
        return total

    def _distance(self, point: Point, cell: Cell) -> float:
        gaps = [max(c * self.edge - p, 0.0, p - (c + 1) * self.edge) for p, c in zip(point, cell)]
        return math.hypot(*gaps)


def _corners(start: Point, way: list[Point]) -> list[Point]:
    """Drop the points that lie straight between their neighbours."""
    kept: list[Point] = []
    for number, point in enumerate(way):
        last = kept[-1] if kept else start
        after = way[number + 1] if number + 1 < len(way) else None
        if after is not None and _straight(last, point, after):
            continue
        kept.append(point)
    return kept


def _straight(a: Point, b: Point, c: Point) -> bool:
    first, second = (b[0] - a[0], b[1] - a[1]), (c[0] - b[0], c[1] - b[1])
    if first == (0.0, 0.0):
        return True
    cross = first[0] * second[1] - first[1] * second[0]
    ahead = first[0] * second[0] + first[1] * second[1]
    return abs(cross) < 1e-9 * max(1.0, math.hypot(*first) * math.hypot(*second)) and ahead > 0
