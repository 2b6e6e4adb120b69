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
"""Pictures of recorded episodes, as PNG files.

The paper's figure 5 (trajectories of episodes side by side) and figure 6 (one step, function by
function), and a card that shows both for one episode. Draws what a bag holds, judges nothing
but the outcome (`referee.py`). Needs no display.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import math
from pathlib import Path
from typing import Any

from ld_agent.bags import Episode, probabilities_of
from ld_agent.errors import BagError
from ld_agent.plot_board import (
    colour,
    draw_trajectory,
    EVADER,
    GRID,
    INK,
    MUTED,
    RESTRICTED,
    restricted_cells,
    WALL,
)
from ld_agent.plot_trace import CHOSEN, draw_candidates, draw_result, draw_situation, heading
from ld_agent.referee import referee
import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

STYLE: dict[Any, Any] = {
    'font.family': 'DejaVu Sans',
    'font.size': 9,
    'text.color': INK,
    'axes.titlesize': 10,
    'axes.titlecolor': INK,
    'hatch.linewidth': 0.5,
    'savefig.dpi': 160,
}


def choose_episodes(
    bags: Sequence[Sequence[Episode]], numbers: Sequence[int] | None = None
) -> list[Episode]:
    """Return the episodes `numbers` of each bag, or the first one of each.

    Raises:
        BagError: no bag holds such an episode.
    """
    if not numbers:
        return [episodes[0] for episodes in bags]
    chosen = [e for number in numbers for episodes in bags for e in episodes if e.number == number]
    if not chosen:
        there = sorted({episode.number for episodes in bags for episode in episodes})
        raise BagError(
            f'no bag holds an episode {", ".join(map(str, numbers))}; '
            f'there are {there[0]} to {there[-1]}'
        )
    return chosen


def draw_trajectories(episodes: Sequence[Episode], path: Path) -> None:
    """Draw the trajectories of `episodes` side by side (paper, figure 5)."""
    columns = min(len(episodes), 3 if len(episodes) != 4 else 2)
    rows = math.ceil(len(episodes) / columns)
    with figure_file(path, (4.1 * columns, 4.35 * rows + 0.5)) as figure:
        grid = figure.add_gridspec(
            rows, columns, left=0.055 / columns + 0.01, right=0.985, wspace=0.1, hspace=0.18,
            top=1 - 0.4 / (4.35 * rows + 0.5), bottom=0.62 / (4.35 * rows + 0.5),
        )  # fmt: skip
        for number, episode in enumerate(episodes):
            axes = figure.add_subplot(grid[divmod(number, columns)])
            draw_trajectory(axes, episode)
            axes.set_title(_caption(episode))
        _legend(figure, episodes)


def draw_trace(episode: Episode, step: int, path: Path) -> None:
    """Draw one step, stage by stage: facts, candidates, selection, result (paper, figure 6).

    Raises:
        BagError: the episode has no decision with a trace at `step`.
    """
    state, decision = episode.state(step), episode.decisions.get(step)
    if state is None or decision is None or not decision.trace:
        with_trace = [number for number, d in sorted(episode.decisions.items()) if d.trace]
        there = f'{with_trace[0]} to {with_trace[-1]}' if with_trace else 'none at all'
        raise BagError(
            f'episode {episode.number} of {episode.bag} has no trace at step {step}; '
            f'traces are there for {there}'
        )
    seen = state.observation
    columns = len(decision.trace) + 1
    most = max(len(trace.candidates) for trace in decision.trace)
    lines = max(len(trace.facts) for trace in decision.trace)
    heights = [0.28 + 0.2 * lines, 0.25 + 0.33 * most, 0.1 + 2.4 * seen['height'] / seen['width']]

    with figure_file(path, (2.75 * columns, sum(heights) + 1.3)) as figure:
        tall = sum(heights) + 1.3
        grid = figure.add_gridspec(
            3, columns, height_ratios=heights, left=0.02, right=0.985, wspace=0.12, hspace=0.12,
            top=1 - 0.85 / tall, bottom=0.3 / tall,
        )  # fmt: skip
        figure.text(
            0.02,
            1 - 0.3 / tall,
            f'Step {step}, function by function',
            fontsize=13,
            fontweight='bold',
            va='center',
        )
        figure.text(
            0.98,
            1 - 0.3 / tall,
            f'{episode.method} · seed {episode.seed} · episode {episode.number}',
            fontsize=9,
            color=MUTED,
            va='center',
            ha='right',
        )
        draw_situation(figure.add_subplot(grid[2, 0]), episode, state)
        head = figure.add_subplot(grid[0, 0])
        heading(head, 'state', {'moves': state.observation['moves']})
        for number, trace in enumerate(decision.trace, start=1):
            heading(figure.add_subplot(grid[0, number]), f'{number}  {trace.stage}', trace.facts)
            draw_candidates(figure.add_subplot(grid[1, number]), trace, most)
            draw_result(figure.add_subplot(grid[2, number]), trace, episode, state)


def draw_episode_card(episode: Episode, path: Path) -> None:
    """Draw an episode's trajectory and the functions that were selected at each step."""
    rows = _functions_by_stage(episode)
    with figure_file(path, (10.4, 4.9)) as figure:
        axes = figure.add_axes((0.035, 0.12, 0.44, 0.79))
        draw_trajectory(axes, episode)
        axes.set_title(_caption(episode))
        _legend(figure, [episode], x=0.255, fit=5)
        _draw_selections(figure.add_axes((0.63, 0.12, 0.355, 0.79)), episode, rows)


