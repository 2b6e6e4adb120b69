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


def guess(result: list, state: dict) -> list[list[float]]:
    """Expect an opponent that hits up to 15.

    Stage: model
    When to use: the record is short
    Rule: record == 'short'
    Example:
        >>> guess([], {})[0]
        [16, 16, 1.0, 0.0]
    """
    return [_below(16, 16)] * 48
