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


def race(counted: list[list[float]], state: dict) -> list[float]:
    """Look ahead over the own cards and those that the opponent may still take.

    Stage: estimate
    When to use: the total is high and the turn is open
    Rule: total == 'high' and turn == 'open'
    Example:
        >>> faces = {'agent': ['K'], 'opponent': ['9']}
        >>> rows = [[17, 17, 1.0, 0.0]] * 48 + [[1.0] * 10, [1.0] * 10]
        >>> state = {'hand': ['10', 'K'], 'face_up': faces}
        >>> [round(chance, 2) for chance in race(rows, state)]
        [0.75, 0.09]
    """
    return _search(counted, state, False)
