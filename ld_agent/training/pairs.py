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
"""What the retriever is trained on: queries, documents, and which document answers which query.

A batch is made of groups: a set of functions with states, or a foreign query with the functions
offered with it. The functions of a query's own group are its hard negatives, those of the other
groups its in-batch negatives (Karpukhin et al., 2020). Knows nothing about tensors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import itertools
import random

from ld_agent.function_base import Task
from ld_agent.retrieval.foreign import Foreign, ForeignQuery
from ld_agent.retrieval.words import render_document, render_query
from ld_agent.training import manuals, reading
from ld_agent.training.examples import ExampleSet
from ld_agent.training.vocabulary import vocabularies
import numpy as np

STATES = 4
TASK_SETS = 2
INVENTED_SETS = 2
FOREIGN_QUERIES = 16


@dataclass(frozen=True)
class Group:
    """Documents, and queries that one of them answers.

    Attributes:
        asked: pairs of a query and the index of its document.
        kinds: of each document, what it is another version of; two documents of one kind in
            different groups would be false negatives, so they are not compared.
    """

    asked: tuple[tuple[str, int], ...]
    documents: tuple[str, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Batch:
    """Q queries and D documents.

    Attributes:
        right: (Q,) index of the document that answers each query.
        compared: (Q, D) bool, which documents a query is compared with.
    """

    queries: tuple[str, ...]
    documents: tuple[str, ...]
    right: np.ndarray
    compared: np.ndarray


def set_group(made: ExampleSet) -> Group:
    """Return the group of an example set; all functions of a stage are of one kind.

    They come again in other sets under other names.
    """
    places = {entry.name: number for number, entry in enumerate(made.entries)}
    asked = tuple((render_query(made.rules, e.facts), places[e.answer]) for e in made.examples)
    documents = tuple(render_document(entry) for entry in made.entries)
    return Group(asked, documents, (made.rules,) * len(documents))


def foreign_group(query: ForeignQuery, foreign: Foreign) -> Group:
    """Return the group of a foreign query; documents of one name are of one kind."""
    offered = tuple(dict.fromkeys((query.function, *query.offered)))
    return Group(
        ((query.text, 0),),
        tuple(foreign.documents[number] for number in offered),
        tuple(foreign.names[number] for number in offered),
    )


def batch(groups: Sequence[Group]) -> Batch:
    """Put groups together."""
    queries, right, askers, wanted = [], [], [], []
    documents: list[str] = []
    kinds: list[str] = []
    owners: list[int] = []
    for number, group in enumerate(groups):
        for text, place in group.asked:
            queries.append(text)
            right.append(len(documents) + place)
            askers.append(number)
            wanted.append(group.kinds[place])
        documents += group.documents
        owners += [number] * len(group.documents)
        kinds += group.kinds
    same_group = np.array(askers)[:, None] == np.array(owners)[None, :]
    same_kind = np.array(wanted)[:, None] == np.array(kinds)[None, :]
    return Batch(
        tuple(queries),
        tuple(documents),
        np.array(right, dtype=np.int64),
        same_group | ~same_kind,
    )


def stream(tasks: Sequence[Task], foreign: Foreign, seed: int) -> Iterator[Batch]:
    """Yield batches without end, the same ones for the same seed.

    Each has sets of the tasks in turn, invented sets, and foreign queries of the trained side.
    """
    words = vocabularies()['train']
    invented = reading.stream(words, seed, STATES)
    ours = itertools.cycle([manuals.stream(task, seed, STATES) for task in tasks])
    queries = _shuffled(foreign.trained, seed)
    while True:
        sets = [next(next(ours)) for _ in range(TASK_SETS)]
        sets += [next(invented) for _ in range(INVENTED_SETS)]
        groups = [set_group(made) for made in sets]
        groups += [foreign_group(next(queries), foreign) for _ in range(FOREIGN_QUERIES)]
        yield batch(groups)


def samples(tasks: Sequence[Task], seed: int) -> Batch:
    """Return some queries and documents of the tasks alone."""
    return batch([set_group(next(manuals.stream(task, seed, STATES))) for task in tasks])


def _shuffled(queries: Sequence[ForeignQuery], seed: int) -> Iterator[ForeignQuery]:
    """Yield all queries in a new order each time round, without end."""
    for turn in itertools.count():
        yield from random.Random(f'{seed}/{turn}').sample(queries, len(queries))
