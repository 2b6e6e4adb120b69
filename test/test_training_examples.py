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
"""Training examples have one right answer each, keep apart what is held out, and pack cleanly."""

from __future__ import annotations

import itertools
import random
import re
import subprocess
import sys

from ld_agent.emergency import CALL_SIGNS
from ld_agent.players import find_task
from ld_agent.prompt import BLOCK_SPAN
from ld_agent.training import manuals, reading, vocabulary, words
from ld_agent.training.packing import pack
import pytest

TASK = find_task(None)
VOCABULARY = vocabulary.vocabularies()
SPLIT = vocabulary.load_facts(*vocabulary.SPLIT)
WHOLE = vocabulary.load_facts(*vocabulary.TRAINED_WHOLE, *vocabulary.TEMPERED)
FACTS = [*SPLIT, *WHOLE]


def first(stream, number: int) -> list:
    return list(itertools.islice(stream, number))


def test_making_examples_needs_no_torch():
    program = (
        'import sys; from ld_agent.training import manuals, packing, reading;'
        "print([m for m in ('torch', 'transformers', 'onnxruntime') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
    assert 'torch' not in out.stdout
    assert 'transformers' not in out.stdout


@pytest.mark.parametrize('level', ['look-up', 'plain', 'full', 'apart'])
def test_equal_facts_never_want_different_functions(level):
    for seed in range(60):
        made = reading.example_set(VOCABULARY['train'], random.Random(seed), 40, level)
        names = [entry.name for entry in made.entries]
        assert len(set(names)) == len(names) >= 2
        known: dict = {}
        for example in made.examples:
            assert example.answer in names
            facts = frozenset(example.facts.items())
            assert known.setdefault(facts, example.answer) == example.answer


def test_by_its_literal_words_exactly_one_function_fits_every_look_up():
    literal = {(f.name, v): said[0] for f in FACTS for v, said in f.values.items()}
    checked = 0
    for seed in range(80):
        made = reading.example_set(VOCABULARY['train'], random.Random(seed), 12, 'look-up')
        for example in made.examples:
            said = {f'the {f} is {v}' for f, v in example.facts.items()}
            said |= {literal[pair] for pair in example.facts.items() if pair in literal}
            fit = [entry.name for entry in made.entries if entry.when_to_use in said]
            assert fit == [example.answer]
            checked += 1
    assert checked == 80 * 12


@pytest.mark.parametrize('level', ['look-up', 'plain', 'full'])
def test_contrastive_pairs_differ_in_one_fact_and_in_the_answer(level):
    for seed in range(40):
        made = reading.example_set(VOCABULARY['train'], random.Random(seed), 8, level)
        for one, other in zip(made.examples[0:4:2], made.examples[1:4:2], strict=True):
            assert one.facts.keys() == other.facts.keys()
            assert sum(one.facts[f] != other.facts[f] for f in one.facts) == 1
            assert one.answer != other.answer


def test_in_the_task_sets_the_rules_hold_for_exactly_the_answer():
    by_purpose = {f.manual.purpose: f for s in TASK.stages for f in s.functions.values()}
    kinds = set()
    for made in first(manuals.stream(TASK, 1, 8), 150):
        for example in made.examples:
            names = {fact.replace(' ', '_'): v for fact, v in example.facts.items()}
            fit = [
                entry.name
                for entry in made.entries
                if (
                    eval(by_purpose[entry.purpose].manual.rule, {}, names)
                    if entry.purpose in by_purpose
                    else names['closed_area'] == entry.name.removesuffix('_keepout')
                )
            ]
            assert fit == [example.answer]
            kinds.add(example.answer.endswith('_keepout'))
    assert kinds == {True, False}


def test_the_same_seed_gives_the_same_sets_and_another_seed_others():
    def reads(seed):
        return first(reading.stream(VOCABULARY['train'], seed, 6, 20), 20)

    def tasks(seed):
        return first(manuals.stream(TASK, seed, 6), 20)

    for make in (reads, tasks):
        assert make(1) == make(1)
        assert make(1) != make(2)


def test_held_out_facts_are_never_in_the_train_stream():
    held_out = {fact.name for fact in VOCABULARY['unseen facts'].facts}
    shown = {
        name
        for made in first(reading.stream(VOCABULARY['train'], 1, 2), 1500)
        for example in made.examples
        for name in example.facts
    }
    assert shown & held_out == set()


def test_held_out_facts_are_nearly_a_fifth_of_two_files_and_the_rest_is_trained_on():
    seen, unseen, kept = (VOCABULARY[w].facts for w in ('train', 'unseen facts', 'temperature'))
    held_out = -(-len(SPLIT) // 5)
    assert len(seen) == len(FACTS) - len(kept) - held_out
    assert held_out >= len(unseen) > 0.9 * held_out
    assert not {fact.name for fact in seen} & {fact.name for fact in unseen}


def test_the_facts_of_the_temperature_are_neither_trained_on_nor_reported():
    kept = {fact.name for fact in VOCABULARY['temperature'].facts}
    assert len(kept) > 25
    for which in ('train', 'unseen facts', 'unseen wordings'):
        assert not kept & {fact.name for fact in VOCABULARY[which].facts}


def test_every_value_is_said_in_six_ways_that_no_other_value_of_the_fact_shares():
    assert len({fact.name for fact in WHOLE}) == len(WHOLE)
    assert not {fact.name for fact in WHOLE} & {fact.name for fact in SPLIT}
    for fact in WHOLE:
        said = [clause for clauses in fact.values.values() for clause in clauses]
        assert len(set(said)) == len(said) == 6 * len(fact.values)


def test_held_out_wordings_are_never_in_the_train_stream():
    held_out = {said[-1] for f in VOCABULARY['train'].facts for said in f.values.values()}
    trained, measured = (
        {
            word
            for made in first(reading.stream(VOCABULARY[which], 1, 1), 600)
            for entry in made.entries
            for word in re.split(r',? and | or ', entry.when_to_use)
        }
        for which in ('train', 'unseen wordings')
    )
    assert trained & held_out == set()
    assert len(measured & held_out) > 100


def test_the_held_out_wordings_of_manual_lines_are_used_only_to_measure():
    said = [c for values in manuals.rewordings('pursuit').values() for c in values.values()]
    held_out = {clause for clauses in said for clause in clauses[-manuals.HELD_OUT_WORDINGS :]}
    trained, measured = (
        {
            clause
            for made in first(manuals.stream(TASK, 1, 1, held_out=which), 300)
            for entry in made.entries
            if not entry.purpose.startswith('Drop the listed cells inside')
            for clause in re.split(r',? and | while ', entry.when_to_use)
        }
        for which in (False, True)
    )
    assert trained & held_out == set()
    assert measured == held_out


def test_every_value_that_a_rule_names_has_other_wordings():
    said = manuals.rewordings('pursuit')
    for stage in TASK.stages:
        for function in stage.functions.values() if len(stage.functions) > 1 else ():
            for fact, value in function.rule.equalities():
                assert len(set(said[fact][value])) == len(said[fact][value]) >= 10


def test_no_label_of_an_emergency_occurs_in_training():
    spoken = [*words.VERBS, *words.NOUNS, *words.LABELS, *words.LABEL_KINDS, *words.ACTORS]
    spoken += [f'{f.name} {v} {" ".join(said)}' for f in FACTS for v, said in f.values.items()]
    assert not set(CALL_SIGNS) & set(re.findall('[a-z]+', ' '.join(spoken).lower()))


def encode(text: str) -> list[int]:
    """Return a token a letter, so that a sequence can be read back."""
    return [ord(letter) for letter in text]


@pytest.fixture(scope='module')
def packed():
    made = first(reading.stream(VOCABULARY['train'], 1, 5), 3)[2]
    return made, pack(made, encode, bos=1)


def pieces_of(made) -> list[str]:
    """Return rules and blocks as text, written out again."""
    blocks = [
        f' {e.purpose.rstrip(".")}. When {e.when_to_use} -> {e.name}\n' for e in made.entries
    ]
    return ['\x01' + made.rules + '\n', *blocks]


def test_a_packed_sequence_is_the_rules_the_blocks_and_the_states(packed):
    made, sequence = packed
    text = ''.join(map(chr, sequence.ids))
    assert text.startswith(''.join(pieces_of(made)))
    rest = text[len(''.join(pieces_of(made))) :]
    assert rest.count(' ->') == len(made.examples) == sequence.examples
    shown = [', '.join(f'{f} is {v}' for f, v in e.facts.items()) for e in made.examples]
    assert all(f' {line} ->' in rest for line in shown)


def test_states_see_all_blocks_and_no_other_state_and_blocks_do_not_see_each_other(packed):
    made, sequence = packed
    lengths = [len(piece) for piece in pieces_of(made)]
    starts = [int(s) for s in itertools.accumulate([0, *lengths])]
    rules, behind = starts[1], starts[-1]
    begins = [
        i for i in range(behind, len(sequence.ids))
        if sequence.positions[i] == rules + BLOCK_SPAN
    ]  # fmt: skip
    assert begins[0] == behind
    assert len(begins) == len(made.examples)
    for row in range(len(sequence.ids)):
        own = max(s for s in [*starts[:-1], *begins] if s <= row)
        context = 0 if own == 0 else rules if own < behind else behind
        expected = set(range(context)) | set(range(own, row + 1))
        assert set(sequence.allowed[row].nonzero()[0].tolist()) == expected


def test_all_blocks_start_behind_the_rules(packed):
    made, sequence = packed
    rules = len(pieces_of(made)[0])
    starts = itertools.accumulate(len(piece) for piece in pieces_of(made)[:-1])
    assert {int(sequence.positions[s]) for s in starts} == {rules}


def test_following_the_targets_spells_the_answers(packed):
    made, sequence = packed
    names = [entry.name for entry in made.entries]
    for number, example in enumerate(made.examples):
        left = set(names)
        for choice in (c for c in sequence.choices if c.example == number):
            said = ''.join(map(chr, sequence.ids[: choice.index + 1])).rpartition(' ->')[2]
            token = chr(choice.children[choice.target])
            assert f' {example.answer}\n'.startswith(said + token)
            left = {name for name in left if f' {name}\n'.startswith(said + token)}
        assert left == {example.answer}


CARDS = find_task(None, 'twenty_one')


def test_two_tasks_are_learnt_in_turn_with_reading_between():
    read = reading.stream(VOCABULARY['train'], 1, 4, 1)
    rules = {stage.rules: task.name for task in (TASK, CARDS) for stage in task.stages}
    made = first(manuals.mixed(read, [TASK, CARDS], 1, 4), 120)
    of = [rules[s.rules] for s in made if s.rules in rules]
    assert of[:4] == ['pursuit', 'twenty_one', 'pursuit', 'twenty_one']
    assert 0.2 < 1 - len(of) / len(made) < 0.5


@pytest.mark.parametrize('held_out', [False, True])
def test_the_sets_of_21_points_are_answered_by_the_rules(held_out):
    by_purpose = {f.manual.purpose: f for s in CARDS.stages for f in s.functions.values()}
    stages = set()
    for made in first(manuals.stream(CARDS, 1, 6, held_out=held_out), 60):
        stages.add(made.kind)
        for example in made.examples:
            fit = [
                entry.name
                for entry in made.entries
                if by_purpose[entry.purpose].rule.holds(example.facts)
            ]
            assert fit == [example.answer]
    assert stages == {'task model', 'task count', 'task estimate', 'task decide'}


def test_every_value_of_21_points_has_other_wordings_and_none_twice():
    said = manuals.rewordings('twenty_one')
    values = {(f, v) for stage in CARDS.stages for f, vs in stage.facts.items() for v in vs}
    assert {(f, v) for f, vs in said.items() for v in vs} == values
    clauses = [c for vs in said.values() for cs in vs.values() for c in cs]
    assert len(set(clauses)) == len(clauses)
    assert all(len(cs) >= 13 for vs in said.values() for cs in vs.values())
