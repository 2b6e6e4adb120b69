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
"""Restricted areas: the cells that a shape closes, its edge included."""

from __future__ import annotations

from collections.abc import Sequence
import math

from ld_agent_sim.pursuit import Board, Cell
from shapely import geometry

Point = tuple[float, float]


def polygon_cells(corners: Sequence[Point], board: Board) -> frozenset[Cell]:
    """Return the board's cells whose centre lies in the polygon or on its edge.

    Args:
        corners: at least three, in cells: the centre of cell (3, 4) is the point (3.0, 4.0).

    Raises:
        ValueError: fewer than three corners, a coordinate that is no number, no area.
    """
    if len(corners) < 3:
        raise ValueError(f'a polygon needs three corners or more, this one has {len(corners)}')
    if not all(math.isfinite(value) for corner in corners for value in corner):
        raise ValueError('a corner of the polygon is not a finite number')
    shape = geometry.Polygon(corners)
    if not shape.is_valid:
        raise ValueError('the edges of the polygon cross or it has no area')
    grown = shape.buffer(1e-9)
    west, south, east, north = grown.bounds
    columns = range(max(0, math.floor(west)), min(board.width, math.ceil(east) + 1))
    rows = range(max(0, math.floor(south)), min(board.height, math.ceil(north) + 1))
    return frozenset((x, y) for x in columns for y in rows if grown.covers(geometry.Point(x, y)))


def rectangle_corners(first: Point, second: Point) -> list[Point]:
    """Return the corners of the rectangle that two cells span, edges through their centres.

    A row, a column or a single cell is widened by a quarter of a cell, so that it has an area.
    """
    west, east = sorted((first[0], second[0]))
    south, north = sorted((first[1], second[1]))
    if west == east:
        west, east = west - 0.25, east + 0.25
    if south == north:
        south, north = south - 0.25, north + 0.25
    return [(west, south), (east, south), (east, north), (west, north)]


def disc_corners(centre: Point, radius: float, corners: int = 32) -> list[Point]:
    """Return a polygon that covers the disc of `radius` cells round `centre`."""
    outer = radius / math.cos(math.pi / corners)
    turns = [2 * math.pi * i / corners for i in range(corners)]
    return [(centre[0] + outer * math.cos(t), centre[1] + outer * math.sin(t)) for t in turns]
