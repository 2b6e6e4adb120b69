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


def drop_pockets(cells: list[list[list[int]]], state: dict) -> list[list[list[int]]]:
    """Drop the cells from which no way leads to the evader.

    Stage: filter
    When to use: the closed area is none and the pocket is present
    Rule: closed_area == 'none' and pocket == 'present'
    Example:
        >>> chart = {'width': 6, 'height': 1, 'evader': [5, 0], 'walls': [[1, 0], [2, 0]]}
        >>> drop_pockets([[[0, 0], [4, 0]]], {**chart, 'pursuers': [[2, 0]]})
        [[[4, 0]]]
    """
    hops = _hops(state, _closed(state))
    kept = []
    for listed in cells:
        connected = [cell for cell in listed if (cell[0], cell[1]) in hops]
        kept.append(connected or listed)
    return kept
