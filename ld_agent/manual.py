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
"""The manual of a function is its docstring; this reads it.

First line: the purpose. Then `Stage:`, `When to use:`, `Rule:` (the same condition as an
expression over the stage's facts, for labelling and scoring only) and `Example:` (doctests).
"""

from __future__ import annotations

from dataclasses import dataclass
import doctest
import re

SECTIONS = ('Stage', 'When to use', 'Rule', 'Example')
_SECTION = re.compile(rf'^\s*({"|".join(SECTIONS)}):\s*(.*)$')


@dataclass(frozen=True)
class Manual:
    """What a function says about itself."""

    purpose: str
    stage: str
    when_to_use: str
    rule: str
    examples: tuple[tuple[str, str], ...]
    """Doctests: (call, expected output as Python prints it)."""


def read_manual(docstring: str) -> tuple[Manual, list[str]]:
    """Return the manual in `docstring` and what is wrong with it, a sentence each."""
    purpose: list[str] = []
    found: dict[str, list[str]] = {}
    body = purpose
    for line in docstring.strip().splitlines():
        match = _SECTION.match(line)
        if match:
            body = found.setdefault(match.group(1), [])
            body.append(match.group(2).strip())
        elif line.strip() or body is not purpose:
            body.append(line)
        elif not found:
            body = []  # a longer description after the purpose is for people
    text = {name: ' '.join(' '.join(lines).split()) for name, lines in found.items()}
    faults = [
        f"section '{name}:' is missing or empty; add it to the docstring"
        for name in SECTIONS
        if not text.get(name)
    ]
    if not purpose:
        faults.insert(0, 'the first line, which says the purpose, is missing; write it')
    examples: tuple[tuple[str, str], ...] = ()
    try:
        parsed = doctest.DocTestParser().get_examples('\n'.join(found.get('Example', [])))
        examples = tuple((e.source.strip(), e.want.strip()) for e in parsed)
        if text.get('Example') and not examples:
            faults.append("section 'Example:' holds no line that starts with >>>")
    except ValueError as error:
        faults.append(f"section 'Example:' cannot be read: {error}")
    return Manual(
        purpose=' '.join(' '.join(purpose).split()),
        stage=text.get('Stage', ''),
        when_to_use=text.get('When to use', ''),
        rule=text.get('Rule', ''),
        examples=examples,
    ), faults
