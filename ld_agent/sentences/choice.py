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
"""Which draft of a sentence holds, where the checks speak against some of them.

The student says how likely each draft is, the checks say which ones cannot be meant. What the
checks refute loses its probability to all the others together; a draft is used where it has the
better part of what is left. What the student never wrote out stays on the side of refusal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ld_agent.errors import AreaError
from ld_agent.sentences.author import Draft
from ld_agent.sentences.contradiction import contradictions
from ld_agent.sentences.doubt import doubts
from ld_agent.sentences.language import Written
from ld_agent.sentences.named import disagreements
from ld_agent.sentences.slips import corrected

LEAST_SURE = 0.5
"""The first draft is used as it stands where none of its choices is less probable than this."""
LEAST_SHARE = 0.8
"""Share of a draft in what the checks have not refuted, from which on it is used."""
LEAST_HELD = 0.05
"""What the student held less likely than this is not used, whatever the checks refute."""


@dataclass(frozen=True)
class Choice:
    """A draft that holds, and what speaks for it."""

    written: Written
    sure: str


def choose(sentence: str, drafts: Iterable[Draft]) -> Choice:
    """Return the draft to be used.

    Args:
        drafts: as the student yields them; no more are taken than needed.

    Raises:
        AreaError: none is sound and likely enough; it tells of the first one.
    """
    read = corrected(sentence)
    left, unclear, why = 1.0, 0.0, ''
    sound: dict[Written, float] = {}
    for number, draft in enumerate(drafts):
        fault = _fault(read, draft)
        if draft.written is None:
            unclear += draft.probability
        elif fault:
            left -= draft.probability
        else:
            meant = replace(draft.written, shape='')
            if number == 0 and draft.least_sure >= LEAST_SURE:
                return Choice(draft.written, f'{draft.least_sure:.3f}, its least sure token')
            sound[meant] = sound.get(meant, 0.0) + draft.probability
            if sound[meant] >= max(LEAST_SHARE * left, LEAST_HELD):
                share = sound[meant] / left
                return Choice(draft.written, f'{share:.3f}, where others are refuted')
        if number == 0:
            why = fault or _unsure(draft)
        if unclear > (1.0 - LEAST_SHARE) * left:
            break
    raise AreaError(why)


def faults(sentence: str, written: Written) -> list[str]:
    """Return all that speaks against a function, a clause each.

    Args:
        sentence: with its slips put right.
    """
    checks = (disagreements, doubts, contradictions)
    return [fault for check in checks for fault in check(sentence, written)]


def _fault(sentence: str, draft: Draft) -> str:
    """Return why a draft cannot be used, empty where nothing speaks against it."""
    if draft.written is None:
        return 'the student cannot tell which cells it closes'
    found = faults(sentence, draft.written)
    return f'{_told(draft)}, and {" and ".join(found)}' if found else ''


def _told(draft: Draft) -> str:
    return f'the student wrote {draft.written.code if draft.written else draft.text!r}'


def _unsure(draft: Draft) -> str:
    return f'{_told(draft)}, but of one token it is only {draft.least_sure:.0%} sure'
