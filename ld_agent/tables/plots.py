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
"""Draws the tables: mean steps with intervals, and how long selections take. Needs no display."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from ld_agent.plot_board import GRID, INK, MUTED
from ld_agent.plots import figure_file
from ld_agent.summary import mean_interval
from ld_agent.tables.plan import Table
from ld_agent.tables.render import labels, steps_of
from ld_agent.tables.run import RowResult
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter
import numpy as np

# Okabe and Ito's palette, and grey: told apart by colour-blind readers.
COLOURS = ('#0072B2', '#E69F00', '#009E73', '#CC79A7', '#D55E00', '#56B4E9', '#7A8793')
DASHES = ('-', (0, (5, 2)), (0, (1, 1.5)), (0, (5, 2, 1, 2)))
"""Lines that lie on each other stay apart by their dashes."""


def draw_plots(table: Table, results: Sequence[RowResult], folder: Path) -> list[str]:
    """Draw what there is to draw of a table; return the names of the files in `folder`.

    Raises:
        LdAgentError: a file cannot be written.
    """
    drawn = []
    if any(steps_of(table, result) for result in results):
        drawn.append(f'{table.name}_steps.png')
        draw_steps(table, results, folder / drawn[-1])
    if any(record.selection_ms for result in results for record in result.records):
        drawn.append(f'{table.name}_latency.png')
        draw_latency(table, results, folder / drawn[-1])
    return drawn


def draw_steps(table: Table, results: Sequence[RowResult], path: Path) -> None:
    """Draw a row a method: the mean steps with its 95 % interval, over the single episodes."""
    shown = [result for result in results if steps_of(table, result)]
    with figure_file(path, (7.2, 1.05 + 0.52 * len(shown))) as figure:
        figure.set_layout_engine('constrained')
        axes = figure.add_subplot()
        methods = list(dict.fromkeys(result.row.method for result in results))
        for number, result in enumerate(shown):
            steps = steps_of(table, result)
            colour = COLOURS[methods.index(result.row.method) % len(COLOURS)]
            _draw_counts(axes, number, steps, colour)
            mean, low, high = mean_interval(steps)
            axes.hlines(number, low, high, color=INK, linewidth=2.2, zorder=3)
            axes.scatter(mean, number, s=34, color=colour, edgecolor=INK, zorder=4)
            axes.annotate(
                f'{mean:.2f}', (mean, number), xytext=(0, 8), textcoords='offset points',
                ha='center', fontsize=8.5, fontweight='bold', color=INK, zorder=5,
                path_effects=[withStroke(linewidth=2.5, foreground='white')],
            )  # fmt: skip
        names = labels(table)
        axes.set_yticks(
            range(len(shown)),
            [
                f'{names[r.row.name]}\n{len(steps_of(table, r)):,} of {len(r.records):,}'
                for r in shown
            ],
        )
        axes.set_ylim(len(shown) - 0.45, -0.65)
        axes.set_xlim(left=0)
        axes.set_xlabel(
            f'steps of {table.outcomes[table.steps_of or ""]}: '
            'mean with 95 % interval; bars: how many episodes',
            fontsize=8.5,
            color=MUTED,
        )
        axes.set_title(table.title, loc='left', fontweight='bold')
        _strip(axes, 'x')


def draw_latency(table: Table, results: Sequence[RowResult], path: Path) -> None:
    """Draw which share of a method's selections took at most how long."""
    timed = [
        (result, times)
        for result in results
        if len(times := np.sort([ms for r in result.records for ms in r.selection_ms]))
    ]
    height = max(3.6, 0.8 + 0.42 * len(timed))
    with figure_file(path, (8.0, height)) as figure:
        axes = figure.add_axes((0.07, 0.54 / height, 0.63, 1 - 0.9 / height))
        names = labels(table)
        for number, (result, times) in enumerate(timed):
            # Times are kept to the microsecond; what took less is drawn there.
            times = np.maximum(times, 1e-3)
            shares = np.arange(1, len(times) + 1) / len(times)
            axes.step(
                times, shares, where='post', linewidth=1.8,
                color=COLOURS[results.index(result) % len(COLOURS)],
                linestyle=DASHES[number % len(DASHES)],
                label=f'{names[result.row.name]}\n{np.median(times):.3g} ms',
            )  # fmt: skip
        axes.set_xscale('log')
        axes.minorticks_off()
        axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f'{x:g}'))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f'{100 * y:.0f} %'))
        axes.set_ylim(0, 1.02)
        axes.set_xlabel('milliseconds of one selection', fontsize=8.5, color=MUTED)
        axes.set_title('Selections that took at most so long', loc='left', fontweight='bold')
        axes.legend(
            loc='upper left', bbox_to_anchor=(1.02, 1.02), frameon=False, fontsize=8.5,
            title='method, median', title_fontsize=8.5, alignment='left', labelspacing=0.9,
        )  # fmt: skip
        _strip(axes, 'both')


def _draw_counts(axes: Axes, row: int, steps: Sequence[int], colour: str) -> None:
    """Draw how many episodes took so many steps, as bars upon the row's line."""
    values, counts = np.unique(steps, return_counts=True)
    axes.bar(
        values, -0.62 * counts / counts.max(), bottom=row + 0.3, width=0.8, color=colour,
        alpha=0.28, linewidth=0, zorder=2,
    )  # fmt: skip


def _strip(axes: Axes, grid: Literal['x', 'both']) -> None:
    for side in ('top', 'right', 'left', 'bottom'):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, labelsize=8.5, labelcolor=INK)
    axes.set_axisbelow(True)
    axes.grid(axis=grid, color=GRID, linewidth=0.8)
