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
"""Whole sentences as people wrote them, each with its function, told anew in other numbers.

Generated sentences are put together from phrases, people's are not. From each of these others of
the same construction follow: its numbers moved on, and rows and columns, north and east changed
for one another. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
import random
import re

import ld_agent.sentences
from ld_agent.sentences.language import UNCLEAR, Written
from ld_agent.sentences.named import named_in
from ld_agent.training.sentences import Example, examples, held_back, slip
import yaml

FILES = (
    Path(__file__).with_name('vocabulary') / 'spoken.yaml',
    Path(ld_agent.sentences.__file__).with_name('by_hand_seen.yaml'),
)
FARTHEST = 8
"""How far numbers move at most."""
SHARE = 0.38
"""Of these among all that is trained on."""
SLIPS = 0.05
"""Share of sentences with a slip of the pen."""
_NUMBER = re.compile(r'(?<![A-Za-z\d])(?<!\d\.)(\d+)((?:\.\d+)?)')
_FIXED = re.compile(r'\d(?:st|nd|rd|th)\b|\d+:\d+|[A-Za-z]\d|\^|\*', re.IGNORECASE)
"""Ordinals, clocks, names and powers do not move, so nothing of their sentence does."""
_CODE_NUMBER = re.compile(r'(/ )?(?<![\d.])(\d+)((?:\.\d+)?)')
_UPRIGHT = re.compile(
    r'\b(?:above|below|left\w*|right\w*|top\w*|bottom|upper\w*|lower\w*|high\w*|up\w*|down\w*|over'
    r'|under|wide|width|tall|height|vertical\w*|horizontal\w*|(?:north|south)[- ]?(?:east|west)\w*'
    r'|[ns][ew])\b',
    re.IGNORECASE,
)
"""Words that would be odd, or wrong, once the board is turned."""
_TURNED = {
    'x': 'y', 'north': 'east', 'northern': 'eastern', 'northward': 'eastward',
    'northwards': 'eastwards', 'northmost': 'eastmost', 'south': 'west', 'southern': 'western',
    'southward': 'westward', 'southwards': 'westwards', 'row': 'column', 'rows': 'columns',
}  # fmt: skip
_TURNED |= {
    'y': 'x', **{other: word for word, other in _TURNED.items()}, 'col': 'row', 'cols': 'rows',
}  # fmt: skip
_PAIR = re.compile(
    r'([(\[]\s*)(\d+(?:\.\d+)?)(\s*(?:m|metres?|meters?)?\s*[,;]\s*)(\d+(?:\.\d+)?)'
    r'(?=\s*(?:m|metres?|meters?)?\s*[)\]])',
    re.IGNORECASE,
)
_BARE_PAIR = re.compile(r'(?<![\d.(\[] )(?<![\d.(\[])\b\d+ ?, ?\d+\b(?!\s*(?:m\b)?[)\]])')
_N = r'(?:metres\([\d.]+\)|[\d.]+)'
_PLACED = re.compile(rf'\(x, y((?:, {_N}, {_N})+)\)')
_CORNER = re.compile(rf'\(({_N}), ({_N})\)')


@dataclass(frozen=True)
class Spoken:
    """A sentence and what the student is to write for it, None where it is unclear."""

    sentence: str
    written: Written | None

    @property
    def answer(self) -> str:
        """The text of what is to be written."""
        return UNCLEAR if self.written is None else self.written.text


@cache
def spoken() -> tuple[Spoken, ...]:
    """Return all sentences, as they were written."""
    return tuple(one for file in FILES for one in read_spoken(file))


def read_spoken(file: Path) -> Iterator[Spoken]:
    """Yield the sentences of a file that may be trained on: with their function, or unclear."""
    for item in yaml.safe_load(file.read_text(encoding='utf-8')):
        if not item.get('trained', True) or (
            'code' not in item and {'closed', 'lift'} & set(item)
        ):
            continue
        if 'code' not in item:
            yield Spoken(item['say'], None)
            continue
        until, _, number = item.get('time', '').removesuffix(' steps').rpartition(' ')
        kind = 'lift' if 'lift' in item else 'close'
        limit = int(number) if number else None
        yield Spoken(item['say'], Written(kind, item['shape'], item['code'], until, limit))


def retold(seed: int) -> Iterator[Example]:
    """Yield examples without end, in other numbers; the same from the same seed."""
    rng = random.Random(f'{seed}/spoken')
    while True:
        one = varied(rng.choice(spoken()), rng)
        if not held_back(map(float, re.findall(r'\d+(?:\.\d+)?', one.sentence))):
            slips = rng.random() < SLIPS
            yield Example(slip(one.sentence, rng) if slips else one.sentence, one.answer, 'spoken')


def mixed(seed: int) -> Iterator[Example]:
    """Yield what is trained on: generated examples, and retold ones among them, without end."""
    rng = random.Random(f'{seed}/mixed')
    generated, told = examples(seed), retold(seed)
    while True:
        yield next(told if rng.random() < SHARE else generated)


def varied(one: Spoken, rng: random.Random) -> Spoken:
    """Return a sentence of the same construction, turned at times, its numbers moved on."""
    if rng.random() < 0.5:
        one = turned(one)
    numbers = [int(whole) for whole, _ in _NUMBER.findall(one.sentence)]
    if not numbers or _FIXED.search(one.sentence) or named_in(one.sentence).words:
        return one
    least = min(numbers)
    return moved(one, rng.randint(min(0, 1 - least) if least else 0, FARTHEST))


def moved(one: Spoken, by: int) -> Spoken:
    """Return the sentence with `by` added to each of its numbers."""

    def on(found: re.Match) -> str:
        return f'{int(found[1]) + by}{found[2]}'

    def on_in_code(found: re.Match) -> str:
        return found[0] if found[1] else f'{int(found[2]) + by}{found[3]}'

    written = one.written
    if written is not None:
        number = None if written.number is None else written.number + by
        written = replace(written, code=_CODE_NUMBER.sub(on_in_code, written.code), number=number)
    return Spoken(_NUMBER.sub(on, one.sentence), written)


def turned(one: Spoken) -> Spoken:
    """Return the sentence with the axes exchanged, as it is where that would be odd."""
    if _UPRIGHT.search(one.sentence) or _BARE_PAIR.search(one.sentence):
        return one

    def word(found: re.Match) -> str:
        other = _TURNED.get(found[0].lower(), found[0])
        if found[0].isupper():
            return other.upper()
        return other.capitalize() if found[0][0].isupper() else other

    sentence = re.sub('[A-Za-z]+', word, one.sentence)
    sentence = _PAIR.sub(r'\1\4\3\2', sentence)
    written = one.written
    return Spoken(
        sentence, None if written is None else replace(written, code=_turn(written.code))
    )


def _turn(code: str) -> str:
    def points(found: re.Match) -> str:
        values = re.findall(_N, found[1])
        pairs = zip(values[::2], values[1::2], strict=True)
        return f'(#, {", ".join(f"{y}, {x}" for x, y in pairs)})'

    code = _PLACED.sub(points, code)
    code = _CORNER.sub(r'(\2, \1)', code).replace('polygon(x, y', 'polygon(#')
    code = re.sub(r'\b[xy]\b', lambda found: 'yx'['xy'.index(found[0])], code)
    return code.replace('#', 'x, y')
