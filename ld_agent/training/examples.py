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
"""What training and probing are made of: a set of functions and states that choose among them.

An `ExampleSet` is packed into one sequence: its blocks once, then all its states. Knows
nothing about where the examples come from nor about tensors.
"""

from __future__ import annotations

from dataclasses import dataclass

from ld_agent.prompt import Entry


@dataclass(frozen=True)
class Example:
    """One state and the name of the only function that fits it."""

    facts: dict[str, str]
    answer: str


@dataclass(frozen=True)
class ExampleSet:
    """Functions of one stage, and states in which to choose among them."""

    rules: str
    entries: tuple[Entry, ...]
    examples: tuple[Example, ...]
    kind: str
