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
"""Reading is measured on cases that were never trained on, and a bad case file is named."""

from __future__ import annotations

from collections import defaultdict
import json
import math
import re

from ld_agent.errors import LdAgentError
from ld_agent.players import find_task
from ld_agent.probe import calibration_error, probe, read_cases, SHIPPED, shown
from ld_agent.selector import Selection, Selector
from ld_agent.training import manuals, vocabulary, words
import numpy as np
import pytest

GOOD = {
    'pair': 0, 'level': 'plain', 'rules': 'A cook tends a pot.', 'state': {'soup': 'hot'},
    'candidates': [
        {'name': 'stir', 'purpose': 'Stir it.', 'when_to_use': 'the soup is hot'},
        {'name': 'wait', 'purpose': 'Do nothing.', 'when_to_use': 'the soup is cold'},
    ],
    'answer': 'stir',
}  # fmt: skip
CASES = read_cases(SHIPPED)


def refusal(tmp_path, *lines: str) -> str:
    file = tmp_path / 'cases.jsonl'
    file.write_text('\n'.join(lines), encoding='utf-8')
    with pytest.raises(LdAgentError) as caught:
        read_cases(file)
    assert '\n' not in str(caught.value)
    return str(caught.value).replace(str(file), 'FILE')


@pytest.mark.parametrize(
    ('change', 'fault'),
    [
        ({'answer': 'serve'}, "the answer 'serve' is no candidate"),
        ({'pair': 'first'}, 'pair: Input should be a valid integer'),
        ({'state': None}, 'state: Input should be a valid dictionary'),
        ({'state': {'soup': 3}}, 'state.soup: Input should be a valid string'),
        ({'candidates': GOOD['candidates'][:1] * 2}, 'two candidates have the same name'),
        ({'candidates': [{'name': 'stir'}]}, 'candidates.0.purpose: Field required'),
    ],
)
def test_a_bad_case_is_named_by_its_line(tmp_path, change, fault):
    said = refusal(tmp_path, json.dumps(GOOD), '', json.dumps({**GOOD, **change}))
    assert said.startswith('FILE, line 3: ')
    assert fault in said.replace('an object', 'a valid dictionary')


def test_a_line_that_is_no_json_is_named(tmp_path):
    assert refusal(tmp_path, json.dumps(GOOD), '{"pair": 1').startswith('FILE, line 2: the line: ')


def test_a_file_that_is_empty_or_not_there_is_named(tmp_path):
    assert refusal(tmp_path, '', '') == 'FILE: holds no case'
    with pytest.raises(LdAgentError, match='cannot be read'):
        read_cases(tmp_path / 'nothing.jsonl')


class _Scripted:
    """Selects the answer with these probabilities, or the other candidate."""

    def __init__(self, script: list, order_matters: bool = False) -> None:
        self.script, self.order_matters, self.calls = script, order_matters, {}

    def prepare(self, rules, entries) -> None:
        pass

    def select(self, rules, entries, facts) -> Selection:
        number = int(facts['number'])
        answer, sure = self.script[number]
        names = sorted(entry.name for entry in entries)
        first = self.calls.setdefault(number, [e.name for e in entries])
        if self.order_matters and first != [e.name for e in entries]:
            answer = next(n for n in names if n != answer)
        scores = tuple(math.log(sure if n == answer else 1 - sure) for n in names)
        return Selection(answer, tuple(names), scores, 1.0, 10.0 + number)


