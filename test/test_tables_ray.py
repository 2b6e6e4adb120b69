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
"""The same command on a Ray cluster of two workers, on this machine."""

from __future__ import annotations

import sys

from ld_agent.errors import LdAgentError
from ld_agent.tables.engines import make_engine, RayEngine
from ld_agent.tables.run import play_tables
from ld_agent.tables.store import Store
import pytest
from tabling import plan, play

MEMORY = 80_000_000
"""Bytes of a worker's object store: the least that Ray takes."""


@pytest.fixture
def cluster(monkeypatch):
    """A cluster of two nodes with one core each."""
    pytest.importorskip('ray', reason='Ray is not there; the extra .[cluster] brings it')
    from ray.cluster_utils import Cluster

    arguments = {'num_cpus': 1, 'object_store_memory': MEMORY, 'include_dashboard': False}
    cluster = Cluster(initialize_head=True, head_node_args=arguments)
    cluster.add_node(num_cpus=1, object_store_memory=MEMORY)
    monkeypatch.setenv('RAY_ADDRESS', cluster.address)
    yield cluster
    cluster.shutdown()


@pytest.mark.timeout(600)
def test_two_workers_play_what_one_process_plays(cluster, tmp_path):
    import ray

    table = plan('random', 'reference', episodes=12)
    with RayEngine() as engine:
        assert engine.processes == 2
        assert sum(node['Alive'] for node in ray.nodes()) == 2
        results = play_tables([table], engine, Store(tmp_path / 'ray'))[table.name]
    here = play(table, Store(tmp_path / 'here'))
    for there, same in zip(results, here, strict=True):
        assert [r.lasting for r in there.records] == [r.lasting for r in same.records]
    assert {r.processes for result in results for r in result.records} == {2}
    assert not ray.is_initialized()


def test_a_cluster_that_does_not_answer_is_one_sentence(monkeypatch):
    pytest.importorskip('ray', reason='Ray is not there; the extra .[cluster] brings it')
    monkeypatch.setenv('RAY_ADDRESS', '127.0.0.1:1')
    with pytest.raises(LdAgentError, match='no Ray cluster answers at RAY_ADDRESS=127.0.0.1:1'):
        with RayEngine():
            pass


def test_a_missing_ray_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, 'ray', None)
    with pytest.raises(LdAgentError, match=r'Ray is not there .*ld_agent\[cluster\]'):
        with make_engine('ray', None):
            pass
