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


def shelter(cell: list[int], state: dict) -> str:
    """Move nearer to the cell, and not against the wind where that can be.

    Stage: steer
    When to use: the mark is away and the wind is blowing
    Rule: mark == 'away' and wind == 'blowing'
    Example:
        >>> shelter([1, 4], {'boat': [0, 0], 'wind': 'north'})
        'east'
        >>> shelter([0, 4], {'boat': [0, 0], 'wind': 'north'})
        'north'
    """
    sides = [side for _, side in _sides(state, cell)]
    return min(sides, key=lambda side: side == state['wind'])
