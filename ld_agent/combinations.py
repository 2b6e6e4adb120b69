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
"""Every combination of facts that a task has, selected by the student: all there is to decide.

A task's states reach the student as a few facts a stage, so all of them can be asked. For a task
that no training has seen this tells whether the student reads its manual. Areas that emergencies
bring have labels, of which any may be in force together: those are drawn.
"""

from __future__ import annotations

import itertools
import random
from typing import Any

from ld_agent.emergency import area_function, CALL_SIGNS
from ld_agent.function_base import read_function, Task
from ld_agent.function_file import Function
from ld_agent.selector import Selector
from ld_agent.tables.plan import FIRST_SEED

SETS = 20
MOST_AREAS = 8


def combinations_report(selector: Selector, tasks: list[Task]) -> dict[str, Any]:
    """Return, for each task, how many combinations are selected as its rules have them.

    Stages with one function are left out: there is nothing to select.

    Returns:
        task → `combinations`, `right`, `least_margin` (nats, of the right ones), and `wrong`:
        stage, facts, what was selected and what is right.
    """
    return {task.name: _of_task(selector, task) for task in tasks}


def areas_report(
    selector: Selector, task: Task, sets: int = SETS, seed: int = FIRST_SEED
) -> dict[str, Any]:
    """Return how often the student picks the filter function of the area that a state names.

    Areas come and go, so any of the labels may be in force together. For 2 to `MOST_AREAS` areas
    `sets` sets of labels are drawn, and each state that names one of them is asked.

    Returns:
        number of areas → `asked`, `right`, and `wrong`: label, pocket, labels in force, selected.
    """
    rng = random.Random(seed)
    stage, fact = next((stage, fact) for stage in task.stages for fact in stage.labelled)
    functions = _keepouts(task)
    figures = {}
    for count in range(2, MOST_AREAS + 1):
        asked, wrong = 0, []
        for _ in range(sets):
            labels = rng.sample(CALL_SIGNS, count)
            entries = stage.entries + [functions[label].entry for label in labels]
            for facts, label in itertools.product(stage.fact_combinations(), labels):
                shown = {**facts, fact: label}
                found = selector.select(stage.rules, entries, shown).selected
                asked += 1
                if found != functions[label].name:
                    wrong.append({'facts': shown, 'in_force': labels, 'selected': found})
        figures[str(count)] = {'asked': asked, 'right': asked - len(wrong), 'wrong': wrong}
    return figures


def _keepouts(task: Task) -> dict[str, Function]:
    """Return label → the filter function of an area that gets this label."""
    found: dict[str, Function] = {}
    corners = ((3.0, 3.0), (6.0, 3.0), (6.0, 6.0), (3.0, 6.0))
    for label in CALL_SIGNS:
        taken = {function.name for function in found.values()}
        update = area_function(task, corners, (20, 20), taken, 'an area')
        function, faults = read_function(task, update.source, update.name, update.origin, False)
        assert function is not None, faults
        found[label] = function
    return found


def _of_task(selector: Selector, task: Task) -> dict[str, Any]:
    asked, margins, wrong = 0, [], []
    for stage in task.stages:
        functions = list(stage.functions.values())
        if len(functions) < 2:
            continue
        for facts in stage.fact_combinations():
            right = [f.name for f in functions if f.rule.holds(facts)]
            found = selector.select(stage.rules, [f.entry for f in functions], facts)
            asked += 1
            if found.selected in right:
                margins.append(found.margin or 0.0)
            else:
                wrong.append(
                    {'stage': stage.name, 'facts': facts, 'selected': found.selected,
                     'right': right}
                )  # fmt: skip
    return {
        'combinations': asked,
        'right': asked - len(wrong),
        'least_margin': round(min(margins), 2) if margins else None,
        'wrong': wrong,
    }
