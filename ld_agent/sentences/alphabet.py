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
"""The tokens that a function is written with.

The same text can be put together from other tokens (` m`, `et`, `res` for ` metres`), which no
training teaches: what the base model thinks of them must not count. The grammar knows text alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import itertools

from ld_agent.sentences.language import SHAPES, UNCLEAR, Written

_NUMBERS = ('0', '-1', '2.3', 'metres(4.5)', 'metres(-6)', '7', '8', '9')
_TIMES = (('', None), ('until step', 1), ('through step', 2), ('for', 3))
_COMPARE = (' <= ', ' < ', ' >= ', ' > ')
_LENGTHS = tuple(f'{m}(x, y, #, #)' for m in ('manhattan', 'euclid', 'chebyshev'))
_TESTS = (
    *(f'{axis}{compare}#' for axis in 'xy' for compare in (' == ', ' != ', *_COMPARE)),
    *(f'{axis}{word} in (#, #)' for axis in 'xy' for word in ('', ' not')),
    *(f'between({value}, #, #)' for value in ('x', 'y', *_LENGTHS)),
    *(f'{length}{compare}#{half}' for length in _LENGTHS for compare in _COMPARE
      for half in ('', ' / 2')),
    'rectangle(x, y, #, #, #, #)', 'cell(x, y, #, #)', 'polygon(x, y, (#, #), (#, #), (#, #))',
)  # fmt: skip
_JOINED = (
    '*', 'not *', 'not (*)', '* and *', '* and not *', '* or *', '* or not *', '(* or *) and *',
    '* or (* and *)', 'not (* or *)',
)  # fmt: skip


def alphabet(encode: Callable[[str], list[int]]) -> tuple[int, ...]:
    """Return the tokens of all that `language.GRAMMAR` admits as `encode` puts it, ascending."""
    return tuple(sorted({token for text in _answers() for token in encode(text)}))


def _answers() -> Iterator[str]:
    """Yield answers in which every word, sign and digit stands where it can stand."""
    yield UNCLEAR
    for shape in SHAPES:
        yield Written('lift', shape, 'True').text
        for until, number in _TIMES:
            yield Written('close', shape, 'True', until, number).text
    for test, figure, joined in itertools.product(_TESTS, _NUMBERS, _JOINED):
        code = joined.replace('*', test.replace('#', figure))
        yield Written('close', SHAPES[0], code).text
