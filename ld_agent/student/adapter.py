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
"""Merges a LoRA adapter in PEFT's format into a model's weights."""

from __future__ import annotations

import json
import math
from pathlib import Path

from ld_agent.errors import ModelError
from ld_agent.student.weights import read_safetensors, Weights
import numpy as np


def merge_adapter(weights: Weights, folder: Path) -> Weights:
    """Return the weights with `scale * B @ A` added wherever the adapter has a pair.

    Raises:
        ModelError: the adapter is unreadable, or made for another model.
    """
    try:
        config = json.loads((folder / 'adapter_config.json').read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise ModelError(f'{folder}: no readable adapter_config.json ({error})') from None
    rank = config['r']
    scale = config['lora_alpha'] / (math.sqrt(rank) if config.get('use_rslora') else rank)
    pairs: dict[str, dict[str, np.ndarray]] = {}
    for name, array in read_safetensors(folder / 'adapter_model.safetensors'):
        target, _, side = name.removeprefix('base_model.model.').partition('.lora_')
        pairs.setdefault(f'{target}.weight', {})[side.removesuffix('.weight')] = array
    tensors = dict(weights.tensors)
    for target, pair in pairs.items():
        change = scale * (pair['B'] @ pair['A'])
        if target not in tensors or tensors[target].shape != change.shape:
            raise ModelError(
                f'{folder}: the adapter changes {target} with shape {change.shape}, which this '
                'model does not have; it was trained on another model'
            )
        tensors[target] = tensors[target] + change
    return Weights(weights.shape, tensors)
