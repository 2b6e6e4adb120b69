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
"""The index: exact when small, a graph when large, growing and shrinking without a rebuild."""

from __future__ import annotations

import sys

from ld_agent.errors import LdAgentError
from ld_agent.retrieval import index as module
from ld_agent.retrieval.costs import size_costs
from ld_agent.retrieval.index import VectorIndex
from ld_agent.retrieval_bench import draw_sizes
import numpy as np
import pytest

pytest.importorskip('faiss', reason='needs the extra retriever')
WIDTH = 24


def unit(count: int, seed: int = 0) -> np.ndarray:
    made = np.random.default_rng(seed).standard_normal((count, WIDTH)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def filled(count: int, flat: bool | None = None) -> tuple[VectorIndex, np.ndarray]:
    vectors = unit(count)
    return VectorIndex([f'f{number}' for number in range(count)], vectors, flat), vectors


def test_a_flat_index_returns_the_largest_inner_products_in_order():
    index, vectors = filled(50)
    query = unit(1, 7)[0]
    expected = np.argsort(-(vectors @ query))[:5]
    hits = index.search(query, 5)
    assert [hit.name for hit in hits] == [f'f{number}' for number in expected]
    assert [hit.score for hit in hits] == pytest.approx((vectors @ query)[expected], abs=1e-5)


def test_fewer_functions_than_asked_are_all_returned():
    index, vectors = filled(3)
    assert sorted(hit.name for hit in index.search(vectors[0], 5)) == ['f0', 'f1', 'f2']
    assert VectorIndex([], unit(0)).search(vectors[0], 5) == []


@pytest.mark.parametrize('flat', [True, False])
def test_what_is_added_is_found_at_once_and_what_is_removed_never_again(flat):
    index, vectors = filled(300, flat)
    fresh = unit(1, 9)[0]
    index.add('fresh', fresh)
    assert 'fresh' in index and len(index) == 301
    assert index.search(fresh, 1)[0].name == 'fresh'
    index.remove('fresh')
    assert 'fresh' not in index and len(index) == 300
    assert 'fresh' not in [hit.name for hit in index.search(fresh, 300)]
    for number in range(0, 300, 2):
        index.remove(f'f{number}')
    hits = index.search(vectors[0], 5)
    assert len(hits) == 5
    assert all(int(hit.name[1:]) % 2 for hit in hits)
    index.add('f0', vectors[0])
    assert index.search(vectors[0], 1)[0].name == 'f0'


@pytest.mark.parametrize('flat', [True, False])
def test_a_name_that_is_taken_or_not_there_is_refused_and_nothing_changes(flat):
    index, vectors = filled(10, flat)
    with pytest.raises(LdAgentError, match="'f3' is in the index already; remove it first"):
        index.add('f3', unit(1, 5)[0])
    with pytest.raises(LdAgentError, match="'g' is not in the index"):
        index.remove('g')
    with pytest.raises(LdAgentError, match="'a' is in the index already"):
        VectorIndex(['a', 'b', 'a'], unit(3), flat)
    assert len(index) == 10
    assert index.search(vectors[3], 1)[0].score == pytest.approx(1.0, abs=1e-5)


def test_hnsw_finds_what_the_flat_index_finds():
    flat, _ = filled(3000, True)
    graph, _ = filled(3000, False)
    shared = [
        len({h.name for h in flat.search(q, 5)} & {h.name for h in graph.search(q, 5)}) / 5
        for q in unit(100, 3)
    ]
    assert np.mean(shared) >= 0.97


def test_an_index_keeps_the_kind_that_its_first_size_asks_for(monkeypatch):
    monkeypatch.setattr(module, 'FLAT_UP_TO', 20)
    small, vectors = filled(20)
    assert small.flat and not filled(21)[0].flat
    small.add('one more', unit(1, 4)[0])
    assert small.flat
    assert small.search(vectors[4], 1)[0].name == 'f4'


def test_the_cost_is_told_and_drawn_for_every_size(tmp_path):
    rows = size_costs(unit(30), lambda text: None, most=100)
    assert [row['functions'] for row in rows] == [10, 100]
    for row in rows:
        assert row['bytes'] == row['functions'] * WIDTH * 4
        assert row['flat_ms'] > 0 and row['hnsw_ms'] > 0
        assert row['hnsw_recall'] > 0.95
    draw_sizes(rows, tmp_path / 'sizes.png')
    assert (tmp_path / 'sizes.png').stat().st_size > 5_000


def test_without_faiss_one_sentence_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, 'faiss', None)
    with pytest.raises(LdAgentError) as caught:
        filled(3)
    assert '\n' not in str(caught.value)
    assert 'the retriever needs FAISS' in str(caught.value)
    assert 'pip install ".[retriever]"' in str(caught.value)
