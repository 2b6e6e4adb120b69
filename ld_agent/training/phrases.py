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
"""Fills the slots of a phrase with points, numbers and sides, in the text and in its code."""

from __future__ import annotations

import random
import re

from ld_agent.sentences.named import NUMBER_WORDS

_SIDES = {
    'north': ('y', '>', ('north of', 'north of', 'above', 'to the north of', 'higher than'),
              ('northwards', 'to the north', 'upwards', 'north'),
              ('above', 'north', 'higher', 'up', 'everything above', 'everything to the north')),
    'south': ('y', '<', ('south of', 'south of', 'below', 'to the south of', 'lower than'),
              ('southwards', 'to the south', 'downwards', 'south'),
              ('below', 'south', 'lower', 'down', 'everything below', 'everything to the south')),
    'east': ('x', '>', ('east of', 'east of', 'to the east of', 'right of', 'to the right of'),
             ('eastwards', 'to the east', 'to the right', 'east'),
             ('east', 'to the right', 'everything to the east', 'everything to the right')),
    'west': ('x', '<', ('west of', 'west of', 'to the west of', 'left of', 'to the left of'),
             ('westwards', 'to the west', 'to the left', 'west'),
             ('west', 'to the left', 'everything to the west', 'everything to the left')),
}  # fmt: skip
_MORE = {'>': ('greater', 'larger', 'more'), '<': ('less', 'smaller', 'lower')}
_ATLEAST = {
    '>': ('at least', 'not less than', 'no less than', 'greater than or equal to'),
    '<': ('at most', 'not more than', 'no more than', 'less than or equal to'),
}
_EQUAL = {'>': ('>=', '>=', '≥'), '<': ('<=', '<=', '≤')}
_POINTS = (
    ('({a}, {b})', 12), ('({a},{b})', 4), ('[{a}, {b}]', 1), ('(x={a}, y={b})', 1),
    ('x = {a}, y = {b}', 1), ('(x = {a}, y = {b})', 1), ('{a},{b}', 1), ('({a} , {b})', 1),
    ('cell ({a}, {b})', 1), ('({a}; {b})', 1),
)  # fmt: skip
_METRE_POINTS = (
    ('({a} m, {b} m)', 3), ('({a}, {b}) m', 3), ('({a}, {b}) metres', 2), ('({a}m, {b}m)', 1),
    ('({a} metres, {b} metres)', 1), ('({a}, {b}) meters', 1), ('x = {a} m, y = {b} m', 1),
)  # fmt: skip
_METRES = (' m', ' m', ' metres', ' meters', 'm')
_SLOT = re.compile(r'\{(\w+)\}(=?)')
_ORDERED = ('pq', 'st', 'rw', 'gh')


