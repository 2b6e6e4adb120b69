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
"""Last step, stage by stage: other words for the facts, which training rewords the manual with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import re
from typing import Any

from ld_agent.distill import prompts
from ld_agent.distill.draft import Draft
from ld_agent.distill.replies import model_in, ReplyUnreadable
from ld_agent.distill.step import Verdict
from ld_agent.function_base import Stage
from pydantic import RootModel

NUMBER, LEAST = 12, 8
"""Clauses asked for and needed, a value; training holds the last three out."""
_CLAUSE = re.compile(r"[a-z0-9][a-zA-Z0-9,'\- ]{3,98}[a-z0-9]")


class _WordingsReply(RootModel[dict[str, dict[str, list[str]]]]):
    """Fact → value → clauses."""


@dataclass(frozen=True)
class WordingsStep:
    """Asks for other words for the values that the rules of a stage name."""

    draft: Draft
    stage: Stage

    @property
    def name(self) -> str:
        """What the step is called in journal and report."""
        return f'wordings of {self.stage.name}'

    @property
    def wanted(self) -> dict[str, list[str]]:
        """Fact → values that have no other words yet."""
        found: dict[str, list[str]] = {}
        for function in self.stage.functions.values():
            for fact, value in function.rule.equalities():
                if value in self.draft.clauses.get(fact, {}) or value in found.get(fact, ()):
                    continue
                found.setdefault(fact, []).append(value)
        return found

    def question(self) -> str:
        """Return the question."""
        task = self.draft.task
        return prompts.wordings(task.name, self.draft.asked_rules, self.wanted, NUMBER, LEAST)

    def judge(self, text: str) -> Verdict:
        """Check that every value has clauses enough, and none that fits another value."""
        try:
            reply = model_in(text, _WordingsReply).root
        except ReplyUnreadable as error:
            return Verdict(faults={self.name: error.faults})
        faults = []
        clauses: dict[str, dict[str, list[str]]] = {}
        for fact, values in self.wanted.items():
            used = {c for cs in self.draft.clauses.get(fact, {}).values() for c in cs}
            for value in values:
                said = [
                    ' '.join(c.split()).rstrip('.') for c in reply.get(fact, {}).get(value, [])
                ]
                bad = [c for c in said if not _CLAUSE.fullmatch(c)]
                twice = sorted({c for c in said if c in used or said.count(c) > 1})
                used |= set(said)
                at = f'{fact}, {value}'
                faults += [f'{at}: {c!r:.60} is no clause of 5 to 100 letters' for c in bad]
                faults += [f'{at}: {c!r} stands there twice' for c in twice]
                if len(said) < LEAST:
                    faults.append(f'{at}: it has {len(said)} clauses, {LEAST} are needed')
                clauses.setdefault(fact, {})[value] = said
        if faults:
            return Verdict(faults={self.name: faults})
        return Verdict(accepted={self.name: clauses})

    def lacking(self, kept: Mapping[str, Any]) -> list[str]:
        """Nothing beside what `judge` says."""
        return []
