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
"""The pieces of a picture that show a board: cells, actors, trajectories.

Cells are drawn as unit squares centred on their coordinates, y to the north. Needs no display.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ld_agent.bags import Episode
from ld_agent.messages import Cell
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
import numpy as np

# Okabe and Ito's palette: told apart by colour-blind readers and in grey.
PURSUERS = ('#0072B2', '#009E73', '#9A5FB8')
EVADER = '#E66100'
INK = '#22303C'
MUTED = '#7A8793'
GRID = '#E3E8EC'
WALL = '#5B6770'
RESTRICTED = '#D1495B'


def colour(pursuer: int) -> str:
    """Return the colour of a pursuer."""
    return PURSUERS[pursuer % len(PURSUERS)]


def draw_board(
    axes: Axes,
    size: tuple[int, int],
    walls: Iterable[Cell] = (),
    restricted: Iterable[Cell] = (),
    ticks: bool = True,
) -> None:
    """Draw an empty board of `size` (width, height) cells."""
    width, height = size
    axes.set_aspect('equal')
    axes.set_anchor('N')
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(-0.5, height - 0.5)
    for x in np.arange(0.5, width - 1):
        axes.axvline(x, color=GRID, linewidth=0.6, zorder=0)
    for y in np.arange(0.5, height - 1):
        axes.axhline(y, color=GRID, linewidth=0.6, zorder=0)
    for x, y in walls:
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=WALL, linewidth=0, zorder=1))
    for x, y in restricted:
        axes.add_patch(
            Rectangle(
                (x - 0.5, y - 0.5),
                1,
                1,
                facecolor=to_rgba(RESTRICTED, 0.16),
                edgecolor=to_rgba(RESTRICTED, 0.55),
                hatch='////',
                linewidth=0,
                zorder=1,
            )
        )
    for spine in axes.spines.values():
        spine.set_color(MUTED)
        spine.set_linewidth(0.8)
    step = 5 if max(size) > 10 else 2
    axes.set_xticks(range(0, width, step) if ticks else [])
    axes.set_yticks(range(0, height, step) if ticks else [])
    axes.tick_params(length=0, labelsize=7, labelcolor=MUTED)


def draw_actors(
    axes: Axes, pursuers: Sequence[Cell], evader: Cell, size: float = 60, hollow: bool = False
) -> None:
    """Draw pursuers as numbered discs (those that share a cell side by side), the evader too."""
    for number, cell in enumerate(pursuers):
        together = [n for n, other in enumerate(pursuers) if other == cell]
        shift = 0.3 * (together.index(number) - (len(together) - 1) / 2)
        face = 'white' if hollow else colour(number)
        axes.scatter(
            cell[0] + shift,
            cell[1],
            s=size,
            facecolor=face,
            edgecolor=colour(number) if hollow else 'white',
            linewidth=1.4 if hollow else 0.7,
            zorder=6,
        )
    axes.scatter(
        evader[0],
        evader[1],
        s=size * 1.1,
        marker='D',
        facecolor='white' if hollow else EVADER,
        edgecolor=EVADER if hollow else 'white',
        linewidth=1.4 if hollow else 0.7,
        zorder=7,
    )


def draw_moves(axes: Axes, start: Sequence[Cell], end: Sequence[Cell]) -> None:
    """Draw each pursuer's move as an arrow."""
    for number, (a, b) in enumerate(zip(start, end, strict=False)):
        if tuple(a) != tuple(b):
            axes.annotate(
                '',
                xy=b,
                xytext=a,
                arrowprops={
                    'arrowstyle': '-|>',
                    'color': colour(number),
                    'linewidth': 1.6,
                    'shrinkA': 3,
                    'shrinkB': 0,
                    'mutation_scale': 10,
                },
                zorder=8,
            )


def draw_trajectory(axes: Axes, episode: Episode, numbers: bool = True) -> None:
    """Draw a whole episode: paths from hollow start markers to filled end markers.

    Paths lie a little beside each other, so that shared cells show all of them.
    """
    seen = episode.states[-1].observation
    size = (seen['width'], seen['height'])
    walls = {(x, y) for x, y in seen.get('walls', [])}
    draw_board(axes, size, walls, restricted_cells(episode) - walls)
    tracks = np.array(
        [
            [*state.observation['pursuers'], state.observation['evader']]
            for state in episode.states
        ],
        dtype=float,
    )
    actors = tracks.shape[1]
    spread = 0.2
    for actor in range(actors):
        offset = (actor - (actors - 1) / 2) * spread
        path = tracks[:, actor] + offset
        paint = EVADER if actor == actors - 1 else colour(actor)
        for step in range(len(path) - 1):
            age = 0.35 + 0.65 * (step + 1) / len(path)
            axes.plot(
                *path[step : step + 2].T,
                color=to_rgba(paint, age),
                linewidth=2.0,
                solid_capstyle='round',
                zorder=3,
            )
        axes.scatter(path[1:-1, 0], path[1:-1, 1], s=7, color=paint, linewidth=0, zorder=4)
        marker = 'D' if actor == actors - 1 else 'o'
        axes.scatter(
            path[0, 0], path[0, 1], s=92, marker=marker, facecolor='white', edgecolor=paint,
            linewidth=1.7, zorder=6,
        )  # fmt: skip
        axes.scatter(
            path[-1, 0], path[-1, 1], s=44, marker=marker, facecolor=paint, edgecolor='white',
            linewidth=0.8, zorder=7,
        )  # fmt: skip
    if numbers:
        _number_steps(axes, tracks[:, -1] + (actors - 1) / 2 * spread, episode)


def _number_steps(axes: Axes, path: np.ndarray, episode: Episode) -> None:
    """Write the step beside every fifth point of the evader's path, where there is room."""
    seen = episode.states[0].observation
    taken: list[np.ndarray] = []
    for state, point in zip(episode.states, path, strict=True):
        far = all(np.abs(point - other).max() >= 1.5 for other in taken)
        if state.step and state.step % 5 == 0 and far:
            taken.append(point)
            axes.text(
                point[0] + (0.35 if point[0] < seen['width'] - 2 else -0.95),
                point[1] + (0.35 if point[1] < seen['height'] - 1.5 else -0.95),
                str(state.step),
                fontsize=6.5,
                color=EVADER,
                zorder=9,
                clip_on=True,
                path_effects=[withStroke(linewidth=2, foreground='white')],
            )


def restricted_cells(episode: Episode) -> set[Cell]:
    """Return the cells that were closed at any step but are not on the chart."""
    walls = {(x, y) for x, y in episode.states[0].observation.get('walls', [])}
    closed: set[Cell] = set()
    for state in episode.states:
        closed |= episode.closed_cells(state.step)
    return closed - walls
