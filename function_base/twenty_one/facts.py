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

import math

SHORT = 4
"""A record of fewer games of the match tells too little."""
STEADY = (
    0.97, 0.97, 0.97, 0.97, 0.89, 0.56, 0.51, 0.46, 0.42, 0.39, 0.41, 0.41, 0.29, 0.17,
    0.17, 0.13, 0.16, 0.35, 0.45, 0.78,
)  # fmt: skip
"""How often a player that stands from 17 on hits, with a face-up total of 2, 3, ... 21."""
WATCHFUL = (
    0.86, 0.89, 0.80, 0.91, 0.88, 0.71, 0.50, 0.44, 0.42, 0.63, 0.52, 0.52, 0.48, 0.37,
    0.25, 0.25, 0.25, 0.14, 0.56, 0.75,
)  # fmt: skip
"""The same, of the best play against such a player."""


def record(result: list, state: dict) -> str:
    """Return `short` in the first games of a match, later `long`."""
    return 'short' if state['games'] < SHORT else 'long'


def habit(result: list, state: dict) -> str:
    """Return the habit that makes the record likeliest.

    `careless`: a coin is thrown for each card; `steady`: it stands from 17 on; `watchful`: it
    plays its best against a steady player.
    """
    best, chosen = 0.0, ''
    for name in ('careless', 'steady', 'watchful'):
        likely = 0.0
        for shown, (hits, stands) in state['record'].items():
            number = int(shown) - 2
            chance = {
                'careless': 0.5, 'steady': STEADY[number], 'watchful': WATCHFUL[number],
            }[name]  # fmt: skip
            likely += hits * math.log(chance) + stands * math.log(1.0 - chance)
        if not chosen or likely > best:
            best, chosen = likely, name
    return chosen


def opponent(result: list, state: dict) -> str:
    """Return `done` if the opponent has stood, `drawing` if it has hit, else `new`."""
    if state['stood']['opponent']:
        return 'done'
    return 'drawing' if ['opponent', 'hit'] in state['played'] else 'new'


def total(result: list, state: dict) -> str:
    """Return `low` up to 11 points, where one more card only adds, else `high`."""
    return 'low' if _total(state['hand']) <= 11 else 'high'


def turn(result: list, state: dict) -> str:
    """Return `last` if the opponent has stood and so only the agent still acts, else `open`."""
    return 'last' if state['stood']['opponent'] else 'open'


def card(result: list, state: dict) -> str:
    """Return `better` if the chance to win is higher after one more card."""
    return 'better' if result[1] > result[0] else 'worse'
