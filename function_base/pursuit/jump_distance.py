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


def jump_distance(cells: list[list[list[int]]], state: dict) -> list[list[list[int]]]:
    """Measure how far it is to the evader in two-unit jumps round and over what is closed.

    Stage: measure
    When to use: the straight way is blocked and jumping is allowed
    Rule: straight_way == 'blocked' and jumping == 'allowed'
    Example:
        >>> wall = [[1, 0], [2, 0]]
        >>> jump_distance([[[0, 0]]], {'width': 6, 'height': 2, 'evader': [4, 0], 'walls': wall})
        [[[0, 0, 6, 4]]]
    """
    hops = _hops(state, _closed(state))
    unreachable = 4 * (state['width'] + state['height'])
    return _with_distances(
        cells,
        state,
        lambda cell: max(
            _straight(cell, state['evader']), 2 * hops.get((cell[0], cell[1]), unreachable)
        ),
    )
