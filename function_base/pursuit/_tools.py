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
"""Tools that every function of this base may call.

Cells are `[x, y]`. `state` is the observation: `width`, `height`, `moves`, `pursuers`, `evader`,
`walls`, `walls_block`, `evader_track` (where the evader was, oldest first), and `areas`: the
closed areas that were published, as label → cells.
"""


def _straight(a, b):
    """Return the Manhattan distance."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _gap(a, b):
    """Return the larger of the two coordinate distances."""
    return max(abs(a[0] - b[0]), abs(a[1] - b[1]))


def _inside(cell, state):
    return 0 <= cell[0] < state['width'] and 0 <= cell[1] < state['height']


def _closed(state):
    """Return all cells that nobody may enter, as a set of tuples."""
    cells = set()
    for cell in state.get('walls', []):
        cells.add((cell[0], cell[1]))
    for area in state.get('areas', {}).values():
        for cell in area:
            cells.add((cell[0], cell[1]))
    return cells


def _steps(cell, state, closed):
    """Return the free neighbours of a cell, one unit away."""
    found = []
    for dx, dy in ((-1, 0), (0, -1), (0, 1), (1, 0)):
        there = (cell[0] + dx, cell[1] + dy)
        if _inside(there, state) and there not in closed:
            found.append(there)
    return found


def _reach(cell, state, closed):
    """Return the cells a pursuer on `cell` may move to, as sorted tuples."""
    least = 2 if state.get('moves', 'exact') == 'exact' else 0
    found = []
    for dx in range(-2, 3):
        for dy in range(-2, 3):
            there = (cell[0] + dx, cell[1] + dy)
            length = abs(dx) + abs(dy)
            if length > 2 or length < least or not _inside(there, state) or there in closed:
                continue
            if (
                state.get('walls_block', False)
                and length == 2
                and not _between(cell, there, closed)
            ):
                continue
            found.append(there)
    return found


def _between(a, b, closed):
    """Tell whether a cell between `a` and `b`, two units apart, is free."""
    if a[0] == b[0] or a[1] == b[1]:
        return ((a[0] + b[0]) // 2, (a[1] + b[1]) // 2) not in closed
    return (a[0], b[1]) not in closed or (b[0], a[1]) not in closed


def _hops(state, closed):
    """Return cell → number of pursuer moves until next to the evader, by breadth-first search."""
    evader = (state['evader'][0], state['evader'][1])
    wave = [evader, *_steps(evader, state, closed)]
    hops = {}
    for cell in wave:
        hops[cell] = 0
    count = 0
    while wave:
        count += 1
        further = []
        for cell in wave:
            for there in _reach(cell, state, closed):
                if there not in hops:
                    hops[there] = count
                    further.append(there)
        wave = further
    return hops


def _ahead(state, closed):
    """Return where the evader will be in three steps if it keeps its last heading."""
    cell = (state['evader'][0], state['evader'][1])
    track = state.get('evader_track', [])
    if not track:
        return cell
    dx, dy = cell[0] - track[-1][0], cell[1] - track[-1][1]
    for _ in range(3):
        there = (cell[0] + dx, cell[1] + dy)
        if not _inside(there, state) or there in closed:
            break
        cell = there
    return cell


def _with_distances(cells, state, distance):
    """Return rows `[x, y, distance to the evader, straight distance to where it heads]`."""
    ahead = _ahead(state, _closed(state))
    return [[[c[0], c[1], distance(c), _straight(c, ahead)] for c in listed] for listed in cells]


def _pick(measured, state, cost):
    """Return each pursuer's cheapest row as a cell; a pursuer without a row stays."""
    moves = []
    for number, rows in enumerate(measured):
        if rows:
            best = min(rows, key=lambda row: (cost(number, row), row[0], row[1]))
            moves.append([best[0], best[1]])
        else:
            moves.append(list(state['pursuers'][number]))
    return moves
