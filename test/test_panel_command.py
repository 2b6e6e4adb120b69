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
"""`ld-agent panel` and `--panel`: what cannot be served ends with a sentence before it starts."""

from __future__ import annotations

import importlib.util
import socket

from ld_agent.cli.app import app
import pytest
from recorded import record
from typer.testing import CliRunner


def refusal(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 2
    return ' '.join(done.stderr.split())


@pytest.fixture
def without_nicegui(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, 'find_spec', lambda name, *a: None if name == 'nicegui' else real(name, *a)
    )


@pytest.mark.parametrize('arguments', [('panel',), ('pursuit', '--panel')])
def test_without_nicegui_it_says_what_to_install(without_nicegui, arguments):
    assert 'pip install "ld_agent[panel]"' in refusal(*arguments)


def test_a_folder_that_is_no_bag_is_refused(tmp_path):
    pytest.importorskip('nicegui', reason='needs the extra panel')
    assert 'is no bag' in refusal('panel', tmp_path)


def test_a_short_token_and_a_taken_port_are_refused(tmp_path):
    pytest.importorskip('nicegui', reason='needs the extra panel')
    bag = record(tmp_path / 'bag', [1])
    assert 'at least 16 are needed' in refusal('panel', bag, '--token', 'short')
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert 'choose another port' in refusal('panel', bag, '--port', port)
