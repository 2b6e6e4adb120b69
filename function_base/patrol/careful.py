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


def careful(result: list, state: dict) -> float:
    """Reckon for many cells against the wind.

    Stage: reckon
    When to use: the wind is blowing and the tank is low
    Rule: wind == 'blowing' and tank == 'low'
    Example:
        >>> careful([], {})
        1.25
    """
    return 1.25
