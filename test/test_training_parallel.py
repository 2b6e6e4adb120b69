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
"""Processes that `torchrun` starts train the adapter that one process would have trained."""

from __future__ import annotations

import json
from pathlib import Path
import subprocess
import sys

from ld_agent.student.adapter import TENSORS
import numpy as np
import pytest
from safetensors.numpy import load_file
import tiny_model

pytestmark = pytest.mark.train

SCRIPT = """
import sys
from pathlib import Path
from ld_agent.prompt import Entry
from ld_agent.student.tokenizer import read_tokenizer
from ld_agent.training.examples import Example, ExampleSet
from ld_agent.training.loop import train
from ld_agent.training.lora import Plan, Trainee
from ld_agent.training.packing import pack

model, out = map(Path, sys.argv[1:])
tokenizer, bos = read_tokenizer(model)
plan = Plan(sequences=12, per_step=4, warmup_steps=1, rank=2, alpha=4, threads=1)
entries = (Entry('go', 'Go on.', 'it is day'), Entry('rest', 'Rest.', 'it is night'))
sets = [
    ExampleSet(f'Ship {n}.', entries, (Example({'sky': 'day'}, 'go'),) * (1 + n % 3), 'plain')
    for n in range(12)
]
packed = (
    pack(s, lambda text: tokenizer.encode(text, add_special_tokens=False).ids, bos) for s in sets
)
train(Trainee(model, plan), plan, packed, out, lambda record: print(record['step']))
"""


def trained(folder: Path, model: Path, processes: int) -> tuple[dict, list[dict], str]:
    """Return tensors, log, and what was printed."""
    script = folder / 'script.py'
    script.write_text(SCRIPT, encoding='utf-8')
    out = folder / str(processes)
    start = ['-m', 'torch.distributed.run', f'--nproc-per-node={processes}', '--standalone']
    done = subprocess.run(
        [sys.executable, *(start if processes > 1 else []), script, model, out],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert not done.returncode, done.stderr[-2000:]
    log = (out / 'log.jsonl').read_text(encoding='utf-8').splitlines()
    return load_file(out / 'adapter' / TENSORS), [json.loads(line) for line in log], done.stdout


def test_two_processes_train_what_one_does(tmp_path):
    pytest.importorskip('torch', reason='the extra .[train] brings torch')
    pytest.importorskip('peft', reason='the extra .[train] brings peft')
    model = tiny_model.write_folder(tmp_path / 'model')
    alone, log_alone, _ = trained(tmp_path, model, 1)
    shared, log_shared, printed = trained(tmp_path, model, 2)
    moved = [name for name in alone if 'lora_B' in name and np.abs(alone[name]).max() > 1e-4]
    assert moved
    for name, tensor in alone.items():
        assert np.allclose(tensor, shared[name], atol=2e-3), name
    assert (log_alone[0]['processes'], log_shared[0]['processes']) == (1, 2)
    for one, other in zip(log_alone[1:], log_shared[1:], strict=True):
        assert one['loss'] == pytest.approx(other['loss'], abs=0.02)
    assert printed.split() == ['1', '2', '3']


def test_more_processes_than_sets_are_refused(tmp_path, monkeypatch):
    pytest.importorskip('torch', reason='the extra .[train] brings torch')
    from ld_agent.errors import ModelError
    from ld_agent.training import loop
    from ld_agent.training.lora import Plan

    class Five:
        rank, number = 0, 5

    monkeypatch.setattr(loop, 'Workers', Five)
    with pytest.raises(ModelError, match='start at most 4'):
        loop.train(None, Plan(per_step=4), iter(()), tmp_path, print)
