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
"""The facts that the student sees, one function a fact: `(result, state) -> value`.

`result` is the intermediate result of the stage, `state` as in `_tools.py`. The names and
the values are those of `task.yaml`.
"""


def wind(result: list, state: dict) -> str:
    """Return `calm` without wind, else `blowing`."""
    return 'calm' if state['wind'] == 'calm' else 'blowing'


def tank(result: list, state: dict) -> str:
    """Return `low` once less than half of the fuel is left, else `full`."""
    return 'low' if 2 * state['fuel'] < state['tank'] else 'full'


def reach(result: float, state: dict) -> str:
    """Return how many of the buoys the fuel reaches with the way home: `all`, `some`, `none`.

    `result` is the fuel that a cell is reckoned to cost.
    """
    if not state['buoys']:
        return 'none'
    if result * _round(state)[0] <= state['fuel']:
        return 'all'
    return 'some' if result * min(_trips(state))[0] <= state['fuel'] else 'none'


def mark(result: list, state: dict) -> str:
    """Return `here` if the boat is where it steers for, else `away`."""
    return 'here' if result == state['boat'] else 'away'
