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
"""Words that make what was written doubtful: a question, or closed and open confused.

This understands no sentence either. It refuses where the words that say 'only here' or 'never
there' do not go with a function that closes all the rest, which would be wrong in the unsafe
direction, where 'open again' is followed by a closure, where everything is opened and that was not
said, and where somebody asks.
"""

from __future__ import annotations

import re

from ld_agent.sentences.language import Written

_QUESTION = re.compile(
    r'\?\s*$|^\s*(?:is|are|was|were|will|would|should|shall|can|could|may|do|does|did)\s'
    r'(?!not\b)(?:we|you|i|it|the|there|this|that|any|row|rows|column|columns|x|y)\b',
    re.IGNORECASE,
)
_PROHIBITION = re.compile(
    r"\b(?:not|no|never|nobody|nothing|none|cannot|avoid|forbidden|prohibited)\b|n't\b",
    re.IGNORECASE,
)
_CONFINING = re.compile(
    r'\b(?:leave|leaving|left|outside|except|but|only|farther|further|more than|not in)\b',
    re.IGNORECASE,
)
_WITHIN = re.compile(
    r'\b(?:only|(?:stay|keep|remain|be|sail)\s+(?:\w+\s+)?(?:in|inside|within|to the|north|south'
    r'|east|west|above|below|left|right|higher|lower))\b',
    re.IGNORECASE,
)
_STAYING = re.compile(r'\b(?:stay|keep|remain)\b', re.IGNORECASE)
_REPELLING = re.compile(
    r"\b(?:out|outside|away|off|clear|from|least|beyond|distance|berth|not|never|no|don't)\b",
    re.IGNORECASE,
)
_SIDES = {
    'x': re.compile(r'\b(?:east|west|left|right)\s+of\b', re.IGNORECASE),
    'y': re.compile(r'\b(?:north|south)\s+of\b', re.IGNORECASE),
}
_ENDING = re.compile(
    r'\b(?:(?:open|free|safe|clear|allowed|permitted|accessible|navigable)\s+again|re-?open\w*'
    r'|lift(?:s|ed|ing)?|end(?:s|ed|ing)?\s+(?:of\s+)?the\s+(?:clos|restric|block)\w*'
    r'|no\s+longer\s+(?:closed|blocked|restricted|forbidden|off))\b',
    re.IGNORECASE,
)
_ALL = re.compile(r'\b(?:all|every\w*|each|any|whole|entire)\b', re.IGNORECASE)


def doubts(sentence: str, written: Written) -> list[str]:
    """Return why a function may say the opposite of its sentence, a clause each."""
    found = []
    if _QUESTION.search(sentence):
        found.append('the sentence may be a question')
    if written.kind == 'lift' and written.code == 'True' and not _ALL.search(sentence):
        found.append('it opens everything, which the sentence does not say')
    if written.kind == 'close':
        if not written.until and _ENDING.search(sentence):
            found.append('it closes what the sentence seems to open again')
        rest = written.code.startswith('not (')
        prohibits = _PROHIBITION.search(sentence) and not _CONFINING.search(sentence)
        if rest and prohibits:
            found.append('it closes all but what the sentence seems to forbid')
        gap = written.shape == 'a line with a gap'
        confines = _WITHIN.search(sentence) and not prohibits
        stays = _STAYING.search(sentence) and not _REPELLING.search(sentence)
        if not rest and not gap and (confines or stays):
            found.append('it closes what the sentence seems to leave open')
        for axis, side in _SIDES.items():
            if side.search(sentence) and not re.search(rf'\b{axis}\b', written.code):
                found.append(f'it says nothing of {axis}, on which a side is named')
    return found
