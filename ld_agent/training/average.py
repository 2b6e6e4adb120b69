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
"""The mean of adapters that one start led to, by different data.

Legs of a training err differently, so the mean of what they add to the weights reads better than
any of them, at no cost when it runs (Wortsman et al., Model soups, ICML 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path

from ld_agent.errors import LdAgentError
from ld_agent.student.adapter import CONFIG, lora_scale, TENSORS
from ld_agent.student.weights import read_safetensors
import numpy as np
from safetensors.numpy import save_file

Tensors = dict[str, np.ndarray]


def average_adapters(adapters: Sequence[Path], out: Path, rank: int | None = None) -> float:
    """Write the mean of LoRA adapters, fp16, to `out`.

    Args:
        adapters: folders of legs from one start; from different starts the mean is worth nothing.
        rank: of the mean; default the highest among them. One adapter alone is cut to it.

    Returns:
        The share of the energy of what they add that is lost by that rank, the mean over layers.

    Raises:
        LdAgentError: they change different layers, or in different shapes or scales.
        ModelError: one is not readable.
    """
    legs = [dict(read_safetensors(folder / TENSORS)) for folder in adapters]
    for folder, leg in zip(adapters, legs, strict=True):
        if _shapes(leg) != _shapes(legs[0]) or lora_scale(folder) != lora_scale(adapters[0]):
            raise LdAgentError(
                f'{folder} and {adapters[0]} differ in layers or scale; average legs of one start'
            )
    ranks = [max(a.shape[0] for name, a in leg.items() if _is_a(name)) for leg in legs]
    rank = min(rank or max(ranks), sum(ranks))
    mean: Tensors = {}
    lost = []
    for name in filter(_is_a, legs[0]):
        other = name.replace('lora_A', 'lora_B')
        a = np.concatenate([leg[name] for leg in legs])
        b = np.concatenate([leg[other] / len(legs) for leg in legs], axis=1)
        mean[other], mean[name], share = _cut(b, a, rank)
        lost.append(share)
    out.mkdir(parents=True, exist_ok=True)
    config = json.loads((adapters[0] / CONFIG).read_text(encoding='utf-8'))
    config['lora_alpha'] = config['lora_alpha'] * rank // config['r']
    config['r'] = rank
    (out / CONFIG).write_text(json.dumps(config, indent=2) + '\n', encoding='utf-8')
    save_file({k: v.astype(np.float16) for k, v in mean.items()}, out / TENSORS)
    return float(np.mean(lost))


def _is_a(name: str) -> bool:
    return '.lora_A.' in name


def _shapes(leg: Tensors) -> dict[str, int]:
    """Return the size of each matrix along that side which is not its rank."""
    return {name: array.shape[1 if _is_a(name) else 0] for name, array in leg.items()}


def _cut(b: np.ndarray, a: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Return factors of this rank nearest to `b @ a`, and the share of its energy they lose."""
    left, inner_left = np.linalg.qr(b)
    right, inner_right = np.linalg.qr(a.T)
    u, values, v = np.linalg.svd(inner_left @ inner_right.T)
    root = np.sqrt(values[:rank])
    lost = float(np.square(values[rank:]).sum() / max(np.square(values).sum(), 1e-30))
    return (left @ u[:, :rank]) * root, (root[:, None] * v[:rank]) @ right.T, lost
