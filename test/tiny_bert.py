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
"""A BERT of a few thousand weights, as MiniLM's weights are read, for tests."""

from __future__ import annotations

from ld_agent.student.weights import ModelShape, Weights
import numpy as np

LAYERS, WIDTH, HIDDEN, HEADS, WORDS, CONTEXT = 2, 48, 80, 3, 200, 64


def config() -> dict:
    """Return the same numbers under the names of transformers."""
    return {
        'hidden_size': WIDTH, 'intermediate_size': HIDDEN, 'num_hidden_layers': LAYERS,
        'num_attention_heads': HEADS, 'max_position_embeddings': CONTEXT, 'vocab_size': WORDS,
        'layer_norm_eps': 1e-12, 'hidden_dropout_prob': 0.0, 'attention_probs_dropout_prob': 0.0,
    }  # fmt: skip


def weights(seed: int = 0) -> Weights:
    """Return random weights by Hugging Face name."""
    rng = np.random.default_rng(seed)

    def matrix(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)

    found = {
        'embeddings.word_embeddings.weight': matrix(WORDS, WIDTH),
        'embeddings.position_embeddings.weight': matrix(CONTEXT, WIDTH),
        'embeddings.token_type_embeddings.weight': matrix(2, WIDTH),
    }

    def linear(name: str, out: int, into: int) -> None:
        found[f'{name}.weight'], found[f'{name}.bias'] = matrix(out, into), matrix(out)

    def norm(name: str) -> None:
        found[f'{name}.weight'], found[f'{name}.bias'] = 1 + matrix(WIDTH), matrix(WIDTH)

    norm('embeddings.LayerNorm')
    for number in range(LAYERS):
        at = f'encoder.layer.{number}'
        for part in ('query', 'key', 'value'):
            linear(f'{at}.attention.self.{part}', WIDTH, WIDTH)
        linear(f'{at}.attention.output.dense', WIDTH, WIDTH)
        norm(f'{at}.attention.output.LayerNorm')
        linear(f'{at}.intermediate.dense', HIDDEN, WIDTH)
        linear(f'{at}.output.dense', WIDTH, HIDDEN)
        norm(f'{at}.output.LayerNorm')
    shape = ModelShape('bert', LAYERS, WIDTH, HEADS, HEADS, WIDTH // HEADS, CONTEXT, 1e-12, ())
    return Weights(shape, found)
