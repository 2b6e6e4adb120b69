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
"""What the doctor says of one matter."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Standing(str, Enum):
    """How a matter stands."""

    OK = 'ok'
    NOTE = 'note'
    """Worth a look; a hunt runs without it."""
    MISSING = 'missing'
    """A hunt does not run without it."""


@dataclass(frozen=True)
class Finding:
    """One matter.

    Attributes:
        found: what was found, a line.
        advice: what follows from it, and what to do; empty where all is good.
        details: the same for programs.
    """

    matter: str
    standing: Standing
    found: str
    advice: tuple[str, str] | tuple[()] = ()
    details: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the finding as plain data."""
        return {
            'matter': self.matter,
            'standing': self.standing.value,
            'found': self.found,
            'advice': list(self.advice),
            'details': self.details,
        }
