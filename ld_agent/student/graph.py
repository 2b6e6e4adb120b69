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
"""Writes the ONNX graph of a Llama-like model from its weights, in fp32 or 8-bit blockwise.

Inputs: `ids` (1, S), `positions` (1, S), `total` (scalar: cached + new tokens), `last` (1,):
`total` - 1, `read` (M,): indices of the new tokens to read, `rows` (R,): vocabulary rows asked
for, and per layer `past_k`/`past_v` (1, kv_heads, P, head_size). Outputs: `logits` (M, R) and the
grown caches. The rotary position of a token is independent of its place in the cache.
"""

from __future__ import annotations

import math
from pathlib import Path

from ld_agent.student.weights import ModelShape, Weights
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto

BLOCK = 32
_MS = 'com.microsoft'


def write_graph(weights: Weights, path: Path, bits: int | None) -> None:
    """Write the model to `path`, its tensors beside it in `path.data`.

    Args:
        bits: 8 for blockwise quantised layers (block 32), None for fp32.
    """
    _Writer(weights, bits).write(path)


class _Writer:
    def __init__(self, weights: Weights, bits: int | None) -> None:
        self.weights, self.shape, self.bits = weights, weights.shape, bits
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, op: str, inputs: list[str], outputs: list[str], domain: str = '', **attributes):
        self.nodes.append(
            helper.make_node(op, inputs, outputs, domain=domain, name=outputs[0], **attributes)
        )
        return outputs[0]

    def constant(self, name: str, array: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def layer(self, number: int, part: str) -> np.ndarray:
        return self.weights.tensors[f'model.layers.{number}.{part}']

    def linear(self, name: str, x: str, matrix: np.ndarray, bias: np.ndarray | None = None) -> str:
        """Multiply by `matrix` (out, in)."""
        if self.bits == 8:
            values, scales = quantise(matrix)
            y = self.add(
                'MatMulNBits',
                [x, self.constant(f'{name}.q', values), self.constant(f'{name}.s', scales)],
                [name],
                _MS,
                K=matrix.shape[1],
                N=matrix.shape[0],
                bits=8,
                block_size=BLOCK,
                accuracy_level=4,
            )
        else:
            y = self.add('MatMul', [x, self.constant(f'{name}.w', matrix.T)], [name])
        if bias is None:
            return y
        return self.add('Add', [y, self.constant(f'{name}.b', bias)], [f'{name}.biased'])

    def write(self, path: Path) -> None:
        shape, tensors = self.shape, self.weights.tensors
        embedding = tensors['model.embed_tokens.weight'].astype(np.float16)
        self.constant('embedding', embedding)
        head = 'embedding'
        if 'lm_head.weight' in tensors:
            head = self.constant('head', tensors['lm_head.weight'].astype(np.float16))
        cos, sin = rotary_tables(shape)
        self.constant('cos', cos)
        self.constant('sin', sin)
        self.add('Gather', ['embedding', 'ids'], ['embedded16'])
        stream = self.add('Cast', ['embedded16'], ['embedded'], to=TensorProto.FLOAT)
        gamma = self.constant('norm.0', self.layer(0, 'input_layernorm.weight'))
        normed = self.add(
            'SimplifiedLayerNormalization', [stream, gamma], ['normed.0'],
            axis=-1, epsilon=shape.norm_epsilon, stash_type=1,
        )  # fmt: skip
        for number in range(shape.layers):
            normed, stream = self.block(number, normed, stream)
        self.add('Gather', [normed, 'read'], ['hidden'], axis=1)
        self.add('Gather', [head, 'rows'], ['asked16'])
        self.add('Cast', ['asked16'], ['asked'], to=TensorProto.FLOAT)
        self.add('Transpose', ['asked'], ['asked_t'], perm=[1, 0])
        self.add('MatMul', ['hidden', 'asked_t'], ['logits3'])
        self.constant('first', np.array([0], dtype=np.int64))
        self.add('Squeeze', ['logits3', 'first'], ['logits'])
        self.save(path)

    def block(self, number: int, normed: str, stream: str) -> tuple[str, str]:
        shape, n = self.shape, number
        parts = [self.layer(n, f'self_attn.{p}_proj.weight') for p in 'qkv']
        has_bias = f'model.layers.{n}.self_attn.q_proj.bias' in self.weights.tensors
        bias = (
            np.concatenate([self.layer(n, f'self_attn.{p}_proj.bias') for p in 'qkv'])
            if has_bias
            else None
        )
        qkv = self.linear(f'qkv.{n}', normed, np.concatenate(parts), bias)
        self.add(
            'GroupQueryAttention',
            [
                qkv,
                '',
                '',
                f'past_k.{n}',
                f'past_v.{n}',
                'last',
                'total',
                'cos',
                'sin',
                'positions',
            ],
            [f'attended.{n}', f'new_k.{n}', f'new_v.{n}'],
            _MS,
            num_heads=shape.heads,
            kv_num_heads=shape.kv_heads,
            scale=1.0 / math.sqrt(shape.head_size),
            do_rotary=1,
            rotary_interleaved=0,
        )
        out = self.linear(f'o.{n}', f'attended.{n}', self.layer(n, 'self_attn.o_proj.weight'))
        normed, stream = self.norm(
            f'post.{n}', stream, out, self.layer(n, 'post_attention_layernorm.weight')
        )
        gate_up = np.concatenate(
            [self.layer(n, 'mlp.gate_proj.weight'), self.layer(n, 'mlp.up_proj.weight')]
        )
        both = self.linear(f'gate_up.{n}', normed, gate_up)
        self.add('Split', [both], [f'gate.{n}', f'up.{n}'], axis=-1, num_outputs=2)
        self.add('Sigmoid', [f'gate.{n}'], [f'sigmoid.{n}'])
        self.add('Mul', [f'gate.{n}', f'sigmoid.{n}'], [f'silu.{n}'])
        self.add('Mul', [f'silu.{n}', f'up.{n}'], [f'gated.{n}'])
        down = self.linear(f'down.{n}', f'gated.{n}', self.layer(n, 'mlp.down_proj.weight'))
        last = n + 1 == shape.layers
        gamma = (
            self.weights.tensors['model.norm.weight']
            if last
            else self.layer(n + 1, 'input_layernorm.weight')
        )
        return self.norm(f'next.{n}', stream, down, gamma)

    def norm(self, name: str, stream: str, change: str, gamma: np.ndarray) -> tuple[str, str]:
        self.add(
            'SkipSimplifiedLayerNormalization',
            [stream, change, self.constant(f'{name}.gamma', gamma)],
            [name, '', '', f'{name}.sum'],
            _MS,
            epsilon=self.shape.norm_epsilon,
        )
        return name, f'{name}.sum'

    def save(self, path: Path) -> None:
        shape, integer, real = self.shape, TensorProto.INT64, TensorProto.FLOAT
        info = helper.make_tensor_value_info
        cache = lambda kind, size: [  # noqa: E731
            info(f'{kind}_{kv}.{n}', real, [1, shape.kv_heads, size, shape.head_size])
            for n in range(shape.layers)
            for kv in 'kv'
        ]
        graph = helper.make_graph(
            self.nodes,
            'student',
            [
                info('ids', integer, [1, 'S']),
                info('positions', integer, [1, 'S']),
                info('total', TensorProto.INT32, []),
                info('last', TensorProto.INT32, [1]),
                info('read', integer, ['M']),
                info('rows', integer, ['R']),
                *cache('past', 'P'),
            ],
            [info('logits', real, ['M', 'R']), *cache('new', 'T')],
            self.constants,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid('', 21), helper.make_opsetid(_MS, 1)],
            ir_version=10,
            producer_name='ld_agent',
        )
        onnx.save_model(
            model,
            path,
            save_as_external_data=True,
            location=f'{path.name}.data',
            size_threshold=1024,
        )


