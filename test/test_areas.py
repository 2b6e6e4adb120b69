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
"""Which cells a shape closes, found a second time with exact integer arithmetic."""

from __future__ import annotations

import math

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ld_agent_sim.areas import disc_corners, polygon_cells, rectangle_corners
from ld_agent_sim.pursuit import Board
import pytest

WIDE = Board(11, 6)
quick = settings(max_examples=150, deadline=None)
quarters = st.tuples(st.integers(-20, 60), st.integers(-20, 60))
"""A point in quarters of a cell, beyond the board too."""


def side(a, b, c):
    """Return on which side of the line from a to b the point c lies; 0 is on the line."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


@quick
@given(corners=st.tuples(quarters, quarters, quarters))
def test_a_triangle_closes_the_cells_inside_it_and_on_its_edge(corners):
    a, b, c = corners
    assume(side(a, b, c) != 0)
    expected = set()
    for x in range(WIDE.width):
        for y in range(WIDE.height):
            signs = [side(p, q, (4 * x, 4 * y)) for p, q in ((a, b), (b, c), (c, a))]
            if all(s >= 0 for s in signs) or all(s <= 0 for s in signs):
                expected.add((x, y))
    assert polygon_cells([(x / 4, y / 4) for x, y in corners], WIDE) == expected


def test_a_shape_that_is_not_convex_leaves_its_hollow_open():
    u = [(1, 1), (5, 1), (5, 4), (4, 4), (4, 2), (2, 2), (2, 4), (1, 4)]
    rows = {1: range(1, 6), 2: range(1, 6), 3: (1, 2, 4, 5), 4: (1, 2, 4, 5)}
    expected = {(x, y) for y, columns in rows.items() for x in columns}
    assert polygon_cells(u, WIDE) == expected
    assert polygon_cells(u[::-1], WIDE) == expected
    assert polygon_cells([*u[3:], *u[:3]], WIDE) == expected


def test_the_axes_are_not_swapped_and_the_board_ends_the_area():
    assert polygon_cells([(8, -9), (99, -9), (99, 2), (8, 2)], WIDE) == {
        (x, y) for x in (8, 9, 10) for y in (0, 1, 2)
    }
    assert polygon_cells([(20, 20), (30, 20), (25, 30)], WIDE) == frozenset()


@quick
@given(first=quarters, second=quarters)
def test_a_rectangle_closes_what_lies_between_its_two_cells(first, second):
    corners = rectangle_corners((first[0] / 4, first[1] / 4), (second[0] / 4, second[1] / 4))
    spans = []
    for low, high in (sorted(pair) for pair in zip(first, second, strict=True)):
        wide = 1 if low == high else 0
        spans.append(range(low - wide, high + wide + 1))
    assert polygon_cells(corners, WIDE) == {
        (x, y) for x, y in WIDE.cells() if 4 * x in spans[0] and 4 * y in spans[1]
    }


@pytest.mark.parametrize(
    ('first', 'second', 'cells'),
    [
        ((3, 4), (3, 4), {(3, 4)}),
        ((2, 5), (4, 5), {(2, 5), (3, 5), (4, 5)}),
        ((7, 3), (7, 1), {(7, 1), (7, 2), (7, 3)}),
        ((4, 2), (3, 1), {(3, 1), (4, 1), (3, 2), (4, 2)}),
    ],
)
def test_cells_rows_and_columns_are_rectangles_too(first, second, cells):
    assert polygon_cells(rectangle_corners(first, second), WIDE) == cells


@quick
@given(centre=quarters, radius=st.integers(1, 24))
def test_a_disc_closes_every_cell_within_its_radius_and_hardly_more(centre, radius):
    corners = disc_corners((centre[0] / 4, centre[1] / 4), radius / 4)
    closed = polygon_cells(corners, WIDE)
    for x, y in WIDE.cells():
        square = (4 * x - centre[0]) ** 2 + (4 * y - centre[1]) ** 2
        if square <= radius**2:
            assert (x, y) in closed
        if math.sqrt(square) > radius * 1.006:
            assert (x, y) not in closed


def test_a_disc_of_two_cells_closes_thirteen():
    closed = polygon_cells(disc_corners((5, 3), 2), WIDE)
    assert closed == {(x, y) for x, y in WIDE.cells() if abs(x - 5) ** 2 + abs(y - 3) ** 2 <= 4}
    assert len(closed) == 13


@pytest.mark.parametrize(
    ('corners', 'words'),
    [
        ([], 'three corners or more, this one has 0'),
        ([(1, 1), (4, 4)], 'three corners or more, this one has 2'),
        ([(1, 1), (4, 4), (math.nan, 2)], 'not a finite number'),
        ([(1, 1), (4, math.inf), (3, 2)], 'not a finite number'),
        ([(1, 1), (2, 2), (4, 4)], 'no area'),
        ([(1, 1), (1, 1), (1, 1)], 'no area'),
        ([(0, 0), (4, 4), (4, 0), (0, 4)], 'cross'),
        (disc_corners((3, 3), 0), 'no area'),
        (disc_corners((3, 3), math.nan), 'not a finite number'),
    ],
)
def test_a_shape_that_is_none_is_refused_with_its_reason(corners, words):
    with pytest.raises(ValueError, match=words):
        polygon_cells(corners, WIDE)
