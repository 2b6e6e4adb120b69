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
"""`ld-agent tables`: from the plan to the page, and what it says when it cannot."""

from __future__ import annotations

from ld_agent.cli.app import app
from ld_agent.tables.store import Store
import pytest
from typer.testing import CliRunner

PAGE = 'hand-written\n<!-- tables:table1 -->\n<!-- /tables:table1 -->\n'


@pytest.fixture
def run(tmp_path):
    """Run the command on a page and a folder of its own."""
    page = tmp_path / 'page.md'
    page.write_text(PAGE)

    def invoke(*arguments):
        options = ['--out', str(tmp_path / 'results'), '--docs', str(page)]
        return CliRunner().invoke(app, ['tables', *options, *arguments])

    return invoke


SMALL = ('table1', '--methods', 'random,reference', '--seeds', '3', '--processes', '1')


def test_the_page_is_written_and_a_check_agrees(run, tmp_path):
    done = run(*SMALL)
    assert done.exit_code == 0, done.output
    text = (tmp_path / 'page.md').read_text()
    assert text.startswith('hand-written\n')
    for part in (
        '| `reference` | 3 | 100.0 % [43.9, 100.0]', '| `ld` | not run |',
        '`ld-agent tables table1 --seeds 3`', '](table1_steps.png)', '](table1_latency.png)',
    ):  # fmt: skip
        assert part in text
    assert (tmp_path / 'table1_steps.png').exists() and (tmp_path / 'table1_latency.png').exists()

    again = run(*SMALL)
    assert again.exit_code == 0
    assert (tmp_path / 'page.md').read_text() == text

    checked = run('--check', *SMALL)
    assert checked.exit_code == 0
    assert '6 episodes came out the same, 0 differences' in checked.output


def test_a_check_of_nothing_fails(run):
    done = run('--check', '--methods', 'random')
    assert done.exit_code == 1
    assert 'nothing is stored' in done.output


@pytest.mark.parametrize(
    'arguments, said',
    [
        (['table7'], "table 'table7' is unknown"),
        (['--methods', 'ld,magic'], "the method 'magic'"),
        (['table1', '--engine', 'slurm'], "engine 'slurm' is unknown"),
    ],
)
def test_what_is_unknown_is_one_sentence(run, arguments, said):
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in done.output
    assert 'Traceback' not in done.output


def test_a_page_without_markers_is_refused_before_anything_is_played(run, tmp_path):
    (tmp_path / 'page.md').write_text('no markers')
    done = run(*SMALL)
    assert done.exit_code == 2
    assert "the table 'table1' has no place" in done.output
    assert not (tmp_path / 'results').exists()


def test_two_runs_do_not_write_to_the_same_folder(run, tmp_path):
    with Store(tmp_path / 'results').locked():
        done = run(*SMALL)
    assert done.exit_code == 2
    assert 'another run writes there' in done.output
