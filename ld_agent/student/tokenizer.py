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
"""A model's tokenizer: from its `tokenizer.json`, or built from the vocabulary of its GGUF."""

from __future__ import annotations

from pathlib import Path

from ld_agent.errors import ModelError
from tokenizers import AddedToken, decoders, models, pre_tokenizers, Tokenizer

_CONTROL = 3
"""GGUF's token type of special tokens."""


def read_tokenizer(path: Path) -> tuple[Tokenizer, int | None]:
    """Return the tokenizer of the model at `path`, and its BOS token if it starts texts with one.

    Raises:
        ModelError: the model brings no byte-level BPE tokenizer.
    """
    if path.suffix == '.gguf':
        return _from_gguf(path)
    file = path / 'tokenizer.json'
    if not file.exists():
        raise ModelError(f'{path}: has no tokenizer.json; save the tokenizer into the folder')
    tokenizer = Tokenizer.from_file(str(file))
    added = tokenizer.encode('', add_special_tokens=True).ids
    return tokenizer, added[0] if added else None


def _from_gguf(path: Path) -> tuple[Tokenizer, int | None]:
    from gguf import GGUFReader

    reader = GGUFReader(path)

    def value(key: str):
        field = reader.get_field(f'tokenizer.ggml.{key}')
        return None if field is None else field.contents()

    if value('model') != 'gpt2':
        raise ModelError(
            f'{path}: its tokenizer is {value("model")!r}, only byte-level BPE is read'
        )
    tokens = value('tokens')
    merges = [tuple(merge.split(' ', 1)) for merge in value('merges')]
    tokenizer = Tokenizer(
        models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=merges)
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True),
         pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )  # fmt: skip
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [
            AddedToken(token, special=True, normalized=False)
            for token, kind in zip(tokens, value('token_type'), strict=True)
            if kind == _CONTROL
        ]
    )
    return tokenizer, value('bos_token_id')
