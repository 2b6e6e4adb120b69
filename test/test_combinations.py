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
"""The shipped student selects right in every combination of facts of every shipped task."""

from __future__ import annotations

from ld_agent.combinations import areas_report, combinations_report
from ld_agent.players import find_task
from ld_agent.selector import Selector
from ld_agent.student.prepare import open_student

TASKS = [find_task(None, name) for name in ('pursuit', 'twenty_one', 'patrol')]


def test_every_combination_of_a_stage_is_asked_once():
    for task in TASKS:
        for stage in task.stages:
            asked = [tuple(facts.items()) for facts in stage.fact_combinations()]
            assert len(set(asked)) == len(asked)
            assert all('<label>' not in facts.values() for facts in stage.fact_combinations())


def test_the_shipped_student_reads_the_manuals_of_tasks_it_was_never_trained_on():
    figures = combinations_report(Selector(open_student()), TASKS)
    assert {name: f['wrong'] for name, f in figures.items()} == {t.name: [] for t in TASKS}
    assert {name: f['combinations'] for name, f in figures.items()} == {
        'pursuit': 22, 'twenty_one': 15, 'patrol': 11,
    }  # fmt: skip


def test_the_shipped_student_tells_areas_apart_that_are_in_force_together():
    figures = areas_report(Selector(open_student()), TASKS[0], sets=1, seed=0)
    assert [figures[str(count)]['asked'] for count in range(2, 9)] == [2 * n for n in range(2, 9)]
    asked = sum(f['asked'] for f in figures.values())
    assert sum(f['right'] for f in figures.values()) >= 0.95 * asked
