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
"""Shared by the functions of the patrol.

Cells are `[x, y]`, x to the east and y to the north. `state` is the observation: `boat`, `base`,
`buoys` (those not yet visited), `fuel` and `tank` in units, and `wind`, the side that it comes
from or `calm`.
"""

import itertools


def _moves(a, b):
    """Return how many moves lie between two cells."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _round(state):
    """Return the moves of the shortest way past all buoys and home, and its buoys in order."""
    best, chosen = 0, []
    for order in itertools.permutations(state['buoys']):
        way = [state['boat'], *order, state['base']]
        moves = sum(_moves(a, b) for a, b in zip(way, way[1:]))
        if not chosen or moves < best:
            best, chosen = moves, list(order)
    return best, chosen


def _trips(state):
    """Return for each buoy the moves of visiting it alone and going home, and the buoy."""
    return [[_moves(state['boat'], b) + _moves(b, state['base']), b] for b in state['buoys']]


def _sides(state, cell):
    """Return the sides on which a cell lies and how far, the farther one first."""
    dx, dy = cell[0] - state['boat'][0], cell[1] - state['boat'][1]
    found = [[abs(dx), 'east' if dx > 0 else 'west'], [abs(dy), 'north' if dy > 0 else 'south']]
    return [side for side in sorted(found, reverse=True) if side[0]]
