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
"""The student selects a function: by the log-probability of the candidates' names.

The rules of a stage and each function's block are encoded once; a candidate set is put
together from them in the order of names, so the order in which candidates arrive cannot
matter; only the state is new (paper, section 3.3, equation 3; design, section 7).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
import math
import time
from typing import Generic, TypeVar

from ld_agent import prompt
from ld_agent.clock import ms_since
from ld_agent.errors import FunctionBaseError
from ld_agent.student.encoded import kept_caches
from ld_agent.student.session import Cache, Student
from ld_agent.trie import Branch, branches
import numpy as np

KEPT_BYTES = 512 * 2**20
"""Of blocks, and again of candidate sets; those not used for longest are encoded anew."""


@dataclass(frozen=True)
class Selection:
    """What was selected, and how the candidates compared.

    Attributes:
        candidates: names, sorted.
        scores: log-probability of each (natural log).
        margin: best minus second score; None with a single candidate.
        ms: wall-clock milliseconds.
        remembered: the scores are those of the same prompt before, not computed anew.
    """

    selected: str
    candidates: tuple[str, ...]
    scores: tuple[float, ...]
    margin: float | None
    ms: float
    remembered: bool = False

    @property
    def probabilities(self) -> tuple[float, ...]:
        """The scores as probabilities; they sum to one."""
        return tuple(math.exp(score) for score in self.scores)

    @classmethod
    def of(cls, scores: Mapping[str, float], ms: float) -> Selection:
        """Return the selection of the best name; of equal ones, the first in order."""
        names = tuple(sorted(scores))
        best = max(names, key=lambda name: scores[name])
        ranked = sorted(scores.values(), reverse=True)
        margin = ranked[0] - ranked[1] if len(ranked) > 1 else None
        return cls(best, names, tuple(scores[name] for name in names), margin, ms)


@dataclass(frozen=True)
class _Set:
    cache: Cache
    position: int
    branches: tuple[Branch, ...]


T = TypeVar('T')


class _Kept(Generic[T]):
    """What was used last, up to `KEPT_BYTES`; the newest always stays."""

    def __init__(self) -> None:
        self._items: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> T | None:
        if key not in self._items:
            return None
        self._items.move_to_end(key)
        return self._items[key][0]

    def put(self, key: Hashable, value: T, cache: Cache) -> T:
        size = sum(array.nbytes for array in cache.layers)
        self._items[key] = (value, size)
        self._bytes += size
        while self._bytes > KEPT_BYTES and len(self._items) > 1:
            _, (_, freed) = self._items.popitem(last=False)
            self._bytes -= freed
        return value


class Selector:
    """Selects with one student; keeps what it has encoded."""

    def __init__(self, student: Student) -> None:
        self.student = student
        self._rules: dict[str, Cache] = {}
        self._blocks: _Kept[Cache] = _Kept()
        self._sets: _Kept[_Set] = _Kept()

    def select(
        self, rules: str, entries: Sequence[prompt.Entry], facts: Mapping[str, str]
    ) -> Selection:
        """Select one of `entries` for the state that `facts` show.

        Raises:
            FunctionBaseError: a manual is longer than its block may be.
        """
        begun = time.perf_counter()
        ordered = tuple(sorted(entries, key=lambda entry: entry.name))
        names = tuple(entry.name for entry in ordered)
        if len(ordered) == 1:
            return Selection(names[0], names, (0.0,), None, ms_since(begun))
        together = self._set(rules, ordered)
        state = self.student.encode_text(prompt.render_state(facts))
        scores = score_names(
            self.student, state, together.cache, together.position, together.branches
        )
        return Selection.of(scores, ms_since(begun))

    def passes(self, entries: Sequence[prompt.Entry]) -> int:
        """Return how many passes these names take: 1 where their first tokens all differ."""
        return len(self._branches(entries))

    def alike(self, entries: Sequence[prompt.Entry]) -> list[tuple[str, ...]]:
        """Return the groups of names that share their first token, which take further passes."""
        groups: dict[int, list[str]] = {}
        for name in sorted(entry.name for entry in entries):
            first = self.student.encode_text(prompt.answer_text(name))[0]
            groups.setdefault(first, []).append(name)
        return [tuple(group) for group in groups.values() if len(group) > 1]

    def prepare(self, rules: str, entries: Sequence[prompt.Entry], keep: bool = False) -> None:
        """Encode rules and blocks ahead of the first selection.

        Args:
            keep: on the disk, where they are found by the next process that prepares the same.
        """
        if len(entries) < 2:
            return
        ordered = tuple(sorted(entries, key=lambda entry: entry.name))
        if keep:
            texts = [prompt.render_rules(rules), *map(prompt.render_block, ordered)]
            base, *blocks = kept_caches(self.student, texts, lambda: self._pieces(rules, ordered))
            self._rules[rules] = base
            for entry, block in zip(ordered, blocks, strict=True):
                self._blocks.put((rules, entry), block, block)
        self._set(rules, ordered)

    def _branches(self, entries: Sequence[prompt.Entry]) -> tuple[Branch, ...]:
        return tuple(
            branches(
                {e.name: self.student.encode_text(prompt.answer_text(e.name)) for e in entries}
            )
        )

    def _set(self, rules: str, entries: tuple[prompt.Entry, ...]) -> _Set:
        kept = self._sets.get((rules, entries))
        if kept is not None:
            return kept
        base, *blocks = self._pieces(rules, entries)
        joined = self.student.join([base, *blocks])
        together = _Set(joined, len(base) + prompt.BLOCK_SPAN, self._branches(entries))
        return self._sets.put((rules, entries), together, joined)

    def _pieces(self, rules: str, entries: tuple[prompt.Entry, ...]) -> list[Cache]:
        """Return the caches of the rules and of each block."""
        if rules not in self._rules:
            bos = [] if self.student.bos is None else [self.student.bos]
            ids = bos + self.student.encode_text(prompt.render_rules(rules))
            self._rules[rules] = self.student.encode(ids)
        base = self._rules[rules]
        return [base, *(self._block(rules, base, entry) for entry in entries)]

    def _block(self, rules: str, base: Cache, entry: prompt.Entry) -> Cache:
        kept = self._blocks.get((rules, entry))
        if kept is not None:
            return kept
        ids = self.student.encode_text(prompt.render_block(entry))
        if len(ids) > prompt.BLOCK_SPAN:
            raise FunctionBaseError(
                [
                    f'the manual of {entry.name!r} takes {len(ids)} tokens, '
                    f'{prompt.BLOCK_SPAN} fit; shorten its purpose or when to use'
                ]
            )
        block = self.student.encode(ids, base, len(base))
        return self._blocks.put((rules, entry), block, block)


def score_names(
    student: Student,
    ids: Sequence[int],
    past: Cache,
    position: int,
    nodes: Sequence[Branch],
) -> dict[str, float]:
    """Return the log-probability of each name as what follows `ids`: one pass a branching node.

    The scores are divided by the student's temperature (Guo et al., On calibration, ICML 2017).

    Args:
        nodes: the branching nodes of at least two names, the root's first.
    """
    scores = {name: 0.0 for below in nodes[0].children.values() for name in below}
    for node in nodes:
        rows = list(node.children)
        logits = student.logits([*ids, *node.prefix], past, position, rows).astype(np.float64)
        logits /= student.temperature
        logs = logits - logits.max()
        logs -= np.log(np.exp(logs).sum())
        for log, below in zip(logs, node.children.values(), strict=True):
            for name in below:
                scores[name] += float(log)
    return scores
