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


def approach(measured: list[list[list[int]]], state: dict) -> list[list[int]]:
    """Send each pursuer to its cell with the shortest measured distance.

    Stage: choose
    When to use: the evader is walled off
    Rule: evader == 'walled off'
    Example:
        >>> approach([[[1, 1, 6, 4], [0, 2, 8, 6]]], {'pursuers': [[0, 0]], 'evader': [4, 4]})
        [[1, 1]]
    """
    return _pick(measured, state, lambda number, row: (row[2], _straight(row, state['evader'])))
