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


def chase(counted: list[list[float]], state: dict) -> list[float]:
    """Look ahead over the own cards against the points that the opponent may have.

    Stage: estimate
    When to use: the total is high and the turn is last
    Rule: total == 'high' and turn == 'last'
    Example:
        >>> faces = {'agent': ['6'], 'opponent': ['10']}
        >>> rows = [[0, 0, 1.0, 0.0]] * 48 + [[0.0] * 9 + [1.0], [1.0] * 10]
        >>> chase(rows, {'hand': ['10', '6'], 'face_up': faces})
        [0.0, 0.16666666666666666]
    """
    return _search(counted, state, True)
