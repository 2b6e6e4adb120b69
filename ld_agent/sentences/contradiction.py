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
"""Words of sides, bounds, distances, ranges and times that what was written contradicts.

This understands no sentence. It knows a few words that go with one way of writing alone, such as
'north' with `y >` and 'radius' with `euclid`, and refuses what is written otherwise: most of these
slips would close too little.
"""

from __future__ import annotations

import itertools
import re

from ld_agent.sentences.language import Written

_SIDES = {
    'y >': r'north|above|higher|greater|larger|more|upwards?|least|over|>|≥',
    'y <': r'south|below|lower|smaller|less|downwards?|most|under|<|≤',
    'x >': r'east|right|above|greater|larger|more|higher|least|over|>|≥',
    'x <': r'west|left|below|smaller|less|lower|most|under|<|≤',
}
_OPPOSITE = {'y >': 'y <', 'y <': 'y >', 'x >': 'x <', 'x <': 'x >'}
_NAMED = {
    'y >': r'\b(?:to the )?north(?:wards?)?\b|\babove\b',
    'y <': r'\b(?:to the )?south(?:wards?)?\b|\bbelow\b',
    'x >': r'\b(?:to the )?east(?:wards?)?\b'
    r'|(?<!no )\bright\b(?! of (?:way|passage|entry)|,? away| now)',
    'x <': r'\b(?:to the )?west(?:wards?)?\b|\bleft (?:of|from)\b',
}
_STEP_BELOW = re.compile(
    r'\bstep (?:number )?i[sz] (?:below|under|less than|lower than|smaller than)\b', re.IGNORECASE
)
_INCLUSIVE = re.compile(
    r'\b(?:at|on|in) (?:or|and) |\bor (?:north|south|east|west|above|below|more|less|higher|lower)'
    r'|[<>]=|[≤≥]'
    r'|\b(?:everything|all(?! of it)|every \w+|what\w*|the waters?) \w+(?: \w+){0,3} (?:of )?it\b'
    r'|\b(?:at (?:least|most)|itself|that \w+,? too|(?<!not )including(?! step)'
    r'|(?<!\d )(?<!not )incl(?!\.? step))\b',
    re.IGNORECASE,
)
_NOT_THE_LINE = re.compile(r'\b(?:not|without) (?:that|the) \w+ (?:itself|too)\b', re.IGNORECASE)
_WITHIN = re.compile(
    r'\b(?:within|at most|no more than|not more than|or less|up to|no farther than)\b|<=|≤',
    re.IGNORECASE,
)
_BELOW = re.compile(
    r'\b(?:at least|or more|closer|nearer|less than|under|below|no less than)\b', re.IGNORECASE
)
_NEAR = re.compile(r'manhattan\([^<>]*\) <= ')
_FARTHER = re.compile(r'\) >=? ')
_CIRCLE = re.compile(
    r'\b(?:radius|radii|circles?|circular|dis[ck]s?|diameter|annulus)\b', re.IGNORECASE
)
_RING = re.compile(r'\b(?:ring|annulus)\b', re.IGNORECASE)
_DIAMETER = re.compile(r'\bdiameter\b|\bcells? (?:across|wide)\b', re.IGNORECASE)
_SQUARE = re.compile(r'\bberth\b|\b(?:every|each|all|any) sides?\b', re.IGNORECASE)
_METRICS = {'manhattan(': r'\bmanhattan\b', 'euclid(': r'\beuclid\w*'}
_GAP = re.compile(
    r'exc|xcept|exit|breach|saving|barring|as usual|∖|ford|exempt'
    r'|\bbut\b|gap|open|save|apart|aside|without|pass|free|\bbar\b|other than'
    r'|leav|left|only|hole|broken (?:only|by)|break\b|not\b|spar(?:e|ing)|minus|less|gate|bridge'
    r'|door|cross|through(?! (?:[xy] ?= ?)?\d)|(?<!another )(?<!other )way'
    r'|unless|short|clear|outside|lane|allow|still|besides|omit|skip|sole|never|usable|however|\bok\b',
    re.IGNORECASE,
)
_ROWS, _COLUMNS = (rf'\b(?:between\({axis}, |{axis} (?:==|in) )' for axis in 'yx')
_CROSSED = re.compile(rf'{_ROWS}.* and {_COLUMNS}|{_COLUMNS}.* and {_ROWS}')
_APART = re.compile(
    r'\brows?\b[^.;]*\band (?:the )?col(?:umn)?s?\b'
    r'|\bcol(?:umn)?s?\b[^.;]*\band (?:the )?rows?\b',
    re.IGNORECASE,
)
_CROSSING = re.compile(
    r'\b(?:where|both(?! (?:are |is )?(?:closed|shut|blocked|barred|off))'
    r'|same|common|cross\w*|meets?|intersect\w*|overlap\w*|within|inside|part|piece'
    r'|bounded|framed|limits|of|at|in|between|cover\w*|box|block|rectangle|area|patch|zone|region)\b',
    re.IGNORECASE,
)
_LAST_STEP = re.compile(r'(?<!not )\b(?:through|thru) (?:time ?)?step\b', re.IGNORECASE)
_FROM_NOW = re.compile(r'\b\d+ (?:\w+ )?steps\b', re.IGNORECASE)
_THAT_STEP = re.compile(r'\bstep (?:number |counter reaches )?\d+\b', re.IGNORECASE)
_ENDS = re.compile(
    r'(not )?(?:\b[xy] )?(in \(|between\()(?:[xy], )?'
    r'((?:metres\()?[\d.]+\)?(?:, (?:metres\()?[\d.]+\)?)+)\)'
)
_BETWEEN = r'(.{{0,20}})(?<![\d.]){}(?![\d.]*\d)([^\d(]{{1,20}})(?<![\d.]){}(?![\d.]*\d)'
"""Two numbers of a sentence, what stands before them, and what stands between them."""
_ANY_SIDE = r'not? (?:more|less)|exceed|beyond|past|onward|up|down|half|reach'
"""Words that name a side, but not which of the two."""
_LINE_AND_SIDE = re.compile(
    r'\b(?:at|on|in) (?:or|and) (?:to the )?(?:north|south|east|west|above|below|left|right)\b',
    re.IGNORECASE,
)
_WRITTEN_SIDE = re.compile(r'\b([xy])\s*([<>≤≥])=?\s*(\d+(?:\.\d+)?)?')
_SIDED = re.compile(r'\b[xy] [<>]=? ')
_STRICT_SIDE = re.compile(r'\b[xy] [<>] ')


