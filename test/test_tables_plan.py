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
"""The plan of the tables: data that names every row, and refuses what it does not know."""

from __future__ import annotations

import os

from ld_agent.errors import LdAgentError
from ld_agent.players import make_agent, METHODS
from ld_agent.share import share_path
from ld_agent.tables.plan import check_methods, choose, FIRST_SEED, PAPER_SETTING, Row, TABLES
import pytest


def test_the_first_table_plays_the_papers_number_of_seeds_and_more_of_ours():
    (table,) = choose(TABLES, ['table1'])
    episodes = {row.method: row.episodes for row in table.rows}
    assert set(METHODS) <= set(episodes)
    assert episodes.pop('ld') == episodes.pop('reference') == 1000
    assert set(episodes.values()) == {200}
    assert all(row.seeds[0] == FIRST_SEED == 1_000_000 for row in table.rows)


def test_the_second_table_plays_the_papers_setting_and_then_every_other_scenario():
    setting, scenarios = choose(TABLES, ['table2', 'scenarios'])
    assert {row.scenario for row in setting.rows} == {PAPER_SETTING}
    for table, ours in ((setting, 500), (scenarios, 200)):
        for row in table.rows:
            assert row.episodes == (ours if row.method in ('ld', 'reference') else 200)
    methods = {'large', 'small_free', 'small_pick', 'kd', 'ld', 'reference'}
    assert {row.method for row in setting.rows} == methods
    shipped = {path.stem for path in share_path('config', 'scenarios').glob('*.yaml')}
    played = {(row.scenario, row.method) for row in scenarios.rows}
    assert played == {(s, m) for s in shipped - {PAPER_SETTING} for m in methods}


def test_every_row_of_a_table_has_a_file_of_its_own():
    for table in TABLES:
        names = [row.name for row in table.rows]
        assert len(set(names)) == len(names)


def test_rows_that_differ_in_the_scenario_have_other_names():
    assert Row('ld', scenario='config/scenarios/u_trap.yaml').name == 'ld-flee-u_trap'
    assert Row('ld', evader='random', variant='untuned').name == 'ld-untuned-random'


def test_fewer_episodes_can_be_asked_for():
    (table,) = choose(TABLES, ['table1'], episodes=3)
    assert {row.episodes for row in table.rows} == {3}
    assert list(table.rows[0].seeds) == [1_000_000, 1_000_001, 1_000_002]


def test_an_unknown_table_or_method_is_named_with_those_that_there_are():
    with pytest.raises(LdAgentError, match="table 'table9' is unknown; use some of table1"):
        choose(TABLES, ['table9'])
    with pytest.raises(LdAgentError, match="no table has a row for the method 'magic'"):
        check_methods(TABLES, ['magic'])


@pytest.mark.parametrize('method', METHODS)
def test_every_method_says_what_it_is_made_from(method):
    if method == 'kd' and not os.environ.get('LD_AGENT_SLOW'):
        pytest.skip('prepares a student of its own, a minute; LD_AGENT_SLOW=1 runs it')
    try:
        agent = make_agent(method, guard='count')
    except LdAgentError as error:
        pytest.skip(f'{method} is not configured here: {error}')
    assert agent.made_from is not None
    agent.close()
