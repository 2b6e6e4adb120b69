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
"""What the retriever is trained on and measured by: batches, the foreign split, recall."""

from __future__ import annotations

import itertools
import json
import sys

from ld_agent.emergency import CALL_SIGNS
from ld_agent.errors import LdAgentError
from ld_agent.players import find_task
from ld_agent.retrieval import foreign as module
from ld_agent.retrieval.foreign import Foreign, ForeignQuery, read_foreign
from ld_agent.retrieval.prepare import prepare_encoders
from ld_agent.retrieval.recall import (
    build_base,
    label_queries,
    paired,
    places,
    Query,
    recall,
    word_search,
)
from ld_agent.retrieval.words import render_document
from ld_agent.training import manuals
from ld_agent.training.pairs import batch, foreign_group, Group, set_group, stream
import numpy as np
import pytest

TASK = find_task(None)
ASKED = ForeignQuery('What is the weather in Oslo?', 0, (1, 0))
AGAIN = ForeignQuery('Is it raining?', 2, (2,))
FOREIGN = Foreign(
    ('weather', 'sort', 'weather'),
    ('weather: Tell the weather.', 'sort: Sort a list.', 'weather: Tell the weather of a city.'),
    (ASKED, AGAIN),
    (),
)


def test_a_query_is_compared_with_all_documents_but_other_versions_of_its_own():
    made = batch([foreign_group(ASKED, FOREIGN), foreign_group(AGAIN, FOREIGN)])
    assert made.documents == (*FOREIGN.documents[:2], FOREIGN.documents[2])
    assert made.right.tolist() == [0, 2]
    assert made.compared.tolist() == [[True, True, False], [False, True, True]]


def test_two_sets_of_one_stage_are_not_compared_and_their_own_functions_are():
    first, second = itertools.islice(
        (s for s in manuals.stream(TASK, 3, 4) if s.kind == 'task choose'), 2
    )
    other = Group((('anything', 0),), ('another: Do another thing.',), ('another',))
    made = batch([set_group(first), set_group(second), other])
    size, queries = len(first.entries), len(first.examples)
    assert made.compared[:queries, :size].all()
    assert not made.compared[:queries, size:-1].any()
    assert made.compared[:, -1].all()
    for row, example in enumerate(first.examples):
        assert made.documents[made.right[row]].startswith(example.answer.replace('_', ' '))


