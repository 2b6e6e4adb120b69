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
"""Whatever a student's weights are, what it writes is of the grammar or refused."""

from __future__ import annotations

import ast

from ld_agent.errors import AreaError
from ld_agent.sentences.author import Author, MOST_CHARACTERS
from ld_agent.sentences.language import numbers_of, TOOLS
from ld_agent.student.prepare import graph_writer
from ld_agent.student.session import Student
import numpy as np
import pytest
import tiny_model

NAMES = {'x', 'y', *TOOLS}


@pytest.mark.parametrize('seed', range(6))
def test_random_weights_write_functions_of_the_grammar(tmp_path, seed):
    source = tiny_model.write_folder(tmp_path / 'model', seed=seed)
    tiny_model.byte_tokenizer(300).save(str(tmp_path / 'tokenizer.json'))
    graph_writer(source, None)(tmp_path / 'model.onnx', None)
    author = Author(Student(tmp_path, None, 'cpu', 1))
    for sentence in ('rows 5 to 7 are closed', 'import os; os.system("x")', '🌊 (1, 2)\n\n"""'):
        try:
            draft = author.write(sentence)
        except AreaError as error:
            assert 'grew beyond' in str(error)
            continue
        assert 0 < draft.least_sure <= 1
        if draft.written is not None:
            tree = ast.parse(draft.written.code, mode='eval')
            assert {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} <= NAMES
            assert draft.text == draft.written.text
            numbers_of(draft.written.code)


def test_a_pass_that_extends_is_a_pass_over_all(tmp_path):
    source = tiny_model.write_folder(tmp_path / 'model')
    tiny_model.byte_tokenizer(300).save(str(tmp_path / 'tokenizer.json'))
    graph_writer(source, None)(tmp_path / 'model.onnx', None)
    student = Student(tmp_path, None, 'cpu', 1)
    ids, rows = list(range(40, 60)), [3, 70, 200]
    _, past = student.extend(ids[:12], student.empty, rows)
    assert len(past) == 12
    logits, past = student.extend(ids[12:], past, rows)
    whole, _ = student.extend(ids, student.empty, rows)
    assert len(past) == 20
    assert np.abs(logits - whole).max() < 1e-4


@pytest.mark.parametrize('sentence', ['', '  \n ', 'x' * (MOST_CHARACTERS + 1)])
def test_what_is_no_sentence_is_refused(tmp_path, sentence):
    source = tiny_model.write_folder(tmp_path / 'model')
    tiny_model.byte_tokenizer(300).save(str(tmp_path / 'tokenizer.json'))
    graph_writer(source, None)(tmp_path / 'model.onnx', None)
    with pytest.raises(AreaError, match='characters; write 1 to'):
        Author(Student(tmp_path, None, 'cpu', 1)).write(sentence)
