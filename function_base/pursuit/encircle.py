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


def encircle(measured: list[list[list[int]]], state: dict) -> list[list[int]]:
    """Send the pursuers to different posts around the evader.

    Stage: choose
    When to use: the evader is near and the formation is bunched
    Rule: evader == 'near' and formation == 'bunched'
    Example:
        >>> rows = [[[2, 0, 6, 6], [1, 1, 6, 6]], [[0, 2, 6, 6]], [[1, 1, 6, 6]]]
        >>> pursuers = [[0, 0], [0, 0], [0, 0]]
        >>> state = {'width': 9, 'height': 9, 'pursuers': pursuers, 'evader': [4, 4]}
        >>> encircle(rows, state)
        [[2, 0], [0, 2], [1, 1]]
    """
    x, y = state['evader']
    posts = [p for p in ([x + 2, y], [x - 2, y], [x, y + 2], [x, y - 2]) if _inside(p, state)]
    best = None
    for a in posts:
        for b in posts:
            for c in posts:
                if a != b and b != c and a != c:
                    length = sum(map(_straight, state['pursuers'], (a, b, c)))
                    if best is None or length < best[0]:
                        best = (length, (a, b, c))
    targets = best[1] if best else (state['evader'],) * 3
    return _together(
        measured, state, lambda number, row: (_straight(row, targets[number]), row[2]), 4
    )
