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
"""A bag becomes a table: one row a step, the same values in CSV and in Parquet."""

from __future__ import annotations

import csv
import json
import sys

from ld_agent.bags import read_episodes
from ld_agent.cli.app import app
from ld_agent.episodes import state_of
from ld_agent.errors import LdAgentError
from ld_agent.export import export_bags, rows_of
from ld_agent.players import make_agent
from ld_agent.worlds import open_world
from ld_agent_sim.pursuit import Board
import pytest
from recorded import record, Recording
from typer.testing import CliRunner

BOARD = Board(13, 9, walls=frozenset({(6, 4), (6, 5)}))


def lose_one(step, decision):
    return None if step == 1 else decision


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    folder = tmp_path_factory.mktemp('export')
    return record(folder / 'bag', [1, 2], board=BOARD, hook=lose_one, area=[(0, 0), (1, 0)])


def test_each_step_is_a_row_with_state_moves_and_every_stage(bag):
    episode = read_episodes(bag)[0]
    rows = rows_of(episode)
    assert [row['step'] for row in rows] == list(range(episode.result.steps))
    first, state, decision = rows[0], episode.states[0], episode.decisions[0]
    assert [first['evader_x'], first['evader_y']] == state.observation['evader']
    assert [first['pursuer_2_x'], first['pursuer_2_y']] == state.observation['pursuers'][2]
    assert (first['move_0_x'], first['move_0_y']) == decision.moves[0]
    assert (first['walls'], first['restricted_cells']) == (2, 2)
    for number, trace in enumerate(decision.trace, start=1):
        name = f'{trace.stage}_{number}'
        assert first[f'{name}_selected'] == trace.selected
        assert json.loads(first[f'{name}_scores']) == trace.scores
        assert json.loads(first[f'{name}_result']) == trace.result
        assert first[f'{name}_ms'] == trace.ms
    assert (rows[1]['decided'], 'move_0_x' in rows[1]) == (False, False)
    assert {row['outcome'] for row in rows} == {episode.result.outcome}


def test_csv_and_parquet_hold_the_same(bag, tmp_path):
    parquet = pytest.importorskip('pyarrow.parquet', reason='needs the extra parquet')
    steps = sum(episode.result.steps for episode in read_episodes(bag))
    assert export_bags([bag], 'csv', tmp_path / 'a.csv') == steps
    assert export_bags([bag], 'parquet', tmp_path / 'a.parquet') == steps
    with (tmp_path / 'a.csv').open(encoding='utf-8', newline='') as file:
        written = list(csv.DictReader(file))
    table = parquet.read_table(tmp_path / 'a.parquet')
    assert len(written) == table.num_rows == steps
    assert list(written[0]) == table.column_names
    for text, typed in zip(written, table.to_pylist(), strict=True):
        assert text == {name: '' if v is None else str(v) for name, v in typed.items()}
    assert str(table.schema.field('evader_x').type) == 'int64'
    assert str(table.schema.field('decided').type) == 'bool'


def test_an_unknown_format_a_missing_library_and_a_bad_place_are_named(bag, tmp_path, monkeypatch):
    with pytest.raises(LdAgentError, match="format 'xls' is unknown; use one of csv, parquet"):
        export_bags([bag], 'xls', tmp_path / 'a.xls')
    with pytest.raises(LdAgentError, match='cannot be written .*--out'):
        export_bags([bag], 'csv', tmp_path / 'no' / 'a.csv')
    monkeypatch.setitem(sys.modules, 'pyarrow', None)
    with pytest.raises(LdAgentError, match=r'ld_agent\[parquet\]'):
        export_bags([bag], 'parquet', tmp_path / 'a.parquet')


def test_the_command_tells_how_many_steps(bag, tmp_path):
    out = tmp_path / 'steps.csv'
    arguments = ['export', str(bag), '--format', 'csv', '--out', str(out)]
    ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0, ran.output
    rows = len(out.read_text(encoding='utf-8').splitlines()) - 1
    assert ran.stdout.startswith(f'{rows} steps: ')
    said = json.loads(CliRunner().invoke(app, [*arguments, '--json']).stdout)
    assert said == {'out': str(out), 'format': 'csv', 'rows': rows}


def test_a_task_without_a_board_is_a_table_of_what_was_observed(tmp_path):
    agent = make_agent('reference', 'twenty_one')
    world = open_world('twenty_one', 'stand_17', '20x20', 'exact', '', '')
    recording = Recording(tmp_path / 'bag')
    states = []
    world.reset(15)
    while not world.done:
        states.append(state_of(world, 15))
        decision = agent.decide(states[-1])
        recording.put('state', states[-1].model_dump_json())
        recording.put('decision', decision.model_dump_json())
        world.apply(decision.model_dump(include={'moves', 'action'}))
    agent.close()
    recording.close()
    assert export_bags([tmp_path / 'bag'], 'csv', tmp_path / 'rows.csv') == len(states)
    with (tmp_path / 'rows.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [json.loads(row['hand']) for row in rows] == [s.observation['hand'] for s in states]
    assert {row['action'] for row in rows} <= {'hit', 'stand'}
