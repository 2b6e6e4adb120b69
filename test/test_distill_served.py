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
"""A base asked of a real server of the protocol, with a model too small to write one."""

from __future__ import annotations

import json
from pathlib import Path

from ld_agent.cli.app import app
import pytest
import scripted_base as script
from test_teacher_served import served  # noqa: F401
from typer.testing import CliRunner

pytestmark = [pytest.mark.train, pytest.mark.timeout(900)]


def test_a_model_that_cannot_write_a_base_leaves_a_reason_and_nothing_half_made(
    served,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    base_url, model = served
    for name, value in (('BASE_URL', base_url), ('MODEL', model)):
        monkeypatch.setenv(f'LD_AGENT_LARGE_{name}', value)
    monkeypatch.setenv('LD_AGENT_CACHE', str(tmp_path / 'cache'))
    monkeypatch.chdir(tmp_path)
    Path('RULES.md').write_text(script.RULES)
    command = ['distill', 'RULES.md', '--out', 'bases/ferry', '--repairs', '1']
    done = CliRunner().invoke(app, [*command, '--reply-tokens', '32'])
    assert done.exit_code == 2, done.output
    report = json.loads(Path('bases/ferry.distill/report.json').read_text())
    assert report['outcome'] == 'failed'
    assert report['why'].startswith('stages: after 2 replies not accepted: stages: ')
    assert 'no base was made' in done.output
    assert (report['totals']['asked'], report['totals']['accepted']) == (2, 0)
    (step,) = report['steps']
    assert {fault['reply'] for fault in step['faults']} == {1, 2}
    assert report['why'] in Path('bases/ferry.distill/report.md').read_text()
    assert [path.name for path in Path('bases').iterdir()] == ['ferry.distill']
