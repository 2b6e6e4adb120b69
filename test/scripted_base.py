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
"""What the scripted teacher of the tests says: a ferry, well written and badly written."""

from __future__ import annotations

import json

RULES = """\
A ferry lies at one of the berths 0 to 9 and must reach a given one. In each step it moves by at
most two berths. In strong wind it may only move by one. The observation holds `position`,
`target` (berths) and `wind` (`calm` or `strong`).
"""


def fenced(language: str, text: str) -> str:
    """Return a block as a large model writes it."""
    return f'```{language}\n{text}\n```\n'


def as_json(content: object) -> str:
    return f'Here it is.\n\n{fenced("json", json.dumps(content))}'


STAGES = as_json(
    {
        'rules': 'A ferry goes to a berth. It moves by at most two berths a step.',
        'decision': 'action',
        'stages': [
            {'name': 'list', 'rules': 'List the berths in reach.',
             'takes': 'list', 'gives': 'list[int]'},
            {'name': 'choose', 'rules': 'A ferry goes to a berth. Choose its next berth.',
             'takes': 'list[int]', 'gives': 'int'},
        ],
    }
)  # fmt: skip
WRONG_JSON = fenced('json', '{"rules": "A ferry goes to a berth.", "stages": [')

LIST_BERTHS = '''\
def list_berths(result: list, state: dict) -> list[int]:
    """List the berths that the ferry can reach.

    Stage: list
    When to use: a step begins
    Example:
        >>> list_berths([], {'position': 0, 'wind': 'calm'})
        [0, 1, 2]
    """
    reach = 1 if state['wind'] == 'strong' else 2
    return [b for b in range(10) if abs(b - state['position']) <= reach]
'''
TRUNCATED = '```python\n' + LIST_BERTHS[: LIST_BERTHS.index(' if abs(')]

DASH = '''\
def dash(berths: list[int], state: dict) -> int:
    """Take the berth nearest to the target.

    Stage: choose
    When to use: it is calm and there is still a long way
    Example:
        >>> dash([0, 1, 2], {'target': 9})
        2
    """
    return min(berths, key=lambda b: abs(b - state['target']))
'''
EASE_IN = '''\
def ease_in(berths: list[int], state: dict) -> int:
    """Move one berth towards the target.

    Stage: choose
    When to use: the target is close by
    Example:
        >>> ease_in([3, 4, 5], {'position': 4, 'target': 5})
        5
    """
    step = (state['target'] > state['position']) - (state['target'] < state['position'])
    return state['position'] + step if state['position'] + step in berths else berths[0]
'''
FAILING = EASE_IN.replace("'target': 5})\n        5", "'target': 5})\n        4")
SHELTER = '''\
def shelter(berths: list[int], state: dict) -> int:
    """Stay where the ferry lies.

    Stage: choose
    When to use: the wind is strong and there is still a long way
    Example:
        >>> shelter([3, 4, 5], {'position': 4})
        4
    """
    return state['position']
'''
HOSTILE = 'import os\n\n\n' + SHELTER.replace(
    "return state['position']", "return os.system('touch MARKER')"
)
ENDLESS = SHELTER.replace('    return', '    while True:\n        pass\n    return')

FACTS = '''\
def wind(result: list, state: dict) -> str:
    """Say how the wind is.

    >>> wind([], {'wind': 'calm'})
    'calm'
    """
    return state['wind']


def way(result: list, state: dict) -> str:
    """Say how far the target is.

    >>> way([], {'position': 1, 'target': 9})
    'long'
    """
    return 'short' if abs(state['target'] - state['position']) <= 2 else 'long'
'''
FACT_VALUES = {'wind': ['calm', 'strong'], 'way': ['short', 'long']}
RULES_OF_CHOOSE = {
    'dash': "way == 'long' and wind == 'calm'",
    'ease_in': "way == 'short'",
    'shelter': "way == 'long' and wind == 'strong'",
}


def rules_reply(rules=RULES_OF_CHOOSE, facts=FACT_VALUES, code=FACTS) -> str:
    return as_json({'facts': facts, 'rules': rules}) + fenced('python', code)


GAP = rules_reply({**RULES_OF_CHOOSE, 'dash': "way == 'long' and wind == 'strong'"})
CLAUSES = {
    fact: {
        value: [f'the {fact} {verb} {value}' for verb in
                ('seems', 'looks', 'stays', 'remains', 'turns', 'reads', 'appears', 'becomes')]
        for value in values
    }
    for fact, values in FACT_VALUES.items()
}  # fmt: skip
WORDINGS = as_json(CLAUSES)
FEW_WORDINGS = as_json({**CLAUSES, 'way': {'short': ['it is not far'], 'long': ['it is far off']}})


def code(*functions: str) -> str:
    return '\n'.join(fenced('python', function) for function in functions)


WELL = [STAGES, code(LIST_BERTHS), code(DASH, EASE_IN, SHELTER), rules_reply(), WORDINGS]
"""A teacher that makes no mistake."""
BADLY = [
    WRONG_JSON, STAGES,
    TRUNCATED, code(LIST_BERTHS),
    code(DASH, FAILING, HOSTILE), code(EASE_IN, ENDLESS), code(SHELTER),
    GAP, rules_reply(),
    FEW_WORDINGS, WORDINGS,
]  # fmt: skip
"""A teacher that makes each mistake once, and mends it."""
