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

import itertools


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


EXACT = ((-2, 0), (-1, -1), (-1, 1), (0, -2), (0, 2), (1, -1), (1, 1), (2, 0))
UP_TO = tuple(sorted((*EXACT, (-1, 0), (0, -1), (0, 0), (0, 1), (1, 0))))


def _reach(cell, state, closed):
    """Return the cells a pursuer on `cell` may move to, as sorted tuples."""
    blocks = state.get('walls_block', False)
    width, height = state['width'], state['height']
    found = []
    for dx, dy in EXACT if state.get('moves', 'exact') == 'exact' else UP_TO:
        there = (cell[0] + dx, cell[1] + dy)
        if not (0 <= there[0] < width and 0 <= there[1] < height) or there in closed:
            continue
        if blocks and abs(dx) + abs(dy) == 2 and not _between(cell, there, closed):
            continue
        found.append(there)
    return found


def _between(a, b, closed):
    """Tell whether a cell between `a` and `b`, two units apart, is free."""
    if a[0] == b[0] or a[1] == b[1]:
        return ((a[0] + b[0]) // 2, (a[1] + b[1]) // 2) not in closed
    return (a[0], b[1]) not in closed or (b[0], a[1]) not in closed


def _hops(state, closed):
    """Return cell → number of pursuer moves until next to the evader."""
    return _hops_to(
        (state['evader'][0], state['evader'][1]), state, closed, lambda c: _reach(c, state, closed)
    )


def _hops_to(evader, state, closed, reach):
    """Return the same for an evader on another cell, by breadth-first search over `reach`."""
    wave = [evader, *_steps(evader, state, closed)]
    hops = {}
    for cell in wave:
        hops[cell] = 0
    count = 0
    while wave:
        count += 1
        further = []
        for cell in wave:
            for there in reach(cell):
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


KEPT = 4
"""Cells of each pursuer that are looked at in a later step of `_together`."""
WIDTH = 6
"""Positions that are looked at in each later step."""
STEPS = 3


def _known(state):
    """Return what is found out once a decision: the closed cells, and who can go where."""
    closed = _closed(state)
    return {
        'closed': closed,
        'round': _lies_between(state, closed),
        'steps': {},
        'reach': {},
        'closer': {},
        'hops': {},
    }


def _lies_between(state, closed):
    """Tell whether a closed cell lies among the pursuers and the evader, or next to them."""
    cells = [*state['pursuers'], state['evader']]
    west, east = min(c[0] for c in cells) - 1, max(c[0] for c in cells) + 1
    south, north = min(c[1] for c in cells) - 1, max(c[1] for c in cells) + 1
    return any(west <= x <= east and south <= y <= north for x, y in closed)


def _together(measured, state, prefer, kept):
    """Return the moves, among each pursuer's `kept` preferred rows, that serve best together.

    Looks some steps ahead: to the pursuers' moves, the evader's likely replies, and again. Where
    something closed lies between, distances are those of the way round it.
    """
    known = _known(state)
    options = []
    for number, rows in enumerate(measured):
        rows = _on_the_way(rows, state)
        liked = sorted(rows, key=lambda row: (prefer(number, row), row[0], row[1]))[:kept]
        options.append([(row[0], row[1]) for row in liked] or [tuple(state['pursuers'][number])])
    wary = _is_wary(state, known)
    best = _outcomes(options, tuple(state['evader']), None, wary, state, known)
    for _ in range(STEPS - 1):
        if best[0][0] <= 0:
            break
        further = {}
        for _, cells, evader, first in best[:WIDTH]:
            options = [_closer(cell, evader, state, known) for cell in cells]
            for outcome in _outcomes(options, evader, first, wary, state, known):
                place = (tuple(sorted(outcome[1])), outcome[2])
                if place not in further or outcome < further[place]:
                    further[place] = outcome
        best = sorted(further.values())
    return [list(cell) for cell in best[0][3]]


def _on_the_way(rows, state):
    """Return the rows of the shortest measured distance if a way is not straight, else all."""
    if all(row[2] <= _straight(row, state['evader']) + 1 for row in rows):
        return rows
    shortest = min(row[2] for row in rows)
    return [row for row in rows if row[2] == shortest]


def _outcomes(options, evader, first, wary, state, known):
    """Return `(cost, cells, evader, first moves)` of every joint move, cheapest first.

    The cost is the mean over the evader's likely replies, 0 if all of them end in a capture, and
    -1 for a capture before it replies; the evader of an outcome is where the reply costs most.
    """
    found = []
    for cells in itertools.product(*options):
        if all(_straight(cell, evader) < 2 for cell in cells):
            return [(-1, cells, evader, first or cells)]
        replies = _replies(cells, evader, wary, state, known)
        costs = [_to_go(cells, reply, state, known) for reply in replies]
        most = max(costs)
        found.append((sum(costs) / len(costs), cells, replies[costs.index(most)], first or cells))
    return sorted(found)


def _to_go(cells, evader, state, known):
    """Return how far a position is from a capture, which is 0."""
    far, gaps = [], []
    hops = _hops_from(evader, state, known) if known['round'] else {}
    for cell in cells:
        dx, dy = abs(cell[0] - evader[0]), abs(cell[1] - evader[1])
        way = max(dx + dy, 2 * hops.get(cell, 0))
        far.append(way)
        gaps.append(way - min(dx, dy))
    return 0 if max(far) < 2 else 10 * max(far) + 10 * max(gaps) + 3 * sum(far)


def _hops_from(evader, state, known):
    """Return cell → number of pursuer moves until next to an evader on that cell.

    A cell with no way to it is far from all.
    """
    if evader not in known['hops']:
        found = _hops_to(evader, state, known['closed'], lambda c: _ends(c, state, known))
        for x in range(state['width']):
            for y in range(state['height']):
                found.setdefault((x, y), 2 * (state['width'] + state['height']))
        known['hops'][evader] = found
    return known['hops'][evader]


def _replies(cells, evader, wary, state, known):
    """Return the evader's likely moves from `evader`: to the largest sum of distances.

    Among equal sums the smallest distance counts. A wary evader looks one step further, at where
    the pursuers will be if each closes in straight.
    """
    if wary:
        cells = [_closer(cell, evader, state, known)[0] for cell in cells]
    best, likely = None, []
    for reply in _flights(evader, state, known):
        ends = _flights(reply, state, known) if wary else [reply]
        worth = max(_worth(cells, end) for end in ends)
        if best is None or worth > best:
            best, likely = worth, [reply]
        elif worth == best:
            likely.append(reply)
    return likely


def _worth(cells, end):
    far = [abs(x - end[0]) + abs(y - end[1]) for x, y in cells]
    return sum(far), min(far)


def _is_wary(state, known):
    """Tell whether the evader's last move was a wary evader's and not a plain one's.

    The pursuers stand where they stood when it moved.
    """
    track = state.get('evader_track', [])
    if not track:
        return False
    cells = [tuple(cell) for cell in state['pursuers']]
    before, now = tuple(track[-1]), tuple(state['evader'])
    plain, wary = (_replies(cells, before, habit, state, known) for habit in (False, True))
    return now in wary and now not in plain


def _flights(cell, state, known):
    """Return where the evader may go from a cell; it stays only if it must."""
    if cell not in known['steps']:
        known['steps'][cell] = _steps(cell, state, known['closed']) or [cell]
    return known['steps'][cell]


def _ends(cell, state, known):
    """Return where a pursuer may go from a cell."""
    if cell not in known['reach']:
        known['reach'][cell] = _reach(cell, state, known['closed'])
    return known['reach'][cell]


def _closer(cell, evader, state, known):
    """Return a pursuer's `KEPT` moves that end nearest to the evader, nearest first."""
    if (cell, evader) not in known['closer']:
        hops = _hops_from(evader, state, known) if known['round'] else {}
        ends = _ends(cell, state, known) or [cell]
        ends = sorted(
            ends, key=lambda end: (max(_straight(end, evader), 2 * hops.get(end, 0)), end)
        )
        known['closer'][cell, evader] = ends[:KEPT]
    return known['closer'][cell, evader]
