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
"""The retriever: which functions of a stage may fit a state (paper, section 3.2, equation 2).

A function is encoded once, when it is added; a query is encoded and compared with all functions
of the stage. Functions come and go at run time. Knows no task and no student.
"""

from __future__ import annotations

from collections.abc import Mapping

from ld_agent.errors import LdAgentError
from ld_agent.retrieval.encoder import Encoders
from ld_agent.retrieval.index import Hit, VectorIndex


class Retriever:
    """Holds the functions of each stage apart; a query never returns those of another stage.

    Args:
        encoders: the two sides of DPR.
    """

    def __init__(self, encoders: Encoders) -> None:
        self._encoders = encoders
        self._stages: dict[str, VectorIndex] = {}

    def fill(self, stage: str, documents: Mapping[str, str]) -> None:
        """Begin a stage with functions: name → document. What it held is forgotten.

        Raises:
            LdAgentError: FAISS is not installed.
        """
        vectors = self._encoders.functions(list(documents.values()))
        self._stages[stage] = VectorIndex(list(documents), vectors)

    def add(self, stage: str, name: str, document: str) -> None:
        """Add one function; it can be retrieved from now on.

        Raises:
            LdAgentError: the stage has a function of this name.
        """
        (vector,) = self._encoders.functions([document])
        self._index(stage).add(name, vector)

    def remove(self, stage: str, name: str) -> None:
        """Remove one function; it is not retrieved any more.

        Raises:
            LdAgentError: the stage has no such function.
        """
        self._index(stage).remove(name)

    def retrieve(self, stage: str, query: str, k: int) -> list[Hit]:
        """Return up to `k` functions of a stage with their scores, the best first.

        Raises:
            LdAgentError: there is no such stage.
        """
        return self._index(stage).search(self._encoders.query(query), k)

    def _index(self, stage: str) -> VectorIndex:
        if stage not in self._stages:
            raise LdAgentError(
                f'stage {stage!r} is unknown to the retriever, which has '
                f'{", ".join(self._stages) or "none"}; fill it first'
            )
        return self._stages[stage]
