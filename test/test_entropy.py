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
"""Entropies keep their bounds, and are those of the choices that a decision takes."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from ld_agent.entropy import (
    Choice,
    entropy_of,
    measure_entropy,
    picking_choices,
    selection_choices,
    situations,
    summary,
    writing_choices,
)
from ld_agent.players import find_task
from ld_agent.plot_entropy import draw_entropy
from ld_agent.selector import Selector
from ld_agent.small import free_phrase, Picking, Writing
from ld_agent.student.writer import open_writer, Writer
import numpy as np
import pytest

TASK = find_task(None)


@pytest.fixture(scope='module')
def writer() -> Writer:
    """Return the untuned student."""
    return open_writer()


@pytest.fixture(scope='module')
def states():
    return situations(TASK, 2)


@given(st.lists(st.floats(-500, 500), min_size=1, max_size=30))
def test_an_entropy_lies_between_nothing_and_the_log_of_the_options(logits):
    found = entropy_of(np.array(logits))
    assert 0.0 <= found <= math.log(len(logits)) + 1e-9


def test_an_entropy_is_that_of_the_probabilities():
    logs = np.log(np.array([0.5, 0.25, 0.125, 0.125]))
    assert entropy_of(logs + 7.0) == pytest.approx(1.75 * math.log(2))
    assert entropy_of(np.zeros(8)) == pytest.approx(math.log(8))
    assert entropy_of(np.array([0.0, -1e9])) == 0.0


def test_means_are_over_choices_and_over_decisions():
    found = summary([[Choice(0.5, 2), Choice(0.1, 4)], [Choice(0.6, 2)]])
    assert found['per_choice'] == pytest.approx(0.4)
    assert found['per_decision'] == pytest.approx(0.6)
    assert found['choices_per_decision'] == 1.5
    assert found['bound_per_decision'] == pytest.approx(2 * math.log(2))
    assert found['share_of_bound'] == pytest.approx(1.2 / (4 * math.log(2)))


def test_the_same_seed_gives_the_same_situations(states):
    assert [view for view, _ in situations(TASK, 2)] == [view for view, _ in states]
    assert states[0][0] != situations(TASK, 1, seed=5)[0][0]


def test_selections_pickings_and_tokens_are_within_their_bounds(student, writer, states):
    picking, writing = Picking(writer, TASK.rules), Writing(writer, free_phrase(TASK.rules))
    for state in states:
        selected = selection_choices(Selector(student), TASK, state)
        picked = picking_choices(picking, state)
        written = writing_choices(writer, writing, state)
        several = [t for t in state[1].trace if len(t.candidates) > 1]
        assert [c.options for c in selected] == [len(t.candidates) for t in several]
        assert 1 <= len(picked) <= 3 and all(2 <= c.options <= 8 for c in picked)
        assert {c.options for c in written} == {49152}
        for choice in (*selected, *picked, *written):
            assert 0.0 <= choice.entropy <= choice.bound + 1e-6
        text = writing(state[0]).trace[0].selected
        assert len(written) - len(writer.encode_text(text)) in (0, 1)


def test_the_measurement_tells_every_method_or_why_it_was_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr('ld_agent.student.prepare.ADAPTERS', tmp_path)
    said = []
    found = measure_entropy(TASK, 'smollm2', 1, progress=said.append)
    assert said == list(found['methods']) == ['ld', 'small_pick', 'small_free']
    assert 'ld-agent train kd' in found['left_out']['kd']
    assert found['log_vocabulary'] == pytest.approx(math.log(49152))
    for figures in found['methods'].values():
        assert figures['per_decision'] <= figures['bound_per_decision']
    draw_entropy(found, tmp_path / 'entropy.png')
    assert (tmp_path / 'entropy.png').stat().st_size > 10_000
