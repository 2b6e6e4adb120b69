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
"""Second step, stage by stage: the functions, each with its manual and examples that run."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
import re
from typing import Any

from ld_agent.distill import prompts
from ld_agent.distill.draft import Draft, NAME, set_sections
from ld_agent.distill.replies import hidden_characters, python_in
from ld_agent.distill.step import Verdict
from ld_agent.executor import Executor, type_named
from ld_agent.function_base import read_function, run_examples, Stage
from ld_agent.function_file import Function
from pydantic import ValidationError

MOST_FUNCTIONS = 8
MOST_PURPOSE = 120
"""Characters of a purpose: the student reads it at every selection."""
RESERVED = ('facts', 'task')
ORIGIN = 'teacher'
_PUBLIC = re.compile(r'^def ([A-Za-z]\w*)', re.MULTILINE)


@dataclass(frozen=True)
class FunctionsStep:
    """Asks for the functions of one stage; accepts each on its own, as the text of its file."""

    draft: Draft
    stage: Stage
    executor: Executor

    @property
    def name(self) -> str:
        """What the step is called in journal and report."""
        return f'functions of {self.stage.name}'

    def question(self) -> str:
        """Return the question."""
        return prompts.functions(
            self.draft.task.name, self.draft.asked_rules, shown(self.stage), self._taken()
        )

    def judge(self, text: str) -> Verdict:
        """Put every block through the loader, and its examples through the sandbox."""
        blocks = python_in(text)
        if not blocks:
            return Verdict(
                faults={self.name: ['it holds no ```python block; send one a function']}
            )
        if len(blocks) > MOST_FUNCTIONS:
            return Verdict(
                faults={
                    self.name: [f'it holds {len(blocks)} blocks; {MOST_FUNCTIONS} are allowed']
                }
            )
        verdict = Verdict()
        for number, block in enumerate(blocks, 1):
            match = _PUBLIC.search(block)
            name = match.group(1) if match else f'block {number}'
            source = set_sections(block, {'Rule': 'True'})
            faults = self._faults(source, name)
            if faults:
                verdict.faults[name] = faults
                verdict.accepted.pop(name, None)
            else:
                verdict.accepted[name] = source
                verdict.faults.pop(name, None)
        return verdict

    def lacking(self, kept: Mapping[str, Any]) -> list[str]:
        """Tell which functions the stage cannot do without."""
        if not kept:
            return ['the stage has no function yet']
        faults = []
        if self.stage.closing is not None and self.stage.closing not in kept:
            faults.append(f'the stage has no function named {self.stage.closing!r}, its closing')
        if self.stage.name == self.draft.task.stages[-1].name and len(kept) < 2:
            faults.append(
                'the last stage has a single function; write one more, so that the state decides'
            )
        return faults

    def functions(self, kept: Mapping[str, Any]) -> dict[str, Function]:
        """Return the accepted functions as the loader reads them."""
        return {
            name: read_accepted(self.draft, self.stage, source) for name, source in kept.items()
        }

    def _taken(self) -> list[str]:
        return [*RESERVED, *self.draft.names]

    def _faults(self, source: str, name: str) -> list[str]:
        unseen = hidden_characters(source)
        if unseen:
            return unseen
        bare = replace(self.draft.task, stages=(self.stage,))
        function, faults = read_function(bare, source, name, ORIGIN)
        if function is None or faults:
            return faults
        if not NAME.fullmatch(name):
            return ['its name must be 2 to 40 small letters, digits and _']
        if name in self._taken():
            return [f'the name {name!r} is taken; choose another']
        if len(function.manual.purpose) > MOST_PURPOSE:
            return [f'its purpose has more than {MOST_PURPOSE} characters; say it shorter']
        faults = run_examples(bare, function, self.executor)
        return faults or _wrong_types(name, function.manual.examples, self.stage.gives)


def shown(stage: Stage) -> dict[str, object]:
    """Return what the teacher is told of a stage."""
    return {
        'name': stage.name, 'rules': stage.rules, 'takes': stage.takes, 'gives': stage.gives,
        'closing': stage.closing,
    }  # fmt: skip


def read_accepted(draft: Draft, stage: Stage, source: str) -> Function:
    """Return a function that was accepted, read again.

    Raises:
        ValueError: it is not what was accepted.
    """
    match = _PUBLIC.search(source)
    bare = replace(draft.task, stages=(replace(stage, functions={}),))
    function, faults = read_function(bare, source, match.group(1) if match else '', ORIGIN)
    if function is None or faults:
        raise ValueError('; '.join(faults))
    return function


def _wrong_types(name: str, examples: Sequence[tuple[str, str]], gives: str) -> list[str]:
    """Return which examples show another type than the stage gives, or that none calls it."""
    calls = [(call, want) for call, want in examples if want and call.startswith(f'{name}(')]
    if not calls:
        return [f'no example calls {name}(...) and shows what it returns']
    faults = []
    for call, want in calls:
        try:
            type_named(gives).validate_python(ast.literal_eval(want), strict=True)
        except (ValueError, SyntaxError, ValidationError, RecursionError, MemoryError):
            faults.append(f'the example {call} gives {want:.80}, the stage gives {gives}')
    return faults
