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
"""The baseline `kd`: LoRA on what a teacher answers, the moves written freely (paper, 4.1).

The same base model, adapter size and trainer as `ld`; only what is learned differs: a state and
the three cells after it, no manual. Needs the training extra.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
import itertools
import json
import math
from pathlib import Path
from typing import Any

from ld_agent.errors import LdAgentError
from ld_agent.player import Player
from ld_agent.players import make_agent
from ld_agent.student.fetch import fetch_model
from ld_agent.student.tokenizer import read_tokenizer
from ld_agent.teacher import Endpoint
from ld_agent.training.loop import measure, Progress, train
from ld_agent.training.lora import Plan, Trainee
from ld_agent.training.outputs import HELD_OUT_SEED, Output, packs, played, SEED, STATES, stream
from ld_agent.training.parallel import Workers

RECORD = 'training.json'
"""Beside the adapter: who taught it, on how much, and how it answers held-out states."""
CHECK_EVERY = 100
CHECK_OUTPUTS = 128


@dataclass(frozen=True)
class Lesson:
    """What is learned, and from whom; it decides every number of the training.

    Attributes:
        teacher: the method that gives the moves.
        teacher_model: the large model behind it; empty where there is none.
        outputs: how many states with their moves.
    """

    teacher: str
    teacher_model: str
    outputs: int
    epochs: int = 1
    seed: int = SEED

    @classmethod
    def of_configured_teacher(cls, outputs: int, epochs: int) -> Lesson:
        """Return a lesson of `large` where an endpoint is configured, else of `reference`.

        Raises:
            TeacherError: the endpoint is half configured.
        """
        if Endpoint.is_configured():
            return cls('large', Endpoint.from_environment().model, outputs, epochs)
        return cls('reference', '', outputs, epochs)

    def plan(self) -> Plan:
        """Return the numbers of the training: four sequences of `STATES` outputs a step."""
        sequences = self.epochs * math.ceil(self.outputs / STATES)
        return Plan(sequences=sequences, per_step=4, rank=8, alpha=16, seed=self.seed)


def train_kd(
    model: str,
    task: str,
    work: Path,
    lesson: Lesson,
    progress: Progress,
    tell: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Let the teacher play, and train on its moves; a run that broke off goes on.

    Args:
        model: base model.
        work: gets `outputs.jsonl`, `log.jsonl`, the checkpoint and `adapter`.
        tell: told how many outputs there are, now and then.

    Returns:
        What `training.json` beside the adapter says.

    Raises:
        LdAgentError: the teacher gives no moves, or `work` holds another lesson.
    """
    work.mkdir(parents=True, exist_ok=True)
    workers = Workers()
    player = make_agent(lesson.teacher, task, guard='on')
    try:
        if not workers.rank:
            _learned(work / 'outputs.jsonl', lesson, player, tell)
        workers.gather(None)
        learned = _learned(work / 'outputs.jsonl', lesson, player, tell)
        held = list(itertools.islice(played(player, HELD_OUT_SEED), CHECK_OUTPUTS))
    finally:
        player.close()
    source = fetch_model(model)
    tokenizer, bos = read_tokenizer(source)

    def encode(text: str) -> list[int]:
        return tokenizer.encode(text, add_special_tokens=False).ids

    plan = lesson.plan()
    trainee = Trainee(source, plan)
    checks = list(packs(held, encode, bos))
    made = {'method': 'kd', 'task': task, 'model': model, **asdict(lesson)}

    def check() -> dict[str, Any]:
        return {'held_out': {k: round(v, 4) for k, v in measure(trainee, checks).items()}}

    examples = stream(learned, encode, bos, lesson.seed)
    train(trainee, plan, examples, work, progress, check, CHECK_EVERY, made)
    record = {**made, **check()}
    if workers.rank:
        return record
    text = json.dumps(record, indent=2)
    (work / 'adapter' / RECORD).write_text(text + '\n', encoding='utf-8')
    return record


def _learned(
    file: Path,
    lesson: Lesson,
    player: Player,
    tell: Callable[[int], None],
) -> list[Output]:
    """Return the outputs of a lesson, from `file` where an earlier run has written them all."""
    head = json.dumps(asdict(lesson))
    if file.exists():
        first, *rest = file.read_text(encoding='utf-8').splitlines()
        if first != head:
            raise LdAgentError(
                f'{file} holds the outputs of another lesson ({first}); choose another folder, or '
                'remove this one'
            )
        return [Output(line['view'], line['moves']) for line in map(json.loads, rest)]
    outputs: list[Output] = []
    for output in itertools.islice(played(player, lesson.seed), lesson.outputs):
        outputs.append(output)
        tell(len(outputs))
    part = file.with_suffix('.part')
    lines = [head, *(json.dumps(asdict(output)) for output in outputs)]
    part.write_text('\n'.join(lines) + '\n', encoding='utf-8')
    part.replace(file)
    return outputs
