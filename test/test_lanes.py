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
"""Lanes keep bodies apart at rest, and out of closed cells all the way."""

from __future__ import annotations

import math

from hypothesis import example, given, settings
from hypothesis import strategies as st
from ld_agent_sim.helm import gap
from ld_agent_sim.lanes import BERTHS, Lanes
from ld_agent_sim.pursuit import Board
from ld_agent_sim.vessels import CYBERSHIP
import pytest
from shapely import geometry

EDGE, TOLERANCE = 8.0, 0.16
BOARD = Board(9, 6, walls=frozenset({(4, 0), (4, 1)}))
LANES = Lanes(BOARD, EDGE, CYBERSHIP, TOLERANCE)
CELL = st.sampled_from(BOARD.free())
LANE = st.integers(0, 3)


def track(start, way):
    return geometry.LineString([start, *way]) if way else geometry.Point(start)


def squares(cells):
    return [geometry.box(x * EDGE, y * EDGE, (x + 1) * EDGE, (y + 1) * EDGE) for x, y in cells]


@settings(max_examples=200, deadline=None)
@given(lane=LANE, start=CELL, goal=CELL, closed=st.frozensets(CELL, max_size=12))
def test_a_hull_on_its_way_reaches_into_no_closed_cell(lane, start, goal, closed):
    closed -= {start}
    here = LANES.berth(lane, start)
    way = LANES.way(lane, here, goal, closed | BOARD.walls)
    if way is None:
        return
    swept = track(here, way).buffer(CYBERSHIP.radius + TOLERANCE)
    assert not any(swept.intersects(square) for square in squares(closed | BOARD.walls))
    assert not way or way[-1] == LANES.berth(lane, goal)


@settings(max_examples=200, deadline=None)
@given(lanes=st.permutations(range(4)), cells=st.tuples(CELL, CELL, CELL))
def test_who_lies_at_a_berth_is_in_nobodys_way(lanes, cells):
    mover, sitter = lanes[:2]
    here = LANES.berth(mover, cells[0])
    way = LANES.way(mover, here, cells[1], BOARD.walls)
    at = LANES.berth(sitter, cells[2])
    points = [here, *(way or [])]
    for leg in zip(points, points[1:]):
        assert gap(leg, (at, at)) >= 2 * (CYBERSHIP.radius + TOLERANCE)


def test_no_two_berths_share_a_row_or_a_column():
    assert len({x for x, _ in BERTHS}) == len({y for _, y in BERTHS}) == len(BERTHS)


@example(lane=2, cell=(0, 0), closed=frozenset({(0, 0)}), share=1 / 64, east=True)
@settings(max_examples=200, deadline=None)
@given(
    lane=LANE, cell=CELL, closed=st.frozensets(CELL, min_size=1, max_size=20),
    share=st.floats(0.0, 1.0), east=st.booleans(),
)  # fmt: skip
def test_the_way_out_is_the_shortest_inside(lane, cell, closed, share, east):
    other = (cell[0] + 1, cell[1]) if east else (cell[0], cell[1] + 1)
    if not BOARD.inside(other) or other in BOARD.walls:
        return
    a, b = LANES.berth(lane, cell), LANES.berth(lane, other)
    here = (a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]))
    way = LANES.way_out(lane, here, closed)
    if way is None:
        return
    assert LANES.cell(way[-1]) not in closed
    assert not LANES.touches(way[-1], closed, TOLERANCE)
    inside = sum(
        track(here, way).intersection(square).length for square in squares(closed)
    )  # fmt: skip
    if LANES.cell(here) not in closed:
        assert inside == pytest.approx(0.0, abs=1e-6)
        return
    for goal in (cell, other):
        if goal not in closed:
            straight = LANES._inside(here, LANES.berth(lane, goal), closed)
            assert inside <= straight + 1e-6


def test_from_the_middle_of_an_area_the_near_side_is_chosen():
    closed = frozenset((x, y) for x in range(1, 4) for y in range(0, 6))
    out = LANES.way_out(0, LANES.berth(0, (1, 3)), closed)
    assert out == [LANES.berth(0, (0, 3))]


def test_where_everything_is_closed_there_is_no_way():
    everything = frozenset(BOARD.cells())
    assert LANES.way_out(0, LANES.berth(0, (1, 3)), everything) is None
    assert LANES.way(0, LANES.berth(0, (1, 3)), (2, 3), everything) is None


def test_a_way_needs_corners_alone():
    way = LANES.way(1, LANES.berth(1, (0, 3)), (3, 3), BOARD.walls)
    assert way == [LANES.berth(1, (3, 3))]


def test_cells_too_small_for_the_hull_are_refused():
    with pytest.raises(ValueError, match='cells of 3 m are too small .* use 6.43 m or more'):
        Lanes(BOARD, 3.0, CYBERSHIP, TOLERANCE)


def test_a_circle_touches_a_cell_only_where_it_reaches_it():
    edge_of_cell = (3 * EDGE, 1.5 * EDGE)
    near = (edge_of_cell[0] - CYBERSHIP.radius + 0.01, edge_of_cell[1])
    far = (edge_of_cell[0] - CYBERSHIP.radius - 0.01, edge_of_cell[1])
    assert LANES.touches(near, {(3, 1)})
    assert not LANES.touches(far, {(3, 1)})
    assert math.isclose(LANES._inside((20.0, 4.0), (28.0, 4.0), {(3, 0)}), 4.0)
