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
"""`task.yaml`: the rules of a task in plain language, and its stages with their types."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Literal

from ld_agent.errors import FunctionBaseError
from ld_agent.executor import type_named
from pydantic import BaseModel, ConfigDict, ValidationError
import yaml


class _StageFile(BaseModel):
    model_config = ConfigDict(extra='forbid')

    name: str
    rules: str
    takes: str
    gives: str
    facts: dict[str, list[str]] = {}
    repeat: bool = False
    closing: str | None = None


class TaskFile(BaseModel):
    """What `task.yaml` says."""

    model_config = ConfigDict(extra='forbid')

    name: str
    rules: str
    decision: Literal['moves', 'action']
    stages: list[_StageFile]


def read_task_file(path: Path) -> TaskFile:
    """Read rules and stages, and check that the stages fit together.

    Raises:
        FunctionBaseError: lists every fault.
    """
    try:
        spec = TaskFile.model_validate(yaml.safe_load(text_of(path)))
    except FileNotFoundError:
        raise FunctionBaseError(
            [f'{path}: there is no such file; a function base needs rules and stages in it']
        ) from None
    except yaml.YAMLError as error:
        raise FunctionBaseError([f'{path}: not valid YAML: {error}']) from None
    except ValidationError as error:
        raise FunctionBaseError(
            [
                f'{path}: {".".join(map(str, e["loc"])) or "the file"}: {e["msg"]}'
                for e in error.errors()
            ]
        ) from None
    faults = []
    names = [stage.name for stage in spec.stages]
    faults += [f'{path}: two stages are named {n!r}' for n in set(names) if names.count(n) > 1]
    for before, after in itertools.pairwise(spec.stages):
        if before.gives != after.takes:
            faults.append(
                f'{path}: stage {before.name!r} gives {before.gives}, but the next stage, '
                f'{after.name!r}, takes {after.takes}'
            )
    for stage in spec.stages:
        if stage.repeat and (stage.closing is None or stage.takes != stage.gives):
            faults.append(
                f'{path}: stage {stage.name!r} repeats, so it needs a closing function and must '
                'give the type that it takes'
            )
        for expression in (stage.takes, stage.gives):
            try:
                type_named(expression)
            except (ValueError, SyntaxError) as error:
                faults.append(f'{path}: stage {stage.name!r}: {error}')
    if faults:
        raise FunctionBaseError(faults)
    return spec


def text_of(path: Path) -> str:
    """Return the text of a file of a base.

    Raises:
        FunctionBaseError: it is not UTF-8.
    """
    try:
        return path.read_text(encoding='utf-8')
    except UnicodeDecodeError as error:
        raise FunctionBaseError(
            [f'{path}: byte {error.start} is not UTF-8; save the file as UTF-8']
        ) from None
