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
direction, where 'open again' is followed by a closure, where everything is opened and that was
not said, where a part of what is named seems to be missing, and where somebody asks, is not sure,
takes it back, or speaks of a condition or of another time.
"""

from __future__ import annotations

import re

from ld_agent.sentences.language import Written

_QUESTION = re.compile(
    r'(?<!ok)(?<!okay)(?<!right)(?<!please)(?<!copy)(?<!wilco)(?<! k)\?\s*$'
    r'|(?:^|[:!]\s)\s*(?:who(?! (?:cares|sails|goes|enters)\b)|whose|why|how|which'
    r'|where(?! (?:the )?(?:col|row|[xy]\b))|what (?:is|are|was|were|time)'
    r'|when (?:do|does|did|will|can|may))\b'
    r'|(?:^|[:!]\s)\s*(?:is|are|was|were|will|would|should|shall|can|could|may|do|does|did)\s'
    r'(?!not\b|you (?:all )?(?:please|kindly)\b)'
    r'(?:we|you|i|it|the|there|this|that|any|row|rows|column|columns|x|y)\b',
    re.IGNORECASE,
)
_PROHIBITION = re.compile(
    r'\b(?:not|no(?! exceptions)|never|nobody|nothing|none|cannot|avoid|forbidden|prohibited)\b'
    r"|n't\b",
    re.IGNORECASE,
)
_KEPT_OUT = re.compile(
    r'\b(?:stay|keep|kept|remain|be|steer) (?:well )?(?:out|off|away|clear)\b'
    r'|\b(?:keep|kept) (?:\w+ ){1,3}(?:out|off|away)\b|\bminimum\b|\bdistance of\b.* from\b'
    r'|\b(?:stay|keep) (?:>|≥|at least)'
    r'|\b(?:closed|closing|blocked|shut|out of bounds|off limits|avoid|forbidden|no.go|barred'
    r'|affected|unusable)\b',
    re.IGNORECASE,
)
_CONFINING = re.compile(
    r'\b(?:leav(?:e|es|ing)|left(?! of)|exit\w*|(?:go|goes|going|get|move|sail) out of'
    r'|(?:the|all) (?:rest|other)|(?:closed|shut):? rest|outside|except|apart from'
    r'|barring|exception of|save for|aside from|exempt\w*|rest of the'
    r'|(?:else|rest)(?: is| are| stays)? (?:closed|shut|blocked|off|barred|forbidden)'
    r'|(?<!nothing )but|nothing but [^.,;]*\d'
    r'|no other|(?:nothing|nobody|nowhere|anywhere|everywhere|everything) else'
    r'|others (?:are|is) closed'
    r'|only|(?<!and everything )(?<!and all )beyond|farther|further'
    r'|more than|exceed|not in)\b',
    re.IGNORECASE,
)
_WITHIN = re.compile(
    r'\b(?:(?<!for )(?<!steps )(?<!have )(?<!so is )'
    r'only(?! not\b| until| till?\b| for \d| (?:for |during )?the next)'
    r'|now\w{2,5} but|(?:stay|keep|remain|be|sail)\s+(?:\w+\s+)?(?:in|inside|within|to the|north'
    r'|south|east|west|above|below|left(?! free| alone| empty| on)|right|higher|lower)'
    r'|(?:stay|keep|remain|be) (?:no|not|at) (?:more|most|farther|further))\b',
    re.IGNORECASE,
)
_ONLY_BAD = re.compile(
    r'\b(?:only|just|exactly|alone)\b'
    r"(?:(?!\bnot\b|n't\b|[.;,] (?![\d(xy-])|\b(?:else|rest|others?|outside)\b).)*"
    r'\b(?:bad|affected|unusable|closed|shut|blocked|barred|banned|restricted|forbidden|mined'
    r'|off limits|out of bounds|dangerous|unsafe)\b'
    r'|\b(?:close|shut|block|bar|ban) (?:only|just)\b',
    re.IGNORECASE,
)
_NOT_LEFT = re.compile(
    r"(?:\b(?:not|never|nobody|no \w+)|n't)\b(?: \w+){0,2} leave\b"
    r'(?! (?:\w+ ){0,4}(?:alone|free|clear|open|empty))'
    r'|\bleave\b[^.;]*\bunder no\b',
    re.IGNORECASE,
)
_REST_NAMED = re.compile(
    r'\b(?:every\w*|all)(?: \w+)?(?:(?: (?:that|which))?(?: i[sz]| are|\'s)| lying)?'
    r' (?:not in|outside)\b'
    r'|\b(?:all|every\w*|any\w*|the) (?:else|rest)(?: of \w+ \w+)?(?:,|:| is| are| stays?)?'
    r' (?:off limits|closed|shut|blocked|barred|forbidden|no.go|out of bounds)\b'
    r'|(?<!everything )(?<!anything )(?<!cells )(?<!all )(?<!is )(?<!are )(?<!lies )'
    r'\b(?:not|never)(?: \w+)? (?:exceed|farther|further)\b',
    re.IGNORECASE,
)
_BEYOND = re.compile(r'\b(?:farther|further|more) than\b', re.IGNORECASE)
_NOT_BEYOND = re.compile(
    r"(?:\b(?:not|never|no \w+|nobody|nothing)|n't)\b[^.;]*"
    r'\b(?:beyond|past|(?:farther|further) than)\b',
    re.IGNORECASE,
)
_NEAR = re.compile(r'(?:manhattan|euclid|chebyshev)\([^<>]*\) <=? ')
_HALF = re.compile(r'not \([xy] [<>]=? [^ ]+\)$')
_REST_FORBIDDEN = re.compile(
    r'\b(?:every\w*|all|any\w*|what\w*|cells)\b[^.;]*\b(?:farther|further|more) than\b',
    re.IGNORECASE,
)
_FAR_CLOSED = re.compile(
    r'\b(?:everything|anything|whatever|cells?)\b[^.;]*(?<!not)(?<!no) (?:farther|further|more)'
    r' than\b[^.;]*'
    r'\b(?:off limits|out of bounds|closed|shut|blocked|barred|forbidden)\b',
    re.IGNORECASE,
)
_STAYING = re.compile(r'\b(?:stay|keep|remain)\b(?! safe)', re.IGNORECASE)
_REPELLING = re.compile(
    r'\b(?:out|outside|away|off|clear|from|least|beyond|distance|berth|free|empty|not|never|no'
    r"|closed|shut|blocked|don't)\b",
    re.IGNORECASE,
)
_SIDES = {
    'x': re.compile(r'\b(?:east|west|left|right)\s+of\b', re.IGNORECASE),
    'y': re.compile(r'\b(?:north|south)\s+of\b', re.IGNORECASE),
}
_ENDING = re.compile(
    r'\b(?:(?:open|free|safe|clear|allowed|permitted|accessible|navigable)\s+again|re-?open\w*'
    r'|(?<!being )lift(?:s|ed|ing)?(?! steel| loads| gear)'
    r'|(?:end|cancel|drop|remov|withdraw|revok|undo|repeal|delet)\w*\s+'
    r'(?:of\s+)?the\s+(?:ban|clos|restric|block)\w*'
    r'|no\s+longer\s+(?:closed|blocked|restricted|forbidden|off|a\s+no.go)'
    r'|back\s+(?:on|to\s+normal|in\s+(?:use|service|play))|un-?(?:ban|block|seal)\w*'
    r'|(?:off|from)\s+the\s+(?:closed|shut|no.go)\s+list)\b',
    re.IGNORECASE,
)
_VAGUE = {
    'somebody may be unsure, or only tell of it': re.compile(
        r'\b(?:maybe|perhaps|possibly|might|supposedly|allegedly|apparently|roughly|not sure'
        r'|rumou?rs?|they say|i (?:heard|think|believe|guess|dreamt)|claims?'
        r'|(?<!even )thinks?|suppose'
        r'|(?:about|approximately|nearly) \d+ ?(?:cells?|m|met(?:re|er)s?|steps?)\b'
        r'|imagine|plan(?:s|ned|ning)? to|thinking (?:of|about))\b',
        re.IGNORECASE,
    ),
    'it may be closed and open': re.compile(
        r'\b(?:closed|shut|blocked|barred)\b[^.;]*\band (?:it |they )?(?:is|are|stays?|remains?)'
        r' (?:still )?open(?! (?:only )?(?:at|between|from|on)\b)',
        re.IGNORECASE,
    ),
    'it may be one thing or another': re.compile(
        r'\beither\b(?! (?:of (?:them|these|those)|areas?|zones?)\b|\s*(?:[.;!]|$))|\bwhichever\b'
        r'|(?<!any )(?<!every )(?<!each )\bone of (?:the|its)\b',
        re.IGNORECASE,
    ),
    'it may speak of a part alone': re.compile(
        r'(?:^|[:!]\s)\s*(?:an? )?(?:parts?|some|most|half|few) of\b|\balmost (?:all|every)',
        re.IGNORECASE,
    ),
    'it may depend on something': re.compile(
        r'^\s*had\b|\bwould have\b'
        r'|\b(?:(?<!as )if(?! (?:you read|any(?:one|body)|you were planning))'
        r'|unless|in case(?! (?:no|any)(?:body|one)\b)|as soon as|provided)\b'
        r'|\bonce (?!more|again)'
        r'|\bwhen(?:ever)? (?:the|an?|you|we|there|somebody|anybody)\b',
        re.IGNORECASE,
    ),
    'it may speak of another time': re.compile(
        r'\b(?:tomorrow|yesterday|tonight|soon|later|(?:next|last) (?:week|month|year)'
        r'|(?:will|about to) be (?:clos|block|shut|off)\w*|used to|'
        r'(?:from|as of|(?:starting|beginning) (?:at|from|with|in)) (?:time ?)?step \d+'
        r'|(?<!until )(?<!till )(?<!right )after step \d+|in \d+ steps'
        r'|(?:clos\w+|blocked|shut|limits|bounds|effective|(?:begin|start)\w*)'
        r' (?:only )?at step \d+)\b',
        re.IGNORECASE,
    ),
    'it may count from an edge of the board, which the student does not know': re.compile(
        r'\b(?:(?:north|south|east|west)(?:ern)?|left|right|top|bottom|upper|lower)-?most\b'
        r'|\b(?:first|last|outer) (?:\w+ )?(?:rows|columns|cols)\b',
        re.IGNORECASE,
    ),
    'it may be taken back': re.compile(
        r'\b(?:no,? wait|never mind'
        r'|(?:scratch|cancel|strike|forget|disregard) (?:that|this|it|my last)'
        r'|forget about|take (?:that|it) back|false alarm|just kidding'
        r'|(?<!not )a (?:test|drill))\b',
        re.IGNORECASE,
    ),
}
"""Why a sentence may not be meant as it stands, and the words that make it so."""
_NOT_CLOSED = re.compile(
    r"(?:\b(?:not|never|nobody|no one)|n't)(?: \w+){0,2} (?:close(?! to\b)|closed|closing|blocked"
    r'|shut|restricted|banned|off limits)\b|\bnothing is\b(?! allowed)',
    re.IGNORECASE,
)
_ALSO = re.compile(
    r'\b(?:as well as|and also(?! (?:during|in) )|and so (?:is|are)|in addition|likewise'
    r'|plus(?! \S+ (?:\w+ )?(?:on every|each way)| a (?:radius|margin|border))'
    r'|(?:together|along) with(?! (?:a border|a margin|every|that)))\b'
    r'|[.;] .*\b(?:as well|too|also)\b',
    re.IGNORECASE,
)
_OPENING = re.compile(
    r'\b(?:again|(?:re-?)?open\w*|unblock\w*|lift\w*|clear\w*|free\w*|safe|over|gone'
    r'|once more|no (?:longer|more|need)|any (?:more|longer)|passed|end(?:s|ed|ing)?|cancel\w*'
    r'|remov\w*|releas\w*|unlock\w*|delet\w*|repeal\w*|finish\w*|closure|ban|withdr\w*|drop\w*|revo\w*'
    r'|undo|stop\w*|terminat\w*|need not|accessible|allow\w*|has \w+'
    r'|have \w+|not|may|can|out|back (?:on|open|in (?:use|business|service)|to normal)|ok|okay'
    r'|scratch|scrap|restor\w*|resum\w*|unban\w*|ceas\w*|set aside'
    r'|discharg\w*|reinstat\w*|rescind\w*|take (?:\w+ ){1,3}off'
    r'|list)\b',
    re.IGNORECASE,
)
_EXCEPTED = re.compile(
    r'\b(?:except|apart from|aside from|other than|save for'
    r'|but (?:you|we|they|one|ships?|boats?|vessels?) (?:can|may)(?! not\b)'
    r'|(?:only|just)\b[^.;,]*\bopen)\b',
    re.IGNORECASE,
)
_ELSE_OPEN = re.compile(
    r'\b(?:open|free|fine|allowed)\b[^.;]*\b(?:except|apart from|other than|save for)\b',
    re.IGNORECASE,
)
_ONE_BY_ONE = re.compile(
    r'\b(?:individual|single|separate) (?:\w+ )?(?:cell|square|spot|point)s\b', re.IGNORECASE
)
_AND_ALL = re.compile(r'\band (?:also )?(?:all|any\w*|every\w*|what\w*)\b', re.IGNORECASE)
_EXTENT = re.compile(r'\b(?:corners?|box|rectang\w+|between)\b', re.IGNORECASE)
_SPOTS = re.compile(
    r'\b(?:cells?|squares?|positions?|points?|places?|spots?|locations?|both)\b', re.IGNORECASE
)
_MEASURES = re.compile(r'\b(?:width|wide|height|high|tall)\b', re.IGNORECASE)
_KEPT_FREE = re.compile(
    r'\b(?:leave|leaving|keep\w*|stay\w*|remain\w*)\b[^.;]*\b(?:free|clear|empty)\b', re.IGNORECASE
)
_ALL = re.compile(
    r'\b(?:all|every\w*|each|any|anywhere|whole|entire|nothing|fully|completely)\b', re.IGNORECASE
)


def doubts(sentence: str, written: Written) -> list[str]:
    """Return why a function may say the opposite of its sentence, a clause each."""
    found = []
    if _QUESTION.search(sentence):
        found.append('the sentence may be a question')
    found += [why for why, words in _VAGUE.items() if words.search(sentence)]
    if written.kind == 'lift' and written.code == 'True' and not _ALL.search(sentence):
        found.append('it opens everything, which the sentence does not say')
    if written.kind == 'lift' and not _OPENING.search(sentence):
        found.append('it opens what the sentence does not say is open')
    if written.kind == 'lift' and _KEPT_FREE.search(sentence):
        found.append('it opens what is to be kept free')
    if written.kind == 'close':
        if not written.until and _ENDING.search(sentence):
            found.append('it closes what the sentence seems to open again')
        rest = written.code.startswith('not (')
        kept_out = _KEPT_OUT.search(sentence) and not _CONFINING.search(sentence)
        prohibits = _PROHIBITION.search(sentence) and not _CONFINING.search(sentence)
        only_bad = _ONLY_BAD.search(sentence)
        if rest and (prohibits or kept_out or only_bad):
            found.append('it closes all but what the sentence seems to forbid')
        gap = written.shape == 'a line with a gap'
        confines = _WITHIN.search(sentence) and not prohibits and not only_bad
        stays = _STAYING.search(sentence) and not _REPELLING.search(sentence)
        left_open = (
            (not gap and (confines or stays))
            or _REST_NAMED.search(sentence)
            or _NOT_LEFT.search(sentence)
            or (_NEAR.match(written.code) and _FAR_CLOSED.search(sentence))
        )
        if not rest and left_open:
            found.append('it closes what the sentence seems to leave open')
        if _HALF.match(written.code) and _NOT_BEYOND.search(sentence):
            found.append('it closes all but what the sentence seems to forbid')
        forbids = _PROHIBITION.search(sentence) or _REST_FORBIDDEN.search(sentence)
        if rest and _BEYOND.search(sentence) and not forbids:
            found.append('it closes all but what the sentence seems to forbid')
        for axis, side in _SIDES.items():
            if side.search(sentence) and not re.search(rf'\b{axis}\b', written.code):
                found.append(f'it says nothing of {axis}, on which a side is named')
        if _NOT_CLOSED.search(sentence):
            found.append('it closes what the sentence seems to leave as it is')
        found += _lost(sentence, written)
    return found


def _lost(sentence: str, written: Written) -> list[str]:
    """Return what seems to be missing of several areas, or of one with corners."""
    found, code = [], written.code
    several = ' or ' in code or ' in (' in code
    crossing = ' and ' in code and re.search(r'\b[xy] (?:[<>]=?|==|in) ', code)
    if not several and (_ALSO.search(sentence) or crossing and _AND_ALL.search(sentence)):
        found.append('it may leave out one of several areas')
    excepted = _EXCEPTED.search(sentence) and not _ELSE_OPEN.search(sentence)
    if excepted and not re.search(r'\bnot\b|!=', code):
        found.append('it leaves nothing open, where something is excepted')
    if (
        re.search(r'(?<!not )cell\(', code)
        and not re.search(r'(?:polygon|rectangle|between)\(', code)
        and _EXTENT.search(sentence)
        and not _SPOTS.search(sentence)
    ):
        found.append('it closes single cells where corners seem to be named')
    if 'polygon(' in code and _ONE_BY_ONE.search(sentence):
        found.append('it closes what lies between cells that are named one by one')
    if 'rectangle(' in code and _MEASURES.search(sentence):
        found.append('it may take a size for a corner')
    return found
