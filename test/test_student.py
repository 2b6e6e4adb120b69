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
"""What the student promises: the same bits however a prompt is cut, placed and repeated."""

from __future__ import annotations

import os
import subprocess
import sys

from hypothesis import given, HealthCheck, settings
from hypothesis import strategies as st
from ld_agent.errors import ModelError
from ld_agent.student.prepare import open_student
from ld_agent.student.session import Student
import numpy as np
import pytest

RULES = 'Choose how to move. The pursuers act together.\n'
BLOCKS = (
    ' Go straight at the evader. When the way is open -> approach\n',
    ' Go where the evader will be. When the heading is steady -> intercept\n',
    ' Surround the evader. When all pursuers are near -> encircle\n',
)
STATE = ' way: open, heading: steady, pursuers near: 2 ->'
PAST = 168


def assembled(student: Student, blocks=BLOCKS):
    rules = student.encode([student.bos, *student.encode_text(RULES)])
    pieces = [student.encode(student.encode_text(b), rules, len(rules)) for b in blocks]
    return student.join([rules, *pieces])


@pytest.fixture(scope='module')
def rows(student) -> list[int]:
    return [student.encode_text(f' {n}')[0] for n in ('approach', 'intercept', 'encircle')]


@pytest.mark.parametrize('left', [1, 2, 3])
def test_the_last_tokens_alone_score_as_with_all_before(student, rows, left):
    ids = [student.bos, *student.encode_text(RULES + STATE)]
    cut = len(ids) - left
    apart = student.logits(ids[cut:], student.encode(ids[:cut]), cut, rows)
    assert np.array_equal(apart, student.logits(ids, student.empty, 0, rows))


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_score_does_not_depend_on_how_the_prompt_is_cut(student, rows, data):
    ids = [student.bos, *student.encode_text(RULES + ''.join(BLOCKS) + STATE)]
    cut = data.draw(st.integers(1, len(ids) - 1))
    whole = student.logits(ids, student.empty, 0, rows)
    first = student.encode(ids[:cut])
    assert np.array_equal(student.logits(ids[cut:], first, cut, rows), whole)
    second = data.draw(st.integers(0, cut - 1))
    if second:
        start = student.encode(ids[:second])
        rest = student.encode(ids[second:cut], start, second)
        joined = student.join([start, rest])
        assert np.array_equal(student.logits(ids[cut:], joined, cut, rows), whole)


def test_a_pass_leaves_the_cache_behind_it_as_it_was(student, rows):
    past, ids = assembled(student), student.encode_text(STATE)
    before = [array.copy() for array in past.layers]
    first = student.logits(ids, past, PAST, rows)
    student.logits(student.encode_text(' something quite different'), past, PAST, rows)
    assert np.array_equal(student.logits(ids, past, PAST, rows), first)
    assert all(map(np.array_equal, past.layers, before))


def test_a_state_in_two_parts_scores_as_the_whole(student, rows):
    past, ids = assembled(student), student.encode_text(STATE * 4)
    cut = len(ids) // 2
    half = student.join([past, student.encode(ids[:cut], past, PAST)])
    whole = student.logits(ids, past, PAST, rows)
    assert np.array_equal(student.logits(ids[cut:], half, PAST + cut, rows), whole)


def test_a_logit_does_not_depend_on_the_other_rows_asked_for(student, rows):
    past, ids = assembled(student), student.encode_text(STATE)
    together = student.logits(ids, past, PAST, rows)
    alone = [student.logits(ids, past, PAST, [row])[0] for row in rows]
    assert np.allclose(together, alone, atol=1e-5)


def test_the_order_of_blocks_moves_a_score_by_rounding_only(student, rows):
    ids = student.encode_text(STATE)
    one = student.logits(ids, assembled(student), PAST, rows)
    other = student.logits(ids, assembled(student, BLOCKS[::-1]), PAST, rows)
    assert np.abs((one - one.mean()) - (other - other.mean())).max() < 0.5


def test_the_position_of_a_state_is_not_its_place_in_the_cache(student, rows):
    past, ids = assembled(student), student.encode_text(STATE)
    near = student.logits(ids, past, len(past), rows)
    far = student.logits(ids, past, len(past) + 300, rows)
    assert not np.array_equal(near, far)


def test_another_process_computes_the_same_bits(student, rows):
    here = student.logits(student.encode_text(STATE), assembled(student), PAST, rows)
    program = (
        'import test_student as t\n'
        'from ld_agent.student.prepare import open_student\n'
        's = open_student()\n'
        f'x = s.logits(s.encode_text(t.STATE), t.assembled(s), t.PAST, {rows})\n'
        'print(x.tobytes().hex())\n'
    )
    there = subprocess.run(
        [sys.executable, '-c', program],
        capture_output=True,
        text=True,
        check=True,
        cwd=os.path.dirname(__file__),
        timeout=120,
    )
    assert there.stdout.strip() == here.tobytes().hex()


def test_tokens_beyond_the_context_are_refused(student, rows):
    with pytest.raises(ModelError, match='do not fit into the context'):
        student.logits([5, 6], student.empty, student.context - 1, rows)


def test_a_joined_cache_is_as_long_as_its_pieces(student):
    one, two = student.encode([1, 2, 3]), student.encode([4, 5], position=3)
    joined = student.join([one, two])
    assert (len(one), len(two), len(joined), len(student.empty)) == (3, 2, 5, 0)
    for array, first, second in zip(joined.layers, one.layers, two.layers):
        assert np.array_equal(array[:, :, :3], first)
        assert np.array_equal(array[:, :, 3:], second)


def test_the_student_says_where_it_runs(student):
    assert student.provider in ('CPU', 'CUDA')
    assert student.name.startswith('smollm2-tuned-')


def test_cuda_without_cuda_is_refused_in_a_sentence(monkeypatch):
    monkeypatch.setattr('onnxruntime.get_available_providers', lambda: ['CPUExecutionProvider'])
    with pytest.raises(ModelError, match=r'install ld_agent with \.\[gpu\]'):
        open_student(provider='cuda')


def test_an_unknown_provider_is_refused():
    with pytest.raises(ModelError, match='use auto, cpu or cuda'):
        open_student(provider='tpu')


def test_the_bits_do_not_depend_on_the_threads(student, rows, monkeypatch):
    ids = [student.bos, *student.encode_text(RULES + STATE)]
    monkeypatch.setenv('LD_AGENT_THREADS', '1')
    alone = open_student()
    assert np.array_equal(
        alone.logits(ids, alone.empty, 0, rows), student.logits(ids, student.empty, 0, rows)
    )


@pytest.mark.parametrize('given', ['0', 'two', '-1', '1.5'])
def test_what_is_no_number_of_threads_is_refused_in_a_sentence(monkeypatch, given):
    monkeypatch.setenv('LD_AGENT_THREADS', given)
    with pytest.raises(ModelError, match=f"LD_AGENT_THREADS is '{given}'; give a number"):
        open_student()
