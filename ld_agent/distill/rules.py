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
"""Third step, stage by stage: facts and the rules over them that say when to invoke what.

The rules become the `Rule:` lines of the manual, and the `When to use:` lines say the same in the
words of the facts, which is what the student can read.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
import doctest
import math
import re
from typing import Any

from ld_agent.distill import prompts
from ld_agent.distill.draft import Draft, set_sections
from ld_agent.distill.functions import read_accepted, shown
from ld_agent.distill.replies import (
    hidden_characters,
    model_in,
    python_in,
    ReplyUnreadable,
)
from ld_agent.distill.step import Verdict
from ld_agent.executor import Executor
from ld_agent.function_base import failing_examples, gaps, Stage
from ld_agent.function_file import check_source, public_functions
from ld_agent.prompt import render_block
from ld_agent.rule import identifier, Rule
from pydantic import BaseModel, ConfigDict

MOST_COMBINATIONS = 400
MOST_VALUES = 6
MOST_RULE = 300
MOST_BLOCK = 320
"""Characters of what the student reads of one function; its tokens have room for 128."""
_WORDS = re.compile(r'[a-z][a-z0-9]*( [a-z0-9]+){0,3}')


class _RulesReply(BaseModel):
    model_config = ConfigDict(extra='forbid')

    facts: dict[str, list[str]]
    rules: dict[str, str]


@dataclass(frozen=True)
class RulesStep:
    """Asks for facts and rules of one stage; accepts them together."""

    draft: Draft
    stage: Stage
    executor: Executor

    @property
    def name(self) -> str:
        """What the step is called in journal and report."""
        return f'rules of {self.stage.name}'

    def question(self) -> str:
        """Return the question."""
        manuals = {name: f.manual.when_to_use for name, f in self.stage.functions.items()}
        task = self.draft.task
        return prompts.rules(
            task.name, self.draft.asked_rules, shown(self.stage), manuals, self.draft.facts
        )

    def judge(self, text: str) -> Verdict:
        """Check facts, the code that computes them, and that exactly one rule always holds."""
        try:
            reply = model_in(text, _RulesReply)
            code = '\n\n'.join(python_in(text))
            faults = hidden_characters(code) or [*self._fact_faults(reply), *check_source(code)]
            faults = faults or self._code_faults(reply, code) or self._rule_faults(reply)
            content = {'facts': reply.facts, 'rules': reply.rules, 'code': code}
            if not faults:
                stage = self.stage_with(content)
                faults = [*gaps(stage), *_too_long(stage)]
        except ReplyUnreadable as error:
            faults = error.faults
        except (RecursionError, MemoryError):
            faults = ['it is nested too deeply to be read; write shorter expressions']
        if faults:
            return Verdict(faults={self.name: faults})
        return Verdict(accepted={self.name: content})

    def lacking(self, kept: Mapping[str, Any]) -> list[str]:
        """Nothing beside what `judge` says."""
        return []

    def stage_with(self, content: Mapping[str, Any]) -> Stage:
        """Return the stage with the facts, and its functions with their rules."""
        facts = {fact: tuple(values) for fact, values in content['facts'].items()}
        stage = replace(self.stage, facts=facts, functions={})
        functions = {}
        for name, function in self.stage.functions.items():
            rule = Rule(content['rules'][name], tuple(facts))
            when = ' and '.join(f'the {fact} is {value}' for fact, value in rule.equalities())
            source = set_sections(function.source, {'When to use': when, 'Rule': rule.text})
            functions[name] = read_accepted(self.draft, stage, source)
        return replace(stage, functions=functions)

    def _fact_faults(self, reply: _RulesReply) -> list[str]:
        faults = []
        known = self.draft.facts
        for fact, values in reply.facts.items():
            if not _WORDS.fullmatch(fact):
                faults.append(
                    f'fact {fact!r}: its name must be one to four words in small letters'
                )
            if fact in known and list(known[fact]) != values:
                faults.append(
                    f'fact {fact!r} is there already with the values {", ".join(known[fact])}'
                )
            if not 2 <= len(set(values)) == len(values) <= MOST_VALUES:
                faults.append(f'fact {fact!r} needs two to {MOST_VALUES} different values')
            faults += [
                f'fact {fact!r}: the value {value!r} must be one to four words in small letters'
                for value in values
                if not _WORDS.fullmatch(value)
            ]
        if math.prod(len(values) for values in reply.facts.values()) > MOST_COMBINATIONS:
            faults.append(
                f'the facts have more than {MOST_COMBINATIONS} combinations of values; use fewer'
            )
        return faults

    def _code_faults(self, reply: _RulesReply, code: str) -> list[str]:
        """Check the functions that compute the new facts, and run their examples."""
        new = {identifier(fact): fact for fact in reply.facts if fact not in self.draft.facts}
        found = public_functions(code)
        faults = [
            f'the fact {fact!r} has no function {name}(result, state)'
            for name, fact in new.items()
            if name not in found
        ]
        faults += [
            f'the function {name} computes no new fact' for name in found if name not in new
        ]
        taken = _top_names(code) & _top_names(self.draft.task.facts_source)
        faults += [f'the name {name!r} is taken; choose another' for name in sorted(taken)]
        if faults:
            return faults
        together = joined(self.draft.task.facts_source, code)
        for name, fact in new.items():
            faults += self._one_fact_faults(found[name], reply.facts[fact], together)
        return faults

    def _one_fact_faults(self, node: ast.FunctionDef, values: list[str], source: str) -> list[str]:
        if len(node.args.args) != 2:
            return [f'{node.name} must take exactly two arguments, result and state']
        try:
            parsed = doctest.DocTestParser().get_examples(ast.get_docstring(node) or '')
        except ValueError as error:
            return [f'the example of {node.name} cannot be read: {error}']
        examples = [(e.source.strip(), e.want.strip()) for e in parsed]
        shown_values = [want for call, want in examples if call.startswith(f'{node.name}(')]
        if not any(shown_values):
            return [f'the docstring of {node.name} has no example that calls it']
        faults = [
            f'the example of {node.name} gives {want}, which is none of {", ".join(values)}'
            for want in shown_values
            if want and want not in [repr(value) for value in values]
        ]
        return faults or failing_examples(source, examples, False, self.executor)

    def _rule_faults(self, reply: _RulesReply) -> list[str]:
        faults = [
            f'{name} has no rule' for name in self.stage.functions if name not in reply.rules
        ]
        named = set()
        for name, text in reply.rules.items():
            if name not in self.stage.functions:
                faults.append(f'{name} is no function of the stage')
                continue
            if len(text) > MOST_RULE:
                faults.append(f'the rule of {name} has more than {MOST_RULE} characters')
                continue
            try:
                pairs = Rule(text, tuple(reply.facts)).equalities()
            except ValueError as error:
                faults.append(f'{name}: {error}')
                continue
            named |= {fact for fact, _ in pairs}
            faults += [
                f'the rule of {name} compares {fact!r} with {value!r}, which is not one of its '
                'values'
                for fact, value in pairs
                if value not in reply.facts[fact]
            ]
        if not faults:
            faults += [f'no rule names the fact {f!r}' for f in reply.facts if f not in named]
        return faults


def joined(facts_source: str, code: str) -> str:
    """Return `facts.py` with more facts behind what it holds."""
    return '\n\n'.join(part.strip('\n') + '\n' for part in (facts_source, code) if part.strip())


def _top_names(code: str) -> set[str]:
    """Return the names that a file defines at its top level, imports left out."""
    names = set()
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name)
                      and isinstance(n.ctx, ast.Store)}  # fmt: skip
    return names


def _too_long(stage: Stage) -> list[str]:
    return [
        f'what the small model reads of {function.name} has more than {MOST_BLOCK} characters; '
        'use fewer facts in its rule, or shorter names'
        for function in stage.functions.values()
        if len(render_block(function.entry)) > MOST_BLOCK
    ]
