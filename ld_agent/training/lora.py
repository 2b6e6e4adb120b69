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
"""A base model with a trainable LoRA adapter, and the logits that it gives for packed sets.

Needs the training extra (torch, transformers, peft).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
import shutil
from typing import Any

from ld_agent.errors import ModelError
from ld_agent.student.adapter import lora_scale, TENSORS
from ld_agent.training.packing import Packed
from ld_agent.training.schedule import linear_rate
from peft import get_peft_model, get_peft_model_state_dict, LoraConfig, set_peft_model_state_dict
from peft.helpers import disable_input_dtype_casting
import torch


@dataclass(frozen=True)
class Plan:
    """The numbers of a training run."""

    sequences: int = 0
    per_step: int = 4
    learning_rate: float = 1e-3
    warmup_steps: int = 40
    rank: int = 16
    alpha: int = 32
    seed: int = 0
    checkpoint_every: int = 50
    threads: int = 2

    @property
    def steps(self) -> int:
        """Optimiser steps in all."""
        return self.sequences // self.per_step

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        return linear_rate(step, self.steps, self.warmup_steps, self.learning_rate, least=0.01)


def frozen_dtype(device: str) -> torch.dtype:
    """Return bf16, or fp32 on a processor without bf16 instructions, which is slower in bf16."""
    swift = device != 'cpu' or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if swift else torch.float32


class Trainee:
    """A frozen base model in bf16, see `frozen_dtype`, with a trainable adapter in fp32."""

    def __init__(self, source: Path, plan: Plan, adapter: Path | None = None):
        """Load the base model from a folder or a .gguf file, and an adapter to go on from."""
        from transformers import AutoModelForCausalLM

        torch.manual_seed(plan.seed)
        torch.set_num_threads(plan.threads)
        self.device = 'cuda' if torch.cuda.is_available() else 'cpu'
        self.dtype = frozen_dtype(self.device)
        where = (
            {'pretrained_model_name_or_path': source.parent, 'gguf_file': source.name}
            if source.suffix == '.gguf'
            else {'pretrained_model_name_or_path': source}
        )
        # A .gguf file is dequantised in fp32; a large model must not take twice its memory.
        dtype = torch.float32 if source.suffix == '.gguf' else self.dtype
        model: Any = AutoModelForCausalLM.from_pretrained(
            **where, dtype=dtype, attn_implementation='eager'
        )
        model = model.to(self.dtype)
        config = LoraConfig(r=plan.rank, lora_alpha=plan.alpha, target_modules='all-linear')
        self.peft: Any = get_peft_model(model, config).to(self.device)
        for parameter in self.parameters():
            parameter.data = parameter.data.float()
        if adapter is not None:
            self._go_on_from(adapter, plan)
        self.body = self.peft.base_model.model.model
        self.rows = self.peft.get_output_embeddings().weight

    def _go_on_from(self, adapter: Path, plan: Plan) -> None:
        """Load an adapter; one of a lower rank leaves the further ranks as they begin, at zero."""
        from safetensors.torch import load_file

        state = get_peft_model_state_dict(self.peft)
        if lora_scale(adapter) != plan.alpha / plan.rank:
            raise ModelError(
                f'{adapter}: its scale is {lora_scale(adapter):g}, that of this training '
                f'{plan.alpha / plan.rank:g}; go on from an adapter of the same scale'
            )
        for name, tensor in load_file(adapter / TENSORS).items():
            rows, columns = tensor.shape
            if name not in state or rows > state[name].shape[0] or columns > state[name].shape[1]:
                raise ModelError(
                    f'{adapter}: {name} does not fit into an adapter of rank {plan.rank} of this '
                    'model; it is of a higher rank, or of another model'
                )
            state[name][:rows, :columns] = tensor
        set_peft_model_state_dict(self.peft, state)

    def compile_layers(self) -> bool:
        """Compile the layers where there is a C++ compiler: a minute, then 1.7 times as fast.

        Results differ in the last bits from those without.
        """
        if self.device == 'cpu' and shutil.which('c++') is None:
            return False
        for layer in self.body.layers:
            layer.compile(dynamic=True)
        return True

    def parameters(self) -> list[torch.nn.Parameter]:
        """The trainable parameters."""
        return [p for p in self.peft.parameters() if p.requires_grad]

    def choice_logits(self, packed: Packed) -> list[torch.Tensor]:
        """Return for every choice the logits of its children, fp32, shape (children,)."""
        read = self._hidden(packed, [choice.index for choice in packed.choices])
        return [
            self.rows[list(choice.children)].float() @ read[i]
            for i, choice in enumerate(packed.choices)
        ]

    def token_logits(self, packed: Packed) -> torch.Tensor:
        """Return for every token of the written answers its logits, fp32 (tokens, alphabet)."""
        read = self._hidden(packed, [target.index for target in packed.tokens])
        rows = self.rows[list(packed.alphabet)] if packed.alphabet else self.rows
        with self._autocast():
            return (read @ rows.T).float()

    def _hidden(self, packed: Packed, indices: list[int]) -> torch.Tensor:
        """Return the last hidden states at `indices`, fp32 (indices, width)."""
        allowed = torch.from_numpy(packed.allowed).to(self.device)
        bias = torch.zeros(allowed.shape, dtype=self.dtype, device=self.device)
        bias.masked_fill_(~allowed, torch.finfo(self.dtype).min)
        with self._autocast(), disable_input_dtype_casting(self.peft):
            hidden = self.body(
                input_ids=torch.from_numpy(packed.ids)[None].to(self.device),
                position_ids=torch.from_numpy(packed.positions)[None].to(self.device),
                attention_mask=bias[None, None],
                use_cache=False,
            ).last_hidden_state[0]
        return hidden[indices].float()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device, self.dtype, enabled=self.dtype == torch.bfloat16)

    def save(self, folder: Path) -> None:
        """Write the adapter in PEFT's format, tensors in fp16."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        state = get_peft_model_state_dict(self.peft)
        tensors = {k: v.to(torch.float16).contiguous() for k, v in state.items()}
        save_file(tensors, folder / TENSORS, metadata={'format': 'pt'})
        config = self.peft.peft_config['default']
        config.base_model_name_or_path = ''
        config.save_pretrained(str(folder))
