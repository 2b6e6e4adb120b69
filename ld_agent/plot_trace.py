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
"""The pieces of a picture that show one step, function by function.

A column a stage: the facts, the candidates with their probabilities, the result on the board.
"""

from __future__ import annotations

import textwrap
from typing import Any

from ld_agent.bags import Episode, probabilities_of
from ld_agent.messages import StageTrace, State
from ld_agent.plot_board import colour, draw_actors, draw_board, draw_moves, GRID, INK, MUTED
from ld_agent_sim.pursuit_rules import places
from matplotlib.axes import Axes

CHOSEN = '#2A6F97'
PASSED = '#C9D3DB'


def heading(axes: Axes, title: str, facts: dict[str, str]) -> None:
    """Write a column's title and the facts below it."""
    axes.axis('off')
    axes.text(0, 1, title, transform=axes.transAxes, va='top', fontsize=11, fontweight='bold')
    text = '\n'.join(f'{name}: {value}' for name, value in facts.items())
    axes.annotate(
        text, (0, 1), xycoords='axes fraction', xytext=(0, -19), textcoords='offset points',
        va='top', fontsize=8.5, color=INK, linespacing=1.35,
    )  # fmt: skip


def draw_situation(axes: Axes, episode: Episode, state: State) -> None:
    """Draw where everybody is before the step."""
    _small_board(axes, episode, state)
    draw_actors(axes, *places(state.observation), size=38)
    axes.set_xlabel('positions before the step', fontsize=8, color=MUTED)


def draw_candidates(axes: Axes, trace: StageTrace, most: int) -> None:
    """Draw a bar a candidate, with room for the `most` that a stage has."""
    axes.set_xlim(0, 1)
    axes.set_ylim(most - 0.35, -0.75)
    axes.axis('off')
    for row, (name, p) in enumerate(zip(trace.candidates, probabilities_of(trace), strict=True)):
        chosen = name == trace.selected
        axes.barh(row + 0.14, 0.82, height=0.24, color=GRID, zorder=1)
        axes.barh(row + 0.14, 0.82 * p, height=0.24, color=CHOSEN if chosen else PASSED, zorder=2)
        axes.text(
            0,
            row - 0.12,
            name,
            fontsize=8.5,
            va='bottom',
            fontweight='bold' if chosen else 'normal',
            color=CHOSEN if chosen else INK,
        )
        axes.text(0.85, row + 0.14, f'{p:.2f}', fontsize=8, va='center', color=INK)


def draw_result(axes: Axes, trace: StageTrace, episode: Episode, state: State) -> None:
    """Draw the result of a stage on the board: cells, measured cells or moves."""
    _small_board(axes, episode, state)
    pursuers, evader = places(state.observation)
    rows = trace.result if isinstance(trace.result, list) else []
    if rows and all(_is_cell(row) for row in rows):
        draw_actors(axes, pursuers, evader, size=38)
        draw_moves(axes, pursuers, [(row[0], row[1]) for row in rows])
        label = 'moves'
    elif rows and all(isinstance(row, list) and all(map(_is_cell, row)) for row in rows):
        distances = [cell[2] for cells in rows for cell in cells if len(cell) > 2]
        for number, cells in enumerate(rows):
            for cell in cells:
                shade = _nearness(cell[2], distances) if len(cell) > 2 else 0.6
                axes.scatter(
                    cell[0], cell[1], marker='s', s=22, color=colour(number), alpha=shade,
                    linewidth=0, zorder=4,
                )  # fmt: skip
        draw_actors(axes, pursuers, evader, size=26, hollow=True)
        counts = ' + '.join(str(len(cells)) for cells in rows)
        label = f'{counts} cells' + (', nearer is darker' if distances else '')
    else:
        axes.text(
            0.5, 0.5, textwrap.shorten(repr(trace.result), 60), transform=axes.transAxes,
            ha='center', va='center', fontsize=7, wrap=True,
        )  # fmt: skip
        label = 'result'
    note = f' · {trace.note}' if trace.note else ''
    axes.set_xlabel(f'{label} · {trace.ms:.1f} ms{note}', fontsize=8, color=MUTED)


def _small_board(axes: Axes, episode: Episode, state: State) -> None:
    seen = state.observation
    walls = {(x, y) for x, y in seen.get('walls', [])}
    closed = set(episode.closed_cells(state.step)) - walls
    draw_board(axes, (seen['width'], seen['height']), walls, closed, ticks=False)


def _nearness(distance: float, distances: list[float]) -> float:
    """Return an opacity: 1 for the least of `distances`, 0.15 for the greatest."""
    low, high = min(distances), max(distances)
    return 1.0 - 0.85 * (distance - low) / (high - low) if high > low else 1.0


def _is_cell(row: Any) -> bool:
    return isinstance(row, list) and len(row) >= 2 and all(isinstance(v, int | float) for v in row)
