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
"""The student's tokenizer, from a GGUF file's vocabulary and merges, or from tokenizer.json.

Text is only text: what looks like a special token (`<|im_start|>`) is encoded letter by letter,
so that a manual or a sentence from outside cannot forge one.
"""

from __future__ import annotations

from pathlib import Path

from ld_agent.errors import ModelError
from ld_agent.student.weights import GgufFile
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, Regex, Tokenizer

_CONTROL, _USER_DEFINED = 3, 4
"""GGUF's types of special tokens, and of added ones."""

_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r'|\s*[\r\n]+|\s+(?!\S)|\s+'
)
"""How Llama 3 (digits in threes) and Qwen 2 (one by one) cut a text into words."""


def read_tokenizer(path: Path) -> tuple[Tokenizer, int | None]:
    """Return the tokenizer of the model at `path`, and its BOS token if it starts texts with one.

    Raises:
        ModelError: the model brings no byte-level BPE tokenizer.
    """
    tokenizer, bos = _from_gguf(path) if path.suffix == '.gguf' else _from_folder(path)
    tokenizer.encode_special_tokens = True
    return tokenizer, bos


def load_tokenizer(file: Path) -> Tokenizer:
    """Load a tokenizer that was saved.

    Raises:
        ModelError: the file is missing or damaged.
    """
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:
        raise ModelError(f'{file}: not a readable tokenizer ({error})') from None
    tokenizer.encode_special_tokens = True
    return tokenizer


def _from_folder(path: Path) -> tuple[Tokenizer, int | None]:
    file = path / 'tokenizer.json'
    if not file.exists():
        raise ModelError(f'{path}: has no tokenizer.json; save the tokenizer into the folder')
    tokenizer = load_tokenizer(file)
    added = tokenizer.encode('', add_special_tokens=True).ids
    return tokenizer, added[0] if added else None


def _from_gguf(path: Path) -> tuple[Tokenizer, int | None]:
    file, at = GgufFile(path), 'tokenizer.ggml'
    kind, words = file.value(f'{at}.model'), file.value(f'{at}.pre', 'default')
    splitters = _splitters()
    if kind != 'gpt2' or words not in splitters:
        raise ModelError(
            f'{path}: its tokenizer is {kind!r} with {words!r}, and only gpt2 (byte-level BPE) '
            f'with {", ".join(splitters)} is read; give the Hugging Face folder'
        )
    tokens, kinds = file.value(f'{at}.tokens'), file.value(f'{at}.token_type')
    unknown = file.value(f'{at}.unknown_token_id', -1)
    tokenizer = Tokenizer(
        models.BPE(
            vocab={token: number for number, token in enumerate(tokens)},
            merges=[tuple(merge.split(' ', 1)) for merge in file.value(f'{at}.merges')],
            ignore_merges=words == 'llama-bpe',
            unk_token=None if unknown < 0 else tokens[unknown],
            fuse_unk=unknown >= 0,
        )
    )
    if words == 'qwen2':
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = splitters[words]
    tokenizer.decoder = decoders.ByteLevel()
    for wanted, add in (
        (_CONTROL, tokenizer.add_special_tokens),
        (_USER_DEFINED, tokenizer.add_tokens),
    ):
        chosen = [t for t, k in zip(tokens, kinds, strict=True) if k == wanted]
        add([AddedToken(t, special=wanted == _CONTROL, normalized=False) for t in chosen])
    starts = file.value(f'{at}.add_bos_token', words != 'qwen2') or words == 'smollm'
    return tokenizer, file.value(f'{at}.bos_token_id') if starts else None


def _splitters() -> dict[str, pre_tokenizers.PreTokenizer]:
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bare = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    digits = pre_tokenizers.Digits(individual_digits=True)

    def words(numbers: str) -> pre_tokenizers.PreTokenizer:
        return pre_tokenizers.Split(Regex(_WORDS % numbers), 'isolated')

    return {
        'default': plain,
        'gpt-2': plain,
        'smollm': pre_tokenizers.Sequence([digits, plain]),
        'llama-bpe': pre_tokenizers.Sequence([words('{1,3}'), bare]),
        'qwen2': pre_tokenizers.Sequence([words(''), bare]),
    }
