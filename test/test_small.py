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
"""The student that gives moves: picking is a scoring of the listed cells, writing is read."""

from __future__ import annotations

from functools import cache

from ld_agent import board_text
from ld_agent.direct import DirectAgent
from ld_agent.errors import LdAgentError
from ld_agent.guard import GuardMode
from ld_agent.messages import State
from ld_agent.players import find_task, make_agent, prepare_method
from ld_agent.small import free_phrase, KEPT_RULES, KnownRules, Picking, Writing
from ld_agent.student.writer import open_writer, Writer
import numpy as np
import pytest

TASK = find_task(None)
VIEW = {
    'width': 14, 'height': 9, 'moves': 'exact', 'pursuers': [[1, 3], [12, 2], [0, 0]],
    'evader': [6, 3], 'walls': [], 'walls_block': False, 'areas': {},
}  # fmt: skip


@pytest.fixture(scope='module')
def writer() -> Writer:
    """Return the untuned student."""
    return open_writer()


def asked(view) -> State:
    seen = {key: value for key, value in view.items() if key != 'areas'}
    return State(task='pursuit', episode=0, seed=0, step=0, stamp=0.0, deadline=2.0,
                 observation=seen)  # fmt: skip


def brute_force(writer: Writer, text: str, names: list[str]) -> dict[str, float]:
    """Score every name token by token, from whole passes over the vocabulary."""
    ends = {name: writer.encode_text(f' {name}\n') for name in names}
    ids = [writer.bos, *writer.encode_text(text)]

    @cache
    def after(written: tuple[int, ...]) -> np.ndarray:
        (_, logits), *_ = writer.greedy([*ids, *written], writer.empty, 0, 1)
        return logits.astype(np.float64)

    scores = dict.fromkeys(names, 0.0)
    for name, tokens in ends.items():
        for depth, token in enumerate(tokens):
            rivals = {t[depth] for t in ends.values() if t[:depth] == tokens[:depth]}
            logits = after(tuple(tokens[:depth]))
            scores[name] += float(logits[token] - np.logaddexp.reduce(logits[sorted(rivals)]))
    return scores


@pytest.mark.parametrize('number', [0, 2])
def test_picking_is_the_best_of_a_brute_force_scoring(writer, number):
    picking = Picking(writer, TASK.rules)
    past, ids = picking.prompt(VIEW, number)
    text = board_text.rules_text(TASK.rules, VIEW) + '\n' + writer.decode(ids)
    names = [f'{x},{y}' for x, y in board_text.listed_moves(VIEW)[number]]
    expected = brute_force(writer, text, names)
    picked = picking.pick(VIEW, number)
    assert dict(zip(picked.candidates, picked.scores, strict=True)) == pytest.approx(
        expected, abs=1e-3
    )
    assert picked.selected == max(expected, key=lambda name: expected[name])
    assert sum(picked.probabilities) == pytest.approx(1.0)


def test_every_pursuer_picks_a_listed_cell_and_one_that_is_shut_in_stays(writer):
    walls = [[2, 0], [1, 1], [0, 2]]
    view = {**VIEW, 'walls': walls}
    player = DirectAgent(TASK, Picking(writer, TASK.rules), 'small_pick', GuardMode.COUNT)
    decision = player.decide(asked(view))
    player.close()
    assert decision.moves[2] == (0, 0) and decision.guarded == []
    assert [trace.facts['pursuer'] for trace in decision.trace] == ['1', '2']
    for trace, move in zip(decision.trace, decision.moves):
        assert list(move) == trace.result and trace.selected in trace.candidates


def test_the_picked_question_tells_the_closed_areas(writer):
    picking = Picking(writer, TASK.rules)
    plain = picking.pick(VIEW, 0).scores
    closed = picking.pick({**VIEW, 'areas': {'heron': [[3, 3]]}}, 0)
    assert closed.scores != plain
    assert '3,3' in closed.candidates


def test_what_is_written_comes_from_rules_and_state(writer):
    writing = Writing(writer, free_phrase(TASK.rules))
    answer = writing(VIEW)
    past, ids = writing.prompt(VIEW)
    assert answer.trace[0].selected == writer.write(ids, past, 48)
    told, _ = free_phrase(TASK.rules)(VIEW)
    assert len(past) == 1 + len(writer.encode_text(told))
    assert answer.trace[0].facts == {'pursuers': '1,3 12,2 0,0', 'evader': '6,3'}


def test_rules_are_encoded_once_and_few_are_kept(writer):
    rules = KnownRules(writer)
    first = rules('Board 0\n')
    assert rules('Board 0\n') is first
    for number in range(1, KEPT_RULES + 1):
        rules(f'Board {number}\n')
    assert rules('Board 0\n') is not first


def test_kd_without_its_adapter_is_refused_with_the_training_command(tmp_path, monkeypatch):
    monkeypatch.setattr('ld_agent.student.prepare.ADAPTERS', tmp_path)
    for call in (lambda: make_agent('kd'), lambda: prepare_method('kd', 'smollm2')):
        with pytest.raises(LdAgentError) as caught:
            call()
        assert '`ld-agent train kd --task pursuit --out DIR --outputs 30000`' in str(caught.value)
        assert '\n' not in str(caught.value)


def test_large_without_an_endpoint_is_refused_with_what_to_set(monkeypatch):
    for name in ('BASE_URL', 'MODEL'):
        monkeypatch.delenv(f'LD_AGENT_LARGE_{name}', raising=False)
    for call in (lambda: make_agent('large'), lambda: prepare_method('large', 'smollm2')):
        with pytest.raises(LdAgentError, match='LD_AGENT_LARGE_BASE_URL and LD_AGENT_LARGE_MODEL'):
            call()
