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
"""Merges a LoRA adapter in PEFT's format into a model's weights.

Reads `adapter_config.json` and `adapter_model.safetensors`; knows nothing of PEFT itself. What
plain LoRA on linear layers does not cover is refused, never half applied.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from ld_agent.errors import ModelError
from ld_agent.student.weights import read_safetensors, Weights
import numpy as np

TENSORS = 'adapter_model.safetensors'
CONFIG = 'adapter_config.json'
TEMPERATURE = 'temperature.json'
_REFUSED = (
    'alpha_pattern',
    'fan_in_fan_out',
    'lora_bias',
    'modules_to_save',
    'trainable_token_indices',
    'use_dora',
)


def merge_adapter(weights: Weights, folder: Path) -> Weights:
    """Return the weights with `scale * B @ A` added wherever the adapter has a pair.

    Raises:
        ModelError: the adapter is unreadable, not plain LoRA, or made for another model.
    """
    scale = lora_scale(folder)
    pairs: dict[str, dict[str, np.ndarray]] = {}
    for name, array in read_safetensors(folder / TENSORS):
        target, found, side = name.removeprefix('base_model.model.').partition('.lora_')
        if not found or side not in ('A.weight', 'B.weight'):
            raise ModelError(f'{folder}: {name} is not of plain LoRA; train it on linear layers')
        pairs.setdefault(f'{target}.weight', {})[side[0]] = array
    tensors = dict(weights.tensors)
    for target, pair in pairs.items():
        if target not in tensors or set(pair) != {'A', 'B'}:
            raise ModelError(
                f'{folder}: the adapter changes {target}, which this model does not have; it was '
                'trained on another model'
            )
        change = scale * (pair['B'] @ pair['A'])
        if tensors[target].shape != change.shape:
            raise ModelError(
                f'{folder}: the adapter changes {target} with shape {change.shape}, the model has '
                f'{tensors[target].shape}; it was trained on another model'
            )
        tensors[target] = tensors[target] + change
    return Weights(weights.shape, tensors)


def lora_scale(folder: Path) -> float:
    """Return the factor of `B @ A` in an adapter.

    Raises:
        ModelError: its configuration is unreadable, or not of plain LoRA.
    """
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding='utf-8'))
        rank, alpha = config['r'], config['lora_alpha']
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f'{folder}: no readable {CONFIG} ({error})') from None
    odd = [key for key in _REFUSED if config.get(key)]
    if config.get('peft_type', 'LORA') != 'LORA' or odd:
        raise ModelError(
            f'{folder}: only plain LoRA is merged, this is {config.get("peft_type")} with '
            f'{", ".join(odd) or "no further options"}; train a plain LoRA adapter'
        )
    return float(alpha / (math.sqrt(rank) if config.get('use_rslora') else rank))


def read_temperature(folder: Path) -> float:
    """Return what the scores of a selection are divided by; 1 where none was set.

    Raises:
        ModelError: the file says no positive number.
    """
    file = folder / TEMPERATURE
    if not file.exists():
        return 1.0
    try:
        temperature = float(json.loads(file.read_text(encoding='utf-8'))['temperature'])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f'{file}: no readable temperature ({error!r}); set it anew') from None
    if not 0.0 < temperature < math.inf:
        raise ModelError(f'{file}: the temperature is {temperature}, not a positive number')
    return temperature
