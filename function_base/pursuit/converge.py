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


def converge(measured: list[list[list[int]]], state: dict) -> list[list[int]]:
    """Move all pursuers inwards, keeping the evader in their middle.

    Stage: choose
    When to use: the evader is near and the formation is spread
    Rule: evader == 'near' and formation == 'spread'
    Example:
        >>> state = {'width': 9, 'height': 9, 'pursuers': [[0, 0]], 'evader': [5, 4]}
        >>> converge([[[2, 0, 7, 7], [1, 1, 7, 7]]], state)
        [[2, 0]]
    """
    evader = state['evader']
    return _together(
        measured, state, lambda number, row: (_gap(row, evader), _straight(row, evader)), 4
    )
