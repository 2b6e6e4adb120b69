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
"""The numbers that a sentence names, to hold what the student wrote against them.

This understands no sentence: it only finds numbers, points such as (3, 4), and numbers that are
said to be rows, columns, x or y. What the student wrote must use each of them once, points as
points and rows as rows. Where the student cannot tell, `fail_safe` is the area that the numbers
span, closed until somebody answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
import itertools
import math
import re

from ld_agent.sentences.language import numbers_of, Written

NUMBER_WORDS = (
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen '
    'fifteen sixteen seventeen eighteen nineteen twenty'
).split()
"""Words of the numbers from 0 on."""
_TENS = 'thirty forty fifty sixty seventy eighty ninety'.split()
_WORDS = {word: number for number, word in enumerate(NUMBER_WORDS)}
_WORDS |= {word: 30 + 10 * number for number, word in enumerate(_TENS)}
_N = r'(?:(?<![\w.)\]])-)?\d+(?:\.\d+)?'
_UNIT = r'\s*(?:m|metres?|meters?)?'
_NUMBER = re.compile(_N)
_CALLED = re.compile(
    r'\b(?:robot|truck|forklift|tug|vehicle|drone|crane|unit|crew|team)s? (?:no\.? ?|number )?\d+'
    r'\b(?! ?[,.]?\d)|\bL[12](?= (?:distance|norm|metric))'
    r'|\b\d+(?= corners?\b)',
    re.IGNORECASE,
)
"""Somebody's number, the name of a metric, a count: they say nothing of where and when."""
_WORD = re.compile(rf'\b({"|".join(_WORDS)})\b', re.IGNORECASE)
_POINT = re.compile(
    rf'[(\[]\s*(?:x\s*=\s*)?({_N}){_UNIT}\s*[,;]\s*(?:y\s*=\s*)?({_N}){_UNIT}\s*[)\]]',
    re.IGNORECASE,
)
_ENDS = rf'[\[(]\s*({_N}){_UNIT}\s*[,;]\s*({_N}){_UNIT}\s*[\])]'
_INTERVAL = re.compile(
    rf'\b([xy])\s*(?:in|∈|within)\s*{_ENDS}|{_ENDS}\s*(?:in|on|along)\s+([xy])\b', re.IGNORECASE
)
"""A range of an axis, which looks like a point."""
_AXIS = re.compile(
    rf'\b(x|y|rows?|columns?|cols?)\b\s*(?:=|==|number|is)?\s*({_N}){_UNIT}'
    rf'(?:\s*(?:to|through|up to|-|\.\.)\s*({_N}))?',
    re.IGNORECASE,
)
_TIME = re.compile(r'\bsteps?\s*(?:number\s*)?(\d+)|(\d+)\s*(?:\w+\s)?steps?\b', re.IGNORECASE)
_COUNTING = (
    r'(?! of (?:them|these|those)\b)'
    r'(?!\s+(?:\w+\s+)?(?:rows|columns|cols|corners?|points|sides|lines|channels|areas|boxes'
    r'|circles|rectangles|positions|squares|places|buoys|vessels|ships|pursuers|spots|hazards|holes'
    r'|gaps|openings|zones|regions|patches|sites|closures|strips|stretches|wrecks|robots|trucks'
    r'|things|men|people|crews|gangways|doors|gates'
    r'|cells\b(?!\s+(?:of|from|off|away|to|on|around|or|all|out)\b)))'
)
_LENGTH_WORD = re.compile(
    r'(?<!-)(?<!area )(?<!zone )(?<!site )(?<!unit )(?<!spot )(?<!sierra )'
    rf'\b({"|".join(NUMBER_WORDS[2:])})\b(?!-){_COUNTING}',
    re.IGNORECASE,
)
_REPEATED = re.compile(r'\bi (?:repeat|say again)\b|, repeat,', re.IGNORECASE)
_INCLUDED = re.compile(
    r'(?<!not )\bincluding (?:\w+ ){0,2}step\b'
    r'|\bstep (?:number )?\d+\W+(?:(?!not\b|closed\b)\w+\W+){0,3}inclu(?:ded|ding|sive)\b',
    re.IGNORECASE,
)
_METRES = re.compile(
    rf'{_N}\s*(?:m|metres?|meters?)\b|\)\s*(?:m|metres|meters)\b|\bin (?:metres|meters)\b',
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Named:
    """What a sentence names.

    Attributes:
        numbers: those written in digits, in their order.
        words: numbers written as words; they may mean no number at all.
        points: (x, y) in the sentence's unit.
        axes: (`x` or `y`, value) of the numbers that are said to be on an axis.
        steps: numbers that count steps of time.
        metres: a unit of length is named.
    """

    numbers: tuple[float, ...]
    words: tuple[float, ...]
    points: tuple[tuple[float, float], ...]
    axes: tuple[tuple[str, float], ...]
    steps: tuple[float, ...]
    metres: bool

    @property
    def again(self) -> Counter[float]:
        """How often a row, a column or a step is named another time: 'row 7 is wet, so row 7'."""
        lines = Counter(
            value for _, value in (Counter(self.axes) - Counter(set(self.axes))).elements()
        )
        return lines + (Counter(self.steps) - Counter(set(self.steps)))


def named_in(sentence: str) -> Named:
    """Return what `sentence` names."""
    sentence = _CALLED.sub(' ', sentence)
    placed = _INTERVAL.sub(' ', sentence)
    points = [(float(a), float(b)) for a, b in _POINT.findall(placed)]
    rest = _POINT.sub(' ', placed)
    axes = [
        ('y' if word[0].lower() in 'yr' else 'x', float(number))
        for word, *numbers in _AXIS.findall(rest)
        for number in filter(None, numbers)
    ]
    axes += [
        ((before or behind).lower(), float(end))
        for before, *ends, behind in _INTERVAL.findall(sentence)
        for end in filter(None, ends)
    ]
    return Named(
        tuple(map(float, _NUMBER.findall(sentence))),
        tuple(float(_WORDS[w.lower()]) for w in _WORD.findall(sentence)),
        tuple(points),
        tuple(axes),
        tuple(float(a or b) for a, b in _TIME.findall(sentence)),
        _METRES.search(sentence) is not None,
    )


def disagreements(sentence: str, written: Written) -> list[str]:
    """Return where a function does not agree with the numbers of its sentence, a clause each."""
    named = named_in(_once_round(sentence) if 'polygon(' in written.code else sentence)
    used = numbers_of(written.code)
    values = Counter(value for _, value in used)
    if written.number is not None:
        values[float(written.number)] += 1
    faults = []
    lost = Counter(named.numbers) - values
    repeated = _REPEATED.search(sentence)
    if repeated:
        lost = Counter(value for value in lost if value not in values)
    lost -= named.again
    added = values - Counter(named.numbers) - Counter(named.words)
    said = Counter(float(_WORDS[word.lower()]) for word in _LENGTH_WORD.findall(sentence))
    lost += said - (values - Counter(named.numbers))
    if lost:
        faults.append(f'it leaves out {_listed(lost)}')
    if added:
        faults.append(f'it brings in {_listed(added)}, which the sentence does not name')
    placed = [(x, y) for (a, x), (b, y) in itertools.pairwise(used) if (a, b) == ('x', 'y')]
    pairs = Counter(placed)
    for point, count in Counter(named.points).items():
        if pairs[point] < (1 if repeated else count):
            faults.append(f'it does not use ({point[0]:g}, {point[1]:g}) as a point')
    corners = [point for point in placed if point in named.points]
    met = [point for point in named.points if point in corners]
    if 'polygon(' in written.code and len(set(met)) == len(met) and corners != met:
        faults.append('it takes the points in another order')
    for axis, value in dict.fromkeys(named.axes):
        if (axis, value) not in used:
            faults.append(f'it does not use {axis} = {value:g} as such')
    if written.until == 'until step' and _INCLUDED.search(sentence):
        faults.append('it may end a step too early, something is said to be included')
    if named.metres != ('metres(' in written.code):
        faults.append('it takes metres for cells' if named.metres else 'it takes cells for metres')
    return faults


def _once_round(sentence: str) -> str:
    """Return the sentence without its last point, where that is the first of four or more."""
    points = list(_POINT.finditer(sentence))
    if len(points) > 3 and points[0].groups() == points[-1].groups():
        start, end = points[-1].span()
        return sentence[:start] + sentence[end:]
    return sentence


def fail_safe(
    sentence: str, size: tuple[int, int], resolution: float
) -> tuple[str, tuple[tuple[float, float], ...]]:
    """Return the area that a sentence's numbers span, as words and corners in cells.

    The rectangle round all points; where columns are named, from side to side round these too, all
    of it from the south to the north; where rows are, from the west to the east; and both of these
    where both are. All wider by the largest number that is neither. No corners where no point, row
    or column of the board is named.

    Args:
        size: width and height of the board in cells.
        resolution: metres that a cell measures.
    """
    named = named_in(sentence)
    unit = resolution if named.metres else 1.0
    xs = [a / unit for a, _ in named.points] + [v / unit for axis, v in named.axes if axis == 'x']
    ys = [b / unit for _, b in named.points] + [v / unit for axis, v in named.axes if axis == 'y']
    if not xs and not ys:
        return '', ()
    placed = Counter(v for point in named.points for v in point)
    placed += Counter(v for _, v in named.axes) + Counter(named.steps)
    loose = Counter(named.numbers) - placed
    wider = max((v / unit for v in loose if v / unit <= max(size)), default=0.0)
    west, east = _span(xs, wider, size[0])
    south, north = _span(ys, wider, size[1])
    if west > east or south > north:
        return '', ()
    columns, rows = (any(axis == name for axis, _ in named.axes) for name in 'xy')
    top, right = size[1] - 0.5, size[0] - 0.5
    if columns and rows:
        said = f'x from {west:g} to {east:g} and y from {south:g} to {north:g}, all of both,'
        return said, (
            (west, -0.5), (east, -0.5), (east, south), (right, south), (right, north),
            (east, north), (east, top), (west, top), (west, north), (-0.5, north),
            (-0.5, south), (west, south),
        )  # fmt: skip
    if columns:
        south, north = -0.5, top
    if rows:
        west, east = -0.5, right
    said = f'x from {west:g} to {east:g}, y from {south:g} to {north:g}'
    return said, ((west, south), (east, south), (east, north), (west, north))


def _span(values: Sequence[float], wider: float, size: int) -> tuple[float, float]:
    if not values:
        return -0.5, size - 0.5
    low = max(-0.5, math.floor(min(values) - wider) - 0.25)
    high = min(size - 0.5, math.ceil(max(values) + wider) + 0.25)
    return low, high


def _listed(values: Counter[float]) -> str:
    return ', '.join(f'{value:g}' for value in values)
