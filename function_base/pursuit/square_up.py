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


def square_up(measured: list[list[list[int]]], state: dict) -> list[list[int]]:
    """Close the larger of the two coordinate gaps to the evader first.

    Stage: choose
    When to use: the evader is far and the heading is unsteady
    Rule: evader == 'far' and heading == 'unsteady'
    Example:
        >>> state = {'width': 15, 'height': 9, 'pursuers': [[0, 0]], 'evader': [8, 1]}
        >>> square_up([[[2, 0, 7, 7], [1, 1, 7, 7]]], state)
        [[2, 0]]
    """
    return _together(measured, state, lambda number, row: (_gap(row, state['evader']), row[2]), 3)
