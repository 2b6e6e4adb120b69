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
"""The mean of adapters that were trained side by side from one start.

Legs on different data end in the same basin and err differently, so the mean of their weights
reads better than any of them, at no cost when it runs (Wortsman et al., Model soups, ICML 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import shutil

from ld_agent.errors import LdAgentError
from ld_agent.student.adapter import CONFIG, lora_scale, TENSORS
from ld_agent.student.weights import read_safetensors
import numpy as np
from safetensors.numpy import save_file


def average_adapters(adapters: Sequence[Path], out: Path) -> None:
    """Write the mean of LoRA adapters, fp16, each of their matrices on its own, to `out`.

    Args:
        adapters: folders of legs from one start; from different starts the mean is worth nothing.

    Raises:
        LdAgentError: they differ in what they change, or in rank or scale.
        ModelError: one is not readable.
    """
    first, *others = adapters
    total = dict(read_safetensors(first / TENSORS))
    for folder in others:
        tensors = dict(read_safetensors(folder / TENSORS))
        shapes = {name: array.shape for name, array in tensors.items()}
        if shapes != {name: array.shape for name, array in total.items()} or (
            lora_scale(folder) != lora_scale(first)
        ):
            raise LdAgentError(
                f'{folder} and {first} differ in layers, rank or scale; average legs of one start'
            )
        total = {name: array + tensors[name] for name, array in total.items()}
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(first / CONFIG, out)
    mean = {name: (array / len(adapters)).astype(np.float16) for name, array in total.items()}
    save_file(mean, out / TENSORS)