def scripted_cases(tmp_path) -> list:
    levels = ['plain', 'plain', 'negation', 'negation']
    lines = [
        json.dumps({**GOOD, 'pair': n // 2, 'level': level, 'state': {'number': str(n)}})
        for n, level in enumerate(levels)
    ]
    (tmp_path / 'cases.jsonl').write_text('\n'.join(lines))
    return read_cases(tmp_path / 'cases.jsonl')


def test_the_figures_are_those_counted_by_hand(tmp_path):
    script = [('stir', 0.95), ('stir', 0.95), ('wait', 0.75), ('stir', 0.75)]
    figures = probe(_Scripted(script), scripted_cases(tmp_path))
    assert set(figures) == {'cases', 'accuracy', 'pair_accuracy', 'ece', 'order_flips',
                            'selection_ms', 'by_level'}  # fmt: skip
    assert (figures['cases'], figures['accuracy'], figures['pair_accuracy']) == (4, 0.75, 0.5)
    # Two of confidence 0.95, both right; two of 0.75, one right.
    assert figures['ece'] == pytest.approx((0.05 + 0.25) / 2)
    assert figures['by_level'] == {'negation': 0.5, 'plain': 1.0}
    assert figures['selection_ms']['median'] == pytest.approx(11.5)
    assert figures['order_flips'] == 0
    assert json.loads(shown(figures)) == figures


def test_a_selection_that_depends_on_the_order_is_counted(tmp_path):
    selector = _Scripted([('stir', 0.9)] * 4, order_matters=True)
    assert probe(selector, scripted_cases(tmp_path))['order_flips'] == 4


def test_the_calibration_error_is_nought_where_confidence_is_the_share_right():
    right = np.array([1.0] * 3 + [0.0])
    assert calibration_error(np.full(4, 0.75), right) == pytest.approx(0.0)
    assert calibration_error(np.ones(4), right) == pytest.approx(0.25)


def test_the_shipped_cases_are_three_hundred_or_more_in_contrastive_pairs():
    assert len(CASES) >= 300
    pairs = defaultdict(list)
    for case in CASES:
        pairs[case.pair].append(case)
    for pair in pairs.values():
        one, other = pair
        assert (one.rules, one.candidates, one.level) == (
            other.rules, other.candidates, other.level,
        )  # fmt: skip
        assert one.state.keys() == other.state.keys()
        assert sum(one.state[fact] != other.state[fact] for fact in one.state) == 1
        assert one.answer != other.answer


def test_every_level_has_as_many_cases_and_no_answer_has_a_favoured_place():
    levels = [case.level for case in CASES]
    assert min(levels.count(level) for level in set(levels)) >= 40
    first = [case.candidates[0].name == case.answer for case in CASES]
    chance = np.mean([1 / len(case.candidates) for case in CASES])
    assert abs(np.mean(first) - chance) < 0.1


def test_no_rules_of_a_case_can_occur_in_training():
    templates = [re.compile(re.sub(r'\\{\w+\\}', '.+', re.escape(text))) for text in words.RULES]
    trained = {stage.rules for stage in find_task(None).stages}
    for rules in {case.rules for case in CASES}:
        assert not any(template.fullmatch(rules) for template in templates), rules
        assert rules not in trained


def pieces(line: str) -> set[str]:
    """Return all that stands between two edges of words."""
    edges = [edge.start() for edge in re.finditer(r'\b', line)]
    return {line[start:end] for start in edges for end in edges if start < end}


def test_no_line_of_a_candidate_occurs_in_the_training_vocabulary():
    facts = vocabulary.load_facts(*vocabulary.SPLIT, *vocabulary.TRAINED_WHOLE)
    trained = {w.lower() for f in facts for said in f.values.values() for w in said}
    for values in manuals.rewordings('pursuit').values():
        trained |= {clause for clauses in values.values() for clause in clauses}
    trained |= {f.manual.when_to_use for s in find_task(None).stages for f in s.functions.values()}
    found = {
        candidate.when_to_use
        for case in CASES
        for candidate in case.candidates
        if pieces(candidate.when_to_use.lower()) & trained
    }
    assert found == set()


def test_the_shipped_student_reads_the_cases_in_any_order(student):
    figures = probe(Selector(student), CASES[::23])
    assert figures['order_flips'] == 0
    assert figures['accuracy'] > 0.5
