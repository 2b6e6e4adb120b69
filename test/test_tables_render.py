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
"""The page: what stands around the tables stays, every row is there, figures are the counts."""

from __future__ import annotations

import math

from ld_agent.errors import LdAgentError
from ld_agent.summary import mean_interval, wilson
from ld_agent.tables.plan import Row, Table
from ld_agent.tables.plots import draw_plots
from ld_agent.tables.render import (
    labels,
    put_between_markers,
    read_page,
    render_table,
    steps_of,
)
from ld_agent.tables.run import RowResult, Standing
import matplotlib.image
import pytest
from scipy.stats import binomtest, ttest_1samp
from tabling import plan, record

TABLE = plan('ld', 'kd', 'random')


def results(**fields):
    ld, kd, random = TABLE.rows
    endings = ['success'] * 3 + ['failure_with_violation']
    return [
        RowResult(
            ld, tuple(record(n, 'ld', outcome=o, steps=9 + n) for n, o in enumerate(endings))
        ),
        RowResult(kd, (), Standing.NOT_CONFIGURED, 'no adapter | none; train one.'),
        RowResult(random, (record(1, 'random', agreed=10, **fields),)),
    ]


def cells(text, head):
    """Return label → cells of the table whose header begins with `head`."""
    lines = text.split(f'| {head}', 1)[1].split('\n\n')[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip('|').split(' | ')] for line in lines]
    return {row[0]: row[1:] for row in rows}