@contextmanager
def figure_file(path: Path, size: tuple[float, float]) -> Iterator[Figure]:
    """Yield an empty figure of `size` (width, height) inches; it is written to `path` after.

    Raises:
        BagError: the file cannot be written.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, facecolor='white')
        FigureCanvasAgg(figure)
        yield figure
        try:
            figure.savefig(path, format='png')
        except OSError as error:
            raise BagError(
                f'the picture {path} cannot be written: {error.strerror}; choose another file'
            ) from None


def _caption(episode: Episode) -> str:
    verdict = referee(episode)
    outcome = verdict.outcome.replace('_', ' ') if verdict.outcome else 'recording ends'
    if outcome == 'success':
        outcome = 'captured'
    return f'{episode.method} · seed {episode.seed} · {outcome}, {verdict.steps} steps'


def _legend(
    figure: Figure, episodes: Sequence[Episode], x: float = 0.5, fit: int | None = None
) -> None:
    def marker(paint: str, label: str, shape: str, hollow: bool = False) -> Line2D:
        return Line2D(
            [], [], marker=shape, linestyle='none' if hollow else '-', color=paint, label=label,
            markersize=6.5, markerfacecolor='white' if hollow else paint, linewidth=2,
        )  # fmt: skip

    count = max(len(e.states[0].observation['pursuers']) for e in episodes)
    handles: list[Any] = [marker(colour(n), f'pursuer {n + 1}', 'o') for n in range(count)]
    handles.append(marker(EVADER, 'evader', 'D'))
    handles.append(marker(MUTED, 'start', 'o', hollow=True))
    if any(restricted_cells(episode) for episode in episodes):
        handles.append(
            Patch(facecolor='#F6DDE0', edgecolor=RESTRICTED, hatch='////', label='restricted area')
        )
    if any(episode.states[0].observation.get('walls') for episode in episodes):
        handles.append(Patch(facecolor=WALL, label='wall'))
    room = fit or int(figure.get_figwidth())
    figure.legend(
        handles=handles,
        loc='lower center',
        bbox_to_anchor=(x, 0.0),
        ncols=len(handles) if len(handles) <= room else math.ceil(len(handles) / 2),
        frameon=False,
        fontsize=8,
        handletextpad=0.5,
        columnspacing=1.4,
    )


def _functions_by_stage(episode: Episode) -> list[tuple[str, str]]:
    """Return (stage, function) for each candidate that was ever offered, stages in order."""
    stages: dict[str, dict[str, None]] = {}
    for _, decision in sorted(episode.decisions.items()):
        for trace in decision.trace:
            offered = dict.fromkeys([*trace.candidates, trace.selected])
            stages.setdefault(trace.stage, {}).update(offered)
    return [(stage, name) for stage, names in stages.items() for name in sorted(names)]


def _draw_selections(axes: Axes, episode: Episode, rows: Sequence[tuple[str, str]]) -> None:
    """Draw a table of functions and steps, a mark where the function was selected."""
    for side in ('top', 'right', 'left', 'bottom'):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, labelsize=8, labelcolor=INK)
    axes.set_title('functions selected at each step')
    steps = range(episode.states[0].step, max(episode.decisions, default=0) + 1)
    axes.set_xlim(steps.start - 0.6, steps.stop - 0.4)
    axes.set_ylim(len(rows) - 0.5, -0.6)
    axes.set_xticks([s for s in steps if len(steps) <= 14 or s % 5 == 0])
    axes.set_xlabel('step', fontsize=8, color=MUTED)
    axes.set_yticks(
        range(len(rows)), [name if len(name) <= 22 else f'{name[:21]}…' for _, name in rows]
    )
    for number, (stage, _) in enumerate(rows):
        first = number == 0 or rows[number - 1][0] != stage
        axes.axhline(number, color=GRID, linewidth=0.8, zorder=0)
        if first:
            if number:
                axes.axhline(number - 0.5, color=MUTED, linewidth=0.8)
            axes.annotate(
                stage, (0, number), xycoords=('axes fraction', 'data'), xytext=(-128, 0),
                textcoords='offset points', va='center', fontsize=9, fontweight='bold',
                color=CHOSEN, annotation_clip=False,
            )  # fmt: skip
    size = min(70.0, 9000 / (len(steps) * 12) * 1.2)
    for step, decision in episode.decisions.items():
        for trace in decision.trace:
            row = rows.index((trace.stage, trace.selected))
            p = dict(zip(trace.candidates, probabilities_of(trace), strict=True))
            axes.scatter(
                step, row, s=size, marker='s', color=CHOSEN, linewidth=0,
                alpha=0.25 + 0.75 * p.get(trace.selected, 1.0), zorder=3,
            )  # fmt: skip
