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


def keep_all(cells: list[list[list[int]]], state: dict) -> list[list[list[int]]]:
    """Keep every listed cell and end the filtering.

    Stage: filter
    When to use: the closed area is none and the pocket is absent
    Rule: closed_area == 'none' and pocket == 'absent'
    Example:
        >>> keep_all([[[1, 1]], [], [[0, 2]]], {})
        [[[1, 1]], [], [[0, 2]]]
    """
    return cells