@pytest.mark.parametrize('total', [1, 7, 200, 1000])
def test_wilson_intervals_are_those_of_the_formula_and_of_scipy(total):
    z = 1.959963984540054
    for hits in {0, 1, total // 2, total}:
        share = hits / total
        middle = (share + z * z / (2 * total)) / (1 + z * z / total)
        half = math.sqrt(share * (1 - share) / total + z * z / (4 * total**2))
        half *= z / (1 + z * z / total)
        found = wilson(hits, total)
        interval = binomtest(hits, total).proportion_ci(0.95, method='wilson')
        assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
        assert (found.low, found.high) == pytest.approx((middle - half, middle + half), abs=1e-9)


def test_the_interval_of_a_mean_is_students():
    values = [9, 10, 11, 15]
    interval = ttest_1samp(values, 0).confidence_interval(0.95)
    assert mean_interval(values) == pytest.approx((11.25, interval.low, interval.high))
    assert mean_interval([7]) == (7, 7, 7)


def test_the_figures_are_the_counts():
    text = render_table(TABLE, results(), 'ld-agent tables small')
    rows = cells(text, 'method | episodes')
    assert rows['`ld`'] == [
        '4', '75.0 % [30.1, 95.4]', '0.0 % [0.0, 49.0]', '25.0 % [4.6, 69.9]',
        '10.00 [7.52, 12.48]',
    ]  # fmt: skip
    assert cells(text, 'method | agree')['`random`'] == [
        '10 of 30', '33.3 % [19.2, 51.2]', '1',
    ]  # fmt: skip
    assert cells(text, 'method | selections')['`ld`'] == ['8', '21, 22', '60, 60']


def test_a_method_that_is_not_configured_keeps_its_row_and_its_reason():
    text = render_table(TABLE, results(), 'ld-agent tables small')
    assert cells(text, 'method | episodes')['`kd`'][0] == 'not configured'
    assert text.endswith('- `kd`: not configured: no adapter \\| none; train one.')


def test_stored_episodes_of_a_method_that_was_not_played_are_marked():
    (row,) = plan('kd').rows
    for standing in (Standing.NOT_CONFIGURED, Standing.NOT_SELECTED):
        kept = [RowResult(row, (record(1, 'kd'),), standing, 'no adapter')]
        assert 'as stored, not verified' in render_table(plan('kd'), kept, 'x')
    none = [RowResult(row, (), Standing.NOT_SELECTED)]
    assert cells(render_table(plan('kd'), none, 'x'), 'method | episodes')['`kd`'][0] == 'not run'


def test_a_row_that_stopped_says_so():
    (row,) = plan('large').rows
    kept = [RowResult(row, (record(1, 'large'),), Standing.STOPPED, 'no answer')]
    text = render_table(plan('large'), kept, 'x')
    assert '- `large`: stopped after 1 of 6 episodes: no answer.' in text


def test_the_caption_has_command_machine_and_what_was_played():
    text = render_table(TABLE, results(machine='another, 8 cores', processes=8), 'ld-agent x')
    for part in (
        '`ld-agent x`', 'against `flee`', 'from 1000000', 'a machine, 2 at once',
        'another, 8 cores, 8 at once', 'version 0',
    ):  # fmt: skip
        assert part in text


def test_a_table_of_another_game_is_only_data(tmp_path):
    """Victory, loss and draw, and no steps: no code has to change."""
    outcomes = {'victory': 'victory', 'loss': 'loss', 'draw': 'draw'}
    table = Table('cards', 'Cards', (Row('ld', 'stand_17', task='cards'),), outcomes)
    episodes = [record(n, 'ld', outcome=o) for n, o in enumerate(['victory', 'loss', 'victory'])]
    shown = [RowResult(table.rows[0], tuple(episodes))]
    text = render_table(table, shown, 'x')
    assert 'against `stand_17`' in text
    assert '| method | episodes | victory | loss | draw |\n' in text
    assert [cell[:6] for cell in cells(text, 'method | episodes')['`ld`']] == [
        '3', '66.7 %', '33.3 %', '0.0 % '
    ]  # fmt: skip
    assert steps_of(table, shown[0]) == []
    assert draw_plots(table, shown, tmp_path) == ['cards_latency.png']


def test_labels_name_what_differs():
    rows = (Row('ld', scenario='u_trap'), Row('ld'))
    assert list(labels(Table('t', 'T', rows, {})).values()) == ['ld, u_trap', 'ld, open board']
    assert list(labels(TABLE).values()) == ['ld', 'kd', 'random']


def test_what_stands_around_a_table_is_left_alone(tmp_path):
    page = tmp_path / 'page.md'
    page.write_text('before\n<!-- tables:small -->\nold\n<!-- /tables:small -->\nafter\n')
    text = put_between_markers(read_page(page, [TABLE]), 'small', 'new', page)
    assert text == 'before\n<!-- tables:small -->\n\nnew\n\n<!-- /tables:small -->\nafter\n'
    assert put_between_markers(text, 'small', 'new', page) == text


@pytest.mark.parametrize(
    'text',
    [
        '',
        '<!-- tables:small -->',
        '<!-- /tables:small --><!-- tables:small -->',
        2 * '<!-- tables:small --><!-- /tables:small -->',
        '<!-- tables:other --><!-- /tables:other -->',
    ],
)
def test_a_page_without_a_place_for_a_table_is_refused_before_anything_is_played(tmp_path, text):
    page = tmp_path / 'page.md'
    page.write_text(text)
    with pytest.raises(LdAgentError, match="page.md: the table 'small' has no place; put the"):
        read_page(page, [TABLE])


def test_a_page_that_is_not_there_is_named(tmp_path):
    with pytest.raises(LdAgentError, match='page.md: cannot be read .* with --docs'):
        read_page(tmp_path / 'page.md', [TABLE])


def test_plots_are_drawn_of_what_there_is(tmp_path):
    assert draw_plots(TABLE, results(), tmp_path) == ['small_steps.png', 'small_latency.png']
    for name in ('small_steps.png', 'small_latency.png'):
        picture = matplotlib.image.imread(tmp_path / name)
        assert picture.shape[1] > 1000
        assert picture[..., :3].std() > 0.05
    none = [RowResult(row, (), Standing.NOT_SELECTED) for row in TABLE.rows]
    assert draw_plots(TABLE, none, tmp_path) == []
