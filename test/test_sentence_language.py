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
"""The small language of closed areas: what it admits, and what its functions mean."""

from __future__ import annotations

from ld_agent.emergency import named_cells
from ld_agent.errors import AreaError
from ld_agent.executor import Executor
from ld_agent.sentence_bench import meant_by
from ld_agent.sentences.language import GRAMMAR, numbers_of, read_written, TOOLS, UNCLEAR, Written
import llguidance
import pytest

SIZE = (20, 20)
MEANINGS = {
    'rectangle(x, y, 6, 8, 3, 4)': lambda x, y: 3 <= x <= 6 and 4 <= y <= 8,
    'cell(x, y, 3, 4)': lambda x, y: (x, y) == (3, 4),
    'between(y, 7, 5)': lambda x, y: 5 <= y <= 7,
    'y > 15': lambda x, y: y > 15,
    'manhattan(x, y, 10, 10) < 2': lambda x, y: abs(x - 10) + abs(y - 10) < 2,
    'euclid(x, y, 10, 10) <= 5': lambda x, y: (x - 10) ** 2 + (y - 10) ** 2 <= 25,
    'euclid(x, y, 10, 10) <= 6 / 2': lambda x, y: (x - 10) ** 2 + (y - 10) ** 2 <= 9,
    'chebyshev(x, y, 3, 4) <= 2': lambda x, y: abs(x - 3) <= 2 and abs(y - 4) <= 2,
    'between(euclid(x, y, 9, 9), 3, 5)': lambda x, y: 9 <= (x - 9) ** 2 + (y - 9) ** 2 <= 25,
    'x == 4 and y != 9': lambda x, y: x == 4 and y != 9,
    'x == 4 and y not in (9, 11)': lambda x, y: x == 4 and y not in (9, 11),
    'not (rectangle(x, y, 3, 3, 5, 5))': lambda x, y: not (3 <= x <= 5 and 3 <= y <= 5),
    'polygon(x, y, (0, 10), (5, 15), (10, 10), (5, 5))': (
        lambda x, y: abs(x - 5) + abs(y - 10) <= 5
    ),
    'x <= metres(2.5)': lambda x, y: x <= 5,
    'x < 3 or y < 2': lambda x, y: x < 3 or y < 2,
}  # fmt: skip


@pytest.fixture(scope='module')
def executor():
    runner = Executor()
    yield runner
    runner.close()


@pytest.mark.parametrize('code', MEANINGS)
def test_an_expression_closes_the_cells_that_it_says_in_the_sandbox(code, executor):
    written = Written('close', 'a polygon', code)
    wanted = {(x, y) for x in range(20) for y in range(20) if MEANINGS[code](x, y)}
    assert named_cells(written.source(0.5), SIZE, executor) == wanted
    assert meant_by(code, 0.5) == wanted


@pytest.mark.parametrize('size', [0.1, 0.2, 0.3, 0.7, 1.3])
def test_metres_on_the_middle_of_a_cell_are_that_cell(size, executor):
    for cell in range(20):
        written = Written('close', 'a cell', f'cell(x, y, metres({cell * size:.3f}), 1)')
        assert named_cells(written.source(size), SIZE, executor) == {(cell, 1)}


@pytest.mark.parametrize('code', MEANINGS)
@pytest.mark.parametrize('time', [('', None), ('until step', 30), ('for', 5)])
def test_what_is_written_is_read_again(code, time):
    written = Written('close', 'a line with a gap', code, *time)
    assert read_written(written.text) == written


def test_times_count_from_the_step_in_which_they_are_said():
    ends = {
        until: Written('close', 'a cell', 'x == 1', until, 30).expires_at(7)
        for until in ('until step', 'through step', 'for')
    }
    assert ends == {'until step': 30, 'through step': 31, 'for': 37}
    assert Written('close', 'a cell', 'x == 1').expires_at(7) is None


def test_unclear_is_no_function_and_anything_else_is_refused():
    assert read_written(UNCLEAR) is None
    for text in ('', 'Closed', 'Closed: a cell."""\n    return x == 1', 'import os\n'):
        with pytest.raises(AreaError, match='is no function'):
            read_written(text)


def test_numbers_are_told_with_their_axis():
    assert numbers_of('between(x, 3, 6) and y != -9') == [('x', 3), ('x', 6), ('y', -9)]
    assert numbers_of('manhattan(x, y, 1, 2) <= metres(2.5)') == [('x', 1), ('y', 2), ('r', 2.5)]
    assert numbers_of('polygon(x, y, (1, 2), (3, 4), (5, 6)) or y in (7, 8)') == [
        ('x', 1), ('y', 2), ('x', 3), ('y', 4), ('x', 5), ('y', 6), ('y', 7), ('y', 8),
    ]  # fmt: skip
    assert numbers_of('euclid(x, y, 1, 2) <= 6 / 2') == [('x', 1), ('y', 2), ('r', 6)]
    assert numbers_of('True') == []


def test_the_grammar_is_one_and_names_every_tool():
    grammar = llguidance.LLMatcher.grammar_from_lark(GRAMMAR)
    assert llguidance.LLMatcher.validate_grammar(grammar) == ''
    assert all(f'"{tool}' in GRAMMAR for tool in TOOLS)
