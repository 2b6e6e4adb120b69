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
"""Vectors by name, searched by inner product with FAISS; grows and shrinks without a rebuild.

Small indices are flat (exact); large ones are an HNSW graph, in which a removed vector stays as
a way through and is only never returned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ld_agent.errors import LdAgentError
import numpy as np

FLAT_UP_TO = 20_000
"""Vectors up to which a new index is flat (docs/benchmarks.md: where HNSW begins to pay)."""
LINKS = 32
BUILD_BREADTH = 80
SEARCH_BREADTH = 128


@dataclass(frozen=True)
class Hit:
    """A name that was found, and its inner product with what was asked."""

    name: str
    score: float


class VectorIndex:
    """An index that begins with `names` and their `vectors`, fp32 (n, width).

    Whether it is flat or HNSW is settled by how many it begins with, so that a later addition
    never rebuilds it.

    Args:
        flat: True or False to choose the kind oneself.

    Raises:
        LdAgentError: FAISS is not installed, or a name comes twice.
    """

    def __init__(
        self, names: Sequence[str], vectors: np.ndarray, flat: bool | None = None
    ) -> None:
        self._faiss = require_faiss()
        self.flat = len(names) <= FLAT_UP_TO if flat is None else flat
        self._index = self._new(vectors.shape[1])
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._removed: set[int] = set()
        self._append(list(names), vectors)

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._numbers)

    def __contains__(self, name: str) -> bool:
        """Tell whether `name` is in the index."""
        return name in self._numbers

    def add(self, name: str, vector: np.ndarray) -> None:
        """Add one vector, fp32 (width,); it is found from now on.

        Raises:
            LdAgentError: the name is taken.
        """
        self._append([name], vector[None])

    def remove(self, name: str) -> None:
        """Remove one vector; it is not found any more.

        Raises:
            LdAgentError: there is no such name.
        """
        if name not in self._numbers:
            raise LdAgentError(f'{name!r} is not in the index; it cannot be removed')
        number = self._numbers.pop(name)
        if self.flat:
            self._index.remove_ids(np.array([number], dtype=np.int64))
        else:
            self._removed.add(number)

    def search(self, vector: np.ndarray, k: int) -> list[Hit]:
        """Return up to `k` names, the best first."""
        scores, numbers = self._index.search(
            np.ascontiguousarray(vector[None]), k, params=self._parameters(k)
        )
        found = zip(numbers[0].tolist(), scores[0].tolist(), strict=True)
        return [Hit(self._names[number], score) for number, score in found if number >= 0]

    def _new(self, width: int) -> Any:
        inner = self._faiss.METRIC_INNER_PRODUCT
        if self.flat:
            return self._faiss.IndexIDMap2(self._faiss.IndexFlatIP(width))
        graph = self._faiss.IndexHNSWFlat(width, LINKS, inner)
        graph.hnsw.efConstruction = BUILD_BREADTH
        return self._faiss.IndexIDMap2(graph)

    def _append(self, names: list[str], vectors: np.ndarray) -> None:
        for name, count in Counter(names).items():
            if count > 1 or name in self._numbers:
                raise LdAgentError(f'{name!r} is in the index already; remove it first')
        first = len(self._names)
        numbers = range(first, first + len(names))
        self._names += names
        self._numbers.update(zip(names, numbers, strict=True))
        if names:
            self._index.add_with_ids(
                np.ascontiguousarray(vectors, dtype=np.float32), np.array(numbers, dtype=np.int64)
            )

    def _parameters(self, k: int) -> Any:
        if self.flat:
            return None
        breadth = max(SEARCH_BREADTH, 2 * k)
        if not self._removed:
            return self._faiss.SearchParametersHNSW(efSearch=breadth)
        removed = np.fromiter(self._removed, dtype=np.int64)
        self._hidden = self._faiss.IDSelectorBatch(removed)
        return self._faiss.SearchParametersHNSW(
            efSearch=breadth, sel=self._faiss.IDSelectorNot(self._hidden)
        )


def require_faiss() -> ModuleType:
    """Return FAISS.

    Raises:
        LdAgentError: it is not installed; says how to get it.
    """
    try:
        import faiss
    except ImportError as error:
        raise LdAgentError(
            f'the retriever needs FAISS ({error}); install ld_agent with '
            '`pip install ".[retriever]"`, or use retriever none'
        ) from None
    return faiss
