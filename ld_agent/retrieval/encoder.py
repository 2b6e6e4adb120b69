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
"""The two encoders of the retriever: text in, a vector of length one out (paper, equation 2).

Runs what `prepare` wrote, with ONNX Runtime and tokenizers alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ld_agent.errors import ModelError
import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

THREADS = 2
MOST_TOKENS = 256
"""A longer text is cut; manuals and states stay far below."""


class Encoders:
    """A query encoder and a function encoder, prepared in `folder`.

    Raises:
        ModelError: a graph does not load.
    """

    def __init__(self, folder: Path, threads: int = THREADS) -> None:
        self.name = folder.name
        self._tokenizer = load_tokenizer(folder / 'tokenizer.json')
        self._query = _open(folder / 'query.onnx', threads)
        self._function = _open(folder / 'function.onnx', threads)

    def query(self, text: str) -> np.ndarray:
        """Return the vector of a query, fp32 (width,)."""
        return self._encode(self._query, text)

    def functions(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of functions' documents, fp32 (len(texts), width)."""
        return np.stack([self._encode(self._function, text) for text in texts])

    def _encode(self, session: ort.InferenceSession, text: str) -> np.ndarray:
        ids = np.array([self._tokenizer.encode(text).ids], dtype=np.int64)
        return session.run(None, {'ids': ids})[0]


def load_tokenizer(file: Path) -> Tokenizer:
    """Open the tokenizer so that it pads nothing and cuts what is too long."""
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS)
    return tokenizer


def _open(file: Path, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(str(file), options, providers=['CPUExecutionProvider'])
    except Exception as error:
        raise ModelError(
            f'{file} does not load ({error}); run `ld-agent prepare --retriever --force`'
        ) from None
