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
"""A student that writes freely: greedy generation over the whole vocabulary, with a cache.

For the baselines that generate and for what is measured of them; a selection needs none of it.
The prepared graph computes the rows that it is asked for, which for all rows means to copy the
head at every token; here it is multiplied whole, from weights laid out once.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ld_agent.student.cache import read_manifest
from ld_agent.student.fetch import DEFAULT_MODEL, Progress
from ld_agent.student.prepare import prepare
from ld_agent.student.session import Cache, Student
import numpy as np
import onnxruntime as ort

if TYPE_CHECKING:
    from onnx import GraphProto


def open_writer(
    model: str = DEFAULT_MODEL,
    adapter: str | Path | None = None,
    provider: str = 'auto',
    progress: Progress | None = None,
) -> Writer:
    """Open a student for writing, preparing it first if that was not done.

    Args:
        model, adapter, provider, progress: as in `open_student`.

    Raises:
        ModelError: the model is unknown, unreadable, or fails its verification.
    """
    folder = prepare(model, adapter, progress)
    return Writer(folder, read_manifest(folder)['bos'], provider)


class Writer(Student):
    """A prepared model that can also write."""

    def greedy(
        self,
        ids: Sequence[int],
        past: Cache,
        position: int,
        most: int,
        ends: Container[int] = (),
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Yield up to `most` best tokens after `ids`, each with its logits (vocabulary,) fp32.

        Args:
            past: what `ids` attend to; `position` is that of the first of `ids`.
            ends: tokens that end it; such a token is the last one yielded.

        Raises:
            ModelError: a position lies beyond the model's context.
        """
        new = list(ids)
        for _ in range(most):
            whole, *grown = self._run(['whole', *self._new_names], new, past, position, rows=[0])
            past = Cache(tuple(array[:, :, : len(past) + len(new)] for array in grown))
            position += len(new)
            token = int(whole[-1].argmax())
            yield token, whole[-1]
            if token in ends:
                return
            new = [token]

    def write(self, ids: Sequence[int], past: Cache, most: int) -> str:
        """Return the line that follows `ids`, without its end; `past` starts at position 0."""
        tokens = [token for token, _ in self.greedy(ids, past, len(past), most, self.line_ends)]
        if tokens and tokens[-1] in self.line_ends:
            tokens.pop()
        return self.decode(tokens)

    @cached_property
    def line_ends(self) -> frozenset[int]:
        """The tokens that end a line: those with a line break, and those that are no text."""
        size = self.tokenizer.get_vocab_size()
        texts = self.tokenizer.decode_batch([[token] for token in range(size)])
        return frozenset(t for t, text in enumerate(texts) if '\n' in text or not text)

    def _load(
        self, path: Path, options: ort.SessionOptions, providers: list[str]
    ) -> ort.InferenceSession:
        import onnx  # which a selection does without

        model = onnx.load(path, load_external_data=False)
        _add_whole_head(model.graph)
        options.add_session_config_entry(
            'session.model_external_initializers_file_folder_path', str(path.parent)
        )
        return ort.InferenceSession(model.SerializeToString(), options, providers=providers)


def _add_whole_head(graph: GraphProto) -> None:
    """Give a prepared graph the output `whole` (M, vocabulary): all logits of the read tokens."""
    from onnx import helper, TensorProto

    constants = {constant.name for constant in graph.initializer}
    computed = {name for node in graph.node for name in node.output}
    if 'logits.read' not in computed:  # an exported graph computes every row anyway
        head = 'head' if 'head' in constants else 'embedding'
        graph.node.extend(
            [
                helper.make_node('Cast', [head], ['whole.head'], to=TensorProto.FLOAT),
                helper.make_node('Transpose', ['whole.head'], ['whole.turned'], perm=[1, 0]),
                helper.make_node('MatMul', ['hidden', 'whole.turned'], ['logits.read']),
            ]
        )
    graph.node.append(helper.make_node('Squeeze', ['logits.read', 'first'], ['whole']))
    graph.output.append(helper.make_tensor_value_info('whole', TensorProto.FLOAT, ['M', 'V']))
