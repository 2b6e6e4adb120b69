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
"""What `kd` learns from: the teacher's moves, packed so that no state sees another."""

from __future__ import annotations

import itertools
import json

from ld_agent import board_text
from ld_agent.errors import LdAgentError
from ld_agent.players import make_agent
from ld_agent.small import kd_phrase
from ld_agent.student.fetch import fetch_model
from ld_agent.student.tokenizer import read_tokenizer
from ld_agent.training.outputs import packs, played, STATES, stream
from ld_agent.training.packing import pack_outputs
from ld_agent_sim.pursuit import why_illegal
from ld_agent_sim.pursuit_rules import board_of
import numpy as np
import pytest

BOS = 1


def letters(text: str) -> list[int]:
    """Stand for a tokenizer: a token a letter."""
    return [ord(letter) for letter in text]


@pytest.fixture(scope='module')
def outputs():
    teacher = make_agent('reference')
    found = list(itertools.islice(played(teacher, starts=3), 160))
    teacher.close()
    return found


def test_outputs_are_legal_moves_of_positions_that_come_once(outputs):
    told = [board_text.brief_state(output.view) for output in outputs]
    assert len(set(told)) == len(told)
    for output in outputs:
        board = board_of(output.view)
        for start, end in zip(output.view['pursuers'], output.moves, strict=True):
            assert why_illegal(board, tuple(start), end) is None


def test_outputs_are_the_same_again_and_other_seeds_have_other_starts(outputs):
    teacher = make_agent('reference')
    again = list(itertools.islice(played(teacher, starts=3), 40))
    other = list(itertools.islice(played(teacher, seed=77, starts=3), 40))
    teacher.close()
    assert again == outputs[:40]
    assert not {o.texts()[0] for o in other} & {o.texts()[0] for o in outputs}


def test_later_rounds_stray_so_that_a_start_gives_more_outputs_than_the_teacher_alone():
    teacher = make_agent('reference')
    found = list(itertools.islice(played(teacher, starts=1), 300))
    teacher.close()
    assert len(found) == 300


def test_every_epoch_has_all_outputs_in_an_order_of_its_own(outputs):
    some = outputs[:70]
    sequences = -(-len(some) // STATES)
    epochs = stream(some, letters, BOS, seed=4)
    first, second = (list(itertools.islice(epochs, sequences)) for _ in range(2))
    assert [p.examples for p in first] == [p.examples for p in second] == [*8 * [8], 6]
    assert sorted(sum((p.ids.tolist() for p in first), [])) == sorted(
        sum((p.ids.tolist() for p in second), [])
    )
    assert first[0].ids.tolist() != second[0].ids.tolist()


def test_a_state_sees_the_rules_and_itself_and_stands_where_it_will_stand():
    packed = pack_outputs('ab\n', [('cd>', 'xy\n'), ('e>', 'z\n')], letters, BOS, 'kd')
    assert packed.ids.tolist() == [BOS, *letters('ab\ncd>xye>z')]
    assert packed.positions.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 4, 5, 6]
    seen = packed.allowed
    assert seen[9:, :4].all() and not seen[9:, 4:9].any() and not seen[4:9, 9:].any()
    assert not np.triu(seen, 1).any() and np.diag(seen).all()
    assert seen[4:9, 4:9].sum() == 15


def test_every_token_of_an_answer_is_a_target_read_one_token_before():
    outputs = [('cd>', 'xy\n'), ('e>', 'z\n')]
    packed = pack_outputs('ab\n', outputs, letters, BOS, 'kd')
    told = [(t.example, chr(packed.ids[t.index]), chr(t.token)) for t in packed.tokens]
    assert told == [(0, '>', 'x'), (0, 'x', 'y'), (0, 'y', '\n'), (1, '>', 'z'), (1, 'z', '\n')]
    assert packed.choices == ()


def test_what_is_trained_is_what_is_asked_at_run_time(outputs):
    packed = next(packs(outputs[:1], letters, None))
    rules, state = kd_phrase(outputs[0].view)
    answer = board_text.brief_answer(outputs[0].moves)
    assert packed.ids.tolist() == letters(rules + state + answer)[:-1]
    assert [t.token for t in packed.tokens] == letters(answer)


@pytest.mark.train
def test_a_few_steps_lower_the_loss_and_say_who_taught(tmp_path, monkeypatch):
    pytest.importorskip('peft', reason='the extra .[train] brings torch, transformers and peft')
    from ld_agent.training.kd import Lesson, train_kd

    for name in ('BASE_URL', 'MODEL'):
        monkeypatch.delenv(f'LD_AGENT_LARGE_{name}', raising=False)
    monkeypatch.setattr('ld_agent.training.kd.CHECK_OUTPUTS', 4)
    monkeypatch.setattr('ld_agent.training.outputs.STATES', 4)
    monkeypatch.setattr('ld_agent.training.kd.STATES', 4)
    lesson = Lesson.of_configured_teacher(outputs=4, epochs=24)
    seen: list[dict] = []
    record = train_kd('smollm2', 'pursuit', tmp_path, lesson, seen.append)
    assert [r['step'] for r in seen] == [1, 2, 3, 4, 5, 6]
    assert seen[-1]['loss'] < seen[0]['loss']
    assert (record['teacher'], record['teacher_model'], record['outputs']) == ('reference', '', 4)
    assert json.loads((tmp_path / 'adapter' / 'training.json').read_text()) == record
    head = json.loads((tmp_path / 'log.jsonl').read_text().splitlines()[0])
    assert head['teacher'] == 'reference' and head['plan']['sequences'] == 24
    assert (tmp_path / 'adapter' / 'adapter_model.safetensors').exists()
    train_kd('smollm2', 'pursuit', tmp_path, lesson, seen.append)
    assert len(seen) == 6
    with pytest.raises(LdAgentError, match='holds the outputs of another lesson'):
        train_kd('smollm2', 'pursuit', tmp_path, Lesson('reference', '', 5), seen.append)


@pytest.mark.train
def test_the_loss_of_an_answer_is_minus_the_log_probability_of_its_tokens(outputs):
    torch = pytest.importorskip('torch', reason='the extra .[train] brings torch')
    pytest.importorskip('peft', reason='the extra .[train] brings peft')
    from ld_agent.student.writer import open_writer
    from ld_agent.training.loop import score
    from ld_agent.training.lora import Plan, Trainee

    source = fetch_model('smollm2')
    tokenizer, bos = read_tokenizer(source)
    packed = next(
        packs(outputs[:3], lambda t: tokenizer.encode(t, add_special_tokens=False).ids, bos)
    )
    with torch.no_grad():
        scores = score(Trainee(source, Plan(sequences=1)), packed)
    writer = open_writer()
    rules, state = kd_phrase(outputs[2].view)
    ids = [bos, *writer.encode_text(rules), *writer.encode_text(state)]
    answer = writer.encode_text(outputs[2].texts()[1])
    expected = []
    for number, token in enumerate(answer):
        (_, logits), *_ = writer.greedy(ids + answer[:number], writer.empty, 0, 1)
        expected.append(float(np.logaddexp.reduce(logits.astype(np.float64)) - logits[token]))
    found = [x for e, x in zip(scores.examples, scores.losses.tolist(), strict=True) if e == 2]
    assert found == pytest.approx(expected, abs=0.35)
