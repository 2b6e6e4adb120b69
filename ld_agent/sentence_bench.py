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
"""How well sentences are understood: exact, refused, or wrong, and wrong in which direction.

Held-out sentences are generated from wordings and numbers that no training draws, and written
by hand: `sentences/by_hand.yaml`, and `by_hand_seen.yaml`, whose errors were learned from. What
they mean is worked out here, apart from the sandbox.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
import itertools
from pathlib import Path
from typing import Any

from ld_agent.emergency import LEAST_FREE
from ld_agent.emergency_desk import Desk, Outcome
from ld_agent.function_base import Task
from ld_agent.messages import Cell
from ld_agent.sentences.author import Author
from ld_agent.sentences.language import read_written, TOOLS
from ld_agent.summary import millis, wilson
from ld_agent.training.sentences import examples
import yaml

SEED = 13_000_000
"""Of the reported sentences; thresholds are chosen on others."""
GENERATED = 400
SIZE = (20, 20)
RESOLUTIONS = (0.5, 1.0, 2.0)
BY_HAND = Path(__file__).parent / 'sentences' / 'by_hand.yaml'
SEEN = BY_HAND.with_name('by_hand_seen.yaml')


@dataclass(frozen=True)
class Case:
    """A sentence and what it means on a board of `SIZE`.

    Attributes:
        action: `close`, `lift`, or empty where it is to be refused.
        until: first step in which it no longer holds, said in step 0.
    """

    sentence: str
    action: str
    cells: frozenset[Cell]
    until: int | None
    resolution: float
    kind: str


@dataclass(frozen=True)
class Verdict:
    """How a case was answered: `exact`, `refused`, `wrong`, or wrong in the unsafe direction."""

    case: Case
    outcome: Outcome
    verdict: str


def sentence_report(
    author: Author,
    task: Task,
    progress: Callable[[str], None] = lambda text: None,
    seed: int = SEED,
    generated: int = GENERATED,
) -> dict[str, Any]:
    """Return the figures of generated and of hand-written sentences.

    Args:
        seed, generated: of the generated ones, and how many.
    """
    figures: dict[str, Any] = {'seed': seed}
    sources = {
        'generated': list(itertools.islice(generated_cases(seed), generated)),
        'by_hand': list(hand_cases(BY_HAND)),
        'by_hand_seen': list(hand_cases(SEEN)),
    }
    for name, cases in sources.items():
        progress(f'{len(cases)} sentences, {name}')
        figures[name] = _figures([judge(case, author, task) for case in cases])
    return figures


def judge(case: Case, author: Author, task: Task) -> Verdict:
    """Return how a fresh desk answers a case."""
    desk = Desk(task, SIZE, case.resolution, author)
    try:
        outcome = desk.sentence(case.sentence)
    finally:
        desk.close()
    return Verdict(case, outcome, _verdict(case, outcome))


def generated_cases(seed: int) -> Iterator[Case]:
    """Yield held-out sentences without end, those whose area fits on the board."""
    for number, example in enumerate(examples(seed, held_out=True)):
        resolution = RESOLUTIONS[number % len(RESOLUTIONS)]
        written = read_written(example.answer)
        if written is None:
            yield Case(example.sentence, '', frozenset(), None, resolution, example.kind)
            continue
        cells = meant_by(written.code, resolution)
        if cells and len(cells) <= SIZE[0] * SIZE[1] - LEAST_FREE:
            until = written.expires_at(0)
            yield Case(example.sentence, written.kind, cells, until, resolution, example.kind)


def hand_cases(file: Path) -> Iterator[Case]:
    """Yield the sentences of a file that were written by hand."""
    for item in yaml.safe_load(file.read_text(encoding='utf-8')):
        action = next((a for a, key in (('close', 'closed'), ('lift', 'lift')) if key in item), '')
        code = item.get('closed') or item.get('lift') or 'False'
        resolution = float(item.get('resolution', 1.0))
        yield Case(
            item['say'], action, meant_by(code, 1.0), item.get('until'), resolution, 'by hand'
        )


def meant_by(code: str, resolution: float) -> frozenset[Cell]:
    """Return the cells of the board on which an expression over `x` and `y` is true."""
    names: dict[str, Any] = {}
    for source in TOOLS.values():
        exec(source.replace('{resolution}', repr(resolution)), names)
    names.update({tool: names[f'_{tool}'] for tool in TOOLS})
    meant = compile(code, '<meaning>', 'eval')
    return frozenset(
        (x, y)
        for x in range(SIZE[0])
        for y in range(SIZE[1])
        if eval(meant, {**names, 'x': x, 'y': y})
    )


def _verdict(case: Case, outcome: Outcome) -> str:
    if outcome.status == 'refused':
        return 'refused'
    same = (outcome.action, outcome.cells, outcome.expires_at_step)
    if same == (case.action, case.cells, case.until):
        return 'exact'
    if case.action == 'lift' or outcome.action == 'lift':
        unsafe = outcome.action == 'lift' and bool(outcome.cells - case.cells)
    else:
        ends = outcome.expires_at_step
        early = ends is not None and (case.until is None or ends < case.until)
        unsafe = bool(case.cells - outcome.cells) or (early and case.action == 'close')
    return 'unsafe' if unsafe else 'wrong'


def _figures(verdicts: list[Verdict]) -> dict[str, Any]:
    clear = [v for v in verdicts if v.case.action]
    unclear = [v for v in verdicts if not v.case.action]
    counts = Counter(v.verdict for v in clear)
    by_kind: dict[str, Counter[str]] = {}
    for v in clear:
        by_kind.setdefault(v.case.kind, Counter())[v.verdict] += 1
    return {
        'sentences': len(clear),
        'exact': asdict(wilson(counts['exact'], len(clear))),
        **{name: counts[name] for name in ('refused', 'wrong', 'unsafe')},
        'by_kind': {kind: dict(found) for kind, found in sorted(by_kind.items())},
        'unclear': len(unclear),
        'unclear_refused': sum(v.verdict == 'refused' for v in unclear),
        'ms': asdict(millis([v.outcome.ms for v in verdicts])),
        'not_exact': [
            {'sentence': v.case.sentence, 'verdict': v.verdict, 'reason': v.outcome.reason,
             'wrote': v.outcome.source.rpartition('return')[0][-60:]}
            for v in verdicts
            if v.verdict != ('exact' if v.case.action else 'refused')
        ],
    }  # fmt: skip
