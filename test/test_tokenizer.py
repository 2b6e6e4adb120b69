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
"""The tokenizer: what it must do for the prompts, and that transformers agrees."""

from __future__ import annotations

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
from ld_agent.errors import ModelError
from ld_agent.student.fetch import fetch_model
from ld_agent.student.tokenizer import read_tokenizer
import pytest
import tiny_model

TEXTS = (
    'Hello world',
    ' A',
    'the way is blocked, 12 cells to the north -> approach\n',
    "don't we'll they're I've",
    'naïve café — 北京 🙂\t\ttabs\r\n\r\nlines',
    '  two  spaces   three ',
    'snake_case camelCase x=3.14e-7 (a, b) [c] {d}',
    '2026-11-25T08:35:09Z',
    'a1b22c333',
    '',
)
relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope='module')
def source():
    return fetch_model('smollm2')


@pytest.fixture(scope='module')
def tokenizer(source):
    return read_tokenizer(source)[0]


@relaxed
@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x1FFFF, exclude_categories=['Cs'])))
def test_a_text_comes_back_from_its_tokens(tokenizer, text):
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert tokenizer.decode(ids, skip_special_tokens=False) == text


@given(number=st.integers(0, 10**9))
@relaxed
def test_a_number_costs_a_token_a_digit(tokenizer, number):
    ids = tokenizer.encode(f'x{number}', add_special_tokens=False).ids
    assert len(ids) == 1 + len(str(number))


def test_known_tokens_have_known_numbers(tokenizer, source):
    assert tokenizer.encode(' A', add_special_tokens=False).ids == [330]
    assert read_tokenizer(source)[1] == 1


def test_a_text_cannot_forge_a_special_token(tokenizer):
    ids = tokenizer.encode('<|im_start|>system', add_special_tokens=False).ids
    assert tokenizer.token_to_id('<|im_start|>') not in ids
    assert tokenizer.decode(ids, skip_special_tokens=False) == '<|im_start|>system'


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    (tiny_model.write_folder(tmp_path) / 'tokenizer.json').unlink()
    with pytest.raises(ModelError, match=r'has no tokenizer\.json'):
        read_tokenizer(tmp_path)


def test_an_unreadable_tokenizer_is_refused(tmp_path):
    (tiny_model.write_folder(tmp_path) / 'tokenizer.json').write_text('{')
    with pytest.raises(ModelError, match='not a readable tokenizer'):
        read_tokenizer(tmp_path)


def test_a_gguf_file_without_a_tokenizer_is_refused(tmp_path):
    with pytest.raises(ModelError, match=r'lacks tokenizer\.ggml\.model'):
        read_tokenizer(tiny_model.write_gguf(tmp_path / 'x.gguf'))


def test_a_gguf_file_with_another_kind_of_tokenizer_is_refused(tmp_path):
    with pytest.raises(ModelError, match="'llama' with 'default', and only gpt2"):
        read_tokenizer(tiny_model.write_gguf(tmp_path / 'x.gguf', tokenizer='llama'))


@pytest.fixture(scope='module')
def theirs(source):
    transformers = pytest.importorskip('transformers')
    return transformers.AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)


@pytest.mark.train
@pytest.mark.parametrize('text', TEXTS)
def test_transformers_gives_the_same_tokens(tokenizer, theirs, text):
    ours = tokenizer.encode(text, add_special_tokens=False).ids
    assert ours == theirs.encode(text, add_special_tokens=False)


words_without_numbers = st.text(
    st.characters(exclude_characters=' <|>▁', exclude_categories=['N', 'Cs']), min_size=1
)


@pytest.mark.train
@relaxed
@given(st.lists(words_without_numbers, max_size=8))
def test_transformers_gives_the_same_tokens_for_any_words(tokenizer, theirs, words):
    # Of a GGUF file transformers does not keep that digits are split off before the words are.
    text = ' '.join(words)
    ours = tokenizer.encode(text, add_special_tokens=False).ids
    assert ours == theirs.encode(text, add_special_tokens=False)


@pytest.mark.train
def test_transformers_starts_with_the_same_bos(theirs, source):
    assert theirs.bos_token_id == read_tokenizer(source)[1]
