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
"""First step: the stages of a step of the task, with their types; judged as `task.yaml` is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
import tempfile
from typing import Any

from ld_agent.distill import prompts
from ld_agent.distill.draft import NAME
from ld_agent.distill.replies import json_in, ReplyUnreadable
from ld_agent.distill.step import Verdict
from ld_agent.errors import FunctionBaseError
from ld_agent.task_file import read_task_file, TaskFile
import yaml

MOST_STAGES = 8
MOST_RULES = 200
"""Characters of a stage's rules, which the student reads at every selection."""


@dataclass(frozen=True)
class StagesStep:
    """Asks for the stages; accepts them as the content of `task.yaml`, under the task's name."""

    task: str
    rules: str
    name: str = 'stages'

    def question(self) -> str:
        """Return the question."""
        return prompts.stages(self.task, self.rules)

    def judge(self, text: str) -> Verdict:
        """Read the reply with the loader of `task.yaml`."""
        try:
            content = {**json_in(text), 'name': self.task}
            spec = _read(content)
        except (ReplyUnreadable, FunctionBaseError) as error:
            return Verdict(faults={self.name: error.faults})
        faults = _faults(spec)
        if faults:
            return Verdict(faults={self.name: faults})
        return Verdict(accepted={self.name: content})

    def lacking(self, kept: Mapping[str, Any]) -> list[str]:
        """Nothing beside what `judge` says."""
        return []


def _read(content: dict) -> TaskFile:
    """Read `task.yaml` of this content, its faults without the path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'task.yaml'
        path.write_text(yaml.safe_dump(content), encoding='utf-8')
        try:
            return read_task_file(path)
        except FunctionBaseError as error:
            plain = [fault.removeprefix(f'{path}: ') for fault in error.faults]
            raise FunctionBaseError(plain) from None


def _faults(spec: TaskFile) -> list[str]:
    """Return what the loader admits and a teacher may not write."""
    faults = []
    if not 1 <= len(spec.stages) <= MOST_STAGES:
        return [f'it has {len(spec.stages)} stages; write one to {MOST_STAGES}']
    if spec.stages[0].takes != 'list':
        faults.append(
            f'the first stage takes {spec.stages[0].takes}; it is given an empty list, so it '
            "must take 'list'"
        )
    for stage in spec.stages:
        at = f'stage {stage.name!r}'
        if not NAME.fullmatch(stage.name):
            faults.append(f'{at}: its name must be one word in small letters')
        if stage.closing is not None and not (stage.repeat and NAME.fullmatch(stage.closing)):
            faults.append(f'{at}: a closing is the name of a function of a stage that repeats')
        if stage.facts:
            faults.append(f'{at}: leave the facts out, they are asked for later')
        if not 0 < len(stage.rules.strip()) <= MOST_RULES:
            faults.append(f'{at}: its rules must have 1 to {MOST_RULES} characters')
    return faults
