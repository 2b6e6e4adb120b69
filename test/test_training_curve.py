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
"""The curve of accuracy against answers comes from the logs as the trainer writes them."""

from __future__ import annotations

import json

from ld_agent.errors import LdAgentError
from ld_agent.training.curve import draw_curves, read_curve
import pytest

LOG = [
    {'plan': {'per_step': 4}, 'states': 12},
    {'step': 1, 'of': 4, 'loss': 0.5, 'by_kind': {'full': 0.5}},
    {'step': 2, 'of': 4, 'loss': 0.4, 'task': {'accuracy': 0.75, 'ece': 0.1}},
    {'step': 4, 'of': 4, 'loss': 0.3, 'task': {'accuracy': 1.0, 'ece': 0.0}},
]


@pytest.fixture
def log(tmp_path):
    file = tmp_path / 'log.jsonl'
    file.write_text('\n'.join(map(json.dumps, LOG)))
    return file


def test_answers_are_steps_times_sets_times_states(log):
    assert read_curve(log) == {'task': [(96, 0.75), (192, 1.0)]}


def test_a_panel_is_drawn_for_each_log(log, tmp_path):
    draw_curves([log, log], ['with reading', 'without'], tmp_path / 'curve.png')
    assert (tmp_path / 'curve.png').read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize('text', ['', '{}', 'no json', '{"plan": {"per_step": 4}}\n[1]'])
def test_another_file_is_refused_by_name(log, text):
    log.write_text(text)
    with pytest.raises(LdAgentError, match='is no log of a training') as caught:
        read_curve(log)
    assert str(log) in str(caught.value)
