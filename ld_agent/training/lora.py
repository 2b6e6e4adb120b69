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
"""LoRA on the scores that the selection uses.

Takes packed example sets, gives a PEFT adapter; resumes from its last checkpoint. The loss of
an answer is minus its score: log-softmax among the children of each branching node on its
way; of a written answer, log-softmax over the vocabulary at each of its tokens. Needs the
training extra (torch, transformers, peft).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
import json
from pathlib import Path
import shutil
import time
from typing import Any

from ld_agent.errors import ModelError
from ld_agent.probe import calibration_error
from ld_agent.student.adapter import lora_scale, TENSORS
from ld_agent.training.packing import Packed
from ld_agent.training.schedule import linear_rate
import numpy as np
from peft import get_peft_model, get_peft_model_state_dict, LoraConfig, set_peft_model_state_dict
from peft.helpers import disable_input_dtype_casting
import torch

Progress = Callable[[dict], None]

COMPILE_FROM = 100
"""Compiling takes a minute; from so many steps on it pays."""


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


@dataclass(frozen=True)
class Scores:
    """How a trainee answers a packed set: one value a choice, or a token of a written answer.

    Attributes:
        examples: which example each belongs to.
        losses: (N,) fp32, nats.
        hits: (N,) whether the best one is right.
        best: (N,) probability of the best one.
    """

    examples: list[int]
    losses: torch.Tensor
    hits: list[bool]
    best: list[float]


def score(trainee: Trainee, packed: Packed) -> Scores:
    """Score every choice, or every token of the written answers, of `packed`."""
    if packed.tokens:
        logs = torch.log_softmax(trainee.token_logits(packed), 1)
        places = {token: place for place, token in enumerate(packed.alphabet)}
        right = [places[t.token] if places else t.token for t in packed.tokens]
        targets = torch.tensor(right, device=logs.device)
        best, found = logs.detach().max(1)
        return Scores(
            [target.example for target in packed.tokens],
            -logs.gather(1, targets[:, None])[:, 0],
            (found == targets).tolist(),
            best.exp().tolist(),
        )
    every = [torch.log_softmax(logits, 0) for logits in trainee.choice_logits(packed)]
    pairs = list(zip(packed.choices, every, strict=True))
    return Scores(
        [choice.example for choice in packed.choices],
        torch.stack([-logs[choice.target] for choice, logs in pairs]),
        [int(logs.argmax()) == choice.target for choice, logs in pairs],
        [float(logs.detach().max().exp()) for logs in every],
    )


def train(
    trainee: Trainee,
    plan: Plan,
    packs: Iterator[Packed],
    work: Path,
    progress: Progress,
    check: Callable[[], dict] | None = None,
    check_every: int = 0,
    notes: dict[str, Any] | None = None,
) -> None:
    """Train, checkpointing into `work`; a run that was interrupted goes on where it stopped.

    Args:
        packs: the training stream; skipped up to the step that the checkpoint reached.
        check: measured every `check_every` steps; its figures go into the log.
        notes: what else the log is to say of the run.
    """
    optimiser = torch.optim.AdamW(trainee.parameters(), lr=plan.learning_rate, weight_decay=0.0)
    work.mkdir(parents=True, exist_ok=True)
    saved = work / 'checkpoint.pt'
    first = 0
    if saved.exists():
        state = torch.load(saved, map_location=trainee.device, weights_only=True)
        set_peft_model_state_dict(trainee.peft, state['adapter'])
        optimiser.load_state_dict(state['optimiser'])
        first = state['step']
        for _ in range(first * plan.per_step):
            next(packs)
    log = (work / 'log.jsonl').open('a', encoding='utf-8')
    compiled = plan.steps - first >= COMPILE_FROM and trainee.compile_layers()
    if not first:
        said = {'plan': asdict(plan), 'compiled': compiled, **(notes or {})}
        log.write(json.dumps(said) + '\n')
    for step in range(first, plan.steps):
        begun = time.perf_counter()
        for group in optimiser.param_groups:
            group['lr'] = plan.rate(step)
        loss_sum, hits_by_kind = 0.0, defaultdict(list)
        for _ in range(plan.per_step):
            packed = next(packs)
            scores = score(trainee, packed)
            loss = scores.losses.sum() / packed.examples
            (loss / plan.per_step).backward()
            loss_sum += float(loss.detach())
            hits_by_kind[packed.kind].extend(scores.hits)
        torch.nn.utils.clip_grad_norm_(trainee.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        record = {
            'step': step + 1,
            'of': plan.steps,
            'loss': round(loss_sum / plan.per_step, 4),
            'accuracy': round(float(np.mean(sum(hits_by_kind.values(), []))), 4),
            'by_kind': {k: round(float(np.mean(h)), 3) for k, h in sorted(hits_by_kind.items())},
            'seconds': round(time.perf_counter() - begun, 2),
        }
        if check is not None and check_every and (step + 1) % check_every == 0:
            record.update(check())
        log.write(json.dumps(record) + '\n')
        log.flush()
        progress(record)
        if (step + 1) % plan.checkpoint_every == 0 or step + 1 == plan.steps:
            state = {
                'adapter': get_peft_model_state_dict(trainee.peft),
                'optimiser': optimiser.state_dict(),
                'step': step + 1,
            }
            torch.save(state, saved.with_suffix('.new'))
            saved.with_suffix('.new').replace(saved)
            trainee.save(work / 'adapter')
    log.close()


def measure(trainee: Trainee, packs: Iterable[Packed]) -> dict[str, float]:
    """Return accuracy and expected calibration error (10 bins) over the answers of `packs`."""
    right: list[bool] = []
    sure: list[float] = []
    with torch.no_grad():
        for packed in packs:
            hit = np.ones(packed.examples, dtype=bool)
            best = np.ones(packed.examples)
            scores = score(trainee, packed)
            for example, right_one, chance in zip(
                scores.examples, scores.hits, scores.best, strict=True
            ):
                hit[example] &= right_one
                best[example] *= chance
            right.extend(hit)
            sure.extend(best)
    return {
        'accuracy': float(np.mean(right)),
        'ece': calibration_error(np.array(sure), np.array(right, dtype=float)),
        'answers': len(right),
    }
