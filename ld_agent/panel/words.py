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
"""The parts of a picture that are told in words, as HTML; every text in it is escaped."""

from __future__ import annotations

from html import escape

from ld_agent.bags import probabilities_of
from ld_agent.messages import StageTrace
from ld_agent.panel.view import View
from ld_agent.replay import guarded_text

SHOWN_RESULT = 110
"""Characters of a stage's result that are shown."""


def headline(view: View) -> str:
    """Return which step it is, as plain text."""
    if view.state is None:
        return 'waiting for a state'
    state = view.state
    told = f'{state.task}, episode {state.episode} (seed {state.seed}), step {state.step}'
    return told + (': the end' if state.done else '') + (': stopped' if view.stopped else '')


def tally_html(view: View) -> str:
    """Return success and latency so far."""
    tally = view.tally
    ended = ', '.join(f'{n} {name.replace("_", " ")}' for name, n in tally.outcomes.items())
    parts = [f'episodes ended: {tally.episodes}' + (f' ({ended})' if ended else '')]
    parts.append(f'violations: {tally.violations}, lost turns: {tally.lost_turns}')
    if tally.median_ms is not None:
        parts.append(f'a decision takes {tally.median_ms:.0f} ms (median), '
                     f'{tally.worst_ms:.0f} ms (slowest)')  # fmt: skip
    return '<br>'.join(escape(part) for part in parts)


def trace_html(view: View) -> str:
    """Return how the present step was decided, a table row a candidate."""
    if view.decision is None:
        return '<p>not decided yet</p>' if view.state and not view.state.done else ''
    stages = ''.join(_stage(stage) for stage in view.decision.trace)
    guarded = ''.join(
        f'<p class="fault">{escape(guarded_text(part))}</p>' for part in view.decision.guarded
    )
    answer = view.decision.moves if view.decision.moves is not None else view.decision.action
    return (
        '<table class="trace"><tr><th>stage</th><th>candidate</th><th>score</th><th>share</th>'
        f'<th>ms</th></tr>{stages}</table>{guarded}'
        f'<p>{escape(view.decision.method)} decided {escape(str(answer))} '
        f'in {view.decision.step_ms:.0f} ms</p>'
    )


def _stage(stage: StageTrace) -> str:
    shares = probabilities_of(stage)
    scores = stage.scores if len(stage.scores) == len(stage.candidates) else []
    rows = []
    for number, (name, share) in enumerate(zip(stage.candidates, shares, strict=True)):
        chosen = ' class="selected"' if name == stage.selected else ''
        first = number == 0
        score = f'{scores[number]:.4g}' if scores else ''
        rows.append(
            f'<tr{chosen}><td>{escape(stage.stage) if first else ""}</td><td>{escape(name)}</td>'
            f'<td>{score}</td><td>{share:.1%}</td>'
            f'<td>{f"{stage.ms:.1f}" if first else ""}</td></tr>'
        )
    facts = ', '.join(f'{fact}: {value}' for fact, value in stage.facts.items())
    result = str(stage.result)
    if len(result) > SHOWN_RESULT:
        result = f'{result[:SHOWN_RESULT]} …'
    told = f'{escape(facts)}<br>' if facts else ''
    note = f'<br><b>{escape(stage.note)}</b>' if stage.note else ''
    rows.append(
        f'<tr class="result"><td></td><td colspan="4">{told}→ {escape(result)}{note}</td></tr>'
    )
    return ''.join(rows)


def emergencies_html(view: View) -> str:
    """Return the emergencies in force, each with the function that it became."""
    if not view.emergencies:
        return '<p>none in force</p>'
    return ''.join(
        f'<p><b>{escape(name)}</b>: {escape(update.origin)}'
        + ('' if update.expires_at_step is None else f' (until step {update.expires_at_step})')
        + f'</p><pre>{escape(update.source.strip())}</pre>'
        for name, update in view.emergencies.items()
    )
