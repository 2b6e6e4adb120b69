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
"""From the rules of a task to a function base that a large model wrote (paper, section 3.1).

    stages with types; then, stage by stage, functions with manual and examples; then the facts
    and rules that say when to invoke them; then other words for the facts, to train with.

Every reply goes through the loader and the sandbox. The base appears at its place in one move
when all of it loads, and it is untrusted: its functions run in the sandbox only.
"""

from __future__ import annotations

from dataclasses import replace
import hashlib
import os
from pathlib import Path
import shutil
from typing import Any

from ld_agent.distill.dialogue import settle, StepFailed, Tell
from ld_agent.distill.draft import Draft, NAME, task_of, write_base
from ld_agent.distill.functions import FunctionsStep
from ld_agent.distill.journal import Journal
from ld_agent.distill.report import make_report, write_report
from ld_agent.distill.rules import joined, RulesStep
from ld_agent.distill.stages import StagesStep
from ld_agent.distill.step import Step
from ld_agent.distill.wordings import WordingsStep
from ld_agent.errors import FunctionBaseError, LdAgentError
from ld_agent.executor import Executor
from ld_agent.function_base import load_task, Stage, Task
from ld_agent.task_file import TaskFile, text_of
from ld_agent.teacher import Teacher

MOST_RULES = 40_000
"""Characters of the rules, which every question repeats."""


class Distillation:
    """One run, from a file of rules to a base.

    Args:
        rules_file: the rules in plain language, with the fields of the observation.
        out: folder of the base to be; journal and report are kept in `<out>.distill` beside it.
        task: name of the task, which its world gives too.
        repairs: how often faulty pieces of a reply go back to the teacher.
        reply_tokens: most tokens of one reply.

    Raises:
        LdAgentError: something is at `out`, or the rules or a name cannot be used.
    """

    def __init__(
        self,
        rules_file: Path,
        out: Path,
        task: str,
        teacher: Teacher,
        *,
        repairs: int,
        reply_tokens: int,
        tell: Tell,
    ) -> None:
        for name in (out.name, task):
            if not NAME.fullmatch(name):
                raise LdAgentError(
                    f'{name!r} is no name of a base; use 2 to 40 small letters, digits and _'
                )
        _check_free(out)
        self.rules = _rules_of(rules_file)
        self.out = out
        self.work = out.with_name(f'{out.name}.distill')
        self.task = task
        self._teacher = teacher
        self._repairs, self._reply_tokens, self._tell = repairs, reply_tokens, tell
        self._executor = Executor()
        self._heading = {
            'task': task,
            'rules_sha256': hashlib.sha256(self.rules.encode()).hexdigest(),
            'model': teacher.endpoint.model,
        }
        self._journal = Journal(self.work, self._heading)

    def run(self) -> dict[str, Any]:
        """Return the report, which is written into the work folder however the run ends.

        Raises:
            TeacherError: the teacher does not answer; the same call goes on from there.
            SandboxFailed: replies cannot be tried out here.
        """
        outcome, why = 'interrupted', 'it was stopped; the same command goes on from here'
        report: dict[str, Any] = {}
        try:
            self._executor.call('def ready():\n    return 1\n', 'ready', False)
            self._publish(self._draft())
            outcome, why = 'whole', ''
        except (StepFailed, FunctionBaseError) as error:
            outcome, why = 'failed', str(error)
        except LdAgentError as error:
            why = f'{error}; the same command goes on from here'
            raise
        finally:
            report = self._report(outcome, why)
            write_report(report, self.work)
            self._journal.close()
            self._executor.close()
        return report

    def _draft(self) -> Draft:
        first = StagesStep(self.task, self.rules)
        content = self._settle(first)[first.name]
        draft = Draft(self.rules, task_of(TaskFile.model_validate(content)))
        for stage in draft.task.stages:
            step = FunctionsStep(draft, stage, self._executor)
            functions = step.functions(self._settle(step))
            draft.task = _with(draft.task, replace(stage, functions=functions))
        for stage in _with_choice(draft.task):
            rules = RulesStep(draft, stage, self._executor)
            content = self._settle(rules)[rules.name]
            facts = joined(draft.task.facts_source, content['code'])
            task = replace(draft.task, facts_source=facts)
            draft.task = _with(task, rules.stage_with(content))
        for stage in _with_choice(draft.task):
            wordings = WordingsStep(draft, stage)
            if wordings.wanted:
                for fact, values in self._settle(wordings)[wordings.name].items():
                    draft.clauses.setdefault(fact, {}).update(values)
        return draft

    def _settle(self, step: Step) -> dict[str, Any]:
        return settle(
            step, self._teacher, self._journal, self._repairs, self._reply_tokens, self._tell
        )

    def _publish(self, draft: Draft) -> None:
        """Write the base, load it as a whole, and move it to its place.

        Raises:
            FunctionBaseError: it does not load, or its place is taken by now.
        """
        staged = self.work / 'base'
        shutil.rmtree(staged, ignore_errors=True)
        try:
            written = self._report('whole', '')['totals']
            write_base(draft, staged, {**self._heading, **written})
            load_task(staged)
            _check_free(self.out)
            os.rename(staged, self.out)
        except OSError as error:
            raise FunctionBaseError(
                [f'{self.out}: the base cannot be put there ({error.strerror}); make room']
            ) from None
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def _report(self, outcome: str, why: str) -> dict[str, Any]:
        about = {**self._heading, 'base_url': self._teacher.endpoint.base_url,
                 'out': str(self.out), 'outcome': outcome, 'why': why}  # fmt: skip
        return make_report(about, self._journal.records, self._teacher.endpoint)


def _with(task: Task, stage: Stage) -> Task:
    """Return the task with this stage in the place of the one of its name."""
    return replace(task, stages=tuple(stage if s.name == stage.name else s for s in task.stages))


def _with_choice(task: Task) -> list[Stage]:
    return [stage for stage in task.stages if len(stage.functions) > 1]


def _rules_of(file: Path) -> str:
    try:
        rules = text_of(file).strip()
    except OSError as error:
        raise LdAgentError(
            f'{file}: cannot be read ({error.strerror}); give a file with the rules of the task'
        ) from None
    if not 0 < len(rules) <= MOST_RULES:
        raise LdAgentError(
            f'{file}: has {len(rules)} characters; write the rules in 1 to {MOST_RULES}'
        )
    return rules + '\n'


def _check_free(out: Path) -> None:
    if out.exists() or out.is_symlink():
        raise FunctionBaseError(
            [f'{out}: there is something already; give another --out, or remove it']
        )