def quantise(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quantise (out, in) to unsigned 8 bits around 128, one scale a block of 32 inputs.

    Returns:
        Values (out, in / 32, 32) uint8 and scales (out * in / 32,) fp32.
    """
    blocks = matrix.reshape(matrix.shape[0], -1, BLOCK)
    scales = np.abs(blocks).max(axis=2, keepdims=True) / 127.0
    safe = np.where(scales == 0, 1.0, scales)
    values = np.clip(np.rint(blocks / safe) + 128, 0, 255).astype(np.uint8)
    return values, scales.reshape(-1).astype(np.float32)


def rotary_tables(shape: ModelShape) -> tuple[np.ndarray, np.ndarray]:
    """Return cos and sin, each (context, head_size / 2) fp32, with Llama 3's scaling if any."""
    half = shape.head_size // 2
    inverse = 1.0 / shape.rope_theta ** (np.arange(half, dtype=np.float64) / half)
    scaling = dict(shape.rope_scaling)
    if scaling.get('rope_type') == 'llama3':
        low, high = scaling['low_freq_factor'], scaling['high_freq_factor']
        old = scaling['original_max_position_embeddings']
        length = 2 * math.pi / inverse
        smooth = np.clip((old / length - low) / (high - low), 0.0, 1.0)
        inverse = (1 - smooth) * inverse / scaling['factor'] + smooth * inverse
    angles = np.outer(np.arange(min(shape.context, 8192)), inverse)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
