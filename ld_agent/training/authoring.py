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
"""Trains the student that writes the function of a sentence, by LoRA.

Needs the training extra.
"""

from __future__ import annotations

from collections.abc import Iterator
import itertools
from pathlib import Path
from typing import Any

from ld_agent.sentences.alphabet import alphabet
from ld_agent.sentences.prompt import render_sentence, RULES
from ld_agent.student.fetch import fetch_model
from ld_agent.student.tokenizer import read_tokenizer
from ld_agent.training.loop import measure, Progress, train
from ld_agent.training.lora import Plan, Trainee
from ld_agent.training.packing import Encode, pack_outputs, Packed
from ld_agent.training.sentences import examples
from ld_agent.training.spoken import mixed

SENTENCES = 8
"""Examples that share one sequence."""
CHECK_EVERY = 100
CHECK_PACKS = 8


def train_sentences(
    model: str, start: Path | None, work: Path, plan: Plan, progress: Progress
) -> None:
    """Train on `plan.sequences` sequences; an interrupted run goes on where it stopped.

    Args:
        start: adapter to go on from; None from the base model.
        work: gets the checkpoint, the log, and `adapter`.

    Raises:
        ModelError: the base model is unknown or unreadable.
    """
    source = fetch_model(model)
    tokenizer, bos = read_tokenizer(source)

    def encode(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False).ids

    trainee = Trainee(source, plan, start)
    held = list(itertools.islice(packs(plan.seed, encode, bos, held_out=True), CHECK_PACKS))

    def check() -> dict[str, Any]:
        return {'held_out': {k: round(v, 4) for k, v in measure(trainee, held).items()}}

    stream = packs(plan.seed, encode, bos)
    train(trainee, plan, stream, work, progress, check, CHECK_EVERY, {'model': model})


def packs(seed: int, encode: Encode, bos: int | None, held_out: bool = False) -> Iterator[Packed]:
    """Yield sequences of `SENTENCES` examples without end."""
    stream = examples(seed, held_out) if held_out else mixed(seed)
    letters = alphabet(encode)
    while True:
        some = [
            (render_sentence(e.sentence), e.answer) for e in itertools.islice(stream, SENTENCES)
        ]
        yield pack_outputs(RULES, some, encode, bos, 'sentences', letters)
