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
"""Slips of the pen put right: two letters swapped, one lost or doubled; and capitals alone.

In words that the checks look for, so that they find them in `norht of y = 4`. The student reads
the same text: rare spellings are made of tokens that it hardly knows.
"""

from __future__ import annotations

from collections.abc import Iterator
import re

from ld_agent.sentences.named import NUMBER_WORDS

_WORDS = (
    'north', 'south', 'right', 'above', 'below', 'higher', 'lower', 'upwards', 'downwards',
    'greater', 'larger', 'smaller', 'berth', 'least', 'every', 'within', 'except', 'longer',
    'again', 'radius', 'circle', 'outside', 'farther', 'further', 'nothing', 'apart', 'through',
    'meters', 'metres', 'either', *(word for word in NUMBER_WORDS if len(word) > 4),
)  # fmt: skip
_WORDS_TOO = {
    'there', 'tree', 'seen', 'blow', 'bellow', 'though', 'trough', 'lest', 'ever', 'very',
    'father', 'meter', 'metre', 'lager', 'grater', 'noting', 'loner', 'last', 'leat', 'leats',
    'thee', 'eery', 'elven', 'beth', 'sven', 'ether',
}  # fmt: skip
"""Slips that are words of their own."""


def _slips(word: str) -> Iterator[str]:
    for at in range(len(word) - 1):
        yield word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        yield word[: at + 1] + word[at:]
        if at:
            yield word[:at] + word[at + 1 :]


_MEANT = {
    slip: word
    for word in _WORDS
    for slip in _slips(word)
    if slip not in _WORDS and slip not in _WORDS_TOO
}


def corrected(sentence: str) -> str:
    """Return the sentence with the slips in known words put right; all other words as they are.

    One in capitals alone is put into small letters.
    """
    sentence = sentence.lower() if sentence.isupper() else sentence
    return re.sub(r'[A-Za-z]{4,}', lambda word: _MEANT.get(word[0].lower(), word[0]), sentence)