def contradictions(sentence: str, written: Written) -> list[str]:
    """Return which words of a sentence a function contradicts, a clause each."""
    code = written.code
    found = []
    sentence = _STEP_BELOW.sub(' ', sentence)
    for side, named in _NAMED.items():
        other = _OPPOSITE[side]
        if (
            re.search(named, sentence, re.IGNORECASE)
            and other in code
            and side not in code
            and not re.search(rf'\b(?:{_SIDES[other]})\b', sentence, re.IGNORECASE)
        ):
            found.append(f'it has {other!r} where the other side is named')
        if re.search(rf'\b{side}', code) and not re.search(
            rf'\b(?:{_SIDES[side]}|{_ANY_SIDE})|[<>≤≥]', sentence, re.IGNORECASE
        ):
            found.append(f'it has {side!r}, and nothing names that side')
    if _LINE_AND_SIDE.search(sentence) and not _SIDED.search(code):
        found.append('it has no side, where a line and one side of it are named')
    if _WRITTEN_SIDE.search(sentence) and not _SIDED.search(code) and 'between(' not in code:
        found.append('it has no side, where one is written')
    if _outward(sentence) and not re.search(r' or |\bnot\b', code):
        found.append('it closes what lies between two sides that point away from each other')
    lines = _NOT_THE_LINE.sub('', sentence)
    if _STRICT_SIDE.search(code) and ' or ' not in code and _INCLUSIVE.search(lines):
        found.append('it may leave out the line itself')
    reached = 'euclid(' in code or _WITHIN.search(sentence)
    if ') < ' in code and reached and not _BELOW.search(sentence):
        found.append('it may leave out the farthest cells')
    if _NEAR.match(code) and _BELOW.search(sentence) and not _WITHIN.search(sentence):
        found.append('it may close cells that are far enough')
    if _FARTHER.search(code):
        found.append('it closes what is farther, and leaves open what is near')
    if _CIRCLE.search(sentence) and 'euclid(' not in code:
        found.append('it measures a circle in another way')
    if 'euclid(' in code and _DIAMETER.search(sentence) and '/ 2' not in code:
        found.append('it takes a diameter for a radius')
    if _SQUARE.search(sentence) and 'chebyshev(' not in code:
        found.append('it measures a berth in another way')
    for metric, word in _METRICS.items():
        if re.search(word, sentence, re.IGNORECASE) and metric not in code:
            found.append('it measures a distance in another way')
    gap = re.search(r' != | and not ', code)
    if gap and not _GAP.search(sentence):
        found.append('it leaves a gap that the sentence does not name')
    if _CROSSED.search(code) and _APART.search(sentence) and not _CROSSING.search(sentence):
        found.append('it closes only where rows and columns cross')
    if _RING.search(sentence) and 'between(' not in code:
        found.append('it has one radius, where a ring is named')
    if ' and cell(' in code:
        found.append('it closes one cell alone of an area')
    parts = code.split(' or ')
    if len(set(parts)) < len(parts):
        found.append('it has one area twice')
    if _nowhere(code):
        found.append('it asks one coordinate to be in two places')
    if written.until == 'until step' and _LAST_STEP.search(sentence):
        found.append('it ends before the step that is named as the last')
    counted, named = _FROM_NOW.search(sentence), _THAT_STEP.search(sentence)
    if written.until == 'for' and named and not counted:
        found.append('it counts steps from now, where one is named')
    if written.until not in ('', 'for') and counted and not named:
        found.append('it names a step, where steps are counted')
    return found + _spans(sentence, code)


