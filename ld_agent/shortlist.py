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
"""The candidates of a stage where a retriever picks them (the paper's algorithm 1).

What is retrieved for (rules, stage, state), the functions that emergencies brought, and the
closing function of a repeated stage, without which it could not end.
"""

from __future__ import annotations

from collections.abc import Mapping

from ld_agent.errors import LdAgentError
from ld_agent.function_base import Stage, Task
from ld_agent.function_file import Function
from ld_agent.prompt import Entry
from ld_agent.retrieval.words import render_document, render_query
from ld_agent.retriever import Retriever

DEFAULT_TOP_K = 5
_Key = tuple[str, str]


class Shortlist:
    """Keeps a retriever in step with a task, and picks candidates with it.

    Args:
        retriever: is filled with the functions of `task`, which are known from the start.
        top_k: functions to retrieve; a stage that has no more is shown whole.

    Raises:
        LdAgentError: `top_k` is not positive, or FAISS is not installed.
    """

    def __init__(self, retriever: Retriever, task: Task, top_k: int = DEFAULT_TOP_K) -> None:
        if top_k < 1:
            raise LdAgentError(f'top_k is {top_k}; retrieve at least one function')
        self._retriever = retriever
        self._top_k = top_k
        for stage in task.stages:
            documents = {e.name: render_document(e) for e in stage.entries}
            retriever.fill(stage.name, documents)
        self._base = _entries(task)
        self._held = dict(self._base)

    def follow(self, task: Task) -> None:
        """Add the functions that `task` has now and the index has not, and remove the others."""
        now = _entries(task)
        for key, entry in self._held.items():
            if now.get(key) != entry:
                self._retriever.remove(*key)
        for key, entry in now.items():
            if self._held.get(key) != entry:
                self._retriever.add(*key, render_document(entry))
        self._held = now

    def candidates(self, stage: Stage, facts: Mapping[str, str]) -> list[Function]:
        """Return the candidates for a stage in the state that `facts` show."""
        functions = stage.functions
        if len(functions) <= self._top_k:
            return list(functions.values())
        query = render_query(stage.rules, facts)
        kept = {hit.name for hit in self._retriever.retrieve(stage.name, query, self._top_k)}
        kept |= {name for name in functions if (stage.name, name) not in self._base}
        kept.add(stage.closing or '')
        return [function for name, function in functions.items() if name in kept]


def _entries(task: Task) -> dict[_Key, Entry]:
    return {
        (stage.name, name): function.entry
        for stage in task.stages
        for name, function in stage.functions.items()
    }
