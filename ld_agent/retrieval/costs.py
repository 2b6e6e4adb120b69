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
"""What a retrieval and a selection cost: against the number of candidates and of functions.

All variants of a comparison take turns in one run, so that the ratios hold; the absolute times
are this machine's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import time
from typing import Any

from ld_agent.clock import ms_since
from ld_agent.function_base import Stage, Task
from ld_agent.prompt import Entry
from ld_agent.retrieval.encoder import Encoders
from ld_agent.retrieval.index import VectorIndex
from ld_agent.retrieval.recall import Base
from ld_agent.retrieval.words import render_document, render_query
from ld_agent.retriever import Retriever
from ld_agent.selector import Selector
from ld_agent.shortlist import DEFAULT_TOP_K
from ld_agent.training import reading
from ld_agent.training.vocabulary import vocabularies
import numpy as np

WARM_UP = 8
FEW, MANY = 4, 64
SEED = 1_000_000
SIZES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
QUERIES = 50
JITTER = 0.6
"""Length of the noise that makes new vectors from those of real functions, of length one."""
DEPTH = 5


def selection_costs(
    selector: Selector, task: Task, encoders: Encoders, base: Base, rounds: int = 60
) -> dict[str, Any]:
    """Time selections with 4 and 64 candidates, and with those that a retriever picks.

    All blocks are encoded before the clock runs; what a new one costs is told apart.

    Args:
        base: the functions to retrieve from.

    Returns:
        Milliseconds (median, 99th percentile) of each variant, the ratios that the design asks
        for, and what a block that was never seen, and a set of blocks never put together, cost.
    """
    stage = max(task.stages, key=lambda s: len(s.functions))
    few = stage.entries[:FEW]
    many = _many(selector, stage)
    small = Retriever(encoders)
    small.fill(stage.name, {e.name: render_document(e) for e in many})
    large = Retriever(encoders)
    numbers = base.of_stage(stage.name)
    large.fill(stage.name, {str(n): base.documents[n] for n in numbers})
    known = {entry.name: entry for entry in [*many, *stage.entries]}
    entries = {str(n): known.get(base.names[n]) or _shown(base, n) for n in numbers}

    def retrieved(retriever: Retriever, by_name: dict[str, Entry], facts: dict) -> list[Entry]:
        query = render_query(stage.rules, facts)
        return [by_name[h.name] for h in retriever.retrieve(stage.name, query, DEFAULT_TOP_K)]

    variants: dict[str, Callable[[dict[str, str]], Any]] = {
        '4 candidates': lambda facts: selector.select(stage.rules, few, facts),
        '64 candidates': lambda facts: selector.select(stage.rules, many, facts),
        'retrieved from 64': lambda facts: selector.select(
            stage.rules, retrieved(small, known, facts), facts
        ),
        'all of the stage': lambda facts: selector.select(stage.rules, stage.entries, facts),
        f'retrieved from {len(numbers)}': lambda facts: selector.select(
            stage.rules, retrieved(large, entries, facts), facts
        ),
        f'retrieval alone from {len(numbers)}': lambda facts: retrieved(large, entries, facts),
    }
    times = _in_turns(variants, stage.fact_combinations(), rounds)
    figures: dict[str, Any] = {name: _summary(taken) for name, taken in times.items()}
    base_ms = figures['4 candidates']['median']
    whole_ms = figures['all of the stage']['median']
    figures['ratios'] = {
        '64 to 4': figures['64 candidates']['median'] / base_ms,
        'retrieved from 64 to 4': figures['retrieved from 64']['median'] / base_ms,
        'retrieved to all of the stage': figures[f'retrieved from {len(numbers)}']['median']
        / whole_ms,
    }
    figures['new'] = _new_costs(selector, stage, many)
    return figures


def size_costs(
    vectors: np.ndarray, tell: Callable[[str], None], most: int = SIZES[-1]
) -> list[dict[str, Any]]:
    """Time searches in indices of 10 to `most` vectors, flat and HNSW.

    Args:
        vectors: of real functions, (n, width); larger bases are made from them with noise.

    Returns:
        For each size the median milliseconds of a search, the seconds of building, the bytes of
        the vectors, and HNSW's recall of what the flat index finds.
    """
    rng = np.random.default_rng(SEED)
    rows = []
    for size in [size for size in SIZES if size <= most]:
        tell(f'{size} functions')
        made, queries = _jittered(vectors, size, rng), _jittered(vectors, QUERIES, rng)
        names = [str(number) for number in range(size)]
        row: dict[str, Any] = {'functions': size, 'bytes': made.nbytes}
        found = {}
        for kind, flat in (('flat', True), ('hnsw', False)):
            begun = time.perf_counter()
            index = VectorIndex(names, made, flat)
            row[f'{kind}_build_s'] = time.perf_counter() - begun
            hits, taken = [], []
            for query in queries:
                begun = time.perf_counter()
                hits.append({hit.name for hit in index.search(query, DEPTH)})
                taken.append(ms_since(begun))
            row[f'{kind}_ms'] = float(np.median(taken))
            found[kind] = hits
        shared = [len(a & b) / len(a) for a, b in zip(found['flat'], found['hnsw'], strict=True)]
        row['hnsw_recall'] = float(np.mean(shared))
        rows.append(row)
    return rows


def _jittered(vectors: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    width = vectors.shape[1]
    made = rng.standard_normal((count, width), dtype=np.float32)
    made *= JITTER / np.sqrt(width)
    made += vectors[rng.integers(len(vectors), size=count)]
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    return made


def _many(selector: Selector, stage: Stage) -> list[Entry]:
    """Return the stage's functions and invented ones, 64 whose names need no second pass."""
    chosen = list(stage.entries)
    words = vocabularies()['unseen facts']
    for made in reading.stream(words, SEED, 1):
        for entry in made.entries:
            if len(chosen) == MANY:
                return chosen
            taken = entry.name in {e.name for e in chosen}
            if not taken and not selector.alike([*chosen, entry]):
                chosen.append(entry)
    return chosen


