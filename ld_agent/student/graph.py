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
import re

from ld_agent.errors import ModelError
from ld_agent.student.weights import ModelShape, Weights
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto

BLOCK = 32
_MS = 'com.microsoft'
_WRITTEN = re.compile(
    r'(model\.embed_tokens|model\.norm|lm_head)\.weight|model\.layers\.\d+\.('
    r'(input|post_attention)_layernorm\.weight|self_attn\.rotary_emb\.inv_freq'
    r'|self_attn\.[qkv]_proj\.(weight|bias)|(self_attn\.o|mlp\.(gate|up|down))_proj\.weight)'
)
MOST_POSITIONS = 8192
"""Rows of the rotary tables; prompts of a selection stay far below."""


def write_graph(weights: Weights, path: Path, bits: int | None) -> None:
    """Write the model to `path`, its tensors beside it in `path.data`; `path` appears last.

    Args:
        bits: 8 for blockwise quantised layers (block 32), None for fp32.

    Raises:
        ModelError: the model lacks a tensor, or has one that the graph would leave out.
    """
    unknown = [name for name in weights.tensors if not _WRITTEN.fullmatch(name)]
    if unknown:
        raise ModelError(
            f'the model has {unknown[0]}, which the written graph leaves out; use another model'
        )
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
        return self.weights.tensor(f'model.layers.{number}.{part}')

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
        kind = np.float32 if self.bits is None else np.float16
        embedding = self.weights.tensor('model.embed_tokens.weight').astype(kind)
        self.constant('embedding', embedding)
        head = 'embedding'
        if 'lm_head.weight' in tensors:
            head = self.constant('head', tensors['lm_head.weight'].astype(kind))
        cos, sin = rotary_tables(shape)
        self.constant('cos', cos)
        self.constant('sin', sin)
        self.add('Gather', ['embedding', 'ids'], ['embedded.stored'])
        stream = self.add('Cast', ['embedded.stored'], ['embedded'], to=TensorProto.FLOAT)
        gamma = self.constant('norm.0', self.layer(0, 'input_layernorm.weight'))
        normed = self.add(
            'SimplifiedLayerNormalization', [stream, gamma], ['normed.0'],
            axis=-1, epsilon=shape.norm_epsilon, stash_type=1,
        )  # fmt: skip
        for number in range(shape.layers):
            normed, stream = self.block(number, normed, stream)
        self.add('Gather', [normed, 'read'], ['hidden'], axis=1)
        self.add('Gather', [head, 'rows'], ['asked.stored'])
        self.add('Cast', ['asked.stored'], ['asked'], to=TensorProto.FLOAT)
        self.add('Transpose', ['asked'], ['asked_t'], perm=[1, 0])
        self.add('MatMul', ['hidden', 'asked_t'], ['logits3'])
        self.constant('first', np.array([0], dtype=np.int64))
        self.add('Squeeze', ['logits3', 'first'], ['logits'])
        self.finish(path)

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
            self.weights.tensor('model.norm.weight')
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

    def finish(self, path: Path) -> None:
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
        save(model_of(graph), path, min(shape.context, MOST_POSITIONS))


def model_of(graph: onnx.GraphProto) -> onnx.ModelProto:
    """Return a model that holds `graph`, with the operator sets that all our graphs use."""
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid('', 21), helper.make_opsetid(_MS, 1)],
        ir_version=10,
        producer_name='ld_agent',
    )


def save(model: onnx.ModelProto, path: Path, context: int) -> None:
    """Write a graph to `path`, its tensors beside it in `path.data`; `path` appears last.

    Args:
        context: positions that the model knows; kept in the graph's metadata.
    """
    helper.set_model_props(model, {'context': str(context)})
    data = path.with_name(f'{path.name}.data')
    data.unlink(missing_ok=True)
    part = path.with_name(f'{path.name}.part')
    onnx.save_model(
        model, part, save_as_external_data=True, location=data.name, size_threshold=1024
    )
    part.replace(path)


def quantise(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quantise (out, in) to unsigned 8 bits around 128, one scale a block of 32 inputs.

    Returns:
        Values (out, blocks, 32) uint8 and scales (out * blocks,) fp32; the last block is filled
        up with zeros.
    """
    padded = np.pad(matrix, ((0, 0), (0, -matrix.shape[1] % BLOCK)))
    blocks = padded.reshape(matrix.shape[0], -1, BLOCK)
    scales = np.abs(blocks).max(axis=2, keepdims=True) / 127.0
    safe = np.where(scales == 0, 1.0, scales)
    values = np.clip(np.rint(blocks / safe) + 128, 0, 255).astype(np.uint8)
    return values, scales.reshape(-1).astype(np.float32)


def rotary_tables(shape: ModelShape) -> tuple[np.ndarray, np.ndarray]:
    """Return cos and sin, each (positions, head_size / 2) fp32."""
    positions = np.arange(min(shape.context, MOST_POSITIONS))
    angles = np.outer(positions, np.array(shape.inverse_frequencies))
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
