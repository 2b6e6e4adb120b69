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
"""Fine-tunes the two encoders of the retriever with in-batch negatives (paper, section 3.2).

Both begin as MiniLM and get a LoRA adapter each. Writes what `retrieval/prepare.py` reads: the
adapters, the log, and some scores by which a prepared pair is verified. Needs the training extra
(torch, transformers, peft) and, for the foreign queries, the package `bfcl-eval`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
import itertools
import json
from pathlib import Path
import shutil
import time
from typing import Any

from ld_agent.function_base import Task
from ld_agent.retrieval.encoder import load_tokenizer
from ld_agent.retrieval.foreign import read_foreign
from ld_agent.retrieval.minilm import CONFIG, fetch_minilm, read_minilm
from ld_agent.retrieval.prepare import EXPECTED, SIDES
from ld_agent.student.fetch import silent
from ld_agent.training.pairs import Batch, samples, stream
from ld_agent.training.schedule import linear_rate
import numpy as np
from peft import get_peft_model, LoraConfig
import torch


@dataclass(frozen=True)
class DprPlan:
    """The numbers of a training run.

    Attributes:
        sharpness: what a cosine is multiplied by before the softmax.
        most_tokens: of a document in training; at run time more are read.
    """

    steps: int = 120
    learning_rate: float = 5e-4
    warmup_steps: int = 10
    rank: int = 8
    alpha: int = 16
    sharpness: float = 20.0
    most_tokens: int = 96
    seed: int = 1
    threads: int = 2

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        return linear_rate(step, self.steps, self.warmup_steps, self.learning_rate, least=0.02)


class Encoder:
    """MiniLM with a trainable adapter."""

    def __init__(self, plan: DprPlan) -> None:
        from transformers import BertConfig, BertModel

        weights, tokenizer = fetch_minilm(silent)
        # Without dropout, the few texts of a step say the same each time.
        config = BertConfig(**CONFIG, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        model: Any = BertModel(config, add_pooling_layer=False)
        tensors = read_minilm(weights).tensors
        model.load_state_dict({name: torch.from_numpy(t) for name, t in tensors.items()})
        lora = LoraConfig(r=plan.rank, lora_alpha=plan.alpha, target_modules='all-linear')
        self.model: Any = get_peft_model(model, lora)
        self._tokenizer = load_tokenizer(tokenizer)

    def parameters(self) -> list[torch.nn.Parameter]:
        """The trainable parameters."""
        return [p for p in self.model.parameters() if p.requires_grad]

    def vectors(self, texts: Sequence[str], most_tokens: int | None = None) -> torch.Tensor:
        """Return vectors of length one, (len(texts), width): the mean over the tokens."""
        if most_tokens is not None:
            self._tokenizer.enable_truncation(most_tokens)
        rows = [self._tokenizer.encode(text).ids for text in texts]
        ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.tensor(row)
        mask = (ids != 0).float()
        hidden = self.model(input_ids=ids, attention_mask=mask).last_hidden_state
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return torch.nn.functional.normalize(mean, dim=1)

    def save(self, folder: Path) -> None:
        """Write the adapter in PEFT's format, tensors in fp16."""
        from peft import get_peft_model_state_dict
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        state = get_peft_model_state_dict(self.model)
        tensors = {k: v.detach().to(torch.float16).contiguous() for k, v in state.items()}
        save_file(tensors, folder / 'adapter_model.safetensors', metadata={'format': 'pt'})
        for parameter in self.parameters():  # scores are told of what was written
            parameter.data = parameter.data.to(torch.float16).float()
        config = self.model.peft_config['default']
        config.base_model_name_or_path = ''
        config.save_pretrained(str(folder))


def train_dpr(
    tasks: Sequence[Task], work: Path, plan: DprPlan, progress: Callable[[dict], None]
) -> None:
    """Train and write `work/adapter` and `work/log.jsonl`; the same from the same seed.

    Raises:
        LdAgentError: MiniLM or the foreign queries are not there.
    """
    torch.manual_seed(plan.seed)
    torch.set_num_threads(plan.threads)
    batches = stream(tasks, read_foreign(), plan.seed)
    encoders = {side: Encoder(plan) for side in SIDES}
    parameters = [p for encoder in encoders.values() for p in encoder.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=plan.learning_rate, weight_decay=0.0)
    work.mkdir(parents=True, exist_ok=True)
    with (work / 'log.jsonl').open('w', encoding='utf-8') as log:
        log.write(json.dumps({'plan': asdict(plan)}) + '\n')
        for step, batch in enumerate(itertools.islice(batches, plan.steps)):
            begun = time.perf_counter()
            for group in optimiser.param_groups:
                group['lr'] = plan.rate(step)
            scores, right = _scores(encoders, batch, plan), torch.from_numpy(batch.right)
            loss = torch.nn.functional.cross_entropy(scores, right)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            record = {
                'step': step + 1,
                'of': plan.steps,
                'loss': round(float(loss.detach()), 4),
                'accuracy': round(float((scores.argmax(1) == right).float().mean()), 4),
                'seconds': round(time.perf_counter() - begun, 2),
            }
            log.write(json.dumps(record) + '\n')
            log.flush()
            progress(record)
    shutil.rmtree(work / 'adapter', ignore_errors=True)
    for side, encoder in encoders.items():
        encoder.save(work / 'adapter' / side)
    _write_expected(encoders, samples(tasks, plan.seed), work / 'adapter' / EXPECTED)
    shutil.copy(work / 'log.jsonl', work / 'adapter')


def _scores(encoders: dict[str, Encoder], batch: Batch, plan: DprPlan) -> torch.Tensor:
    """Return the scaled cosines (Q, D), those not to be compared far below."""
    queries = encoders['query'].vectors(batch.queries, plan.most_tokens)
    functions = encoders['function'].vectors(batch.documents, plan.most_tokens)
    scores = plan.sharpness * queries @ functions.T
    return scores.masked_fill(~torch.from_numpy(batch.compared), -1e4)


def _write_expected(encoders: dict[str, Encoder], batch: Batch, file: Path) -> None:
    """Write the scores of some texts, for the prepared pair to be verified by."""
    texts = {'queries': list(batch.queries), 'functions': list(batch.documents)}
    with torch.inference_mode():
        scores = encoders['query'].vectors(texts['queries']) @ (
            encoders['function'].vectors(texts['functions']).T
        )
    rounded = np.round(scores.numpy().astype(float), 5).tolist()
    file.write_text(json.dumps({**texts, 'scores': rounded}, indent=1) + '\n', encoding='utf-8')
