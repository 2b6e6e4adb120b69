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


def closed(rows: list[list[float]], state: dict) -> list[list[float]]:
    """Count the unseen cards with which the opponent would have hit before and stood now.

    Stage: count
    When to use: the opponent is done
    Rule: opponent == 'done'
    Example:
        >>> faces = {'agent': ['9'], 'opponent': ['10']}
        >>> state = {'hand': ['K', '9'], 'face_up': faces, 'played': [['opponent', 'stand']]}
        >>> closed([[17, 17, 1.0, 0.0]] * 48, state)[-2]
        [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]
    """
    return _counted(rows, state, ['hit', 'stand'])
