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
"""The written graph against transformers' own logits (training extra)."""

from __future__ import annotations

from pathlib import Path
import sys

from ld_agent.errors import ModelError
from ld_agent.student.fetch import fetch_model
from ld_agent.student.prepare import graph_writer, open_student
from ld_agent.student.session import Student
from ld_agent.student.tokenizer import read_tokenizer
import numpy as np
import pytest
import tiny_model

torch = pytest.importorskip('torch')
transformers = pytest.importorskip('transformers')
pytestmark = pytest.mark.train

LLAMA3 = {
    'rope_type': 'llama3',
    'factor': 8.0,
    'low_freq_factor': 1.0,
    'high_freq_factor': 4.0,
    'original_max_position_embeddings': 64,
}
CONFIGS = {
    'llama, tied': {},
    'llama, own head, wide heads': {'tie_word_embeddings': False, 'num_key_value_heads': 3},
    'llama, scaled rotary': {'rope_scaling': LLAMA3},
    'llama, linear rotary': {'rope_scaling': {'rope_type': 'linear', 'factor': 4.0}},
    'qwen2, biases': {'model_type': 'qwen2', 'tie_word_embeddings': False},
}
PIECES = ([1, 40, 41, 42], [50, 51, 52, 53, 54], [60, 61, 62], [70, 71, 72, 73])
"""Rules, two blocks, a state."""
STATE_AT = 90


def written(
    source: Path, folder: Path, adapter: Path | None = None, tokens: Path | None = None
) -> Student:
    """Return the fp32 graph of a model, with the tokenizer of `tokens` or its own."""
    folder.mkdir(exist_ok=True)
    tokenizer, bos = read_tokenizer(tokens or source)
    tokenizer.save(str(folder / 'tokenizer.json'))
    graph_writer(source, adapter)(folder / 'model.onnx', None)
    return Student(folder, bos, 'cpu')


def theirs(folder: Path, **place):
    return transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, **place
    ).eval()


def ordinary(model, ids: list[int]) -> np.ndarray:
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).logits[0].numpy()


def in_blocks(model, pieces, state_at: int) -> np.ndarray:
    """Return their logits after the state: blocks blind to each other, by a 4-D mask."""
    rules, *blocks, state = pieces
    ids = [i for piece in pieces for i in piece]
    number = np.concatenate([np.full(len(piece), n) for n, piece in enumerate(pieces)])
    starts = [0, *(len(rules) for _ in blocks), state_at]
    positions = [at + i for at, piece in zip(starts, pieces) for i in range(len(piece))]
    allowed = np.tril(np.ones((len(ids), len(ids)), dtype=bool))
    block = (number > 0) & (number <= len(blocks))
    allowed &= ~(block[:, None] & block[None, :] & (number[:, None] != number[None, :]))
    mask = torch.zeros(allowed.shape).masked_fill(torch.from_numpy(~allowed), -1e30)
    with torch.no_grad():
        return (
            model(
                input_ids=torch.tensor([ids]),
                position_ids=torch.tensor([positions]),
                attention_mask=mask[None, None],
            )
            .logits[0, -1]
            .numpy()
        )


def ours_in_blocks(student: Student, pieces, state_at: int) -> np.ndarray:
    rules, *blocks, state = pieces
    base = student.encode(rules)
    past = student.join([base, *(student.encode(b, base, len(rules)) for b in blocks)])
    return student.logits(state, past, state_at, np.arange(300))


@pytest.mark.parametrize('name', CONFIGS)
def test_a_written_graph_has_the_logits_of_transformers(tmp_path, name):
    source = tiny_model.write_folder(tmp_path / 'model', CONFIGS[name])
    student, model = written(source, tmp_path / 'graph'), theirs(source)
    ids = np.random.default_rng(3).integers(0, 300, 120).tolist()
    expected = ordinary(model, ids)
    for length in (1, 2, 57, 120):
        ours = student.logits(ids[:length], student.empty, 0, np.arange(300))
        assert np.abs(ours - expected[length - 1]).max() < 2e-4


@pytest.mark.parametrize('name', CONFIGS)
def test_blocks_put_together_have_the_logits_of_a_masked_sequence(tmp_path, name):
    source = tiny_model.write_folder(tmp_path / 'model', CONFIGS[name])
    student, model = written(source, tmp_path / 'graph'), theirs(source)
    ours = ours_in_blocks(student, PIECES, STATE_AT)
    expected = in_blocks(model, PIECES, STATE_AT)
    assert np.abs(ours - expected).max() < 2e-4
    elsewhere = in_blocks(model, PIECES, STATE_AT + 60)
    assert np.abs(ours - elsewhere).max() > 1e-2, 'positions make no difference: a weak test'


