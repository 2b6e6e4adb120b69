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
"""Sentences about closed areas, each with the function that a student is to write for it.

Put together at random from `vocabulary/sentences.yaml`: what is closed, how that is said, for
how long, in which unit, with what said around it. A part of the wordings and of the numbers is
held out: they are never trained on. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
import itertools
from pathlib import Path
import random
import re
from typing import Any

from ld_agent.sentences.language import UNCLEAR, Written
from ld_agent.training.phrases import Slots
import yaml

HELD_OUT_REMAINDER = 3
HELD_OUT_MODULUS = 7
"""Numbers that add up to this remainder are never trained on."""
PLAIN, PLAIN_SHARE = 6, 0.4
"""The first wordings of a list are the plain ones, and drawn more often: most of what is unclear
is near to a plain sentence, and must not be all that the student sees of them."""
_KINDS = {
    'plain': (45, 0), 'closing': (40, 20), 'whole': (16, 8), 'gap': (10, 4), 'union': (20, 4),
    'confine': (8, 4), 'lift': (12, 6), 'unclear': (10, 8),
}  # fmt: skip
"""Kind → its weight among what is trained on, and among what is held out."""


OUTSIDE = 'everything outside'
_SHORT = {
    'and': ('n', '&'), 'between': ('betw', 'btwn'), 'please': ('pls', 'plz'), 'are': ('r',),
    'because': ('cos', 'bc'), 'through': ('thru',), 'with': ('w/',), 'is': ('iz', "'s"),
    'everything': ('evrything',), 'you': ('u',), 'people': ('ppl',), 'coordinates': ('coords',),
    'column': ('col',), 'columns': ('cols',), 'until': ('til', 'till'), 'closed': ('shut',),
}  # fmt: skip
"""What people in a hurry write for a word."""
_SEVERAL = re.compile(
    r'^(?:all |any |the |both |those |these |(?:the )?(?:whole|entire) )*'
    r'(?:rows|columns|cells|lines|waters|positions|fields|squares|places|points|spots|strips)\b'
    r'|^(?:both|x and y)\b| and |, together with | as well as | plus ', re.IGNORECASE
)  # fmt: skip
_PLURAL = {' is': ' are', ' has': ' have', ' was': ' were', " isn't": " aren't",
           ' needs': ' need', ' remains': ' remain', ' stays': ' stay'}  # fmt: skip
_VERB = re.compile(r"\{area\}( isn't| is| has| was| needs| remains| stays)\b")


@dataclass(frozen=True)
class Example:
    """A sentence, and what the student is to write; `kind` says how it was put together."""

    sentence: str
    answer: str
    kind: str


def examples(seed: int, held_out: bool = False) -> Iterator[Example]:
    """Yield examples without end, each sentence once; the same from the same seed.

    Args:
        held_out: of wordings and numbers that are never trained on, instead of those that are.
    """
    seen = set()
    for number in itertools.count():
        example = _Composer(random.Random(f'{seed}/{held_out}/{number}'), held_out).example()
        if example is not None and example.sentence not in seen:
            seen.add(example.sentence)
            yield example


@cache
def _phrases() -> dict[str, Any]:
    file = Path(__file__).with_name('vocabulary') / 'sentences.yaml'
    return dict(yaml.safe_load(file.read_text(encoding='utf-8')))


class _Composer:
    """Puts one sentence together."""

    def __init__(self, rng: random.Random, held_out: bool) -> None:
        self.rng = rng
        self.held_out = held_out
        self.news = 0
        self.slots = Slots(rng)
        self.phrases = _phrases()

    def example(self) -> Example | None:
        """Return an example, or None where this draw is for the other side."""
        weights = [weight[self.held_out] for weight in _KINDS.values()]
        kind = self.rng.choices(list(_KINDS), weights)[0]
        sentence, answer = getattr(self, f'_{kind}')()
        numbers = self.slots.numbers
        if numbers and held_back(numbers) != self.held_out:
            return None
        if self.held_out and kind != 'unclear' and not self.news:
            return None
        return Example(self._dress(sentence), answer, kind)

    def _pick(self, group: dict[str, Any], plain_share: float = PLAIN_SHARE) -> Any:
        """Return one of the wordings of a group that this side may use."""
        held = group.get('held_out', ())
        if self.held_out and held and self.rng.random() < 0.7:
            self.news += 1
            return self.rng.choice(held)
        plain = self.rng.random() < plain_share
        return self.rng.choice(group['texts'][:PLAIN] if plain else group['texts'])

    def _family(self, families: list[dict[str, Any]], axes: bool = False) -> tuple[str, str, str]:
        """Return text, code and name of an area; with `axes` of one along rows or columns."""
        kept = [f for f in families if f.get('axes') or not axes]
        family = self.rng.choices(kept, [f.get('weight', 1) for f in kept])[0]
        self.slots.turn(sides=family.get('sides', False))
        text = self._pick(family)
        return *self.slots.fill(text, family['code']), family['name']

    def _closing(self) -> tuple[str, str]:
        area, code, name = self._family(self.phrases['areas'])
        return self._closed(self._say('closings', area), code, name)

    def _plain(self) -> tuple[str, str]:
        whole = self.rng.random() < 0.2
        families = self.phrases['wholes' if whole else 'areas']
        family = self.rng.choices(families, [f.get('weight', 1) for f in families])[0]
        self.slots.turn(sides=family.get('sides', False))
        text, code = self.slots.fill(self.rng.choice(family['texts'][:2]), family['code'])
        if not whole:
            text = self._put(self.rng.choice(self.phrases['closings']['texts'][:PLAIN]), text)
        if self.rng.random() < 0.6:
            return text, Written('close', family['name'], code).text
        return self._timed(text, code, family['name'], plain=True)

    def _whole(self) -> tuple[str, str]:
        text, code, name = self._family(self.phrases['wholes'])
        return self._closed(text, code, name)

    def _gap(self) -> tuple[str, str]:
        area, code, _ = self._family(self.phrases['areas'], axes=True)
        before, after = self._pick(self.phrases['gaps'])
        place, left_open = self.slots.fill(*self.rng.choice(self.phrases['gap_places']))
        if self.rng.random() < 0.5:
            text = f'{self._say("closings", area)}{before}{place}{after}'
        else:
            text = self._say('closings', f'{area}{before}{place}{after}')
        return self._closed(text, f'{code} and {left_open}', 'a line with a gap')

    def _union(self) -> tuple[str, str]:
        plain = [f for f in self.phrases['areas'] if f['name'] not in ('some cells', 'some lines')]
        lines = self.rng.random() < 0.35
        first, code, _ = self._family(plain, axes=lines)
        second, other, _ = self._family(plain, axes=lines)
        if {first[0], second[0]} & {'x', 'y'} and not ('(x, y' in code or '(x, y' in other):
            return self._closing()  # 'x is 3 and y is 4' is one cell, not two lines
        way = self.rng.random()
        if way < 0.6:
            before, after = self._pick(self.phrases['joins'])
            text = self._say('closings', f'{first}{before}{second}{after}')
        elif way < 0.8:
            so = 'are' if _SEVERAL.search(second) else 'is'
            text = f'{self._say("closings", first)} and so {so} {second}'
        else:
            between = self.rng.choice(('; ', '. ', ', ', ', and '))
            too = self.rng.choice(('', '', ' too', ' as well', ', too'))
            text = f'{self._say("closings", first)}{between}{self._say("closings", second)}{too}'
        return self._closed(text, f'{code} or {other}', 'several areas')

    def _confine(self) -> tuple[str, str]:
        if self.rng.random() < 0.5:
            text, code, _ = self._family(self.phrases['confine_wholes'])
            return self._closed(text, code, OUTSIDE)
        plain = [f for f in self.phrases['areas'] if f['name'] not in ('some cells', 'a cell')]
        area, code, _ = self._family(plain)
        return self._closed(self._say('confines', area), f'not ({code})', OUTSIDE)

    def _lift(self) -> tuple[str, str]:
        way = self.rng.random()
        if way < 0.08:
            text, code, name = self._pick(self.phrases['lift_all']), 'True', 'everything'
        elif way < 0.22:
            whole = self._pick(self.phrases['lift_wholes'])
            text, code = self.slots.fill(whole, 'cell(x, y, {A})')
            name = 'a cell'
        else:
            part = 'lift_areas' if way < 0.65 else 'areas'
            area, code, name = self._family(self.phrases[part])
            text = self._say('lifts', area)
        return text, Written('lift', name, code).text

    def _unclear(self) -> tuple[str, str]:
        self.slots.turn(sides=True)
        text, _ = self.slots.fill(self._pick(self.phrases['unclear'], plain_share=0), '')
        return text, UNCLEAR

    def _say(self, way: str, area: str) -> str:
        return self._put(str(self._pick(self.phrases[way])), area)

    def _put(self, frame: str, area: str) -> str:
        """Return the frame with the area in it; of several, people mostly say 'are'."""
        if _SEVERAL.search(area) and self.rng.random() < 0.85:
            frame = _VERB.sub(lambda verb: f'{{area}}{_PLURAL[verb[1]]}', frame)
        return frame.replace('{area}', area)

    def _closed(self, text: str, code: str, name: str) -> tuple[str, str]:
        """Return a sentence that closes an area, perhaps for a time, and its answer."""
        reason = self.rng.choice(self.phrases['reasons']) if self.rng.random() < 0.35 else ''
        if name == OUTSIDE or 'gap' in name and re.search(r'\b(?:here|there|where)\b', reason):
            reason = ''  # 'nobody goes in' would speak of the other side, 'there' of the gap
        if self.rng.random() < 0.7:
            return f'{text}{reason}', Written('close', name, code).text
        return self._timed(text, code, name, reason)

    def _timed(
        self, text: str, code: str, name: str, reason: str = '', plain: bool = False
    ) -> tuple[str, str]:
        """Return a sentence that closes an area for a time, and its answer."""
        time = self.rng.choice(self.phrases['times'])
        words = self.rng.choice(time['texts'][:3]) if plain else self._pick(time)
        if name == OUTSIDE and re.search(r'open|free|lift', words):
            words = time['texts'][0]  # what is open already would open then
        said, limit = self.slots.fill(words, time['code'])
        way = self.rng.random()
        if way < 0.15:
            text = f'{said}, {text}{reason}'
        elif way < 0.6 or not reason.startswith(' '):
            text = f'{text} {said}{reason}'
        else:
            text = f'{text}{reason} {said}'
        number = int(''.join(filter(str.isdigit, limit)))
        until = limit.split(str(number))[0].strip()
        return text, Written('close', name, code, until, number).text

    def _hazards(self) -> list[str]:
        return [hazard.strip() for hazard in self.phrases['hazards'].split(',')]

    def _dress(self, text: str) -> str:
        """Return the sentence as people write: capitals, stops, an opening, slips."""
        rng = self.rng
        if rng.random() < 0.6:
            text = text.replace('a whirlpool', rng.choice(self._hazards()))
        if rng.random() < 0.3:
            text = rng.choice(self.phrases['openings']) + text
        if rng.random() < 0.12:
            words = [rng.choice(_SHORT.get(word, (word,))) for word in text.split(' ')]
            text = ' '.join(words).replace(" 's", "'s")
        if rng.random() < 0.1:
            text = slip(text, rng)
        if rng.random() < 0.4:
            text = text[:1].upper() + text[1:]
        elif rng.random() < 0.03:
            text = text.upper()
        return text.replace(',,', ',') + rng.choices(('', '.', '!'), (5, 4, 1))[0]


def held_back(numbers: Iterable[float]) -> bool:
    """Tell whether no training draws a sentence of these numbers."""
    return round(10 * sum(numbers)) % HELD_OUT_MODULUS == HELD_OUT_REMAINDER


def slip(text: str, rng: random.Random) -> str:
    """Return the text with two letters of a long word swapped, or one left out or doubled."""
    words = text.split(' ')
    long = [i for i, word in enumerate(words) if word.isalpha() and len(word) > 4]
    if long:
        i = rng.choice(long)
        word = words[i]
        at = rng.randrange(1, len(word) - 2)
        first, second = word[at : at + 2]
        other = rng.choice((second + first, first, first + second * 2))
        words[i] = word[:at] + other + word[at + 2 :]
    return ' '.join(words)
