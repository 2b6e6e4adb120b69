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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import json
import math
from pathlib import Path
from typing import Any

from ld_agent.errors import ModelError
import numpy as np

WRITTEN_ARCHITECTURES = ('llama', 'qwen2')
"""Architectures whose graph ld_agent writes itself."""

LARGEST_HEAD = 4096
"""Numbers of an attention head, above those of any model."""
_GGUF_NAMES = {
    'attn_q': 'self_attn.q_proj', 'attn_k': 'self_attn.k_proj', 'attn_v': 'self_attn.v_proj',
    'attn_output': 'self_attn.o_proj', 'ffn_gate': 'mlp.gate_proj', 'ffn_up': 'mlp.up_proj',
    'ffn_down': 'mlp.down_proj', 'attn_norm': 'input_layernorm',
    'ffn_norm': 'post_attention_layernorm',
}  # fmt: skip


@dataclass(frozen=True)
class ModelShape:
    """The numbers of a Llama-like model.

    Attributes:
        context: positions that the model knows.
        inverse_frequencies: of the rotary embedding, (head_size / 2,), radians a position.
    """

    architecture: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_size: int
    context: int
    norm_epsilon: float
    inverse_frequencies: tuple[float, ...]


@dataclass(frozen=True)
class Weights:
    """A model in memory: its shape, and its tensors by Hugging Face name, fp32, (out, in)."""

    shape: ModelShape
    tensors: dict[str, np.ndarray]

    def tensor(self, name: str) -> np.ndarray:
        """Return a tensor.

        Raises:
            ModelError: the model has no such tensor.
        """
        if name not in self.tensors:
            raise ModelError(f'the model lacks the tensor {name}; its files are not complete')
        return self.tensors[name]


def architecture_of(path: Path) -> str:
    """Return the architecture's name, as the GGUF file or the folder at `path` has it.

    Raises:
        ModelError: there is no readable model.
    """
    return _architecture(GgufFile(path) if path.suffix == '.gguf' else path)


def _architecture(model: GgufFile | Path) -> str:
    if isinstance(model, Path):
        return str(_read_config(model).get('model_type'))
    return str(model.value('general.architecture'))


def read_weights(path: Path) -> Weights:
    """Read the GGUF file or the safetensors folder at `path`.

    Raises:
        ModelError: it is neither, or of an architecture whose graph is not written here.
    """
    model = GgufFile(path) if path.suffix == '.gguf' else path  # opening one takes seconds
    kind = _architecture(model)
    if kind not in WRITTEN_ARCHITECTURES:
        raise ModelError(
            f'{path}: the architecture {kind!r} is none of {", ".join(WRITTEN_ARCHITECTURES)}, '
            'whose graphs ld_agent writes; use such a model'
        )
    try:
        return _read_folder(path, kind) if isinstance(model, Path) else _read_gguf(model, kind)
    except ModelError:
        raise
    except Exception as error:  # numbers of a damaged file do not fit together in any way
        raise ModelError(f'{path}: is damaged ({error}); fetch it again') from None


def _open_gguf(path: Path) -> Any:
    from gguf import GGUFReader

    class Reader(GGUFReader):
        """Stops at the end of the file, so that a wrong length cannot fill the memory."""

        def _get(self, offset, dtype, count=1, override_order=None):
            if offset + np.dtype(dtype).itemsize * int(count) > len(self.data):
                raise ValueError('it ends too early')
            return super()._get(offset, dtype, count, override_order)

    return Reader(path)


class GgufFile:
    """A GGUF file, open.

    Raises:
        ModelError: it is damaged, or no GGUF file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.reader = _open_gguf(path)
        except Exception as error:  # the reader trusts the file: a damaged one fails anyhow
            raise ModelError(
                f'{path}: not a readable GGUF file ({error or type(error).__name__}); fetch it '
                'again'
            ) from None

    def value(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or `default`.

        Raises:
            ModelError: there is neither.
        """
        field = self.reader.get_field(key)
        try:
            found = default if field is None else field.contents()
        except Exception as error:  # a damaged value may be no text, or of no known type
            raise ModelError(f'{self.path}: {key} is damaged ({error}); fetch it again') from None
        if found is None:
            raise ModelError(f'{self.path}: lacks {key}; fetch it again')
        return found


