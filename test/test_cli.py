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
"""The command line as a whole: JSON from every verb that reports, helpful errors, completion."""

from __future__ import annotations

import json
import os
from pathlib import Path
import subprocess
import sys

from ld_agent.bags import read_episodes
from ld_agent.cli.app import app
from ld_agent.cli.common import print_figures
from ld_agent.methods import METHODS
from ld_agent_sim.pursuit import Board
import pytest
from recorded import record
import typer
from typer.testing import CliRunner

COMMAND = str(Path(sys.executable).with_name('ld-agent'))
SILENT = {
    'train reading', 'train sentences', 'train dpr', 'train curve', 'train average',
    'functions trust', 'panel',
}  # fmt: skip
"""Verbs that leave files and report nothing, or ask."""


def _verbs(group, above: str = '') -> dict:
    found = {}
    for name, command in group.commands.items():
        inner = getattr(command, 'commands', None)
        found.update(_verbs(command, f'{name} ') if inner else {above + name: command})
    return found


VERBS = _verbs(typer.main.get_command(app))


@pytest.mark.parametrize('verb', sorted(set(VERBS) - SILENT))
def test_every_verb_that_reports_takes_json(verb):
    assert any('--json' in parameter.opts for parameter in VERBS[verb].params)


def test_no_verb_is_forgotten():
    assert set(VERBS) >= SILENT | {'doctor', 'compare', 'export', 'redecide', 'evaluate'}


@pytest.mark.parametrize(
    ('arguments', 'help_given'),
    [
        (['purs'], "Did you mean 'pursuit'"),
        (['trian', 'ld'], "Did you mean 'train'"),
        (['pursuit', '--epsodes', '3'], '--episodes'),
        (['export', 'bag', '--fromat', 'csv', '--out', 'x'], '--format'),
        (['evaluate'], "Missing argument 'bags'"),
        (['pursuit', '--episodes', 'many'], "'--episodes'"),
    ],
)
def test_what_is_mistyped_is_answered_with_what_there_is(arguments, help_given):
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 2
    assert help_given in ran.output
    assert 'Traceback' not in ran.output


def _completed(*words: str) -> list[str]:
    """Return what bash would be offered for the last of `words`."""
    line = ['ld-agent', *words]
    done = subprocess.run(
        [COMMAND], capture_output=True, text=True, timeout=120,
        env={**os.environ, '_LD_AGENT_COMPLETE': 'complete_bash',
             'COMP_WORDS': ' '.join(line), 'COMP_CWORD': str(len(line) - 1)},
    )  # fmt: skip
    return done.stdout.split()


@pytest.mark.parametrize(
    ('words', 'offered'),
    [
        (('re',), ['replay', 'redecide']),
        (('compare', '--js'), ['--json']),
        (('pursuit', '--method', 's'), [m for m in METHODS if m.startswith('s')]),
    ],
)
def test_the_shell_completes_verbs_options_and_values(words, offered):
    assert sorted(_completed(*words)) == sorted(offered)


def test_replay_tells_the_same_as_json(tmp_path):
    bag = record(tmp_path / 'bag', [1], board=Board(9, 7))
    (episode,) = read_episodes(bag)
    ran = CliRunner().invoke(app, ['replay', str(bag), '--json'])
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert [s['state']['step'] for s in told['steps']] == list(range(episode.result.steps))
    assert told['steps'][0]['decision'] == episode.decisions[0].model_dump(mode='json')
    assert told['verdict']['outcome'] == episode.result.outcome
    ran = CliRunner().invoke(app, ['replay', str(bag), '--json', '--step', '99'])
    assert (ran.exit_code, ran.stdout) == (2, '')


def test_nested_figures_are_shown_a_line_each_on_a_terminal_else_as_json(capsys, monkeypatch):
    figures = {'speed': {'median': 22.34567, 'parts': [1, 2]}, 'student': 'smollm2'}
    print_figures(figures, as_json=False, title='figures')
    assert json.loads(capsys.readouterr().out) == figures
    monkeypatch.setenv('FORCE_COLOR', '1')
    print_figures(figures, as_json=True, title='figures')
    assert json.loads(capsys.readouterr().out) == figures
    print_figures(figures, as_json=False, title='figures')
    shown = capsys.readouterr().out
    assert 'speed.median' in shown and '22.35' in shown and '[1, 2]' in shown


def test_a_verb_that_needs_no_heavy_library_loads_none():
    heavy = ('scipy', 'matplotlib', 'onnx', 'torch', 'rclpy')
    asked = f'import sys, ld_agent.cli.app; print([m for m in {heavy} if m in sys.modules])'
    assert subprocess.run([sys.executable, '-c', asked], capture_output=True).stdout == b'[]\n'
