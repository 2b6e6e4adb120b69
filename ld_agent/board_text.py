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
"""A step of the pursuit in words, for methods that give moves and not functions.

Rules, state, restricted areas and the listed next cells; one wording for the small and the large
model, and one in as few tokens as say it for the student of `kd`. Cells are `x,y`. Knows nothing
about models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ld_agent.messages import Cell
from ld_agent_sim.pursuit import pursuer_moves
from ld_agent_sim.pursuit_rules import board_of

ORDER = 'Write one line with the three cells, as x,y x,y x,y, and nothing else.'


def cells_text(cells: Iterable[Sequence[int]]) -> str:
    """Return cells as `x,y x,y`."""
    return ' '.join(f'{x},{y}' for x, y in cells)


def region_text(cells: Iterable[Sequence[int]]) -> str:
    """Return a set of cells, all of it, as rectangles: `x 4-9, y 4-8; x 3, y 2`."""
    return '; '.join(
        f'x {_span(left, right)}, y {_span(low, high)}'
        for left, right, low, high in _rectangles({(x, y) for x, y in cells})
    )


def rules_text(rules: str, view: Mapping[str, Any]) -> str:
    """Return the rules as they are for this board, with everything that is closed.

    Args:
        rules: those of the task.
        view: an observation with `areas` (label → cells).
    """
    width, height = view['width'], view['height']
    parts = [
        ' '.join(rules.split()),
        f'Cells are written x,y; x runs from 0 to {width - 1}, y from 0 to {height - 1}.',
    ]
    if view.get('moves') == 'up_to':
        parts.append('Here a pursuer may move by up to two units, or stay.')
    if view.get('walls'):
        parts.append(f'Walls: {region_text(view["walls"])}.')
        if view.get('walls_block'):
            parts.append('A move of two units needs a free cell in between.')
    for label, cells in view.get('areas', {}).items():
        parts.append(f'The closed area {label}, which nobody may enter: {region_text(cells)}.')
    return ' '.join(parts)


def state_text(view: Mapping[str, Any]) -> str:
    """Return where everybody stands."""
    return (
        f'The pursuers are at {cells_text(view["pursuers"])}. '
        f'The evader is at {cells_text([view["evader"]])}.'
    )


def told_facts(view: Mapping[str, Any]) -> dict[str, str]:
    """Return what a model is told of the state, for the trace."""
    facts = {
        'pursuers': cells_text(view['pursuers']),
        'evader': cells_text([view['evader']]),
    }
    areas = view.get('areas', {})
    return facts | {f'closed area {name}': region_text(cells) for name, cells in areas.items()}


def listed_moves(view: Mapping[str, Any]) -> list[list[Cell]]:
    """Return for each pursuer the next cells that board and walls allow (paper, section 4.1).

    What an emergency closes is among them: the model was told, and has to heed it.
    """
    board = board_of(view)
    return [pursuer_moves(board, (x, y)) for x, y in view['pursuers']]


def listed_text(view: Mapping[str, Any]) -> str:
    """Return the listed next cells of each pursuer, in words."""
    return ' '.join(
        f'Pursuer {number} can move to {cells_text(cells) or "no cell, it stays"}.'
        for number, cells in enumerate(listed_moves(view), 1)
    )


def brief_rules(view: Mapping[str, Any]) -> str:
    """Return what the student of `kd` is told once: the board, and what is closed."""
    areas = view.get('areas', {}).values()
    closed = [*view.get('walls', []), *(cell for cells in areas for cell in cells)]
    said = f' closed {region_text(closed)}' if closed else ''
    return f'{view["width"]}x{view["height"]} {view.get("moves", "exact")}{said}\n'


def brief_state(view: Mapping[str, Any]) -> str:
    """Return what the student of `kd` is told each step; its answer, `brief_answer`, follows."""
    return f'{cells_text([*view["pursuers"], view["evader"]])} ->'


def brief_answer(moves: Iterable[Sequence[int]]) -> str:
    """Return the answer that the student of `kd` learns to write."""
    return f'{cells_text(moves)}\n'


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f'{first}-{last}'


def _rectangles(cells: set[Cell]) -> list[tuple[int, int, int, int]]:
    """Cut a set into rectangles (left, right, low, high): runs of a row, alike rows together."""
    done: list[tuple[int, int, int, int]] = []
    open_: dict[tuple[int, int], tuple[int, int]] = {}
    for y in sorted({y for _, y in cells}):
        runs = _runs(sorted(x for x, row in cells if row == y))
        kept = {run: rows for run, rows in open_.items() if run in runs and rows[1] == y - 1}
        done += [(*run, *rows) for run, rows in open_.items() if run not in kept]
        open_ = {run: (kept[run][0] if run in kept else y, y) for run in runs}
    return sorted([*done, *((*run, *rows) for run, rows in open_.items())])


def _runs(values: Sequence[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for value in values:
        if runs and runs[-1][1] == value - 1:
            runs[-1] = (runs[-1][0], value)
        else:
            runs.append((value, value))
    return runs
