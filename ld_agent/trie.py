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
"""Names as a trie of tokens.

The log-probability of a name is the sum, over the branching nodes on its way only, of the
log-softmax among that node's children: a choice among the candidates, not among the whole
vocabulary. Names that differ in their first token branch once, so one pass scores them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Branch:
    """A node with several children: the tokens that lead to it, and where each child goes."""

    prefix: tuple[int, ...]
    children: dict[int, tuple[str, ...]]
    """Token → the names that go on with it."""


def branches(names: Mapping[str, Sequence[int]]) -> list[Branch]:
    """Return the branching nodes of `names` (name → its tokens), the root first.

    Args:
        names: candidates with their answer tokens, end mark included, so that no name is a
            prefix of another.

    Raises:
        ValueError: two names have the same tokens.
    """
    found: list[Branch] = []

    def visit(group: list[str], depth: int) -> None:
        if len(group) == 1:
            return
        children: dict[int, list[str]] = {}
        for name in group:
            if depth == len(names[name]):
                raise ValueError(f'the names {", ".join(group)} have the same tokens')
            children.setdefault(names[name][depth], []).append(name)
        if len(children) > 1:
            prefix = tuple(names[group[0]][:depth])
            found.append(Branch(prefix, {t: tuple(g) for t, g in children.items()}))
        for below in children.values():
            visit(below, depth + 1)

    visit(sorted(names), 0)
    return found
