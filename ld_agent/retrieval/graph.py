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
"""Writes the ONNX graph of a BERT encoder with mean pooling from its weights, in fp32.

Input: `ids` (1, S), one text with its special tokens, so nothing is padded and a vector does not
depend on what is encoded beside it. Output: `vector` (width,), of length one, so that an inner
product is a cosine.
"""

from __future__ import annotations

from pathlib import Path

from ld_agent.student.graph import model_of, save
from ld_agent.student.weights import Weights
import numpy as np
from onnx import helper, NodeProto, numpy_helper, TensorProto

_MS = 'com.microsoft'


def write_encoder(weights: Weights, path: Path) -> None:
    """Write the encoder to `path`, its tensors beside it in `path.data`; `path` appears last.

    Raises:
        ModelError: the model lacks a tensor.
    """
    _Writer(weights).write(path)


class _Writer:
    def __init__(self, weights: Weights) -> None:
        self.weights, self.shape = weights, weights.shape
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def add(self, op: str, inputs: list[str], output: str, domain: str = '', **attributes) -> str:
        self.nodes.append(
            helper.make_node(op, inputs, [output], domain=domain, name=output, **attributes)
        )
        return output

    def constant(self, name: str, array: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def tensor(self, name: str) -> str:
        return self.constant(name, self.weights.tensor(name))

    def matrix(self, name: str) -> str:
        return self.constant(f'{name}.weight', self.weights.tensor(f'{name}.weight').T)

    def write(self, path: Path) -> None:
        stream = self.embed()
        for number in range(self.shape.layers):
            stream = self.block(f'encoder.layer.{number}', stream)
        self.constant('tokens', np.array([1], dtype=np.int64))
        mean = self.add('ReduceMean', [stream, 'tokens'], 'mean', keepdims=0)
        unit = self.add('LpNormalization', [mean], 'unit', axis=1, p=2)
        self.constant('texts', np.array([0], dtype=np.int64))
        self.add('Squeeze', [unit, 'texts'], 'vector')
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            'encoder',
            [info('ids', TensorProto.INT64, [1, 'S'])],
            [info('vector', TensorProto.FLOAT, [self.shape.width])],
            self.constants,
        )
        save(model_of(graph), path, self.shape.context)

    def embed(self) -> str:
        words = self.add(
            'Gather', [self.tensor('embeddings.word_embeddings.weight'), 'ids'], 'words'
        )
        table = self.weights.tensor('embeddings.position_embeddings.weight')
        first_kind = self.weights.tensor('embeddings.token_type_embeddings.weight')[0]
        self.constant('places', table + first_kind)
        self.constant('zero', np.array([0], dtype=np.int64))
        length = self.add('Shape', ['ids'], 'length', start=1)
        here = self.add('Slice', ['places', 'zero', length], 'here')
        both = self.add('Add', [words, here], 'embedded')
        gamma, beta = (self.tensor(f'embeddings.LayerNorm.{p}') for p in ('weight', 'bias'))
        return self.add(
            'LayerNormalization', [both, gamma, beta], 'normed',
            axis=-1, epsilon=self.shape.norm_epsilon,
        )  # fmt: skip

    def block(self, at: str, stream: str) -> str:
        parts = [f'{at}.attention.self.{part}' for part in ('query', 'key', 'value')]
        qkv = [
            np.concatenate([self.weights.tensor(f'{part}.{kind}') for part in parts])
            for kind in ('weight', 'bias')
        ]
        attended = self.add(
            'Attention',
            [
                stream,
                self.constant(f'{at}.qkv.weight', qkv[0].T),
                self.constant(f'{at}.qkv.bias', qkv[1]),
            ],
            f'{at}.attended',
            _MS,
            num_heads=self.shape.heads,
        )
        stream = self.close(f'{at}.attention.output', attended, stream)
        wide = self.add('MatMul', [stream, self.matrix(f'{at}.intermediate.dense')], f'{at}.wide')
        bias = self.tensor(f'{at}.intermediate.dense.bias')
        active = self.add('BiasGelu', [wide, bias], f'{at}.active', _MS)
        return self.close(f'{at}.output', active, stream)

    def close(self, at: str, inner: str, stream: str) -> str:
        """Project `inner` back and add it to the stream, normed."""
        out = self.add('MatMul', [inner, self.matrix(f'{at}.dense')], f'{at}.out')
        gamma, beta = (self.tensor(f'{at}.LayerNorm.{part}') for part in ('weight', 'bias'))
        return self.add(
            'SkipLayerNormalization',
            [out, stream, gamma, beta, self.tensor(f'{at}.dense.bias')],
            f'{at}.normed',
            _MS,
            epsilon=self.shape.norm_epsilon,
        )
