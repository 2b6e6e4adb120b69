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
"""Whole hunts at sea, refereed at every simulated instant; and the referee, who must see."""

from __future__ import annotations

import random

from ld_agent.driving import DriveLimits
from ld_agent.emergency import area_function
from ld_agent.errors import LdAgentError
from ld_agent.players import make_agent
from ld_agent.voyage import make_sea, sail, sea_scenario
from ld_agent.worlds import open_scenario
from ld_agent_sim.areas import polygon_cells, rectangle_corners
from ld_agent_sim.lanes import make_lanes
from ld_agent_sim.pursuit import Board
from ld_agent_sim.referee import Referee
from ld_agent_sim.scenario import Scenario
from ld_agent_sim.sea import NAMES, TARGET
from ld_agent_sim.vessels import Pose
import pytest

SMALL = Scenario('', Board(9, 7))
KIND = 'differential_drive'


@pytest.fixture(scope='module')
def player():
    made = make_agent('reference')
    yield made
    made.close()


def sea_of(scenario=SMALL, kind=KIND, patience=1e9):
    lanes = make_lanes(scenario.board, kind)
    return make_sea(scenario, lanes, 'flee', 5, patience)


@pytest.mark.parametrize('kind', ['surface_vessel', 'differential_drive'])
def test_three_catch_a_target_and_nothing_happens_at_sea(player, kind):
    for seed in range(2):
        voyage = sail(player, SMALL, seed, kind=kind)
        assert voyage.outcome == 'success'
        assert (voyage.faults, voyage.violations, voyage.lost_turns) == ((), 0, 0)


def test_a_voyage_is_the_same_again(player):
    first, second = (sail(player, SMALL, 3, kind=KIND) for _ in range(2))
    assert (first.steps, first.seconds, first.notes) == (
        second.steps, second.seconds, second.notes,
    )  # fmt: skip


def test_a_vessel_leaves_the_area_that_appears_upon_it(player):
    voyage = sail(player, open_scenario('20x20', 'on_top'), 0, kind=KIND)
    assert (voyage.outcome, voyage.faults) == ('success', ())
    assert voyage.notes == ('pursuer_0 leaves a closed area',)


@pytest.mark.parametrize('seed', range(4))
def test_areas_that_appear_at_any_instant_are_kept_out_of(player, seed):
    rng = random.Random(seed)
    at = {round(rng.uniform(20, 200), 1) for _ in range(3)}
    shut, names = set(), set()

    def watch(sea, fleet):
        if round(sea.time, 3) not in at:
            return
        x, y = rng.randrange(8), rng.randrange(6)
        corners = rectangle_corners((x, y), (x + 1, y + 1))
        shut.update(polygon_cells(corners, SMALL.board))
        update = area_function(player.task, corners, (9, 7), names, 'test')
        names.add(update.name)
        player.update(update)
        fleet.close(shut)
        sea.close(shut)

    limits = DriveLimits(timeout=120.0)
    voyage = sail(player, SMALL, seed, kind=KIND, limits=limits, watch=watch)
    assert voyage.faults == ()
    assert voyage.outcome is not None


def test_the_referee_sees_hulls_that_overlap():
    sea = sea_of()
    one = sea.bodies['pursuer_0']
    sea.bodies['pursuer_1'].pose = Pose(one.pose.x + 0.1, one.pose.y)
    sea.advance()
    assert [(f.body, f.what) for f in sea.faults] == [('pursuer_0', 'collides with pursuer_1')]


def test_hulls_side_by_side_do_not_collide():
    sea = sea_of(kind='surface_vessel')
    one = sea.bodies['pursuer_0']
    sea.bodies['pursuer_1'].pose = Pose(one.pose.x, one.pose.y + 0.4)
    sea.advance()
    assert sea.faults == []


def test_the_referee_sees_a_bow_in_a_closed_cell_though_its_centre_is_outside():
    sea = sea_of(kind='surface_vessel')
    x, y = sea.lanes.cell((sea.bodies['pursuer_0'].pose.x, sea.bodies['pursuer_0'].pose.y))
    sea.close({(x + 1, y)})
    edge = (x + 1) * sea.lanes.edge
    sea.bodies['pursuer_0'].pose = Pose(edge - 0.64, (y + 0.5) * sea.lanes.edge)
    sea.advance()
    assert sea.faults == []
    sea.bodies['pursuer_0'].pose = Pose(edge - 0.6, (y + 0.5) * sea.lanes.edge)
    sea.advance()
    assert [f.what for f in sea.faults] == ['reaches into a closed cell']


def test_the_referee_excuses_a_body_until_it_has_left():
    sea = sea_of()
    pose = sea.bodies['pursuer_0'].pose
    cell = sea.lanes.cell((pose.x, pose.y))
    sea.close({cell})
    sea.advance()
    assert sea.faults == []
    away = Pose(*sea.lanes.berth(0, (cell[0], cell[1] - 1 if cell[1] else 1)))
    sea.bodies['pursuer_0'].pose = away
    sea.advance()
    sea.bodies['pursuer_0'].pose = pose
    sea.advance()
    assert [f.what for f in sea.faults] == ['reaches into a closed cell']


def test_the_referee_excuses_who_cannot_stop_before_an_area():
    lanes = sea_of(kind='surface_vessel').lanes
    edge, speed = lanes.edge, lanes.kind.speed
    y = 0.5 * edge

    def blamed(begins, enters):
        """Return whether a body is, under way at `begins` when cell (1, 0) is closed."""
        referee = Referee(lanes)
        referee.close({(1, 0)}, 0.0, {'pursuer_0': Pose(begins, y, surge=speed)})
        return [
            fault
            for time, x in ((0.05, begins), (enters - 0.05, begins), (enters, edge))
            for fault in referee.look(time, {'pursuer_0': Pose(x, y, surge=speed)})
        ] != []

    assert not blamed(edge - 2.0, enters=4.0), 'it needs 1.7 m and 7.5 s to stop'
    assert blamed(edge - 2.0, enters=9.0), 'it had the time to turn'
    assert blamed(edge - 4.0, enters=4.0), 'it had the room to stop'


def test_the_referee_sees_who_leaves_the_board():
    sea = sea_of()
    sea.bodies[TARGET].pose = Pose(-0.01, 1.0)
    sea.advance()
    assert [(f.body, f.what) for f in sea.faults] == [(TARGET, 'leaves the board')]


def test_the_target_waits_for_its_turn_and_is_patient_only_so_long():
    sea = sea_of(patience=30.0)
    start = sea.bodies[TARGET].pose
    while sea.time < 29:
        sea.advance()
    assert sea.bodies[TARGET].pose == start
    sea.command(NAMES[0], 0.1, 0.0)
    while sea.time < 31:
        sea.advance()
    assert sea.bodies[TARGET].pose == start
    sea.command(NAMES[0], 0.0, 0.0)
    while sea.time < 60:
        sea.advance()
    assert sea.lanes.cell((sea.bodies[TARGET].pose.x, sea.bodies[TARGET].pose.y)) != (
        sea.lanes.cell((start.x, start.y))
    )


def test_a_scenario_that_vessels_cannot_play_is_refused_in_one_sentence():
    with pytest.raises(LdAgentError, match='is lifted or told by a sentence; vessels play'):
        sea_scenario('20x20', 'moving')
