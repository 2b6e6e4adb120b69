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
"""A function base in the making: what was accepted so far, as a task, and how it is written.

The sections of a manual that a later step settles (`Rule:`, and `When to use:` in the words of
the facts) are set in the functions' own text here.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import re
from typing import Any

from ld_agent.function_base import Stage, Task
from ld_agent.manual import SECTIONS
from ld_agent.pin import TEACHER
from ld_agent.task_file import TaskFile
import yaml

NAME = re.compile(r'[a-z][a-z0-9_]{1,39}')
"""Of a task, a stage, a function."""
_HEADER = re.compile(rf'^\s*({"|".join(SECTIONS)}):')


@dataclass
class Draft:
    """What was accepted so far.

    Attributes:
        asked_rules: the rules of the task as a person wrote them.
        task: with the stages, functions and facts accepted so far.
        clauses: fact → value → other clauses that say it, for training.
    """

    asked_rules: str
    task: Task
    clauses: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, tuple[str, ...]]:
        """All facts, with their values."""
        return {f: vs for stage in self.task.stages for f, vs in stage.facts.items()}

    @property
    def names(self) -> list[str]:
        """The names of all functions."""
        return [name for stage in self.task.stages for name in stage.functions]


def task_of(spec: TaskFile) -> Task:
    """Return the task that `task.yaml` describes, with no functions and no facts yet."""
    stages = tuple(
        Stage(s.name, s.rules.strip(), s.takes, s.gives, {}, s.closing if s.repeat else None)
        for s in spec.stages
    )
    return Task(spec.name, spec.rules.strip(), spec.decision, stages, '', '', False)


def set_sections(source: str, sections: Mapping[str, str]) -> str:
    """Return a function file with these sections of its docstring set, before `Example:`.

    Text that is not as a manual must be is returned as it is: the loader then says why.
    """
    try:
        found = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    public = [node for node in found if not node.name.startswith('_')]
    if len(public) != 1 or ast.get_docstring(public[0]) is None:
        return source
    docstring = public[0].body[0]
    first, last = docstring.lineno, docstring.end_lineno or docstring.lineno
    lines = source.split('\n')
    kept: list[str] = []
    inside = ''
    for number, line in enumerate(lines, 1):
        if first < number < last:
            header = _HEADER.match(line)
            inside = header.group(1) if header else inside
            if inside in sections:
                continue
            if header and inside == 'Example':
                indent = line[: len(line) - len(line.lstrip())]
                kept += [f'{indent}{name}: {text}' for name, text in sections.items()]
        kept.append(line)
    return '\n'.join(kept)


def write_base(draft: Draft, folder: Path, teacher: Mapping[str, Any]) -> None:
    """Write the base into a new folder, whole and synced, as the loader reads it."""
    task = draft.task
    folder.mkdir(parents=True)
    spec = {
        'name': task.name,
        'rules': task.rules,
        'decision': task.decision,
        'stages': [_stage_spec(stage) for stage in task.stages],
    }
    texts = {
        'task.yaml': _yaml(spec),
        'rewordings.yaml': _yaml(draft.clauses),
        'RULES.md': draft.asked_rules,
        TEACHER: json.dumps(teacher, indent=2) + '\n',
    }
    if task.facts_source:
        texts['facts.py'] = task.facts_source
    for stage in task.stages:
        texts.update({f'{f.name}.py': f.source for f in stage.functions.values()})
    for name, text in texts.items():
        with (folder / name).open('x', encoding='utf-8') as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def _stage_spec(stage: Stage) -> dict[str, Any]:
    spec: dict[str, Any] = {
        'name': stage.name, 'rules': stage.rules, 'takes': stage.takes, 'gives': stage.gives
    }  # fmt: skip
    if stage.repeat:
        spec |= {'repeat': True, 'closing': stage.closing}
    if stage.facts:
        spec['facts'] = {fact: list(values) for fact, values in stage.facts.items()}
    return spec


def _yaml(content: Any) -> str:
    return yaml.safe_dump(content, sort_keys=False, width=98, allow_unicode=True)
