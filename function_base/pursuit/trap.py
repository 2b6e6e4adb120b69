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
    return _together(measured, state, lambda number, row: row[2], 8)