def _read_gguf(file: GgufFile, kind: str) -> Weights:
    from gguf import dequantize

    def value(key: str, default: Any = None) -> Any:
        return file.value(f'{kind}.{key}', default)

    heads, width = int(value('attention.head_count')), int(value('embedding_length'))
    kv_heads = int(value('attention.head_count_kv', heads))
    head_size = int(value('attention.key_length', width // heads))
    permuted = {'attn_q': heads, 'attn_k': kv_heads} if kind == 'llama' else {}
    tensors: dict[str, np.ndarray] = {}
    for tensor in file.reader.tensors:
        array = dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
        part = tensor.name.split('.')
        if part[0] == 'blk' and part[2] in permuted:
            array = _unpermute(array, permuted[part[2]])
        tensors[_huggingface_name(part)] = array
    scaling: dict[str, Any] = {}
    if value('rope.scaling.type', 'none') != 'none':
        scaling = {'rope_type': value('rope.scaling.type'), 'factor': value('rope.scaling.factor')}
    inverse = inverse_frequencies(head_size, float(value('rope.freq_base', 10000.0)), scaling)
    if 'rope_freqs.weight' in tensors:
        inverse = inverse / tensors.pop('rope_freqs.weight')
    shape = ModelShape(
        architecture=kind,
        layers=int(value('block_count')),
        width=width,
        heads=heads,
        kv_heads=kv_heads,
        head_size=head_size,
        context=int(value('context_length')),
        norm_epsilon=float(value('attention.layer_norm_rms_epsilon')),
        inverse_frequencies=tuple(inverse.tolist()),
    )
    return Weights(shape, tensors)


def _unpermute(array: np.ndarray, heads: int) -> np.ndarray:
    """Undo GGUF's order of q and k rows (interleaved rotary) to Hugging Face's (two halves)."""
    apart = array.reshape(heads, array.shape[0] // heads // 2, 2, *array.shape[1:])
    return np.ascontiguousarray(apart.swapaxes(1, 2)).reshape(array.shape)


def _huggingface_name(part: list[str]) -> str:
    if part[0] == 'blk':
        return f'model.layers.{part[1]}.{_GGUF_NAMES.get(part[2], part[2])}.{part[3]}'
    return {
        'token_embd': 'model.embed_tokens.weight',
        'output_norm': 'model.norm.weight',
        'output': 'lm_head.weight',
    }.get(part[0], '.'.join(part))


def _read_config(path: Path) -> dict[str, Any]:
    file = path / 'config.json'
    if not file.exists():
        raise ModelError(
            f'{path}: no model found; it must be a .gguf file, or a folder with config.json and '
            '*.safetensors'
        )
    try:
        return dict(json.loads(file.read_text(encoding='utf-8')))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f'{file}: not readable ({error}); fetch it again') from None


def _read_folder(path: Path, kind: str) -> Weights:
    config = _read_config(path)
    odd = [key for key in ('quantization_config', 'use_sliding_window') if config.get(key)]
    if config.get('hidden_act', 'silu') != 'silu':
        odd.append('hidden_act')
    if odd:
        raise ModelError(
            f'{path}: config.json sets {", ".join(odd)}, which ld_agent does not write; use the '
            'plain model in fp32, fp16 or bf16'
        )
    files = sorted(path.glob('*.safetensors'))
    if not files:
        raise ModelError(f'{path}: holds config.json but no *.safetensors file')
    tensors = {name: array for file in files for name, array in read_safetensors(file)}
    if config.get('tie_word_embeddings'):
        tensors.pop('lm_head.weight', None)
    rope = {**(config.get('rope_scaling') or {}), **(config.get('rope_parameters') or {})}
    theta = float(rope.get('rope_theta', config.get('rope_theta', 10000.0)))
    try:
        heads, width = int(config['num_attention_heads']), int(config['hidden_size'])
        head_size = int(config.get('head_dim') or width // heads)
        shape = ModelShape(
            architecture=kind,
            layers=int(config['num_hidden_layers']),
            width=width,
            heads=heads,
            kv_heads=int(config.get('num_key_value_heads') or heads),
            head_size=head_size,
            context=int(config.get('max_position_embeddings', 4096)),
            norm_epsilon=float(config.get('rms_norm_eps', 1e-6)),
            inverse_frequencies=tuple(inverse_frequencies(head_size, theta, rope).tolist()),
        )
    except KeyError as error:
        raise ModelError(f'{path / "config.json"}: lacks {error}; fetch it again') from None
    return Weights(shape, tensors)


def inverse_frequencies(head_size: int, theta: float, scaling: Mapping[str, Any]) -> np.ndarray:
    """Return the rotary embedding's frequencies, fp64 (head_size / 2,), radians a position.

    Raises:
        ModelError: the scaling is none of default, linear, llama3.
        ValueError: the head is larger than any model's, as a wrong byte in a file makes it.
    """
    if not 0 < head_size <= LARGEST_HEAD:
        raise ValueError(f'a head of {head_size} numbers')
    half = head_size // 2
    inverse = theta ** -(np.arange(half, dtype=np.float64) / half)
    kind = scaling.get('rope_type', scaling.get('type', 'default'))
    if kind == 'default':
        return inverse
    if kind == 'linear':
        return inverse / scaling['factor']
    if kind == 'llama3':
        low, high = scaling['low_freq_factor'], scaling['high_freq_factor']
        turns = scaling['original_max_position_embeddings'] * inverse / (2 * math.pi)
        smooth = np.clip((turns - low) / (high - low), 0.0, 1.0)
        return (1 - smooth) * inverse / scaling['factor'] + smooth * inverse
    raise ModelError(
        f'rotary scaling {kind!r} is not supported, only default, linear and llama3; use another '
        'model'
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
        raise ModelError(
            f'{path}: not a readable safetensors file ({error}); fetch it again'
        ) from None
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
