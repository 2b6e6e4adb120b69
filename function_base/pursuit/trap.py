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
import itertools


def trap(measured: list[list[list[int]]], state: dict) -> list[list[int]]:
    """Move the three pursuers together so that the evader's best reply helps it least.

    Stage: choose
    When to use: the evader is close
    Rule: evader == 'close'
    Example:
        >>> rows = [[[3, 4, 1, 1], [2, 3, 3, 3]], [[4, 5, 1, 1]], [[5, 4, 1, 1]]]
        >>> state = {'width': 9, 'height': 9, 'pursuers': [[2, 5], [4, 7], [6, 5]]}
        >>> trap(rows, {**state, 'evader': [4, 4]})
        [[3, 4], [4, 5], [5, 4]]
    """
    closed = _closed(state)
    evader = (state['evader'][0], state['evader'][1])
    replies = _steps(evader, state, closed) or [evader]
    options = []
    for number, rows in enumerate(measured):
        cells = [(row[0], row[1]) for row in rows] or [tuple(state['pursuers'][number])]
        options.append(cells)
    lengths = [
        [[_straight(cell, reply) for reply in replies] for cell in cells] for cells in options
    ]
    soon = [
        [[_next(cell, reply, state, closed) for reply in replies] for cell in cells]
        for cells in options
    ]
    best = None
    for picked in itertools.product(*[range(len(cells)) for cells in options]):
        cells = [options[i][j] for i, j in enumerate(picked)]
        if all(_straight(cell, evader) < 2 for cell in cells):
            return [list(cell) for cell in cells]
        flights = []
        for r in range(len(replies)):
            far = [lengths[i][j][r] for i, j in enumerate(picked)]
            caught_next = all(soon[i][j][r] for i, j in enumerate(picked))
            flights.append((sum(far), min(far), (not caught_next, max(far), sum(far))))
        most = max(flight[:2] for flight in flights)
        cost = (max(flight[2] for flight in flights if flight[:2] == most), cells)
        if best is None or cost < best:
            best = cost
    return [list(cell) for cell in best[1]]


def _next(cell, reply, state, closed):
    """Tell whether a pursuer on `cell` can be next to `reply` after its following move."""
    if _straight(cell, reply) > 3:
        return False
    return any(_straight(there, reply) < 2 for there in _reach(cell, state, closed))
