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
"""What the teacher is asked, in words: one question a step, and what follows a faulty reply.

Equation 1 of the paper: from the rules, the stages, the functions and the manual. Knows nothing
about how replies are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json

SYSTEM = """\
You turn the rules of a task into Python functions with a manual. A small language model reads
the manual and selects one function at each stage of a step; the functions do the rest.

A step runs through its stages in order. The function selected at a stage is called as
function(result, state). `result` is what the stage before it gave; the first stage is given an
empty list. `state` is the observation that the rules describe, a dict that no function changes.
What the last stage gives is the decision.

Write plain Python 3: functions only, no classes, no files, no printing, nothing kept between
calls, no imports but math, itertools, collections and heapq. Equal arguments give equal results.
"""

_TASK = 'The rules of the task {name}:\n\n{rules}\n'


def stages(name: str, rules: str) -> str:
    """Ask for the stages of a step and their types."""
    return f"""{_TASK.format(name=name, rules=rules)}
Divide one step of this task into one to six stages, such as: list what is possible, drop what is
forbidden, measure, decide. The last stage must leave a choice that depends on the state.
Answer with one JSON object in a ```json block, like this one of another task:

```json
{{
  "rules": "A lift serves the floors of a house. In each step it moves by one floor or waits.",
  "decision": "action",
  "stages": [
    {{"name": "list", "rules": "List the floors that the lift can reach.",
      "takes": "list", "gives": "list[int]"}},
    {{"name": "decide", "rules": "A lift serves a house. Choose where the lift goes.",
      "takes": "list[int]", "gives": "int"}}
  ]
}}
```

"rules" are the rules in plain language, a few sentences. "decision" is "moves" where the last
stage gives the cells to move to, and "action" otherwise. The "rules" of a stage are one or two
short sentences that the small model reads. "takes" and "gives" are types made of list, dict,
tuple, int, float, str and bool; the first stage takes "list", and every other stage takes what
the stage before it gives. A stage that runs again and again on its own result until one of its
functions ends it has "repeat": true and the name of that
function as "closing"; it gives the type that it takes.
"""


def functions(name: str, rules: str, stage: Mapping[str, object], taken: Sequence[str]) -> str:
    """Ask for the functions of a stage, each with its manual and examples."""
    closing = stage.get('closing')
    extra = f'One of them is {closing}, which ends the stage.\n' if closing else ''
    names = f'These names are taken: {", ".join(taken)}.\n' if taken else ''
    return f"""{_TASK.format(name=name, rules=rules)}
Now the functions of the stage {stage['name']}: {stage['rules']}
Each takes (result: {stage['takes']}, state: dict) and gives {stage['gives']}. Write one to six
functions among which the state decides, or a single one where there is nothing to choose.
{extra}{names}
Answer with one ```python block a function. A block holds one public function and, where it needs
them, helpers whose names start with _. Its docstring is the manual, with these sections, like
this one of another task:

```python
def go_down(floors: list[int], state: dict) -> int:
    \"\"\"Send the lift to the lowest floor in reach.

    Stage: decide
    When to use: people wait below and nobody waits above
    Example:
        >>> go_down([1, 2, 3], {{'floor': 2, 'calls': [0]}})
        1
    \"\"\"
    return min(floors)
```

The first line is the purpose, at most 100 characters. The example is a doctest that calls the
function with small arguments and shows exactly what it returns; it is run.
"""


def rules(
    name: str,
    rules: str,
    stage: Mapping[str, object],
    manuals: Mapping[str, str],
    known: Mapping[str, Sequence[str]],
) -> str:
    """Ask when each function of a stage is to be invoked, as rules over facts."""
    shown = '\n'.join(f'- {function}: {when}' for function, when in manuals.items())
    there = ''
    if known:
        listed = '\n'.join(f'- {fact}: {", ".join(values)}' for fact, values in known.items())
        there = f'These facts are there already and need no code:\n{listed}\n'
    return f"""{_TASK.format(name=name, rules=rules)}
The stage {stage['name']} ({stage['rules']}) has these functions, each with when to use it:

{shown}

Now say the same as rules over facts. A fact is something about the situation with two to six
possible values, such as `calls` with `above`, `below`, `none`; it must read well as "the calls is
below" or "the direction is up". For every combination of values exactly one function must be
right. A rule joins comparisons by `and`: calls == 'below' and load == 'full'. A fact of several
words is written with _ in a rule.
{there}
Answer with one ```json block and one ```python block. The first has "facts" (each with its
values) and "rules" (each function with its rule). The second computes each new fact: a function
of that name (spaces as _) that takes (result, state), returns one of the values, and has an
example in its docstring that is run, like these of another task:

```json
{{"facts": {{"calls": ["below", "above"]}},
  "rules": {{"go_down": "calls == 'below'", "go_up": "calls == 'above'"}}}}
```

```python
def calls(result: list, state: dict) -> str:
    \"\"\"Say where people wait.

    >>> calls([], {{'floor': 2, 'calls': [0]}})
    'below'
    \"\"\"
    return 'below' if min(state['calls']) < state['floor'] else 'above'
```

Here `result` is what the stage takes, {stage['takes']}.
"""


def wordings(
    name: str, rules: str, values: Mapping[str, Sequence[str]], number: int, least: int
) -> str:
    """Ask for other words for the values of facts, from which the small model learns to read."""
    wanted = json.dumps({fact: {value: ['...'] for value in vs} for fact, vs in values.items()})
    return f"""{_TASK.format(name=name, rules=rules)}
The manual speaks of facts and their values. Say each value in {number} other ways, at least
{least}: short clauses that complete "use it when ...", all different, none of which fits another
value of the same fact. Answer with one ```json block of this form, fact by fact:

```json
{wanted}
```
"""


def repair(faults: Mapping[str, Sequence[str]], kept: Sequence[str]) -> str:
    """Tell what was wrong with a reply, and what of it was accepted."""
    told = '\n'.join(f'- {piece}: {fault}' for piece, found in faults.items() for fault in found)
    accepted = f'Accepted and kept: {", ".join(kept)}.\n' if kept else ''
    return f"""This was not accepted:

{told}

{accepted}Send what was not accepted again, corrected, in the form that was asked for.
"""
