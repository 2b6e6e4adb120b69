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
"""The facts that the student sees, one function a fact: `(result, state) -> value`.

`result` is the intermediate result of the stage, `state` as in `_tools.py`. The names and
the values are those of `task.yaml`.
"""


def closed_area(result: list, state: dict) -> str:
    """Return the label of the first closed area that holds a listed cell, or `none`."""
    listed = {(c[0], c[1]) for cells in result for c in cells}
    for label in sorted(state.get('areas', {})):
        if any((c[0], c[1]) in listed for c in state['areas'][label]):
            return label
    return 'none'


def pocket(result: list, state: dict) -> str:
    """Return `present` if a pursuer has a listed cell with no way to the evader, and one with."""
    closed = _closed(state)
    if not closed:
        return 'absent'
    hops = _hops(state, closed)
    for cells in result:
        connected = [c for c in cells if (c[0], c[1]) in hops]
        if connected and len(connected) < len(cells):
            return 'present'
    return 'absent'


def straight_way(result: list, state: dict) -> str:
    """Return `blocked` if a closed cell lies between a pursuer and the evader."""
    closed = _closed(state)
    evader = state['evader']
    for pursuer in state['pursuers']:
        west, east = min(pursuer[0], evader[0]) - 1, max(pursuer[0], evader[0]) + 1
        south, north = min(pursuer[1], evader[1]) - 1, max(pursuer[1], evader[1]) + 1
        for x, y in closed:
            if west <= x <= east and south <= y <= north:
                return 'blocked'
    return 'open'


def jumping(result: list, state: dict) -> str:
    """Return whether the pursuers may jump over a closed cell."""
    return 'forbidden' if state.get('walls_block', False) else 'allowed'


def evader(result: list, state: dict) -> str:
    """Return `walled off` if a measured distance is longer than the straight one by over 1.

    Else how far the farthest pursuer is: `close` up to 8, `near` up to 12, beyond that `far`.
    """
    for rows in result:
        if rows:
            measured = min(row[2] for row in rows)
            straight = min(_straight(row, state['evader']) for row in rows)
            if measured > straight + 1:
                return 'walled off'
    farthest = max(_straight(p, state['evader']) for p in state['pursuers'])
    if farthest <= 8:
        return 'close'
    return 'near' if farthest <= 12 else 'far'


def heading(result: list, state: dict) -> str:
    """Return `steady` if the evader's last two moves went the same way."""
    track = [*state.get('evader_track', []), state['evader']][-3:]
    if len(track) < 3:
        return 'unsteady'
    first = (track[1][0] - track[0][0], track[1][1] - track[0][1])
    second = (track[2][0] - track[1][0], track[2][1] - track[1][1])
    return 'steady' if first == second and first != (0, 0) else 'unsteady'


def formation(result: list, state: dict) -> str:
    """Return `bunched` if all pursuers are on one side of the evader, along x or along y."""
    evader = state['evader']
    for axis in (0, 1):
        if len({pursuer[axis] > evader[axis] for pursuer in state['pursuers']}) == 1:
            return 'bunched'
    return 'spread'
