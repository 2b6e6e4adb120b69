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
"""What the panel shows: put together from messages, live and from a bag alike."""

from __future__ import annotations

import math
import re

from ld_agent.bags import read_episodes
from ld_agent.emergency import area_function
from ld_agent.errors import BagError
from ld_agent.messages import Decision, FunctionUpdate, Result, StageTrace, State
from ld_agent.panel.board import cell_at, EDGE, ground, vessels
from ld_agent.panel.recorded import views_of
from ld_agent.panel.view import rectangle, Watch
from ld_agent.panel.words import emergencies_html, headline, tally_html, trace_html
from ld_agent.players import find_task
from ld_agent_sim.areas import polygon_cells
from ld_agent_sim.pursuit import Board
import pytest
from recorded import record

SIZE = (9, 7)
AREA = {(x, y) for x in (3, 4, 5) for y in (2, 3)}


@pytest.fixture(scope='module')
def task():
    return find_task(None)


@pytest.fixture
def watch(task):
    watch = Watch(task)
    yield watch
    watch.close()


def state(step=0, episode=0, done=False, **other):
    seen = {'width': 9, 'height': 7, 'moves': 'exact', 'walls': [[0, 6]], 'walls_block': False,
            'pursuers': [[step, 0], [step, 1], [step, 2]], 'evader': [8, 6]}  # fmt: skip
    return State(
        task='pursuit', episode=episode, seed=3, step=step, done=done, stamp=0.0, deadline=1.0,
        observation={**seen, **other},
    )  # fmt: skip


def decision(step=0, episode=0, ms=20.0, **other):
    return Decision(task='pursuit', episode=episode, step=step, step_ms=ms, **other)


def area(task, expires_at_step=None) -> FunctionUpdate:
    corners = rectangle((5, 3), (3, 2))
    return area_function(task, corners, SIZE, (), 'drawn', expires_at_step=expires_at_step)


def result(outcome='success'):
    return Result(task='pursuit', method='ld', episode=0, seed=3, outcome=outcome, steps=2,
                  violations=1, lost_turns=2)  # fmt: skip


def test_a_rectangle_closes_both_its_corner_cells_and_all_between():
    assert polygon_cells(rectangle((5, 3), (3, 2)), Board(*SIZE)) == AREA
    assert polygon_cells(rectangle((4, 4), (4, 4)), Board(*SIZE)) == {(4, 4)}


def test_an_area_is_shown_from_its_function_until_it_is_lifted(task, watch):
    watch.hear(state())
    watch.hear(area(task))
    assert watch.view().closed == AREA
    (update,) = watch.view().emergencies.values()
    assert 'drawn' in emergencies_html(watch.view())
    assert 'def kestrel_keepout' in emergencies_html(watch.view())
    watch.hear(FunctionUpdate(action='remove', name=update.name))
    assert watch.view().closed == frozenset()
    assert watch.view().emergencies == {}


def test_an_area_that_was_published_before_the_board_was_known_is_shown(task, watch):
    watch.hear(area(task))
    watch.hear(state())
    assert watch.view().closed == AREA


def test_an_area_expires(task, watch):
    watch.hear(area(task, expires_at_step=4))
    watch.hear(state(3))
    assert watch.view().closed == AREA
    watch.hear(state(4))
    assert (watch.view().closed, watch.view().emergencies) == (frozenset(), {})


def test_what_is_closed_in_truth_is_shown_and_walls_apart(watch):
    watch.hear(state())
    watch.hear_truth(frozenset({(0, 6), (2, 2)}))
    assert watch.view().closed == {(2, 2)}
    assert ground(watch.view()).count('class="wall"') == 1


def test_a_function_that_cannot_be_read_is_said(watch):
    watch.hear(state())
    watch.hear(FunctionUpdate(action='add', name='bad', source='import os'))
    assert "'bad' is refused" in watch.view().notice


def test_a_decision_is_shown_with_its_state_alone(watch):
    watch.hear(decision(1))
    watch.hear(state(0))
    assert watch.view().decision is None
    watch.hear(state(1))
    assert watch.view().decision.step == 1
    watch.hear(decision(0))
    assert watch.view().decision.step == 1


def test_success_and_latency_add_up(watch):
    for step, ms in enumerate((10.0, 30.0, 20.0)):
        watch.hear(state(step))
        watch.hear(decision(step, ms=ms))
        watch.hear(decision(step, ms=ms))  # who joins late is told again
    watch.hear(result())
    watch.hear(result('failure_with_violation'))
    tally = watch.view().tally
    assert tally.outcomes == {'success': 1, 'failure_with_violation': 1}
    assert (tally.episodes, tally.violations, tally.lost_turns) == (2, 2, 4)
    assert (tally.median_ms, tally.worst_ms) == (20.0, 30.0)
    assert 'episodes ended: 2' in tally_html(watch.view())