def _outward(sentence: str) -> bool:
    """Tell whether two sides are written that share no cell, such as `x <= 1` and `x >= 18`."""
    sides = [
        (axis, sign in '<≤', float(n)) for axis, sign, n in _WRITTEN_SIDE.findall(sentence) if n
    ]
    return any(
        axis == other and below and not above and low < high
        for axis, below, low in sides
        for other, above, high in sides
    )


def _nowhere(code: str) -> bool:
    """Tell whether some part of it asks one coordinate to be in two places."""
    return any(
        len(re.findall(rf'(?<!not )(?:\b{axis} == |\bbetween\({axis}, )', part)) > 1
        for part in code.split(' or ')
        for axis in 'xy'
    )


def _spans(sentence: str, code: str) -> list[str]:
    """Return where a range is taken for two lines, or a gap of two lines for a range."""
    found = []
    for negated, kind, numbers in _ENDS.findall(code):
        ends = re.findall(r'[\d.]+', numbers)
        if len(ends) == 2 and ends[0] == ends[1]:
            found.append(f'it takes {ends[0]} for both ends')
        for low, high in itertools.pairwise(ends):
            spoken = re.search(_BETWEEN.format(re.escape(low), re.escape(high)), sentence)
            if spoken is None:
                continue
            before, between = spoken.groups()
            ranged = re.search(r'\b(?:to|through|till)\b|[-–]|\.\.', between, re.IGNORECASE)
            listed = re.search(r'\band\b|,|&', between, re.IGNORECASE)
            spanning = re.search(r'\b(?:between|from)\b', before, re.IGNORECASE)
            if kind == 'in (' and not negated and ranged:
                found.append(f'it closes {low} and {high} alone, which seem to be ends of a range')
            if kind == 'between(' and negated and listed and not ranged and not spanning:
                found.append(f'it opens all from {low} to {high}, which seem to be two')
    return found
