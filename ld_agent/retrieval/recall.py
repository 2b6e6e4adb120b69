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
"""How often a retriever finds the right function: DPR, untuned MiniLM and BM25 on one base.

The base: the functions of a task with filters of all labels of emergencies, the foreign functions
of `bfcl-eval`, and invented functions up to the wanted size. The queries: states of unseen
episodes, and foreign users' requests that nothing was trained on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
import itertools
from pathlib import Path
from typing import Any

from ld_agent.emergency import CALL_SIGNS
from ld_agent.errors import LdAgentError
from ld_agent.function_base import Task
from ld_agent.retrieval.encoder import Encoders
from ld_agent.retrieval.foreign import Foreign, read_foreign
from ld_agent.retrieval.index import VectorIndex
from ld_agent.retrieval.words import render_document, render_query
from ld_agent.summary import sign_test, wilson
from ld_agent.training import manuals, reading
from ld_agent.training.report import played_sets
from ld_agent.training.vocabulary import vocabularies
import numpy as np

SIZE = 5_000
SEED = 1_000_000
DEPTHS = (1, 3, 5)
FOREIGN_STAGE = '*'
"""Stage of what belongs to no task; it is compared with every stage's queries."""

Search = Callable[[str, int], list[int]]
"""Takes a query and k, gives the numbers of up to k documents, the best first."""


