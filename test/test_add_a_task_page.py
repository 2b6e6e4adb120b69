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
"""The page about adding a task shows what is there: files, code, commands, figures."""

from __future__ import annotations

from pathlib import Path
import re
import shlex

from ld_agent.cli.app import app
from ld_agent.players import find_task
import typer

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / 'docs' / 'add-a-task.md').read_text(encoding='utf-8')
TASK = find_task(None, 'patrol')


def _blocks(language):
    return re.findall(rf'```{language}\n(.*?)```', PAGE, re.DOTALL)


def test_the_files_it_lists_are_there():
    listed = re.findall(r'^\| `([^`]+)` \|', PAGE.partition('## 1.')[0], re.MULTILINE)
    assert len(listed) == 7
    assert all(list(ROOT.glob(name)) for name in listed)


def test_the_code_it_shows_is_that_of_the_task():
    files = [ROOT / 'sim' / 'patrol.py', *(ROOT / 'function_base' / 'patrol').iterdir()]
    text = '\n'.join(file.read_text(encoding='utf-8') for file in files if file.is_file())
    shown = [block for block in _blocks('python') if 'open_world' not in block]
    assert len(shown) == 4
    assert all(block in text for block in [*shown, *_blocks('yaml')])


def test_its_commands_exist():
    verbs = typer.main.get_command(app).commands
    commands = [shlex.split(line) for block in _blocks('sh') for line in block.splitlines()]
    assert len(commands) == 4
    for program, verb, *rest in commands:
        known = {option for p in verbs[verb].params for option in p.opts}
        assert program == 'ld-agent'
        assert {word for word in rest if word.startswith('--')} <= known


def test_its_script_runs():
    (script,) = (block for block in _blocks('python') if 'open_world' in block)
    seen = {}
    exec(script.replace('1001000', '1000005'), seen)
    assert sum(seen['outcomes'].values()) == 5
    assert set(seen['outcomes']) <= {'complete', 'returned', 'adrift'}


def test_it_counts_situations_and_functions_right():
    situations = sum(len(stage.fact_combinations()) for stage in TASK.stages)
    assert f'**{situations} combinations**' in PAGE
    assert sum(len(stage.functions) for stage in TASK.stages) == 9
