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
"""Graphs of other architectures, exported by optimum and given the student's interface.

Needs optimum, torch, transformers and, for an adapter, peft. The result has the inputs and
outputs of `graph`, but computes every row of the vocabulary.
"""

from __future__ import annotations

from pathlib import Path
import tempfile
import warnings

from ld_agent.errors import ModelError
from ld_agent.student.graph import BLOCK, quantise, save
from ld_agent.student.weights import WRITTEN_ARCHITECTURES
import numpy as np
import onnx
from onnx import helper, numpy_helper, TensorProto

_MS = 'com.microsoft'


def export_graph(source: Path, adapter: Path | None, path: Path, bits: int | None) -> None:
    """Write the model at `source` to `path`, its tensors beside it in `path.data`.

    Args:
        bits: 8 for blockwise quantised layers, None for fp32.

    Raises:
        ModelError: optimum is not installed, or cannot export the model.
    """
    try:
        from optimum.exporters.onnx import onnx_export_from_model
        from transformers import AutoModelForCausalLM
    except ImportError as error:
        raise ModelError(
            f'{source}: its architecture is none of {", ".join(WRITTEN_ARCHITECTURES)}, so it is '
            f'exported by optimum, and {error.name} is not installed; install ld_agent with '
            '.[train], or use a model of these architectures'
        ) from None
    place = {'gguf_file': source.name} if source.is_file() else {}
    with (
        tempfile.TemporaryDirectory(prefix='export-', dir=path.parent) as folder,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter('ignore')
        try:
            model = AutoModelForCausalLM.from_pretrained(
                source.parent if place else source, dtype='float32', **place
            )
            if adapter is not None:
                from peft import PeftModel

                model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
            onnx_export_from_model(
                model, Path(folder), task='text-generation-with-past', do_validation=False
            )
            exported = onnx.load(Path(folder) / 'model.onnx')
        except Exception as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # a full disk is told by who holds the lock of the cache
            raise ModelError(
                f'{source}: optimum cannot export it ({type(error).__name__}: {error}); use '
                'another model'
            ) from None
    _adapt(exported.graph, source)
    if bits == 8:
        _quantise(exported.graph)
        exported.opset_import.append(helper.make_opsetid(_MS, 1))
    save(exported, path, getattr(model.config, 'max_position_embeddings', 2048))


def _quantise(graph: onnx.GraphProto) -> None:
    """Make every MatMul with a constant matrix, but the head's, an 8-bit one."""
    constants = {constant.name: constant for constant in graph.initializer}
    for node in graph.node:
        matrix = constants.get(node.input[1]) if node.op_type == 'MatMul' else None
        if matrix is None or len(matrix.dims) != 2 or 'logits.all' in node.output:
            continue
        values, scales = quantise(numpy_helper.to_array(matrix).T)
        name, (inner, outer) = node.output[0], matrix.dims
        graph.initializer.append(numpy_helper.from_array(values, f'{name}.q'))
        graph.initializer.append(numpy_helper.from_array(scales, f'{name}.s'))
        node.CopyFrom(
            helper.make_node(
                'MatMulNBits',
                [node.input[0], f'{name}.q', f'{name}.s'],
                list(node.output),
                domain=_MS,
                K=inner,
                N=outer,
                bits=8,
                block_size=BLOCK,
                accuracy_level=4,
            )
        )
    used = {name for node in graph.node for name in node.input}
    for constant in constants.values():
        if constant.name not in used:
            graph.initializer.remove(constant)


def _adapt(graph: onnx.GraphProto, source: Path) -> None:
    """Give an exported graph the inputs, the outputs and the asked rows of the written one."""
    if 'position_ids' not in [value.name for value in graph.input]:
        raise ModelError(
            f'{source}: its graph takes no positions, which one block a function needs; use '
            'another model'
        )
    names = {'input_ids': 'ids', 'position_ids': 'positions', 'logits': 'logits.all'}
    for layer in range(sum(output.name.endswith('.key') for output in graph.output)):
        for long, short in (('key', 'k'), ('value', 'v')):
            names[f'past_key_values.{layer}.{long}'] = f'past_{short}.{layer}'
            names[f'present.{layer}.{long}'] = f'new_{short}.{layer}'
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*graph.input, *graph.output):
        value.name = names.get(value.name, value.name)
    info, integer = helper.make_tensor_value_info, TensorProto.INT64
    inputs = [
        *(value for value in graph.input if value.name != 'attention_mask'),
        info('total', TensorProto.INT32, []),
        info('last', TensorProto.INT32, [1]),
        info('read', integer, ['M']),
        info('rows', integer, ['R']),
    ]
    outputs = [
        info('logits', TensorProto.FLOAT, ['M', 'R']),
        *(value for value in graph.output if value.name != 'logits.all'),
    ]
    one = numpy_helper.from_array(np.array([1], dtype=np.int64))
    nodes = [
        helper.make_node('Constant', [], ['student.one'], value=one),
        helper.make_node('Cast', ['total'], ['student.total'], to=integer),
        helper.make_node('Reshape', ['student.total', 'student.one'], ['student.length']),
        helper.make_node('Concat', ['student.one', 'student.length'], ['student.size'], axis=0),
        helper.make_node('ConstantOfShape', ['student.size'], ['attention_mask'], value=one),
        *graph.node,
        helper.make_node('Gather', ['logits.all', 'read'], ['logits.read'], axis=1),
        helper.make_node('Gather', ['logits.read', 'rows'], ['logits.asked'], axis=2),
        helper.make_node('Squeeze', ['logits.asked', 'first'], ['logits']),
    ]
    graph.initializer.append(numpy_helper.from_array(np.array([0], dtype=np.int64), 'first'))
    for field, content in (('input', inputs), ('output', outputs), ('node', nodes)):
        graph.ClearField(field)
        getattr(graph, field).extend(content)
