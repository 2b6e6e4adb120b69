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


def intercept(measured: list[list[list[int]]], state: dict) -> list[list[int]]:
    """Send each pursuer to where the evader is heading.

    Stage: choose
    When to use: the evader is far and the heading is steady
    Rule: evader == 'far' and heading == 'steady'
    Example:
        >>> state = {'width': 15, 'height': 9, 'pursuers': [[0, 0]], 'evader': [9, 2]}
        >>> intercept([[[2, 0, 9, 5], [0, 2, 9, 9]]], state)
        [[2, 0]]
    """
    return _together(
        measured, state, lambda number, row: (2 * row[3] + _gap(row, state['evader']), row[2]), 4
    )
