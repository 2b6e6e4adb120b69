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
"""The check of an 8-bit student against its fp32 graph, before it is used.

Both select for the same shipped cases, through the code that selects at run time.
"""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path

from ld_agent.errors import ModelError
from ld_agent.prompt import Entry
from ld_agent.selector import Selector
from ld_agent.student.session import Student

Verify = Callable[[Student, Student, Callable[[float], None]], dict[str, float]]
"""Compares an 8-bit student with its fp32 one, as `verify` does."""
UNDECIDED = 0.5
"""Margin (nats) of the fp32 graph below which quantising may swap its two best names."""
MOST_DIFFERENT = 0.1
"""Share of the cases that may have another selection, undecided ones included."""
MOST_DECIDED = 0.04
"""Share of the cases that may have another selection although fp32 is decided: where a student
reads badly, rounding the activations to 8 bits moves a score by up to about one nat."""
EVERY = 12
"""One pair of shipped cases in so many is compared: all kinds of cases, in a fraction of the
time."""


def verify(
    quantised: Student, exact: Student, progress: Callable[[float], None]
) -> dict[str, float]:
    """Compare the selections and the scores of both on shipped probe cases.

    Args:
        progress: told the share of the cases that is done.

    Returns:
        `cases`; `same_selection`: how many of them were selected alike; `undecided_in_fp32` and
        `decided_in_fp32`: how many differ where fp32 is undecided, or decided;
        `largest_difference` of two scores, nats.

    Raises:
        ModelError: too many selections differ.
    """
    cases = _cases()
    fast, slow = Selector(quantised), Selector(exact)
    same = undecided = 0
    decided: list[str] = []
    largest = 0.0
    for number, case in enumerate(cases, 1):
        entries = [Entry(**candidate) for candidate in case['candidates']]
        a = fast.select(case['rules'], entries, case['state'])
        b = slow.select(case['rules'], entries, case['state'])
        largest = max(largest, *(abs(x - y) for x, y in zip(a.scores, b.scores, strict=True)))
        if a.selected == b.selected:
            same += 1
        elif b.margin is not None and b.margin < UNDECIDED:
            undecided += 1
        else:
            decided.append(f'{a.selected!r} for {b.selected!r} (margin {b.margin or 0.0:.2f})')
        progress(number / len(cases))
    different = undecided + len(decided)
    if len(decided) > MOST_DECIDED * len(cases) or different > MOST_DIFFERENT * len(cases):
        raise ModelError(
            f'the 8-bit graph selects otherwise than fp32 in {different} of {len(cases)} cases'
            f'{", as " if decided else ""}{"; ".join(decided[:2])}; this model does not bear 8 '
            'bits, use another'
        )
    return {
        'cases': len(cases),
        'same_selection': same,
        'undecided_in_fp32': undecided,
        'decided_in_fp32': len(decided),
        'largest_difference': round(largest, 3),
    }


def _cases() -> list[dict]:
    file = Path(__file__).parent.parent / 'probe_cases.jsonl'
    cases = map(json.loads, file.read_text(encoding='utf-8').splitlines())
    return [case for case in cases if case['pair'] % EVERY == 0]
