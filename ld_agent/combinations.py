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
that no training has seen this tells whether the student reads its manual.
"""

from __future__ import annotations

from collections.abc import Iterator
import itertools
from typing import Any

from ld_agent.function_base import ANY_LABEL, Stage, Task
from ld_agent.selector import Selector


def combinations_report(selector: Selector, tasks: list[Task]) -> dict[str, Any]:
    """Return, for each task, how many combinations are selected as its rules have them.

    Stages with one function are left out: there is nothing to select.

    Returns:
        task → `combinations`, `right`, `least_margin` (nats, of the right ones), and `wrong`:
        stage, facts, what was selected and what is right.
    """
    return {task.name: _of_task(selector, task) for task in tasks}


def combinations(stage: Stage) -> Iterator[dict[str, str]]:
    """Yield the facts of a stage in every combination of their values, labels left out."""
    values = [[v for v in known if v != ANY_LABEL] for known in stage.facts.values()]
    for chosen in itertools.product(*values):
        yield dict(zip(stage.facts, chosen, strict=True))


def _of_task(selector: Selector, task: Task) -> dict[str, Any]:
    asked, margins, wrong = 0, [], []
    for stage in task.stages:
        functions = list(stage.functions.values())
        if len(functions) < 2:
            continue
        for facts in combinations(stage):
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
