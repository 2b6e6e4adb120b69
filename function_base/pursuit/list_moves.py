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


def list_moves(result: list, state: dict) -> list[list[list[int]]]:
    """List every cell on the chart that each pursuer may move to.

    Stage: list
    When to use: a step begins
    Rule: True
    Example:
        >>> list_moves([], {'width': 3, 'height': 2, 'pursuers': [[0, 0]], 'evader': [2, 1]})
        [[[1, 1], [2, 0]]]
    """
    chart = {(wall[0], wall[1]) for wall in state.get('walls', [])}
    return [[list(cell) for cell in _reach(p, state, chart)] for p in state['pursuers']]
