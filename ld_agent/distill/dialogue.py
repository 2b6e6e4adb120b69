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
"""One step of the dialogue, brought to its end: asked, judged, and asked again with the faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ld_agent.distill import prompts
from ld_agent.distill.journal import Journal
from ld_agent.distill.step import Step, Verdict
from ld_agent.errors import LdAgentError
from ld_agent.teacher import Teacher

Tell = Callable[[str], None]


class StepFailed(LdAgentError):
    """A step that the base cannot do without found no acceptable reply."""


def settle(
    step: Step, teacher: Teacher, journal: Journal, repairs: int, reply_tokens: int, tell: Tell
) -> dict[str, Any]:
    """Return what was accepted of a step: piece → content.

    A faulty piece goes back with its faults at most `repairs` times. After that it is left out
    where the step is complete without it. All replies in the journal count, whatever `repairs` is.

    Raises:
        StepFailed: the step is not complete then; says what was wrong last.
        TeacherError: the teacher does not answer; what was accepted is in the journal.
    """
    kept: dict[str, Any] = {}
    verdict = Verdict()
    question = prompts.SYSTEM, step.question()
    messages = [
        {'role': role, 'content': text} for role, text in zip(('system', 'user'), question)
    ]
    rounds = max(repairs + 1, journal.replies(step.name))
    for number in range(rounds):
        text = journal.reply(step.name, number)
        if text is None:
            reply = teacher.ask(messages, reply_tokens)
            journal.add_reply(step.name, number, reply)
            text = reply.text
        text = text.encode('utf-8', 'replace').decode()
        judged = journal.verdict(step.name, number)
        verdict = judged or _judged(step, text, kept)
        if judged is None:
            journal.add_verdict(step.name, number, verdict)
        kept.update(verdict.accepted)
        tell(_told(step, number, verdict))
        if not verdict.faults:
            return kept
        messages = [
            *messages[:2],
            {'role': 'assistant', 'content': text},
            {'role': 'user', 'content': prompts.repair(verdict.faults, sorted(kept))},
        ]
    if not kept or step.lacking(kept):
        last = '; '.join(f'{piece}: {f}' for piece, fs in verdict.faults.items() for f in fs)
        raise StepFailed(f'{step.name}: after {rounds} replies not accepted: {last}')
    return kept


def _judged(step: Step, text: str, kept: dict[str, Any]) -> Verdict:
    verdict = step.judge(text)
    lacking = step.lacking({**kept, **verdict.accepted}) if verdict.accepted or kept else []
    if lacking:
        whole = [*verdict.faults.get(step.name, []), *lacking]
        verdict = Verdict(verdict.accepted, {**verdict.faults, step.name: whole})
    return verdict


def _told(step: Step, number: int, verdict: Verdict) -> str:
    accepted, faulty = len(verdict.accepted), len(verdict.faults)
    return f'{step.name}, reply {number + 1}: {accepted} accepted, {faulty} sent back'
