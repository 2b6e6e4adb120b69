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
"""`ld-agent functions`: people list, read, check and trust the functions of a base."""

from __future__ import annotations

import json
from pathlib import Path
import shutil

from ld_agent import pin
from ld_agent.cli.app import app
from ld_agent.distill.draft import set_sections
from ld_agent.distill.replies import json_in
from ld_agent.function_base import load_task
from ld_agent.function_check import visible
from ld_agent.share import share_path
import pytest
import scripted_base as script
from typer.testing import CliRunner
import yaml

FILES = {'dash': script.DASH, 'ease_in': script.EASE_IN, 'shelter': script.SHELTER}


@pytest.fixture(autouse=True)
def manifest(tmp_path, monkeypatch) -> Path:
    """A manifest of the test's own."""
    file = tmp_path / 'manifest.json'
    shutil.copy(share_path('function_base', 'manifest.json'), file)
    monkeypatch.setattr(pin, 'manifest_file', lambda: file)
    return file


@pytest.fixture
def ferry(tmp_path) -> Path:
    """A base as a teacher leaves it."""
    folder = tmp_path / 'ferry'
    folder.mkdir()
    spec = {'name': 'ferry', **json_in(script.STAGES)}
    spec['stages'][1]['facts'] = script.FACT_VALUES
    (folder / 'task.yaml').write_text(yaml.safe_dump(spec))
    (folder / 'facts.py').write_text(script.FACTS)
    (folder / 'list_berths.py').write_text(set_sections(script.LIST_BERTHS, {'Rule': 'True'}))
    for name, source in FILES.items():
        text = set_sections(source, {'Rule': script.RULES_OF_CHOOSE[name]})
        (folder / f'{name}.py').write_text(text)
    (folder / pin.TEACHER).write_text('{}')
    return folder


def said(*arguments: object, ends: int = 0, answers: str = '') -> str:
    done = CliRunner().invoke(app, ['functions', *map(str, arguments)], input=answers)
    assert done.exit_code == ends, done.output
    return done.output


def trusted(folder: Path) -> list[str]:
    stages = load_task(folder).stages
    return sorted(f.name for stage in stages for f in stage.functions.values() if f.trusted)


def test_the_list_says_stage_and_trust(ferry):
    rows = {row['name']: row for row in json.loads(said('list', ferry, '--json'))}
    assert sorted(rows) == ['dash', 'ease_in', 'list_berths', 'shelter']
    assert (rows['dash']['stage'], rows['dash']['trusted']) == ('choose', False)
    shown = said('list', 'pursuit')
    assert 'keep_all' in shown and 'sandbox only' not in shown


def test_the_list_of_all_holds_the_shipped_bases():
    assert {'pursuit'} <= {row['base'] for row in json.loads(said('list', '--json'))}


def test_show_prints_manual_and_source(ferry):
    shown = said('show', ferry, 'dash')
    assert 'not trusted: it runs in the sandbox only' in shown
    assert "rule: way == 'long' and wind == 'calm'" in shown
    assert "return min(berths, key=lambda b: abs(b - state['target']))" in shown
    assert "has no function 'sail'" in said('show', ferry, 'sail', ends=2)
    told = json.loads(said('show', ferry, 'dash', '--json'))
    assert (told['name'], told['trusted']) == ('dash', False)
    assert told['rule'] == "way == 'long' and wind == 'calm'"
    assert told['source'] in shown


def test_check_runs_the_examples_in_the_sandbox_and_names_its_layers(ferry):
    shown = said('check', ferry)
    assert '4 functions in 2 stages, 4 examples hold in the sandbox, 0 functions' in shown
    assert 'sandbox layer ' in shown
    told = json.loads(said('check', ferry, '--json'))
    assert (told['functions'], told['examples'], told['trusted']) == (4, 4, 0)
    assert [layer['name'] for layer in told['sandbox']]


def test_check_names_every_fault(ferry):
    for name, old, new in (('dash', '        2\n', '        1\n'), ('shelter', 'Stage', 'Stag')):
        file = ferry / f'{name}.py'
        file.write_text(file.read_text().replace(old, new))
    shown = said('check', ferry, ends=2)
    assert 'gives 2, the manual says 1' in shown and "section 'Stage:' is missing" in shown


def test_an_example_that_runs_too_long_is_a_fault(ferry):
    file = ferry / 'dash.py'
    slow = '    sum([1 for a in range(10 ** 8)])\n    return min'
    file.write_text(file.read_text().replace('    return min', slow))
    assert 'failed in the sandbox' in said('check', ferry, ends=2)


def test_trust_shows_the_code_asks_and_pins_what_was_agreed_to(ferry, manifest):
    before = set(json.loads(manifest.read_text()))
    shown = said('trust', ferry, answers='y\ny\nn\ny\nn\n')
    assert shown.index('facts.py\n') < shown.index('dash.py\n')
    assert "return min(berths, key=lambda b: abs(b - state['target']))" in shown
    assert trusted(ferry) == ['dash', 'list_berths']
    assert set(json.loads(manifest.read_text())) == before | {'ferry'}
    assert sorted(json.loads(manifest.read_text())['ferry']) == [
        'dash.py', 'facts.py', 'list_berths.py'
    ]  # fmt: skip


def test_who_does_not_agree_pins_nothing(ferry, manifest):
    before = manifest.read_bytes()
    assert 'pinned: nothing' in said('trust', ferry, answers='n\n' * 5)
    said('trust', ferry, ends=1)
    assert manifest.read_bytes() == before and trusted(ferry) == []


def test_with_yes_named_functions_are_shown_and_pinned_with_the_facts_they_need(ferry):
    shown = said('trust', ferry, 'shelter', '--yes')
    assert 'pinned: facts.py, shelter.py; trusted: shelter' in shown
    assert 'def shelter' in shown and 'def dash' not in shown
    assert 'pinned: nothing' in said('trust', ferry, 'shelter', '--yes')


def test_functions_without_trusted_facts_stay_in_the_sandbox(ferry):
    shown = said('trust', ferry, answers='n\ny\ny\ny\ny\n')
    assert 'nothing of the base is yet' in shown and trusted(ferry) == []


def test_a_file_that_changed_after_it_was_trusted_is_not_trusted(ferry):
    said('trust', ferry, '--yes')
    assert trusted(ferry) == ['dash', 'ease_in', 'list_berths', 'shelter']
    file = ferry / 'dash.py'
    file.write_text(file.read_text().replace('nearest', 'closest'))
    assert trusted(ferry) == ['ease_in', 'list_berths', 'shelter']


def test_a_faulty_base_is_not_trusted(ferry, manifest):
    before = manifest.read_bytes()
    (ferry / 'dash.py').write_text('import os\n')
    assert "imports 'os'" in said('trust', ferry, '--yes', ends=2)
    assert 'has no function sail' in said('trust', 'pursuit', 'sail', '--yes', ends=2)
    assert 'was not found' in said('trust', 'nowhere', '--yes', ends=2)
    assert manifest.read_bytes() == before


def test_what_a_terminal_would_act_on_or_hide_is_written_out():
    assert visible('a = 1  # \x1b[2K\u202e\n') == 'a = 1  # \\x1b[2K\\u202e\n'


def test_making_the_manifest_anew_never_pins_what_a_teacher_wrote(ferry):
    assert pin.hashes(ferry.parent) == {}
    (ferry / pin.TEACHER).unlink()
    assert sorted(pin.hashes(ferry.parent)) == ['ferry']
