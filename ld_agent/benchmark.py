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
"""Speed and exactness of the selection, each beside what it has to be compared with.

Everything runs in one process after another on the same machine, so the ratios hold; the
absolute times are this machine's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
import hashlib
import os
from pathlib import Path
import platform
import random
import subprocess
import sys
import time
from typing import Any

from ld_agent import prompt
from ld_agent.function_base import Stage, Task
from ld_agent.selector import Selector
from ld_agent.student.prepare import fetch_model
import numpy as np

WARM_UP = 5
GENERATED_TOKENS = 30
"""A call with its arguments, such as three moves, in tokens."""


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path('/proc/cpuinfo').read_text(encoding='utf-8').splitlines()
        name = next(line.split(':', 1)[1].strip() for line in lines if 'model name' in line)
    except (OSError, StopIteration):
        pass
    return {
        'processor': name,
        'cores': len(os.sched_getaffinity(0)),
        'python': platform.python_version(),
    }


def speed(selector: Selector, task: Task, model: str, rounds: int = 200) -> dict[str, Any]:
    """Time a selection, the floor below it, and the generation that it replaces.

    Args:
        selector: with the student to measure.
        task: its stage with most functions is used.
        model: base model that transformers loads for the generation.
        rounds: selections to time.

    Returns:
        Milliseconds: `selection_ms` and `floor_ms` (one pass of a single token with nothing
        cached, which does little but stream the weights), medians and 99th percentiles;
        `generation_ms` with transformers, None where it is not installed; and the ratios.
    """
    stage = max(task.stages, key=lambda s: len(s.functions))
    entries = stage.entries
    states = stage.fact_combinations()
    shown = [prompt.render_state(facts) for facts in states]
    tokens = [len(selector.student.encode_text(text)) for text in shown]
    student = selector.student
    selector.prepare(stage.rules, entries)
    one = student.encode_text(' sea')[:1]
    selection, floor = [], []
    for number in range(rounds + WARM_UP):
        facts = states[number % len(states)]
        selection.append(_ms(partial(selector.select, stage.rules, entries, facts)))
        floor.append(_ms(lambda: student.logits(one, student.empty, 0, one)))
    generation = _generation_ms(model, stage, shown[0])
    typical = _summary(selection)
    report: dict[str, Any] = {
        'stage': stage.name,
        'candidates': len(entries),
        'state_tokens': [min(tokens), max(tokens)],
        'selection_ms': typical,
        'floor_ms': _summary(floor),
        'selection_to_floor': typical['median'] / _summary(floor)['median'],
        'generated_tokens': GENERATED_TOKENS,
        'generation_ms': generation,
    }
    if generation is not None:
        report['generation_to_selection'] = generation / typical['median']
    return report


def order_flips(
    selector: Selector, task: Task, states: int = 1000, orders: int = 10, seed: int = 0
) -> dict[str, int]:
    """Count states whose selection, or a bit of a score, changes with the candidates' order."""
    rng = random.Random(seed)
    stages = [s for s in task.stages if len(s.functions) > 1]
    flips = bits = 0
    for _ in range(states):
        stage = rng.choice(stages)
        entries = stage.entries
        facts = rng.choice(stage.fact_combinations())
        first = selector.select(stage.rules, entries, facts)
        for _ in range(orders):
            again = selector.select(stage.rules, rng.sample(entries, len(entries)), facts)
            flips += again.selected != first.selected
            bits += again.scores != first.scores
    return {'states': states, 'orders': orders, 'flips': flips, 'scores_changed': bits}


def fingerprint(selector: Selector, task: Task) -> str:
    """Return a hash of the bits of all scores of all states of the task."""
    digest = hashlib.sha256()
    for stage in task.stages:
        if len(stage.functions) < 2:
            continue
        entries = stage.entries
        for facts in stage.fact_combinations():
            scores = selector.select(stage.rules, entries, facts).scores
            digest.update(np.array(scores, dtype=np.float64).tobytes())
    return digest.hexdigest()


def fingerprint_elsewhere(model: str) -> str:
    """Return `fingerprint` as another process computes it."""
    code = (
        'from ld_agent.benchmark import fingerprint\n'
        'from ld_agent.players import find_task\n'
        'from ld_agent.selector import Selector\n'
        'from ld_agent.student.prepare import open_student\n'
        f'print(fingerprint(Selector(open_student({model!r})), find_task(None)))'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


def _generation_ms(model: str, stage: Stage, state: str) -> float | None:
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except ImportError:
        return None
    source = fetch_model(model)
    where = (
        {'pretrained_model_name_or_path': source.parent, 'gguf_file': source.name}
        if source.suffix == '.gguf'
        else {'pretrained_model_name_or_path': source}
    )
    torch.set_num_threads(2)
    tokenizer = AutoTokenizer.from_pretrained(**where)
    network = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32).eval()
    blocks = ''.join(prompt.render_block(f.entry) for f in stage.functions.values())
    text = prompt.render_rules(stage.rules) + blocks + state
    ids = tokenizer(text, return_tensors='pt')

    def generate() -> None:
        with torch.no_grad():
            network.generate(
                **ids, max_new_tokens=GENERATED_TOKENS, min_new_tokens=GENERATED_TOKENS,
                do_sample=False, pad_token_id=0,
            )  # fmt: skip

    generate()
    return float(np.median([_ms(generate) for _ in range(5)]))


def _ms(call: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000.0


def _summary(times: Sequence[float]) -> dict[str, float]:
    kept = times[WARM_UP:]
    return {'median': float(np.median(kept)), 'p99': float(np.percentile(kept, 99))}