def test_a_trail_grows_and_ends_with_its_episode(watch):
    for step in range(3):
        watch.hear(state(step))
    assert watch.view().trails[0] == ((0, 0), (1, 0))
    watch.hear(state(0, episode=1))
    assert watch.view().trails == ((), (), ())


def test_an_observation_that_makes_no_sense_is_said_and_not_drawn(watch):
    watch.hear(state())
    watch.hear(state(1, pursuers='everywhere'))
    view = watch.view()
    assert view.state.step == 0
    assert 'pursuers' in view.notice


def test_a_picture_is_made_once_for_what_was_heard(watch):
    watch.hear(state())
    assert watch.view() is watch.view()
    first = watch.view()
    watch.hear(decision())
    assert watch.view() is not first


def test_texts_from_messages_are_escaped(watch):
    evil = '<script>alert(1)</script>'
    trace = StageTrace(stage=evil, facts={evil: evil}, candidates=[evil], scores=[0.0],
                       selected=evil, result=evil, ms=1.0, note=evil)  # fmt: skip
    watch.hear(state())
    watch.hear(decision(trace=[trace], method=evil, action=evil))
    watch.hear(FunctionUpdate(action='add', name='evil', source=evil, origin=evil))
    view = watch.view()
    for told in (trace_html(view), emergencies_html(view)):
        assert '<script>' not in told and '&lt;script&gt;' in told


def test_the_trace_shows_each_candidate_with_its_score_and_share_and_what_came_of_it(watch):
    trace = StageTrace(
        stage='measure', facts={'way': 'blocked'}, candidates=['by_path', 'straight'],
        scores=[math.log(0.75), math.log(0.25)], selected='by_path', result=[[1, 2]], ms=12.34,
    )  # fmt: skip
    remark = {'pursuer': 0, 'asked': (8, 8), 'why': 'off the board'}
    watch.hear(state())
    watch.hear(decision(trace=[trace], method='ld', moves=[(1, 2)], ms=41.0, guarded=[remark]))
    rows = re.findall(r'<tr[^>]*>.*?</tr>', trace_html(watch.view()))[1:]
    cells = [re.findall(r'<td[^>]*>(.*?)</td>', row) for row in rows]
    assert cells[0] == ['measure', 'by_path', '-0.2877', '75.0%', '12.3']
    assert cells[1] == ['', 'straight', '-1.386', '25.0%', '']
    assert ['class="selected"' in row for row in rows] == [True, False, False]
    assert 'way: blocked' in cells[2][1] and '[[1, 2]]' in cells[2][1]
    told = trace_html(watch.view())
    assert 'guard: pursuer 1 asked for (8, 8), off the board' in told
    assert 'ld decided [(1, 2)] in 41 ms' in told


def test_north_is_up_and_a_pixel_finds_its_cell(watch):
    watch.hear(state())
    drawn = vessels(watch.view(), ((1, 1), (2, 3)))
    assert f'class="pursuer" cx="{0.5 * EDGE}" cy="{6.5 * EDGE}"' in drawn
    assert f'x="{EDGE}" y="{3 * EDGE}" width="{2 * EDGE}" height="{3 * EDGE}"' in drawn
    assert cell_at((0.5 * EDGE, 6.5 * EDGE), SIZE) == (0, 0)
    assert cell_at((8.9 * EDGE, 0.1), SIZE) == (8, 6)
    assert cell_at((-5, 700), SIZE) == (0, 0)


def test_a_bag_gives_a_picture_a_state_as_it_was(tmp_path, task):
    bag = record(tmp_path / 'bag', [1, 2], board=Board(*SIZE), area=[(4, 4)])
    views = views_of(bag, task)
    episodes = read_episodes(bag)
    shown = [(view.state.episode, view.state.step) for view in views]
    assert shown == [(e.number, s.step) for e in episodes for s in e.states]
    assert [v.decision is None for v in views] == [v.state.done for v in views]
    assert {v.closed for v in views} == {frozenset({(4, 4)})}
    assert [v.tally.episodes for v in views] == [
        e.number + s.done for e in episodes for s in e.states
    ]
    assert headline(views[-1]).endswith('the end')


def test_a_folder_that_is_no_bag_gives_one_sentence(tmp_path, task):
    with pytest.raises(BagError, match=r'is no bag'):
        views_of(tmp_path, task)


@pytest.mark.parametrize(
    ('address', 'cores', 'seconds'),
    [('127.0.0.1', 2, 0.25), ('127.0.0.1', 16, 0.1), ('192.0.2.7', 2, 0.1), ('::1', 2, 0.25)],
)
def test_a_browser_on_the_few_cores_of_the_robot_draws_less_often(
    monkeypatch, address, cores, seconds
):
    page = pytest.importorskip('ld_agent.panel.page', reason='the extra .[panel] brings NiceGUI')
    monkeypatch.setattr(page.os, 'cpu_count', lambda: cores)
    assert page.redraw_seconds(address) == seconds
