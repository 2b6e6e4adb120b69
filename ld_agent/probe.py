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
"""How well a student reads: cases with no task at all, in contrastive pairs.

A case is rules, candidates with their manual, a state and the right answer. The two cases of a
pair differ in one fact and want different functions; the pair counts if both are right.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
import itertools
import json
from pathlib import Path
from typing import Any

from ld_agent.errors import LdAgentError
from ld_agent.prompt import Entry
from ld_agent.selector import Selector
import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

SHIPPED = Path(__file__).with_name('probe_cases.jsonl')
ORDERS = 3


class _Candidate(BaseModel):
    name: str
    purpose: str
    when_to_use: str


class Case(BaseModel):
    """One line of a case file."""

    model_config = ConfigDict(frozen=True)

    pair: int
    level: str
    rules: str
    candidates: tuple[_Candidate, ...]
    state: dict[str, str]
    answer: str

    def entries(self) -> list[Entry]:
        """The candidates as the student reads them."""
        return [Entry(c.name, c.purpose, c.when_to_use) for c in self.candidates]


def read_cases(path: Path) -> list[Case]:
    """Read a case file, a JSON object a line.

    Raises:
        LdAgentError: says the line and what is wrong with it.
    """
    cases = []
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except OSError as error:
        raise LdAgentError(f'{path}: cannot be read ({error.strerror})') from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            case = Case.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = '.'.join(map(str, first['loc'])) or 'the line'
            raise LdAgentError(f'{path}, line {number}: {where}: {first["msg"]}') from None
        names = [c.name for c in case.candidates]
        if len(set(names)) != len(names):
            raise LdAgentError(f'{path}, line {number}: two candidates have the same name')
        if case.answer not in names:
            raise LdAgentError(
                f'{path}, line {number}: the answer {case.answer!r} is no candidate'
            )
        cases.append(case)
    if not cases:
        raise LdAgentError(f'{path}: holds no case')
    return cases


def probe(selector: Selector, cases: Sequence[Case]) -> dict[str, Any]:
    """Return accuracy, pair_accuracy, ece, order_flips, selection_ms and by_level."""
    right, sure, times, flips = [], [], [], 0
    pairs: dict[int, list[bool]] = defaultdict(list)
    levels: dict[str, list[bool]] = defaultdict(list)
    for case in cases:
        entries = case.entries()
        selector.prepare(case.rules, entries)
        chosen = selector.select(case.rules, entries, case.state)
        for order in itertools.islice(itertools.permutations(entries), 1, ORDERS):
            flips += selector.select(case.rules, order, case.state).selected != chosen.selected
        hit = chosen.selected == case.answer
        right.append(hit)
        sure.append(max(chosen.probabilities))
        times.append(chosen.ms)
        pairs[case.pair].append(hit)
        levels[case.level].append(hit)
    return {
        'cases': len(cases),
        'accuracy': float(np.mean(right)),
        'pair_accuracy': float(np.mean([all(p) for p in pairs.values()])),
        'ece': calibration_error(np.array(sure), np.array(right, dtype=float)),
        'order_flips': flips,
        'selection_ms': {
            'median': float(np.median(times)),
            'p99': float(np.percentile(times, 99)),
        },
        'by_level': {level: float(np.mean(hits)) for level, hits in sorted(levels.items())},
    }


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Return the expected calibration error: mean |accuracy - confidence| over equal bins."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(
        sum(
            abs(right[which == b].mean() - confidence[which == b].mean()) * (which == b).mean()
            for b in range(bins)
            if (which == b).any()
        )
    )


def shown(figures: dict[str, Any]) -> str:
    """Return the figures as JSON text."""
    return json.dumps(figures, indent=2)
