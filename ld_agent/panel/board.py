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
"""The board as SVG: cell (0, 0) lies at the lower left; and which cell a pixel belongs to.

Only numbers and names of its own go in, never a text from a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ld_agent.messages import Cell
from ld_agent.panel.view import View

EDGE = 24
"""Edge of a cell in pixels."""
PURSUER, EVADER, AREA, WALL = '#1f77b4', '#ff7f0e', '#d62728', '#595959'


def size_of(view: View) -> tuple[int, int] | None:
    """Return width and height of the board in cells; None where there is none."""
    observed = view.state.observation if view.state else {}
    if 'pursuers' not in observed:
        return None
    return int(observed['width']), int(observed['height'])


def cell_at(pixel: Sequence[float], size: tuple[int, int]) -> Cell:
    """Return the cell of a pixel (x to the right, y down), the nearest one if it lies outside."""
    column, row = int(pixel[0] // EDGE), int(pixel[1] // EDGE)
    return (
        min(max(column, 0), size[0] - 1),
        min(max(size[1] - 1 - row, 0), size[1] - 1),
    )


def ground(view: View) -> str:
    """Return the SVG elements of what seldom changes: water, lines, walls and closed cells."""
    size = size_of(view)
    if size is None or view.state is None:
        return ''
    width, height = size
    walls = ((int(x), int(y)) for x, y in view.state.observation.get('walls', []))
    return ''.join([
        f'<rect width="{width * EDGE}" height="{height * EDGE}" fill="#e6f0f7"/>',
        *_lines(width, height),
        *_squares(walls, height, WALL, 1.0, 'wall'),
        *_squares(sorted(view.closed), height, AREA, 0.5, 'area'),
    ])  # fmt: skip


def vessels(view: View, sketch: tuple[Cell, Cell] | None = None) -> str:
    """Return the SVG elements of what moves, to lie on the ground.

    Args:
        sketch: opposite cells of a rectangle that is being drawn.
    """
    size = size_of(view)
    if size is None or view.state is None:
        return ''
    height, observed = size[1], view.state.observation
    parts = []
    for trail, cell in zip(view.trails, observed['pursuers']):
        points = ' '.join(f'{x},{y}' for x, y in (_centre(c, height) for c in (*trail, cell)))
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{PURSUER}" stroke-width="2"/>'
        )
    parts += [_dot(cell, height, PURSUER, 'pursuer') for cell in observed['pursuers']]
    parts.append(_dot(observed['evader'], height, EVADER, 'evader'))
    if sketch is not None:
        (x0, x1), (y0, y1) = (sorted(pair) for pair in zip(*sketch, strict=True))
        parts.append(
            f'<rect x="{x0 * EDGE}" y="{(height - 1 - y1) * EDGE}" width="{(x1 - x0 + 1) * EDGE}" '
            f'height="{(y1 - y0 + 1) * EDGE}" fill="none" stroke="{AREA}" stroke-width="3"/>'
        )
    return ''.join(parts)


def _lines(width: int, height: int) -> list[str]:
    across, up = width * EDGE, height * EDGE
    path = ''.join(
        [f'M{x * EDGE} 0V{up}' for x in range(1, width)]
        + [f'M0 {y * EDGE}H{across}' for y in range(1, height)]
    )
    return [f'<path d="{path}" stroke="#ffffff" fill="none"/>']


def _squares(
    cells: Iterable[Cell], height: int, colour: str, opacity: float, kind: str
) -> list[str]:
    return [
        f'<rect class="{kind}" x="{x * EDGE}" y="{(height - 1 - y) * EDGE}" width="{EDGE}" '
        f'height="{EDGE}" fill="{colour}" opacity="{opacity}"/>'
        for x, y in cells
    ]


def _dot(cell: Sequence[int], height: int, colour: str, kind: str) -> str:
    x, y = _centre(cell, height)
    return f'<circle class="{kind}" cx="{x}" cy="{y}" r="{EDGE * 0.38:.1f}" fill="{colour}"/>'


def _centre(cell: Sequence[int], height: int) -> tuple[float, float]:
    return (cell[0] + 0.5) * EDGE, (height - 0.5 - cell[1]) * EDGE
