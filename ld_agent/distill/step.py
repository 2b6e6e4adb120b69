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
"""A step of the dialogue: a question, and a judge of its replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Verdict:
    """What a reply is worth.

    Attributes:
        accepted: piece (a function, or the step itself) → its content, as plain data.
        faults: piece → what is wrong with it, a sentence each; the step's own name stands for
            the reply as a whole.
    """

    accepted: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)


class Step(Protocol):
    """A question to the teacher and what makes its answer acceptable."""

    @property
    def name(self) -> str:
        """What the step is called in journal and report."""

    def question(self) -> str:
        """Return the question."""

    def judge(self, text: str) -> Verdict:
        """Return what of a reply is accepted, and what is wrong with the rest."""

    def lacking(self, kept: Mapping[str, Any]) -> list[str]:
        """Return why what was accepted so far is not enough, a sentence each."""
