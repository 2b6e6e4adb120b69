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
"""How a stage is put into words for the student.

A prompt has three kinds of pieces, each encoded on its own: the rules of the stage, one
block a function, and the state. Blocks all start where the rules end and do not see each
other; the state starts at a fixed distance behind the rules, however many blocks there are.
Training, selection and `probe` all render here. Knows nothing about tokens or models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import re

BLOCK_SPAN = 128
"""Positions reserved for one function's block; the state starts this far behind the rules."""

_LEAD = re.compile(r'^(use\s+(this\s+)?)?(when|if)\s+', re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """What the student reads of one function: its manual in three fields."""

    name: str
    purpose: str
    when_to_use: str


def render_rules(rules: str) -> str:
    """Return the rules piece; the caller puts the model's BOS token, if any, before it."""
    return ' '.join(rules.split()) + '\n'


def render_block(entry: Entry) -> str:
    """Return a function's block: its condition first, its name last (design, section 7)."""
    purpose = ' '.join(entry.purpose.split()).rstrip('.')
    when = _LEAD.sub('', ' '.join(entry.when_to_use.split())).rstrip('.')
    return f' {purpose}. When {when} -> {entry.name}\n'


def render_state(facts: Mapping[str, str]) -> str:
    """Return the state piece, worded as the conditions are; the answer, ` name`, follows it."""
    shown = ', '.join(f'{name} is {value}' for name, value in facts.items())
    return f' {shown} ->'


def answer_text(name: str) -> str:
    """Return the text whose tokens stand for selecting `name`, with its end mark."""
    return f' {name}\n'