def test_the_same_seed_gives_the_same_batches_and_another_seed_others():
    def first(seed):
        return [made.queries for made in itertools.islice(stream([TASK], FOREIGN, seed), 3)]

    assert first(1) == first(1)
    assert first(1) != first(2)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a folder that stands for the data of bfcl-eval, with a query in two categories."""
    monkeypatch.setattr(module, '_data_folder', lambda: tmp_path)
    monkeypatch.setattr(module, 'TRAINED', ('simple',))
    monkeypatch.setattr(module, 'REPORTED', ('live',))
    monkeypatch.setattr(module, '_DISTRACTING', ())
    (tmp_path / 'possible_answer').mkdir()

    def write(category, *rows):
        lines, answers = [], []
        for number, (text, name, answer) in enumerate(rows):
            function = {'name': name, 'description': f'Do {name}.', 'parameters': {}}
            turn = [[{'role': 'user', 'content': text}]]
            lines.append({'id': number, 'question': turn, 'function': [function]})
            answers.append({'id': number, 'ground_truth': answer})
        for folder, content in ((tmp_path, lines), (tmp_path / 'possible_answer', answers)):
            text = '\n'.join(json.dumps(line) for line in content)
            (folder / f'BFCL_v4_{category}.json').write_text(text, encoding='utf-8')

    write(
        'simple',
        ('one', 'a.first', [{'a.first': {}}]),
        ('shared query', 'b', [{'b': {}}]),
        ('two', 'sharedName', [{'sharedName': {}}]),
    )
    write('live', ('shared query', 'c', [{'c': {}}]), ('x', 'sharedName', [{'sharedName': {}}]))
    return tmp_path


def test_no_function_and_no_query_is_on_both_sides_of_the_split(package):
    read = read_foreign()
    assert read.names == ('a.first', 'b', 'sharedName', 'c')
    assert read.documents[0] == 'a first: Do a.first.'
    assert [query.text for query in read.trained] == ['one']
    assert [query.text for query in read.reported] == ['shared query', 'x']


def test_the_shipped_package_is_split_as_it_says():
    pytest.importorskip('bfcl_eval', reason='needs bfcl-eval')
    read = read_foreign()
    assert len(read.trained) > 900 and len(read.reported) > 1300
    sides = [
        ({q.text for q in side}, {read.names[i] for q in side for i in (q.function, *q.offered)})
        for side in (read.trained, read.reported)
    ]
    assert not sides[0][0] & sides[1][0]
    assert not sides[0][1] & sides[1][1]


def test_other_data_or_none_is_told_in_one_sentence(package, monkeypatch):
    (package / 'BFCL_v4_live.json').write_text('{"id": 1}', encoding='utf-8')
    with pytest.raises(LdAgentError, match='other data than bfcl-eval'):
        read_foreign()
    monkeypatch.undo()
    monkeypatch.setattr(module, 'PACKAGE', 'no-such-package-anywhere')
    with pytest.raises(LdAgentError, match='is not installed.*pip install --no-deps'):
        read_foreign()


def test_a_base_has_the_task_all_labels_the_foreign_functions_and_invented_ones():
    base = build_base(TASK, FOREIGN, 100)
    assert len(base.names) == len(base.documents) == 100
    ours = sum(len(stage.functions) for stage in TASK.stages) + len(CALL_SIGNS)
    assert base.stages.count('*') == 100 - ours
    assert set(FOREIGN.documents) <= set(base.documents)
    assert len(base.of_stage('measure')) == 100 - ours + len(TASK.stage('measure').functions)
    for query in label_queries(TASK, base):
        (right,) = query.right
        assert base.names[right].removesuffix('_keepout') in query.text
    other = find_task(None, 'twenty_one')
    merged = build_base(TASK, FOREIGN, 100, [other])
    theirs = {render_document(entry) for stage in other.stages for entry in stage.entries}
    assert merged.stages.count('*') == base.stages.count('*')
    assert theirs <= set(merged.documents) and not theirs & set(base.documents)
    with pytest.raises(LdAgentError, match='a base of 10 is too small'):
        build_base(TASK, FOREIGN, 10)


def test_recall_counts_the_first_right_function():
    found = {'a': [4, 1, 7, 2, 3], 'b': [9, 8, 7, 6, 5], 'c': [0, 1, 2, 3, 4]}
    queries = [Query('a', 's', frozenset({2, 7})), Query('b', 's', frozenset({1}))]
    first = places([*queries, Query('c', 't', frozenset({0}))], {
        's': lambda text, k: found[text][:k], 't': lambda text, k: found['c'][:k]
    })  # fmt: skip
    assert first == [2, 5, 0]
    figures = recall(queries, first[:2])
    shares = [figures[f'recall@{depth}']['value'] for depth in (1, 3, 5)]
    assert shares == [0.0, 0.5, 0.5]
    assert figures['recall@5']['low'] < 0.5 < figures['recall@5']['high']


def test_two_methods_are_compared_query_by_query():
    told = paired([0] * 8 + [5, 5], [5] * 8 + [0, 5])
    assert (told['only_ours'], told['only_theirs']) == (8, 1)
    assert told['p'] == pytest.approx(20 / 2**9)
    assert paired([0, 5], [4, 5])['p'] == 1.0


def test_bm25_finds_by_words(monkeypatch):
    pytest.importorskip('bm25s', reason='needs the extra bench')
    documents = ['sort a list', 'tell the weather', 'weather of a city', 'close the door']
    search = word_search(documents, [1, 2, 3])
    assert search('city weather', 2) == [2, 1]
    monkeypatch.setitem(sys.modules, 'bm25s', None)
    with pytest.raises(LdAgentError, match=r'needs bm25s .*\[bench\]'):
        word_search(documents, [0])


@pytest.mark.train
def test_training_writes_adapters_that_verify_and_is_the_same_again(tmp_path, monkeypatch):
    pytest.importorskip('peft')
    from ld_agent.training import dpr

    monkeypatch.setattr(dpr, 'read_foreign', lambda: FOREIGN)
    records = []
    for name in ('one', 'two'):
        plan = dpr.DprPlan(steps=2, threads=1)
        dpr.train_dpr([TASK], tmp_path / name, plan, records.append)
    losses = [record['loss'] for record in records]
    assert losses[:2] == losses[2:]
    one, two = (tmp_path / name / 'adapter' for name in ('one', 'two'))
    for side in ('query', 'function'):
        files = [a / side / 'adapter_model.safetensors' for a in (one, two)]
        assert files[0].read_bytes() == files[1].read_bytes()
    expected = json.loads((one / 'expected.json').read_text())
    assert np.shape(expected['scores']) == (
        len(expected['queries']), len(expected['functions']),
    )  # fmt: skip
    assert (prepare_encoders(one) / 'function.onnx').exists()