class Slots:
    """Values for the slots of one sentence; a slot keeps its value until `turn`.

    Attributes:
        numbers: every number that was drawn.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.numbers: list[float] = []
        self._metres = rng.random() < 0.2
        self._far = rng.choice((10, 20, 20, 20, 20, 30, 50, 100))
        self._style = self._one_of(_METRE_POINTS if self._metres else _POINTS)
        self._unit = rng.choice(_METRES)
        self._length_in_metres = self._metres or rng.random() < 0.12
        self._in_words = rng.random() < 0.08
        self.turn()

    def turn(self, sides: bool = False) -> None:
        """Begin a new area: other values, another side or axis."""
        rng = self.rng
        side = rng.choice(list(_SIDES)) if sides else rng.choice(('north', 'east'))
        axis, beyond, places, ward, further = _SIDES[side]
        other = 'yx'['xy'.index(axis)]
        row = {'x': 'column', 'y': 'row'}
        self._words = {
            'axis': axis, 'other': other, 'row': row[axis], 'rows': f'{row[axis]}s',
            'otherrow': row[other], 'otherrows': f'{row[other]}s', 'side': rng.choice(places),
            'beyond': beyond, 'more': rng.choice(_MORE[beyond]),
            'atleast': rng.choice(_ATLEAST[beyond]), 'ward': rng.choice(ward),
            'further': rng.choice(further),
        }  # fmt: skip
        self._equal = rng.choice(_EQUAL[beyond])
        self._values: dict[str, tuple[str, str]] = {}

    def fill(self, text: str, code: str) -> tuple[str, str]:
        """Return text and code with every slot filled."""
        self._plain = 'row' in text  # rows and columns are never counted in metres
        for low, high in _ORDERED:
            if f'{{{low}}}' in text and f'{{{high}}}' in text and low not in self._values:
                self._pair(low, high)
        return _SLOT.sub(self._said, text), _SLOT.sub(self._meant, code)

    def _said(self, slot: re.Match[str]) -> str:
        name, equal = slot.groups()
        if name == 'beyond' and equal:
            return self._equal
        return self._value(name)[0] + equal

    def _meant(self, slot: re.Match[str]) -> str:
        return self._value(slot[1])[1] + slot[2]

    def _value(self, name: str) -> tuple[str, str]:
        if name in self._words:
            return self._words[name], self._words[name]
        if name not in self._values:
            if name in 'ABCDEF':
                self._values[name] = self._point()
            elif name == 'n':
                self._values[name] = self._step()
            elif name in 'rw':
                self._values[name] = self._length(self._draw_length())
            else:
                self._values[name] = self._coordinate(self._draw())
        return self._values[name]

    def _pair(self, low: str, high: str) -> None:
        length = low in 'rw'
        draw = self._draw_length if length else self._draw
        values = [draw(), draw()]
        while values[0] == values[1]:
            values[1] = draw()
        if self.rng.random() < 0.92:
            values.sort()
        say = self._length if length else self._coordinate
        self._values[low], self._values[high] = say(values[0]), say(values[1])
        if length and low in self._values and self.rng.random() < 0.7:
            said, meant = self._values[low]
            self._values[low] = said.split(' ')[0].removesuffix('m'), meant
            if not self._length_in_metres:
                self._values[low] = meant, meant

    def _draw(self) -> float:
        if self._metres and not self._plain and self.rng.random() < 0.4:
            return self.rng.randrange(4 * self._far) / self.rng.choice((2, 4, 10, 20))
        return self.rng.randrange(self._far)

    def _draw_length(self) -> float:
        if self._length_in_metres or self.rng.random() < 0.05:
            return self.rng.choice((1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7.5, 8, 10, 12))
        return self.rng.choice((1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 12))

    def _coordinate(self, value: float) -> tuple[str, str]:
        self.numbers.append(value)
        said = _plain(value)
        if self._metres and not self._plain:
            return said + self._unit, f'metres({said})'
        if self._in_words and value <= 20:
            return NUMBER_WORDS[int(value)], said
        return said, said

    def _length(self, value: float) -> tuple[str, str]:
        self.numbers.append(value)
        said = _plain(value)
        if self._length_in_metres:
            return said + self._unit, f'metres({said})'
        word = NUMBER_WORDS[int(value)] if self.rng.random() < 0.2 and value % 1 == 0 else said
        unit = 'cell' if value == 1 else 'cells'
        return (f'{word} {unit}' if self.rng.random() < 0.85 else word), said

    def _step(self) -> tuple[str, str]:
        value = self.rng.randrange(2, 100)
        self.numbers.append(value)
        return str(value), str(value)

    def _point(self) -> tuple[str, str]:
        values = [self._draw(), self._draw()]
        if self.rng.random() < 0.03:
            values[self.rng.randrange(2)] *= -1
        self.numbers.extend(values)
        a, b = map(_plain, values)
        said = self._style.format(a=a, b=b)
        return said, f'metres({a}), metres({b})' if self._metres else f'{a}, {b}'

    def _one_of(self, weighted: tuple[tuple[str, int], ...]) -> str:
        return self.rng.choices([w for w, _ in weighted], [n for _, n in weighted])[0]


def _plain(value: float) -> str:
    return f'{value:g}'
