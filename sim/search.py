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
"""A strong pursuit by search that knows the evader's policy, to measure other pursuits by.

It is told what no agent is told: that the evader plays `flee` or `adversary`. It does not know
how the evader will break its ties; it counts them as the chance that they are. In each step a
beam search over the joint moves of all pursuers looks for the shortest way to a capture; the
first moves of that way are played, and the next step searches anew. Best found, not proven best.

The evaders are written here a second time, over whole arrays of positions; a test holds them to
`evaders.py`. Restricted areas are not known here, walls are.
"""

from __future__ import annotations

from dataclasses import dataclass
import itertools

from ld_agent_sim.pursuit import Board, Cell, PursuitState
from ld_agent_sim.tables import board_tables, Tables
import numpy as np

KNOWN_EVADERS = ('flee', 'adversary')
WIDTH = 40
DEPTH = 40
_SCALE = 256
"""More than any smallest distance, so that `sum * _SCALE + smallest` orders as the pair does."""


def best_replies(
    tables: Tables, evader: str, pursuers: np.ndarray, cells: np.ndarray
) -> np.ndarray:
    """Return which of the evader's steps its policy may choose.

    Args:
        pursuers: `(b, k)` cell numbers after the pursuers' move.
        cells: `(b,)` the evader's cells.

    Returns:
        `(b, 4)` booleans over `tables.steps[cells]`, repetitions False; among several True the
        policy chooses by chance, each as likely.
    """
    steps = tables.steps[cells]
    if evader == 'flee':
        worth = _worth(tables.straight[pursuers[:, :, None], steps[:, None, :]])
    else:
        seconds = tables.steps[steps]
        replies = _greedy(tables)[pursuers, cells[:, None]]
        lengths = tables.paths[replies[:, :, None, None], seconds[:, None]]
        worth = _worth(lengths).max(axis=2)
    real = np.arange(steps.shape[1]) < tables.steps_count[cells][:, None]
    worth = np.where(real, worth, -1)
    return worth == worth.max(axis=1, keepdims=True)


def _worth(lengths: np.ndarray) -> np.ndarray:
    return lengths.sum(axis=1, dtype=np.int32) * _SCALE + lengths.min(axis=1)


def _greedy(tables: Tables) -> np.ndarray:
    """Return `(n, n)`, the move of a pursuer that closes in greedily: pursuer, evader → cell."""
    lengths = tables.paths[tables.reach]
    best = np.where(lengths == lengths.min(axis=1, keepdims=True), tables.reach[..., None], 32767)
    return best.min(axis=1)


@dataclass
class _Front:
    """The positions that the search holds at one depth, and the first moves that led there."""

    pursuers: np.ndarray
    evader: np.ndarray
    first: np.ndarray


class Searcher:
    """Searches the pursuers' moves against one known evader policy.

    Args:
        evader: `flee` or `adversary`.
        width: positions that are kept at each depth; more is slower and finds more.
    """

    def __init__(self, board: Board, evader: str, width: int = WIDTH) -> None:
        if evader not in KNOWN_EVADERS:
            raise ValueError(
                f'no search knows the evader {evader!r}; use {" or ".join(KNOWN_EVADERS)}'
            )
        self._board = board
        self._evader = evader
        self._width = width
        self._tables = board_tables(board)

    def moves(self, state: PursuitState, rng: np.random.Generator) -> list[Cell]:
        """Return a move for each pursuer; the same for the same generator state.

        Raises:
            ValueError: the state is of another board, or has restricted areas.
        """
        if state.board != self._board or state.restricted:
            raise ValueError('the search knows its own board only, without restricted areas')
        tables = self._tables
        pursuers = np.array([[tables.number[cell] for cell in state.pursuers]])
        evader = np.array([tables.number[state.evader]])
        front = _Front(pursuers, evader, pursuers)
        for depth in range(DEPTH):
            front, caught = self._deepen(front, rng, first=depth == 0)
            if caught is not None:
                return [tables.cell(number) for number in caught]
        return [tables.cell(number) for number in front.first[0]]

    def _deepen(
        self, front: _Front, rng: np.random.Generator, first: bool
    ) -> tuple[_Front, np.ndarray | None]:
        """Return the front one step on, and the first moves of a capture if one is found."""
        tables = self._tables
        pursuers, parents = self._joint_moves(front.pursuers)
        evader = front.evader[parents]
        roots = pursuers if first else front.first[parents]
        caught = self._captured(pursuers, evader)
        if caught.any():
            return front, roots[np.flatnonzero(caught)[0]]
        pursuers, evader, roots = self._distinct(pursuers, evader, roots)
        likely = best_replies(tables, self._evader, pursuers, evader)
        cost = np.zeros(likely.shape)
        for side in range(likely.shape[1]):
            at = np.flatnonzero(likely[:, side])
            cost[at, side] = self._cost(pursuers[at], tables.steps[evader[at], side])
        mean = cost.sum(axis=1) / likely.sum(axis=1)
        if mean.min() == 0:
            return front, roots[mean.argmin()]
        kept = np.argsort(mean + rng.random(len(mean)) / 2, kind='stable')[: self._width]
        escapes = (cost[kept] > 0) * rng.random((len(kept), likely.shape[1]))
        evader = tables.steps[evader[kept], escapes.argmax(axis=1)]
        return _Front(pursuers[kept], evader, roots[kept]), None

    def _joint_moves(self, pursuers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return `(b, k)` joint moves of all rows, and the row that each comes from."""
        tables = self._tables
        choices = [range(tables.reach.shape[1])] * pursuers.shape[1]
        picks = np.array(list(itertools.product(*choices)))
        real = (picks < tables.reach_count[pursuers][:, None, :]).all(axis=2)
        rows, columns = np.nonzero(real)
        return tables.reach[pursuers[rows], picks[columns]].astype(np.int64), rows

    def _captured(self, pursuers: np.ndarray, evader: np.ndarray) -> np.ndarray:
        return (self._tables.straight[pursuers, evader[:, None]] < 2).all(axis=1)

    def _distinct(
        self, pursuers: np.ndarray, evader: np.ndarray, roots: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Drop positions that differ only in which pursuer is where."""
        code = evader.astype(np.int64)
        for column in np.sort(pursuers, axis=1).T:
            code = code * len(self._tables.xy) + column
        kept = np.unique(code, return_index=True)[1]
        return pursuers[kept], evader[kept], roots[kept]

    def _cost(self, pursuers: np.ndarray, evader: np.ndarray) -> np.ndarray:
        """Return how far positions are from a capture; 0 is a capture.

        The distances count, the largest most, and the axes along which all pursuers are on one
        side of the evader, so that it is not between them.
        """
        apart = self._tables.xy[pursuers] - self._tables.xy[evader][:, None]
        straight = np.abs(apart).sum(axis=2)
        gaps = np.abs(apart).max(axis=2)
        one_sided = ((apart.min(axis=1) >= 0) | (apart.max(axis=1) <= 0)).sum(axis=1)
        cost = 2.0 * straight.max(axis=1) + straight.sum(axis=1) + gaps.sum(axis=1) + 2 * one_sided
        return np.where((straight < 2).all(axis=1), 0.0, cost)
