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
"""The training of an adapter: loss, steps, checkpoints, what is measured on the way.

Takes packed example sets, gives a PEFT adapter; resumes from its last checkpoint. The loss of
an answer is minus its score: log-softmax among the children of each branching node on its
way; of a written answer, log-softmax over the vocabulary at each of its tokens. Needs the
training extra (torch, transformers, peft).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
import itertools
import json
from pathlib import Path
import time
from typing import Any

from ld_agent.errors import ModelError
from ld_agent.probe import calibration_error
from ld_agent.training.lora import Plan, Trainee
from ld_agent.training.packing import Packed
from ld_agent.training.parallel import Workers
import numpy as np
from peft import get_peft_model_state_dict, set_peft_model_state_dict
import torch

Progress = Callable[[dict], None]

COMPILE_FROM = 100
"""Compiling takes a minute; from so many steps on it pays."""


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

    Where `torchrun` started several processes, each takes its share of the sets of every step.

    Args:
        packs: the training stream; skipped up to the step that the checkpoint reached.
        check: measured every `check_every` steps; its figures go into the log.
        notes: what else the log is to say of the run.

    Raises:
        ModelError: a step has fewer sets than there are processes.
    """
    workers = Workers()
    if plan.per_step < workers.number:
        raise ModelError(
            f'{workers.number} processes cannot share the {plan.per_step} sets of a step; start '
            f'at most {plan.per_step}'
        )
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
    compiled = plan.steps - first >= COMPILE_FROM and trainee.compile_layers()
    if not first and not workers.rank:
        said = {'plan': asdict(plan), 'compiled': compiled, 'processes': workers.number}
        _append(work, {**said, **(notes or {})})
    for step in range(first, plan.steps):
        begun = time.perf_counter()
        for group in optimiser.param_groups:
            group['lr'] = plan.rate(step)
        loss_sum, hits_by_kind = 0.0, defaultdict(list)
        for packed in workers.mine(itertools.islice(packs, plan.per_step)):
            scores = score(trainee, packed)
            loss = scores.losses.sum() / packed.examples
            (loss / plan.per_step).backward()
            loss_sum += float(loss.detach())
            hits_by_kind[packed.kind].extend(scores.hits)
        workers.sum_gradients(trainee.parameters())
        torch.nn.utils.clip_grad_norm_(trainee.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        record = {
            'step': step + 1,
            'of': plan.steps,
            **_summed(workers.gather((loss_sum, dict(hits_by_kind))), plan.per_step),
            'seconds': round(time.perf_counter() - begun, 2),
        }
        if workers.rank:
            continue
        if check is not None and check_every and (step + 1) % check_every == 0:
            record.update(check())
        _append(work, record)
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
    workers.gather(None)


def _summed(parts: list[tuple[float, dict[str, list[bool]]]], sets: int) -> dict[str, Any]:
    """Return loss and accuracy of a step, from what each process has of it."""
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for _, hits_by_kind in parts:
        for kind, hits in hits_by_kind.items():
            by_kind[kind].extend(hits)
    return {
        'loss': round(sum(loss for loss, _ in parts) / sets, 4),
        'accuracy': round(float(np.mean(sum(by_kind.values(), []))), 4),
        'by_kind': {k: round(float(np.mean(h)), 3) for k, h in sorted(by_kind.items())},
    }


def _append(work: Path, record: dict[str, Any]) -> None:
    with (work / 'log.jsonl').open('a', encoding='utf-8') as log:
        log.write(json.dumps(record) + '\n')


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
