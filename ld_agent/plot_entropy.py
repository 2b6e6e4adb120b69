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
"""A picture of the entropies that `entropy` measures, beside their bounds, as a PNG file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ld_agent.plot_board import GRID, INK, MUTED
from ld_agent.plot_trace import CHOSEN, PASSED
from ld_agent.plots import figure_file
from matplotlib.axes import Axes

PANELS = {
    'per_choice': 'nats per choice',
    'per_decision': 'nats per decision',
}
WHAT = {
    'ld': 'ld\nselects functions',
    'small_pick': 'small_pick\npicks cells',
    'small_free': 'small_free\nwrites cells',
    'kd': 'kd\nwrites cells',
}


def draw_entropy(measured: Mapping[str, Any], path: Path) -> None:
    """Draw what `measure_entropy` returned: a bar a method, with its bound above it.

    Raises:
        BagError: the file cannot be written.
    """
    methods: dict[str, dict[str, float]] = measured['methods']
    with figure_file(path, (10.0, 4.2)) as figure:
        figure.text(
            0.07,
            0.94,
            f'Predictive entropy of {measured["decisions"]} decisions, and the most it could be',
            fontsize=12,
            fontweight='bold',
        )
        for column, (key, label) in enumerate(PANELS.items()):
            axes = figure.add_axes((0.07 + 0.5 * column, 0.16, 0.41, 0.68))
            _draw_bars(axes, methods, key)
            axes.set_ylabel(label, fontsize=9, color=INK)


def _draw_bars(axes: Axes, methods: Mapping[str, Mapping[str, float]], key: str) -> None:
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, labelsize=8, labelcolor=INK)
    axes.grid(axis='y', color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    tallest = max(figures[f'bound_{key}'] for figures in methods.values())
    for place, figures in enumerate(methods.values()):
        value, bound = figures[key], figures[f'bound_{key}']
        axes.bar(place, bound, width=0.62, color=PASSED)
        axes.bar(place, value, width=0.62, color=CHOSEN)
        axes.text(
            place, bound + 0.02 * tallest, f'{value:.3g} of {bound:.3g}', ha='center',
            fontsize=8, color=MUTED,
        )  # fmt: skip
    axes.set_ylim(0, 1.12 * tallest)
    axes.set_xticks(range(len(methods)), [WHAT[name] for name in methods])
