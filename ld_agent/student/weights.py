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
"""Reads a model's weights into numpy: a GGUF file, or a folder of safetensors.

Gives fp32 arrays under Hugging Face's names and layout, whatever the file's own layout.
Needs neither torch nor transformers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from ld_agent.errors import ModelError
import numpy as np

WRITTEN_ARCHITECTURES = ('llama', 'qwen2')

_GGUF_NAMES = {
    'attn_q': 'self_attn.q_proj', 'attn_k': 'self_attn.k_proj', 'attn_v': 'self_attn.v_proj',
    'attn_output': 'self_attn.o_proj', 'ffn_gate': 'mlp.gate_proj', 'ffn_up': 'mlp.up_proj',
    'ffn_down': 'mlp.down_proj', 'attn_norm': 'input_layernorm',
    'ffn_norm': 'post_attention_layernorm',
}  # fmt: skip


@dataclass(frozen=True)
class ModelShape:
    """The numbers of a Llama-like model."""

    architecture: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_size: int
    hidden: int
    vocabulary: int
    context: int
    norm_epsilon: float
    rope_theta: float
    rope_scaling: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Weights:
    """A model in memory: its shape, and its tensors by Hugging Face name, fp32, (out, in)."""

    shape: ModelShape
    tensors: dict[str, np.ndarray]

    @property
    def head(self) -> np.ndarray:
        """The output embedding, (vocabulary, width); the input one where they are tied."""
        return self.tensors.get('lm_head.weight', self.tensors['model.embed_tokens.weight'])


def read_weights(path: Path) -> Weights:
    """Read the GGUF file or the safetensors folder at `path`.

    Raises:
        ModelError: it is neither, or of an architecture whose graph is not written here.
    """
    if path.suffix == '.gguf':
        return _read_gguf(path)
    if (path / 'config.json').exists():
        return _read_folder(path)
    raise ModelError(
        f'{path}: no model found; it must be a .gguf file, or a folder with config.json and '
        '*.safetensors'
    )


def _read_gguf(path: Path) -> Weights:
    from gguf import dequantize, GGUFReader

    try:
        reader = GGUFReader(path)
    except (ValueError, OSError, IndexError) as error:
        raise ModelError(f'{path}: not a readable GGUF file ({error}); fetch it again') from None

    def value(key: str, default: Any = None) -> Any:
        field = reader.get_field(key)
        return default if field is None else field.contents()

    kind = value('general.architecture')
    _check_architecture(kind, path)
    heads = int(value(f'{kind}.attention.head_count'))
    width = int(value(f'{kind}.embedding_length'))
    kv_heads = int(value(f'{kind}.attention.head_count_kv', heads))
    tensors: dict[str, np.ndarray] = {}
    for tensor in reader.tensors:
        array = dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
        part = tensor.name.split('.')
        if part[0] == 'blk' and kind == 'llama' and part[2] in ('attn_q', 'attn_k'):
            array = _unpermute(array, heads if part[2] == 'attn_q' else kv_heads)
        tensors[_huggingface_name(part)] = array
    embedding = tensors['model.embed_tokens.weight']
    return Weights(
        ModelShape(
            architecture=kind,
            layers=int(value(f'{kind}.block_count')),
            width=width,
            heads=heads,
            kv_heads=kv_heads,
            head_size=width // heads,
            hidden=int(value(f'{kind}.feed_forward_length')),
            vocabulary=embedding.shape[0],
            context=int(value(f'{kind}.context_length')),
            norm_epsilon=float(value(f'{kind}.attention.layer_norm_rms_epsilon')),
            rope_theta=float(value(f'{kind}.rope.freq_base', 10000.0)),
        ),
        tensors,
    )


def _unpermute(array: np.ndarray, heads: int) -> np.ndarray:
    """Undo GGUF's order of q and k rows (interleaved rotary) to Hugging Face's (two halves)."""
    rows, columns = array.shape
    return np.ascontiguousarray(
        array.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)
    )


def _huggingface_name(part: list[str]) -> str:
    if part[0] == 'blk':
        return f'model.layers.{part[1]}.{_GGUF_NAMES.get(part[2], part[2])}.{part[3]}'
    return {
        'token_embd': 'model.embed_tokens.weight',
        'output_norm': 'model.norm.weight',
        'output': 'lm_head.weight',
    }.get(part[0], '.'.join(part))


def _read_folder(path: Path) -> Weights:
    config = json.loads((path / 'config.json').read_text(encoding='utf-8'))
    kind = config.get('model_type', '')
    _check_architecture(kind, path)
    files = sorted(path.glob('*.safetensors'))
    if not files:
        raise ModelError(f'{path}: holds config.json but no *.safetensors file')
    tensors = {name: array for file in files for name, array in read_safetensors(file)}
    heads = config['num_attention_heads']
    return Weights(
        ModelShape(
            architecture=kind,
            layers=config['num_hidden_layers'],
            width=config['hidden_size'],
            heads=heads,
            kv_heads=config.get('num_key_value_heads', heads),
            head_size=config.get('head_dim') or config['hidden_size'] // heads,
            hidden=config['intermediate_size'],
            vocabulary=config['vocab_size'],
            context=min(config.get('max_position_embeddings', 4096), 32768),
            norm_epsilon=config.get('rms_norm_eps', 1e-5),
            rope_theta=config.get('rope_theta', 10000.0),
            rope_scaling=tuple(sorted((config.get('rope_scaling') or {}).items())),
        ),
        tensors,
    )


def read_safetensors(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Yield name and fp32 array of every tensor of a safetensors file (fp32, fp16, bf16).

    Raises:
        ModelError: the file is not readable.
    """
    from safetensors import deserialize, SafetensorError

    try:
        entries = deserialize(path.read_bytes())
    except (SafetensorError, OSError) as error:
        raise ModelError(f'{path}: not a readable safetensors file ({error})') from None
    for name, entry in entries:
        raw = entry['data']
        if entry['dtype'] == 'BF16':
            wide = np.frombuffer(raw, dtype=np.uint16).astype(np.uint32) << 16
            array = wide.view(np.float32)
        elif entry['dtype'] in ('F16', 'F32'):
            dtype = np.float16 if entry['dtype'] == 'F16' else np.float32
            array = np.frombuffer(raw, dtype=dtype).astype(np.float32)
        else:
            raise ModelError(f'{path}: {name} is {entry["dtype"]}; only F32, F16, BF16 are read')
        yield name, array.reshape(entry['shape'])


def _check_architecture(kind: str, path: Path) -> None:
    if kind not in WRITTEN_ARCHITECTURES:
        raise ModelError(
            f'{path}: the architecture {kind!r} is none of {", ".join(WRITTEN_ARCHITECTURES)}, '
            'whose graphs ld_agent writes; use such a model'
        )
