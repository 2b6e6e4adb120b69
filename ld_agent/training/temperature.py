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
"""The temperature of a student: how sure it may be of a manual that it has never seen.

A student is surer of new facts than it is right of them. Its scores are divided by the number
that makes the right answers likeliest on facts that no training saw and no report asks (Guo et
al., On calibration of modern neural networks, ICML 2017); what is selected stays the same. The
prepared student is measured. Needs no torch.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from ld_agent.selector import Selector
from ld_agent.student.adapter import TEMPERATURE
from ld_agent.training import reading
from ld_agent.training.report import STATES
from ld_agent.training.vocabulary import vocabularies
import numpy as np
from scipy.optimize import minimize_scalar

SEED = 6_000_000
SETS = 60
LEAST, MOST = 0.5, 10.0


def set_temperature(selector: Selector, adapter: Path) -> dict[str, float]:
    """Find the temperature of a student and write it beside its adapter.

    Args:
        selector: with the student of this adapter, prepared with whatever temperature.

    Returns:
        What was written: `temperature`, `answers` it comes from, their mean negative
        log-likelihood in nats `before` (at 1) and `after`.
    """
    asked = [scores * selector.student.temperature for scores in _scores(selector)]

    def loss(temperature: float) -> float:
        tempered = [scores / temperature for scores in asked]
        return float(np.mean([np.logaddexp.reduce(t) - t[0] for t in tempered]))

    best = float(minimize_scalar(loss, bounds=(LEAST, MOST), method='bounded').x)
    found = {
        'temperature': round(best, 3), 'answers': len(asked),
        'before': round(loss(1.0), 4), 'after': round(loss(best), 4),
    }  # fmt: skip
    (adapter / TEMPERATURE).write_text(json.dumps(found) + '\n', encoding='utf-8')
    return found


def _scores(selector: Selector) -> list[np.ndarray]:
    """Return the scores of every answer's candidates, the right one's first."""
    words = vocabularies()['temperature']
    streams = [reading.stream(words, SEED, STATES, level=level) for level in ('full', 'apart')]
    found = []
    for made in itertools.chain.from_iterable(itertools.islice(s, SETS) for s in streams):
        for example in made.examples:
            chosen = selector.select(made.rules, made.entries, example.facts)
            right = chosen.candidates.index(example.answer)
            scores = list(chosen.scores)
            found.append(np.array([scores.pop(right), *scores]))
    return found