class Remembered(Encoders):
    """Encoders that encode no document twice."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._known: dict[str, np.ndarray] = {}

    def functions(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of functions' documents, fp32 (len(texts), width)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, super().functions(new), strict=True))
        return np.stack([self._known[text] for text in texts])


@dataclass(frozen=True)
class Base:
    """A function base to search: of each function its name, its stage and its document."""

    names: tuple[str, ...]
    stages: tuple[str, ...]
    documents: tuple[str, ...]

    def of_stage(self, stage: str) -> list[int]:
        """Return the numbers of the functions of a stage and of the foreign ones."""
        return [n for n, s in enumerate(self.stages) if s in (stage, FOREIGN_STAGE)]


@dataclass(frozen=True)
class Query:
    """A query, its stage, and the numbers of the documents that count as right."""

    text: str
    stage: str
    right: frozenset[int]


def build_base(
    task: Task, foreign: Foreign, size: int = SIZE, others: Sequence[Task] = ()
) -> Base:
    """Return a base of `size` functions: of the tasks, the foreign ones, and invented ones.

    Args:
        task: its stages are asked about.
        others: tasks whose functions are compared with every stage's queries, as the foreign ones.

    Raises:
        LdAgentError: the tasks' and the foreign functions alone are more.
    """
    rows = [
        (entry.name, stage.name, render_document(entry))
        for stage in task.stages
        for entry in stage.entries
    ]
    for stage in task.stages:
        for fact in stage.labelled:
            kept_out = [manuals.keepout(fact, label) for label in CALL_SIGNS]
            rows += [(e.name, stage.name, render_document(e)) for e in kept_out]
    rows += [
        (entry.name, FOREIGN_STAGE, render_document(entry))
        for other in others
        for stage in other.stages
        for entry in stage.entries
    ]
    rows += [
        (name, FOREIGN_STAGE, text)
        for name, text in zip(foreign.names, foreign.documents, strict=True)
    ]
    if len(rows) > size:
        raise LdAgentError(
            f'a base of {size} is too small: the tasks and {len(foreign.names)} foreign functions '
            f'are {len(rows)}; give a larger size'
        )
    rows += [
        (name, FOREIGN_STAGE, text)
        for name, text in itertools.islice(_invented(), size - len(rows))
    ]
    names, stages, documents = zip(*rows, strict=True)
    return Base(names, stages, documents)


def _invented() -> Iterator[tuple[str, str]]:
    """Yield invented functions about facts that no training saw."""
    for made in reading.stream(vocabularies()['unseen facts'], SEED, 1):
        for entry in made.entries:
            yield entry.name, render_document(entry)


def task_queries(task: Task, base: Base, episodes: int) -> list[Query]:
    """Return the selections of unseen episodes as queries, labelled by the invocation rules."""
    ours = {
        (stage, name): number
        for number, (name, stage) in enumerate(zip(base.names, base.stages, strict=True))
    }
    queries = []
    for made in played_sets(task, SEED, episodes):
        (example,) = made.examples
        text = render_query(made.rules, example.facts)
        right = frozenset({ours[made.kind, example.answer]})
        queries.append(Query(text, made.kind, right))
    return queries


def label_queries(task: Task, base: Base) -> list[Query]:
    """Return every state whose fact is a label of an emergency; no label was trained on."""
    queries = []
    for stage in task.stages:
        for fact in stage.labelled:
            others = {tuple({**c, fact: ''}.items()) for c in stage.fact_combinations()}
            for label, other in itertools.product(CALL_SIGNS, sorted(others)):
                text = render_query(stage.rules, {**dict(other), fact: label})
                name = manuals.keepout(fact, label).name
                queries.append(Query(text, stage.name, frozenset({base.names.index(name)})))
    return queries


def foreign_queries(base: Base, foreign: Foreign, by_name: bool) -> list[Query]:
    """Return the reported foreign queries.

    Args:
        by_name: any document of the asked function's name is right, else only its own.
    """
    numbers = {text: number for number, text in enumerate(base.documents)}
    same: dict[str, set[int]] = {}
    for name, text in zip(foreign.names, foreign.documents, strict=True):
        same.setdefault(name, set()).add(numbers[text])
    return [
        Query(
            query.text,
            FOREIGN_STAGE,
            frozenset(same[foreign.names[query.function]])
            if by_name
            else frozenset({numbers[foreign.documents[query.function]]}),
        )
        for query in foreign.reported
    ]


def dense_search(encoders: Encoders, vectors: np.ndarray, numbers: Sequence[int]) -> Search:
    """Return a search of the documents `numbers`, whose vectors are rows of `vectors`."""
    index = VectorIndex([str(number) for number in numbers], vectors[list(numbers)])
    known: dict[str, np.ndarray] = {}

    def search(query: str, k: int) -> list[int]:
        if query not in known:
            known[query] = encoders.query(query)
        return [int(hit.name) for hit in index.search(known[query], k)]

    return search


def word_search(documents: Sequence[str], numbers: Sequence[int]) -> Search:
    """Return BM25 over the documents `numbers` (`bm25s`, its defaults, English stop words).

    Raises:
        LdAgentError: `bm25s` is not installed.
    """
    try:
        import bm25s
    except ImportError as error:
        raise LdAgentError(
            f'the comparison with BM25 needs bm25s ({error}); install ld_agent with '
            '`pip install ".[bench]"`'
        ) from None

    def tokens(texts: list[str]) -> Any:
        return bm25s.tokenize(texts, stopwords='en', show_progress=False)

    index = bm25s.BM25()
    index.index(tokens([documents[number] for number in numbers]), show_progress=False)

    def search(query: str, k: int) -> list[int]:
        rows, _ = index.retrieve(tokens([query]), k=k, show_progress=False)
        return [numbers[row] for row in rows[0]]

    return search


def places(queries: Sequence[Query], searches: dict[str, Search]) -> list[int]:
    """Return for each query the place of the first right function, 0 for the best, 5 for none.

    Args:
        searches: stage → search; its key `''` serves all stages.
    """
    first = []
    for query in queries:
        search = searches.get('') or searches[query.stage]
        found = search(query.text, max(DEPTHS))
        right = [place for place, number in enumerate(found) if number in query.right]
        first.append(right[0] if right else max(DEPTHS))
    return first


def recall(queries: Sequence[Query], first: Sequence[int]) -> dict[str, Any]:
    """Return the share of queries with a right function among the first 1, 3 and 5."""
    figures: dict[str, Any] = {'queries': len(queries), 'different': len(set(queries))}
    for depth in DEPTHS:
        hits = sum(place < depth for place in first)
        figures[f'recall@{depth}'] = asdict(wilson(hits, len(first)))
    return figures


def paired(ours: Sequence[int], theirs: Sequence[int], depth: int = max(DEPTHS)) -> dict[str, Any]:
    """Return how often only one of two methods was right, and how likely that is by chance.

    The chance is that of an exact two-sided sign test over the queries on which they differ.
    """
    pairs = list(zip(ours, theirs, strict=True))
    only_ours = sum(a < depth <= b for a, b in pairs)
    only_theirs = sum(b < depth <= a for a, b in pairs)
    chance = sign_test(only_ours, only_theirs)
    return {'only_ours': only_ours, 'only_theirs': only_theirs, 'p': chance}


def compare(
    task: Task,
    encoders: dict[str, Encoders],
    tell: Callable[[str], None],
    size: int = SIZE,
    episodes: int = 8,
    others: Sequence[Task] = (),
) -> dict[str, Any]:
    """Measure BM25 and each of `encoders` on the task's and the foreign queries.

    Returns:
        Method → `task, by stage` (the functions of the asked stage and all foreign ones),
        `task, all stages` (nothing is filtered), `labels, by stage`, `foreign` (any document of
        the right name) and `foreign, same document`; `paired`: the last of `encoders` against
        each other method, at depth 5.

    Raises:
        LdAgentError: `bfcl-eval`, `bm25s` or FAISS is not installed.
    """
    foreign = read_foreign()
    base = build_base(task, foreign, size, others)
    everything = range(len(base.names))
    ours = task_queries(task, base, episodes)
    labels = label_queries(task, base)
    by_name, by_document = (foreign_queries(base, foreign, kind) for kind in (True, False))
    stages = sorted({query.stage for query in (*ours, *labels)})
    report: dict[str, Any] = {
        'functions': len(base.names),
        'of the task': sum(stage != FOREIGN_STAGE for stage in base.stages),
        'of other tasks': sum(len(stage.entries) for other in others for stage in other.stages),
        'foreign': len(foreign.names),
        'trained foreign queries': len(foreign.trained),
    }
    found: dict[str, dict[str, list[int]]] = {}

    def measure(method: str, make: Callable[[Sequence[int]], Search]) -> None:
        tell(method)
        whole = {'': make(everything)}
        parts = {stage: make(base.of_stage(stage)) for stage in stages}
        asked = {
            'task, by stage': (ours, parts),
            'task, all stages': (ours, whole),
            'labels, by stage': (labels, parts),
            'foreign': (by_name, whole),
            'foreign, same document': (by_document, whole),
        }
        found[method] = {name: places(*given) for name, given in asked.items()}
        report[method] = {
            name: recall(queries, found[method][name]) for name, (queries, _) in asked.items()
        }

    measure('bm25', partial(word_search, base.documents))
    for method, pair in encoders.items():
        measure(method, partial(dense_search, pair, pair.functions(base.documents)))
    *others, last = found
    report['paired'] = {
        other: {name: paired(found[last][name], theirs) for name, theirs in found[other].items()}
        for other in others
    }
    return report
