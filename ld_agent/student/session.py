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
"""The prepared student in ONNX Runtime: encode pieces once, join them, ask for logits.

A `Cache` holds the keys and values of some tokens. Which tokens a piece has attended to is
fixed when it is encoded; where it stands is its `position`, not its place in the cache. The
same pieces give the same bits in every process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import logging
import os
from pathlib import Path

from ld_agent.errors import ModelError
from ld_agent.student.adapter import read_temperature
from ld_agent.student.tokenizer import load_tokenizer
import numpy as np
import onnxruntime as ort

_log = logging.getLogger(__name__)
THREADS = 2
THREADS_VARIABLE = 'LD_AGENT_THREADS'
_LEAST = 2
"""Tokens of the smallest pass: the attention rounds otherwise for a token alone, and a score
would depend on the cut; so one is sent twice and read once."""


@dataclass(frozen=True)
class Cache:
    """Keys and values of `length` tokens: per layer k and v, each (1, kv_heads, length, size)."""

    layers: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        """Return the number of tokens."""
        return self.layers[0].shape[2]


class Student:
    """A prepared model, open for passes.

    Args:
        folder: what `prepare` wrote: `model.onnx`, `tokenizer.json`, perhaps `temperature.json`.
        bos: token that begins every prompt, if the model wants one.
        provider: `auto` (CUDA where ONNX Runtime has it, else CPU), `cpu` or `cuda`.
        threads: of a pass; default the variable `LD_AGENT_THREADS`, else 2. The bits of a score
            do not depend on it.

    Raises:
        ModelError: the provider is not there, the graph does not load, or `LD_AGENT_THREADS` is
            no number of threads.
    """

    def __init__(
        self, folder: Path, bos: int | None, provider: str = 'auto', threads: int | None = None
    ) -> None:
        threads = threads or _threads()
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        providers = _providers(provider)
        try:
            self._session = self._load(folder / 'model.onnx', options, providers)
        except Exception as error:
            raise ModelError(
                f'{folder / "model.onnx"} does not load ({error}); run `ld-agent prepare --force`'
            ) from None
        self.provider = self._session.get_providers()[0].removesuffix('ExecutionProvider')
        _log.info('student %s runs on %s, %d threads', folder.name, self.provider, threads)
        self.bos = bos
        self.folder = folder
        self.name = folder.name
        self.tokenizer = load_tokenizer(folder / 'tokenizer.json')
        notes = self._session.get_modelmeta().custom_metadata_map
        self.context = int(notes['context'])
        self.temperature = read_temperature(folder)
        pasts = [i for i in self._session.get_inputs() if i.name.startswith('past_')]
        self._past_names = [i.name for i in pasts]
        self._new_names = [name.replace('past', 'new') for name in self._past_names]
        _, kv_heads, _, size = pasts[0].shape
        nothing = np.zeros((1, kv_heads, 0, size), dtype=np.float32)
        self.empty = Cache((nothing,) * len(pasts))

    def encode_text(self, text: str) -> list[int]:
        """Return the tokens of `text`, without BOS."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of some tokens."""
        return self.tokenizer.decode(list(ids))

    def encode(self, ids: Sequence[int], past: Cache | None = None, position: int = 0) -> Cache:
        """Return the keys and values of `ids` alone, having attended to `past`.

        Args:
            position: rotary position of the first of `ids`.

        Raises:
            ModelError: a position lies beyond the model's context.
        """
        past = past or self.empty
        grown = self._run(self._new_names, ids, past, position, rows=[0])
        new = slice(len(past), len(past) + len(ids))
        return Cache(tuple(array[:, :, new] for array in grown))

    @staticmethod
    def join(caches: Sequence[Cache]) -> Cache:
        """Return one cache that holds all of `caches`, in that order."""
        return Cache(
            tuple(np.concatenate(arrays, axis=2) for arrays in zip(*(c.layers for c in caches)))
        )

    def logits(
        self, ids: Sequence[int], past: Cache, position: int, rows: Sequence[int]
    ) -> np.ndarray:
        """Return the logits, fp32 (len(rows),), of vocabulary `rows` after the last of `ids`.

        Raises:
            ModelError: a position lies beyond the model's context.
        """
        return self._run(['logits'], ids, past, position, rows)[0][-1]

    def extend(
        self, ids: Sequence[int], past: Cache, rows: Sequence[int] | np.ndarray
    ) -> tuple[np.ndarray, Cache]:
        """Return the logits of `rows` after `ids`, and `past` grown by `ids`.

        Args:
            past: what `ids` attend to and follow; it starts at position 0.

        Raises:
            ModelError: a position lies beyond the model's context.
        """
        logits, *grown = self._run(['logits', *self._new_names], ids, past, len(past), rows)
        whole = slice(len(past) + len(ids))
        return logits[-1], Cache(tuple(array[:, :, whole] for array in grown))

    def _load(
        self, path: Path, options: ort.SessionOptions, providers: list[str]
    ) -> ort.InferenceSession:
        return ort.InferenceSession(str(path), options, providers=providers)

    def _run(
        self,
        outputs: list[str],
        ids: Sequence[int],
        past: Cache,
        position: int,
        rows: Sequence[int] | np.ndarray,
    ) -> list[np.ndarray]:
        count = len(ids)
        if position + count > self.context:
            raise ModelError(
                f'{count} tokens from position {position} do not fit into the context of '
                f'{self.context} tokens; shorten the rules or the manual'
            )
        positions = list(range(position, position + count))
        if count < _LEAST:
            ids, positions = [*ids, ids[-1]], [*positions, position]
        total = len(past) + len(ids)
        feed = {
            'ids': np.array([ids], dtype=np.int64),
            'positions': np.array([positions], dtype=np.int64),
            'total': np.array(total, dtype=np.int32),
            'last': np.array([total - 1], dtype=np.int32),
            'read': np.array([count - 1], dtype=np.int64),
            'rows': np.asarray(rows, dtype=np.int64),
        }
        feed.update(zip(self._past_names, past.layers, strict=True))
        return self._session.run(outputs, feed)


def _threads() -> int:
    given = os.environ.get(THREADS_VARIABLE) or str(THREADS)
    if not given.isdecimal() or int(given) < 1:
        raise ModelError(
            f'{THREADS_VARIABLE} is {given!r}; give a number of threads, 1 or more, or unset it'
        )
    return int(given)


def _providers(wanted: str) -> list[str]:
    there = ort.get_available_providers()
    cuda, cpu = 'CUDAExecutionProvider', 'CPUExecutionProvider'
    if wanted == 'cpu' or (wanted == 'auto' and cuda not in there):
        return [cpu]
    if wanted in ('auto', 'cuda') and cuda in there:
        return [cuda, cpu]
    if wanted == 'cuda':
        raise ModelError(
            'provider cuda: this ONNX Runtime has no CUDA; install ld_agent with .[gpu], or use '
            'provider cpu'
        )
    raise ModelError(f'provider {wanted!r} is unknown; use auto, cpu or cuda')
