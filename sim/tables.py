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
"""A board as arrays: its cells by number, their distances, and who may go where.

Open boards and boards with walls; restricted areas, which come and go, are not in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ld_agent_sim.evaders import OUT_OF_REACH
from ld_agent_sim.paths import path_lengths
from ld_agent_sim.pursuit import Board, Cell, evader_moves, pursuer_moves
import numpy as np


@dataclass(frozen=True)
class Tables:
    """Arrays over the `n` free cells of a board.

    Attributes:
        xy: `(n, 2)`, the cells in the order of their numbers, which is sorted by x, then y.
        number: cell → its number.
        straight: `(n, n)`, Manhattan distances.
        paths: `(n, n)`, path lengths in units of the evader, at most `OUT_OF_REACH`.
        reach: `(n, m)`, the cells that a pursuer may move to, the first ones repeated to fill a
            row; a pursuer without a move stays.
        steps: `(n, 4)`, the same for the evader.
        reach_count, steps_count: `(n,)`, how many entries of a row are no repetition.
    """

    xy: np.ndarray
    number: dict[Cell, int]
    straight: np.ndarray
    paths: np.ndarray
    reach: np.ndarray
    steps: np.ndarray
    reach_count: np.ndarray
    steps_count: np.ndarray

    def cell(self, number: int) -> Cell:
        """Return the cell of a number."""
        return int(self.xy[number, 0]), int(self.xy[number, 1])


@lru_cache(maxsize=8)
def board_tables(board: Board) -> Tables:
    """Return the arrays of a board."""
    cells = sorted(board.free())
    number = {cell: i for i, cell in enumerate(cells)}
    xy = np.array(cells, np.int16)
    straight = np.abs(xy[:, None] - xy[None]).sum(2, dtype=np.int16)
    paths = np.full((len(cells), len(cells)), OUT_OF_REACH, np.int16)
    for start, row in zip(cells, paths, strict=True):
        for end, length in path_lengths(board, start).items():
            row[number[end]] = min(length, OUT_OF_REACH)
    reach, reach_count = _ends(board, number, pursuer_moves)
    steps, steps_count = _ends(board, number, evader_moves)
    return Tables(xy, number, straight, paths, reach, steps, reach_count, steps_count)


def _ends(
    board: Board, number: dict[Cell, int], moves: Callable[[Board, Cell], list[Cell]]
) -> tuple[np.ndarray, np.ndarray]:
    ends = [[number[end] for end in moves(board, cell)] or [number[cell]] for cell in number]
    width = max(len(row) for row in ends)
    rows = np.array([(row * width)[:width] for row in ends], np.int16)
    return rows, np.array([len(row) for row in ends])
