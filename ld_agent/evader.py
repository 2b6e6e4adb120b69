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
"""The paper's evader: an untuned small model that picks among its legal cells by score."""

from __future__ import annotations

from ld_agent.prompt import Entry
from ld_agent.selector import Selector
from ld_agent.student.prepare import open_student
from ld_agent_sim.pursuit import Cell, evader_moves, EvaderPolicy, PursuitState
import numpy as np

_RULES = 'You flee from three pursuers on a board. Choose the direction to move.'
_DIRECTIONS = {(0, 1): 'north', (0, -1): 'south', (1, 0): 'east', (-1, 0): 'west'}


def llm_evader(model: str) -> EvaderPolicy:
    """Return the policy of the untuned student `model`.

    Raises:
        ModelError: the model cannot be prepared.
    """
    selector = Selector(open_student(model, adapter=None))

    def policy(state: PursuitState, rng: np.random.Generator) -> Cell:
        x, y = state.evader
        moves = {
            _DIRECTIONS[cell[0] - x, cell[1] - y]: cell
            for cell in evader_moves(state.board, state.evader, state.restricted)
        }
        entries = [
            Entry(name, f'Move one cell {name}.', f'the pursuers are not in the {name}')
            for name in moves
        ]
        facts = {
            f'pursuer {number + 1}': _bearing(pursuer[0] - x, pursuer[1] - y)
            for number, pursuer in enumerate(state.pursuers)
        }
        return moves[selector.select(_RULES, entries, facts).selected]

    return policy


def _bearing(east: int, north: int) -> str:
    words = []
    if north:
        words.append(f'{abs(north)} {"north" if north > 0 else "south"}')
    if east:
        words.append(f'{abs(east)} {"east" if east > 0 else "west"}')
    return ' and '.join(words) or 'here'
