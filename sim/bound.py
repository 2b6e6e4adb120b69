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
"""Lower bounds on the steps of a pursuit, from games of one pursuer, by retrograde analysis.

A capture needs *every* pursuer at Manhattan distance less than 2 from the evader at the same
check, so it cannot come before the first check at which any given pursuer is that near. In the
game of one pursuer the first such check ends the game; its exact value is computed backwards
over all pairs of cells. The largest value among the pursuers bounds the game of all of them:

- `optimal`: the evader delays that one pursuer as long as can be. An evader may play so in the
  whole game too, hence no pursuers, however good, surely catch an *optimal* evader sooner. It
  does not bound the steps against a fixed evader such as `flee` or `adversary`, which may play
  worse than that and may be driven towards a pursuer by the others.
- `helpful`: the evader walks so that this pursuer is near as soon as can be. Whatever an evader
  does is at best that, hence it bounds *every* evader, `flee` and `adversary` and their chances
  included. It is far from tight: it also counts walks that those evaders never choose.

Neither knows restricted areas.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from ld_agent_sim.pursuit import Board, Cell
from ld_agent_sim.tables import board_tables
import numpy as np

NEVER = np.iinfo(np.int16).max
"""The value of a position from which the pursuer cannot force the evader near."""

EvaderKind = Literal['optimal', 'helpful']


@lru_cache(maxsize=8)
def one_pursuer_values(board: Board, evader: EvaderKind) -> np.ndarray:
    """Return the value of every position of the game of one pursuer.

    Returns:
        `(n, n)` steps (pursuer's cell, evader's cell; numbered as in `board_tables`) until the
        pursuer, to move, is first near after its own or the evader's move, so 1 or more;
        `NEVER` where it cannot force that.
    """
    tables = board_tables(board)
    near = tables.straight < 2
    over_steps = np.max if evader == 'optimal' else np.min
    values = np.full(near.shape, NEVER, np.int16)
    while True:
        left = np.where(near, 0, values)
        left = np.where(near, 0, over_steps(left[:, tables.steps], axis=2))
        best = left[tables.reach].min(axis=1)
        found = np.where(best == NEVER, NEVER, best + 1).astype(np.int16)
        if np.array_equal(found, values):
            return values
        values = found


def lower_bound(
    board: Board, pursuers: Sequence[Cell], evader_cell: Cell, evader: EvaderKind
) -> int | None:
    """Return the least number of steps to a capture; None where it cannot be forced at all.

    Args:
        board: without restricted areas.
        evader: `optimal` or `helpful`; the module says what each bounds.
    """
    values, number = one_pursuer_values(board, evader), board_tables(board).number
    worst = max(int(values[number[pursuer], number[evader_cell]]) for pursuer in pursuers)
    return None if worst == NEVER else worst
