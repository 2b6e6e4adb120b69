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
"""The steps of all methods are counted on the same seeds, and a bound stays below them."""

from __future__ import annotations

import json

from ld_agent import cli
from ld_agent.errors import LdAgentError
from ld_agent.steps_bench import steps_report
from ld_agent_sim.pursuit import Board
import pytest


def test_a_report_has_means_with_intervals_beside_bounds_and_rows_of_a_table():
    report = steps_report(episodes=4, first_seed=11, board=Board(9, 7), workers=1)
    assert report['seeds'] == [11, 14]
    assert report['board'] == '9x7'
    for found in report['evaders'].values():
        for name in ('greedy', 'reference', 'search', 'any_evader', 'optimal_evader'):
            assert found[name]['low'] <= found[name]['mean'] <= found[name]['high']
            assert found[name]['not_captured'] == 0
        assert found['any_evader']['mean'] <= found['search']['mean'] <= found['greedy']['mean']
        assert found['any_evader']['mean'] <= found['optimal_evader']['mean']
        ratio = found['reference']['mean'] / found['search']['mean']
        assert found['reference_over_search'] == pytest.approx(ratio)
    assert len(report['markdown']) == 7
    assert all(row.count('|') == 4 for row in report['markdown'])
    assert steps_report(episodes=4, first_seed=11, board=Board(9, 7), workers=2) == report


def test_too_few_episodes_are_refused_with_a_sentence():
    with pytest.raises(LdAgentError, match='1 episodes give no interval; use 2 or more'):
        steps_report(episodes=1)


def test_the_verb_needs_no_model(monkeypatch, capsys, tmp_path):
    def no_model(*_, **__):
        raise AssertionError('a model was opened')

    monkeypatch.setattr('ld_agent.cli.bench.open_student', no_model)
    out = tmp_path / 'steps.json'
    arguments = ['ld-agent', 'bench', 'steps', '--episodes', '2', '--seed', '5', '--out', str(out)]
    monkeypatch.setattr('sys.argv', arguments)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert json.loads(out.read_text()) == json.loads(capsys.readouterr().out)
    assert set(json.loads(out.read_text())) == {'machine', 'steps'}