@pytest.mark.parametrize('kind', ['llama', 'qwen2'])
def test_a_gguf_file_has_the_logits_of_its_folder(tmp_path, kind):
    config = {'model_type': kind}
    source = tiny_model.write_folder(tmp_path / 'model', config)
    gguf = tiny_model.write_gguf(tmp_path / 'model.gguf', config)
    student, model = written(gguf, tmp_path / 'graph', tokens=source), theirs(source)
    ids = [5, 9, 200, 77, 3, 3, 120]
    ours = student.logits(ids, student.empty, 0, np.arange(300))
    assert np.abs(ours - ordinary(model, ids)[-1]).max() < 2e-4


def test_a_merged_adapter_has_the_logits_of_peft(tmp_path):
    peft = pytest.importorskip('peft')
    source = tiny_model.write_folder(tmp_path / 'model')
    config = peft.LoraConfig(
        r=4, lora_alpha=6, target_modules='all-linear', init_lora_weights=False, use_rslora=True
    )
    torch.manual_seed(1)
    tuned = peft.get_peft_model(theirs(source), config).eval()
    tuned.save_pretrained(tmp_path / 'adapter')
    student = written(source, tmp_path / 'graph', tmp_path / 'adapter')
    ids = [5, 9, 200, 77, 3]
    ours = student.logits(ids, student.empty, 0, np.arange(300))
    with torch.no_grad():
        expected = tuned(input_ids=torch.tensor([ids])).logits[0, -1].numpy()
        untuned = ordinary(theirs(source), ids)[-1]
    assert np.abs(expected - untuned).max() > 0.1, 'the adapter does nothing: a weak test'
    assert np.abs(ours - expected).max() < 5e-4


@pytest.fixture(scope='module')
def default_pair(tmp_path_factory):
    source = fetch_model('smollm2')
    student = written(source, tmp_path_factory.mktemp('smollm2'))
    return student, theirs(source.parent, gguf_file=source.name)


def test_the_default_model_has_the_logits_of_transformers(default_pair):
    student, model = default_pair
    text = 'The pursuers, numbered 1 to 3, close in on the evader from the north.'
    ids = [student.bos, *student.encode_text(text)]
    ours = student.logits(ids, student.empty, 0, np.arange(model.config.vocab_size))
    assert np.abs(ours - ordinary(model, ids)[-1]).max() < 5e-3


def test_the_default_model_in_blocks_has_the_logits_of_transformers(default_pair):
    student, model = default_pair
    texts = ('Choose.\n', ' Near -> approach\n', ' Far, steady -> intercept\n', ' far: yes ->')
    rules, *rest = [student.encode_text(text) for text in texts]
    pieces = [[student.bos, *rules], *rest]
    base = student.encode(pieces[0])
    past = student.join([base, *(student.encode(b, base, len(base)) for b in pieces[1:3])])
    ours = student.logits(pieces[3], past, 140, np.arange(model.config.vocab_size))
    assert np.abs(ours - in_blocks(model, pieces, 140)).max() < 5e-3


def test_the_default_model_knows_the_capital_of_france(default_pair):
    student, _ = default_pair
    ids = [student.bos, *student.encode_text('The capital of France is')]
    every = np.arange(student.tokenizer.get_vocab_size())
    best = student.logits(ids, student.empty, 0, every).argmax()
    assert student.decode([int(best)]) == ' Paris'


@pytest.fixture
def other(tmp_path) -> Path:
    """Return the folder of a tiny Phi model, whose graph ld_agent does not write."""
    config = transformers.PhiConfig(
        vocab_size=300, hidden_size=48, intermediate_size=80, num_hidden_layers=2,
        num_attention_heads=3, max_position_embeddings=2048, initializer_range=0.3,
    )  # fmt: skip
    torch.manual_seed(0)
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / 'phi')
    tiny_model.byte_tokenizer(300).save(str(tmp_path / 'phi' / 'tokenizer.json'))
    return tmp_path / 'phi'


def test_another_architecture_goes_through_optimum(other, tmp_path, monkeypatch):
    pytest.importorskip('optimum.exporters.onnx')
    monkeypatch.setenv('LD_AGENT_CACHE', str(tmp_path / 'cache'))
    expected = in_blocks(theirs(other), PIECES, STATE_AT)
    exact = ours_in_blocks(written(other, tmp_path / 'graph'), PIECES, STATE_AT)
    assert np.abs(exact - expected).max() < 2e-4
    quantised = ours_in_blocks(open_student(str(other), None), PIECES, STATE_AT)
    assert np.corrcoef(quantised, expected)[0, 1] > 0.999
    assert not np.array_equal(quantised, exact), 'nothing was quantised: a weak test'


def test_another_architecture_without_optimum_is_refused_in_a_sentence(other, monkeypatch):
    monkeypatch.setitem(sys.modules, 'optimum.exporters.onnx', None)
    with pytest.raises(ModelError, match=r'none of llama, qwen2.*with \.\[train\]'):
        graph_writer(other, None)(other / 'model.onnx', None)
