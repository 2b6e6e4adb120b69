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
"""`ld-agent emergency`, as a user runs it."""

from __future__ import annotations

import json

from ld_agent.cli.app import app
import pytest
from typer.testing import CliRunner

FIELDS = {'status', 'cells', 'name', 'source', 'manual', 'checks', 'reason', 'ms'}


def told(*arguments: str) -> dict:
    run = CliRunner().invoke(app, ['emergency', *arguments, '--json'])
    assert run.exit_code == 0, run.output
    return json.loads(run.stdout)


def test_a_sentence_is_answered_as_json():
    answer = told('--board', '20x20', 'rows 5 to 7 are closed')
    assert set(answer) >= FIELDS
    assert answer['status'] == 'accepted' and answer['reason'] == ''
    assert answer['cells'] == [[x, y] for x in range(20) for y in (5, 6, 7)]
    assert answer['name'] in answer['source']


def test_a_refused_one_tells_why_and_what_would_be_closed():
    answer = told('something is wrong near (3, 4)')
    assert answer['status'] == 'refused' and answer['cells'] == []
    assert answer['fail_safe_cells'] == [[3, 4]]
    assert 'publish the area as a polygon' in answer['reason']


def test_without_json_it_is_said_in_words():
    run = CliRunner().invoke(app, ['emergency', 'column 3 is closed until step 9', '--step', '2'])
    assert run.exit_code == 0
    assert 'closes x 3, y 0-19 (20 cells)' in run.output
    assert 'def _closed(x, y):' in run.output


@pytest.mark.parametrize(
    ('option', 'value', 'why'),
    [
        ('--board', 'wide', 'board'),
        ('--resolution', '0', 'no length'),
        ('--model', 'nobody/knows', 'no adapter for sentences ships'),
    ],
)
def test_a_wrong_option_is_one_sentence(option, value, why):
    run = CliRunner().invoke(app, ['emergency', 'row 3 is closed', option, value])
    assert run.exit_code != 0
    assert why in run.output + run.stderr
