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
"""What a distillation asked, accepted, had repaired, rejected and paid: as JSON and as a page.

Everything is counted from the journal, so that the figures are of all runs together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import json
from pathlib import Path
from typing import Any

from ld_agent.teacher import Endpoint

JSON_FILE, PAGE_FILE = 'report.json', 'report.md'


def make_report(
    about: Mapping[str, Any], records: Sequence[Mapping[str, Any]], endpoint: Endpoint
) -> dict[str, Any]:
    """Return the report on a journal.

    Returns:
        `about`, and `steps`: for each what was asked of it and became of its pieces (a function,
        or the step itself), and `totals`. `repaired` pieces are accepted ones that had come back
        faulty before; `cost` is None where a price or a count is not known, and counts replies
        that were in the cache as if they had been paid for here (`cached` says how many).
    """
    names = list(dict.fromkeys(r['step'] for r in records if 'step' in r))
    steps = [_step(name, [r for r in records if r.get('step') == name]) for name in names]
    replies = [r for r in records if r['kind'] == 'reply']
    totals: dict[str, Any] = {'asked': len(replies)}
    totals |= {k: sum(len(s[k]) for s in steps) for k in ('accepted', 'repaired', 'rejected')}
    totals |= {
        'cached': sum(r['cached'] for r in replies),
        'prompt_tokens': _sum(r['prompt_tokens'] for r in replies),
        'completion_tokens': _sum(r['completion_tokens'] for r in replies),
        'cost': _sum(endpoint.cost(r['prompt_tokens'], r['completion_tokens']) for r in replies),
    }
    return {**about, 'totals': totals, 'steps': steps}


def write_report(report: Mapping[str, Any], folder: Path) -> None:
    """Write the report as JSON and as a page."""
    text = json.dumps(report, indent=2) + '\n'
    (folder / JSON_FILE).write_text(text, encoding='utf-8')
    (folder / PAGE_FILE).write_text(page(report), encoding='utf-8')


def page(report: Mapping[str, Any]) -> str:
    """Return the report as a Markdown page."""
    totals = report['totals']
    money = 'not known' if totals['cost'] is None else f'{totals["cost"]:.4f}'
    lines = [
        f'# Distillation of {report["task"]}',
        '',
        f'Outcome: **{report["outcome"]}**. {report["why"]}'.strip(),
        '',
        f'Teacher {report["model"]} at {report["base_url"]}; base {report["out"]}.',
        '',
        '| asked | accepted | of these repaired | rejected | from cache | prompt tokens '
        '| completion tokens | cost |',
        '| --- | --- | --- | --- | --- | --- | --- | --- |',
        f'| {totals["asked"]} | {totals["accepted"]} | {totals["repaired"]} '
        f'| {totals["rejected"]} | {totals["cached"]} | {_shown(totals["prompt_tokens"])} '
        f'| {_shown(totals["completion_tokens"])} | {money} |',
    ]
    for step in report['steps']:
        lines += ['', f'## {step["step"]}', '', f'Asked {step["asked"]} times.', '']
        for piece in step['accepted']:
            mended = ', repaired' if piece in step['repaired'] else ''
            lines.append(f'- {piece}: accepted{mended}')
        lines += [f'- {piece}: **rejected**' for piece in step['rejected']]
        if step['faults']:
            lines += ['', 'Sent back:', '']
            lines += [
                f'- reply {f["reply"]}, {f["piece"]}: {" ".join(f["fault"].split())}'
                for f in step['faults']
            ]
    return '\n'.join(lines) + '\n'


def _step(name: str, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    accepted: dict[str, None] = {}
    repaired: list[str] = []
    faults: list[dict[str, Any]] = []
    for record in records:
        if record['kind'] != 'verdict':
            continue
        before = {fault['piece'] for fault in faults}
        repaired += [p for p in record['accepted'] if p in before and p not in accepted]
        accepted.update(dict.fromkeys(record['accepted']))
        faults += [
            {'reply': record['number'] + 1, 'piece': piece, 'fault': fault}
            for piece, found in record['faults'].items()
            for fault in found
        ]
    rejected = dict.fromkeys(f['piece'] for f in faults if f['piece'] not in accepted)
    if accepted:
        rejected.pop(name, None)
    return {
        'step': name,
        'asked': sum(record['kind'] == 'reply' for record in records),
        'accepted': list(accepted),
        'repaired': repaired,
        'rejected': list(rejected),
        'faults': faults,
    }


def _sum(values: Iterable[Any]) -> Any:
    """Return the sum, None where one of the values is not known."""
    known = list(values)
    return None if None in known else sum(known)


def _shown(count: int | None) -> str:
    return 'not known' if count is None else f'{count:,}'
