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


def glean(cost: float, state: dict) -> list[int]:
    """Steer for the buoy that costs the least fuel with the way home.

    Stage: aim
    When to use: the reach is some
    Rule: reach == 'some'
    Example:
        >>> glean(1.0, {'boat': [0, 0], 'base': [0, 0], 'buoys': [[4, 4], [0, 3]]})
        [0, 3]
    """
    return min(_trips(state))[1]