def _shown(base: Base, number: int) -> Entry:
    """Return what the student reads of a foreign function: the start of its document."""
    purpose = ' '.join(base.documents[number].split()[:30])
    return Entry(base.names[number], purpose, 'the state asks for it')


def _new_costs(selector: Selector, stage: Stage, entries: Sequence[Entry]) -> dict[str, Any]:
    """Time a block that was never encoded, and a set that was never put together."""
    facts = stage.fact_combinations()[0]
    fresh = Selector(selector.student)
    fresh.prepare(stage.rules, entries[:2])
    blocks, sets, again = [], [], []
    for number in range(2, 2 + 3 * WARM_UP, 2):
        pair = list(entries[number : number + 2])
        first, second = (
            _select_ms(fresh, stage, pair, facts),
            _select_ms(fresh, stage, pair, facts),
        )
        joined = _select_ms(fresh, stage, [*entries[:2], *pair], facts)
        blocks.append((first - second) / 2)
        sets.append(joined)
        again.append(_select_ms(fresh, stage, [*entries[:2], *pair], facts))
    return {
        'block_ms': float(np.median(blocks)),
        'set_ms': float(np.median(np.array(sets) - np.array(again))),
    }


def _select_ms(selector: Selector, stage: Stage, entries: list[Entry], facts: dict) -> float:
    begun = time.perf_counter()
    selector.select(stage.rules, entries, facts)
    return ms_since(begun)


def _in_turns(
    variants: dict[str, Callable[[dict[str, str]], Any]], states: list[dict], rounds: int
) -> dict[str, list[float]]:
    """Run the variants in turns over the states, the first time round without the clock."""
    for facts in states:
        for call in variants.values():
            call(facts)
    times: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(rounds):
        for name, call in variants.items():
            begun = time.perf_counter()
            call(states[number % len(states)])
            times[name].append(ms_since(begun))
    return times


def _summary(times: Sequence[float]) -> dict[str, float]:
    return {'median': float(np.median(times)), 'p99': float(np.percentile(times, 99))}
