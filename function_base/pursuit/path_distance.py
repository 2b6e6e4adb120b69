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


def path_distance(cells: list[list[list[int]]], state: dict) -> list[list[list[int]]]:
    """Measure the length of the shortest path to the evader round what is closed.

    Stage: measure
    When to use: the straight way is blocked and jumping is forbidden
    Rule: straight_way == 'blocked' and jumping == 'forbidden'
    Example:
        >>> chart = {'width': 3, 'height': 2, 'evader': [2, 0], 'walls': [[1, 0]]}
        >>> path_distance([[[0, 0]]], chart)
        [[[0, 0, 4, 2]]]
    """
    closed = _closed(state)
    wave = [(state['evader'][0], state['evader'][1])]
    lengths = {wave[0]: 0}
    while wave:
        further = []
        for cell in wave:
            for there in _steps(cell, state, closed):
                if there not in lengths:
                    lengths[there] = lengths[cell] + 1
                    further.append(there)
        wave = further
    unreachable = 4 * (state['width'] + state['height'])
    return _with_distances(cells, state, lambda cell: lengths.get((cell[0], cell[1]), unreachable))
