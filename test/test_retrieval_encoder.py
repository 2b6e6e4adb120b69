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
"""The encoders: the graph is BERT's, an adapter changes it, and what is prepared is verified."""

from __future__ import annotations

import json
import shutil

from ld_agent.errors import ModelError
from ld_agent.prompt import Entry
from ld_agent.retrieval import minilm, prepare
from ld_agent.retrieval.encoder import _open, Encoders
from ld_agent.retrieval.graph import write_encoder
from ld_agent.retrieval.prepare import open_encoders, prepare_encoders, shipped_adapter
from ld_agent.retrieval.words import render_document, render_query, spaced
import numpy as np
import pytest
import tiny_bert

IDS = [3, 17, 17, 4, 90, 151, 8]


@pytest.fixture(scope='module')
def encoders() -> Encoders:
    return open_encoders(shipped_adapter())


def vector(folder, weights, ids=IDS) -> np.ndarray:
    write_encoder(weights, folder / 'x.onnx')
    return _open(folder / 'x.onnx', 1).run(None, {'ids': np.array([ids], dtype=np.int64)})[0]


def test_a_vector_has_length_one_and_depends_on_the_order_of_words(tmp_path):
    first = vector(tmp_path, tiny_bert.weights())
    assert first.shape == (tiny_bert.WIDTH,)
    assert np.linalg.norm(first) == pytest.approx(1.0, abs=1e-5)
    assert np.abs(first - vector(tmp_path, tiny_bert.weights(), IDS[::-1])).max() > 1e-3


@pytest.mark.train
def test_the_graph_is_the_bert_of_transformers(tmp_path):
    torch = pytest.importorskip('torch')
    transformers = pytest.importorskip('transformers')
    weights = tiny_bert.weights(3)
    model = transformers.BertModel(
        transformers.BertConfig(**tiny_bert.config()), add_pooling_layer=False
    ).eval()
    model.load_state_dict({n: torch.from_numpy(t) for n, t in weights.tensors.items()})
    with torch.inference_mode():
        mean = model(torch.tensor([IDS])).last_hidden_state.mean(1)[0]
    expected = (mean / mean.norm()).numpy()
    assert np.abs(vector(tmp_path, weights) - expected).max() < 1e-5


def test_a_missing_tensor_is_named(tmp_path):
    weights = tiny_bert.weights()
    del weights.tensors['encoder.layer.1.output.dense.bias']
    with pytest.raises(ModelError, match=r'lacks the tensor encoder\.layer\.1\.output\.dense'):
        write_encoder(weights, tmp_path / 'x.onnx')


def test_a_damaged_file_of_weights_is_refused(tmp_path):
    (tmp_path / 'x.safetensors').write_bytes(b'no weights')
    with pytest.raises(ModelError, match='not a readable safetensors file'):
        minilm.read_minilm(tmp_path / 'x.safetensors')


def test_a_query_is_the_rules_and_the_state_and_a_document_the_manual():
    facts = {'evader': 'near', 'heading': 'steady'}
    assert render_query('Choose  how\nto move.', facts) == (
        'Choose how to move. evader is near, heading is steady'
    )
    entry = Entry('kestrel_keepout', 'Drop the cells.', 'Use when the closed area is kestrel')
    assert render_document(entry) == (
        'kestrel keepout: Drop the cells. When the closed area is kestrel'
    )
    assert spaced('getUser.byId_2') == 'get User by Id 2'


def test_the_shipped_encoders_put_a_paraphrase_nearer_than_another_subject(encoders):
    query = encoders.query('What will the weather be tomorrow in Oslo?')
    near, far = encoders.functions(
        ['get forecast: Return the weather forecast of a city.', 'sort list: Sort a list.']
    )
    assert query @ near > query @ far + 0.2


def test_a_text_that_is_too_long_is_cut(encoders):
    assert np.allclose(encoders.query('sea ' * 300), encoders.query('sea ' * 900))


@pytest.mark.xdist_group('time')  # the encoders are damaged for a moment
def test_what_is_prepared_is_prepared_once_and_again_where_it_is_damaged(caplog):
    folder = prepare_encoders(shipped_adapter())
    graph = folder / 'query.onnx'
    written = graph.stat().st_mtime_ns
    assert prepare_encoders(shipped_adapter()) == folder
    assert graph.stat().st_mtime_ns == written
    graph.write_bytes(graph.read_bytes()[:-1])
    said = []
    assert prepare_encoders(shipped_adapter(), lambda text, done: said.append(text)) == folder
    assert 'is damaged (query.onnx), preparing it again' in said[0]
    assert caplog.messages == [said[0]]
    assert not list(folder.parent.glob('.*.part'))


@pytest.mark.parametrize('change', ['scores', 'gone', 'text'])
def test_an_adapter_that_does_not_give_the_scores_of_its_training_is_refused(tmp_path, change):
    adapter = tmp_path / 'adapter'
    shutil.copytree(shipped_adapter(), adapter)
    file = adapter / prepare.EXPECTED
    told = json.loads(file.read_text())
    told['scores'][0][0] += 0.01
    file.write_text({'scores': json.dumps(told), 'gone': '{}', 'text': 'none'}[change])
    with pytest.raises(ModelError, match='differ by 0.01' if change == 'scores' else 'verify'):
        prepare_encoders(adapter)
    with pytest.raises(ModelError):
        prepare_encoders(adapter)


def test_a_folder_without_an_adapter_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no retriever's adapter"):
        prepare_encoders(tmp_path)


def test_the_shipped_adapters_are_small():
    files = [file for file in shipped_adapter().rglob('*') if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 6_000_000
