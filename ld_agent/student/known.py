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
"""Larger students by short names: where one is, and how it trains (`config/students/`)."""

from __future__ import annotations

from pathlib import Path

from ld_agent.errors import ModelError
from ld_agent.share import share_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError
import yaml


class Training(BaseModel):
    """Numbers of a training that suit the student; see `training.lora.Plan`."""

    model_config = ConfigDict(extra='forbid')

    rank: int = Field(gt=0)
    alpha: int = Field(gt=0)
    learning_rate: float = Field(gt=0.0)
    per_step: int = Field(gt=0)


class KnownStudent(BaseModel):
    """A student with a short name."""

    model_config = ConfigDict(extra='forbid')

    model: str
    training: Training


def known_student(name: str) -> KnownStudent | None:
    """Return the student of this short name, None where there is none.

    Raises:
        ModelError: its file is not valid.
    """
    if name != Path(name).name:
        return None
    file = share_path('config', 'students') / f'{name}.yaml'
    if not file.exists():
        return None
    try:
        return KnownStudent.model_validate(yaml.safe_load(file.read_text(encoding='utf-8')))
    except (yaml.YAMLError, ValidationError) as error:
        said = error.errors()[0] if isinstance(error, ValidationError) else None
        why = f'{".".join(map(str, said["loc"]))}: {said["msg"]}' if said else 'it is no YAML'
        raise ModelError(f'{file}: {why}; see the other files beside it for what fits') from None
