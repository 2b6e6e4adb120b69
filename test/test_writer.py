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
"""A student that writes: whole logits are those of the rows, and a cache changes none of them."""

from __future__ import annotations

from ld_agent.student.prepare import fetch_model, graph_writer
from ld_agent.student.tokenizer import read_tokenizer
from ld_agent.student.writer import open_writer, Writer
import numpy as np
import pytest

TEXT = 'The capital of France is'
TOKENS = 12


@pytest.fixture(scope='module')
def writer() -> Writer:
    """Return the untuned student, open for writing."""
    return open_writer()


@pytest.fixture
def ids(writer) -> list[int]:
    return [writer.bos, *writer.encode_text(TEXT)]


def test_whole_logits_are_those_of_all_rows(writer, ids):
    every = np.arange(writer.tokenizer.get_vocab_size())
    (_, whole), *_ = writer.greedy(ids, writer.empty, 0, 1)
    rows = writer.logits(ids, writer.empty, 0, every)
    assert whole.shape == rows.shape
    assert np.abs(whole - rows).max() < 1e-3


def test_writing_with_a_cache_is_writing_without_one(writer, ids):
    known = writer.encode(ids[:3])
    cached = list(writer.greedy(ids[3:], known, 3, TOKENS))
    for number, (token, logits) in enumerate(cached):
        text = ids + [t for t, _ in cached[:number]]
        (again, whole), *_ = writer.greedy(text, writer.empty, 0, 1)
        assert again == token
        assert np.array_equal(whole, logits)


def test_writing_ends_at_a_line_end_that_is_no_part_of_the_line(writer, ids):
    tokens = [t for t, _ in writer.greedy(ids, writer.empty, 0, TOKENS, writer.line_ends)]
    assert tokens[-1] in writer.line_ends and not set(tokens[:-1]) & writer.line_ends
    line = writer.write(ids[3:], writer.encode(ids[:3]), TOKENS)
    assert line == writer.decode(tokens[:-1]) == ' Paris.'


def test_a_line_ends_at_every_token_with_a_line_break_and_at_the_special_ones(writer):
    assert set(writer.encode_text('\n') + writer.encode_text('a\n\n')[1:]) <= writer.line_ends
    assert writer.tokenizer.token_to_id('<|im_end|>') in writer.line_ends
    assert not set(writer.encode_text('the cells 1,2')) & writer.line_ends


@pytest.mark.train
def test_the_fp32_graph_writes_what_transformers_writes(tmp_path):
    transformers = pytest.importorskip('transformers', reason='the extra .[train] is needed')
    source = fetch_model('smollm2')
    tokenizer, bos = read_tokenizer(source)
    (tmp_path / 'tokenizer.json').write_text(tokenizer.to_str(), encoding='utf-8')
    graph_writer(source, None)(tmp_path / 'model.onnx', None)
    writer = Writer(tmp_path, bos, 'cpu')
    ids = [bos, *writer.encode_text(TEXT)]
    ours = [token for token, _ in writer.greedy(ids, writer.empty, 0, TOKENS)]
    model = transformers.AutoModelForCausalLM.from_pretrained(
        source.parent, gguf_file=source.name, dtype='float32'
    )
    import torch

    theirs = model.generate(
        torch.tensor([ids]), max_new_tokens=TOKENS, min_new_tokens=TOKENS, do_sample=False
    )
    assert ours == theirs[0, len(ids) :].tolist()
