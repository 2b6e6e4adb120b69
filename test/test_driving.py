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
"""Drivers: moves become motion, nobody meets, a stop holds, and a closed area is left."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from ld_agent.driving import CLEAR_SHARE, DriveLimits, Fleet
from ld_agent_sim.evaders import flee
from ld_agent_sim.helm import HOLD
from ld_agent_sim.lanes import make_lanes
from ld_agent_sim.pursuit import Board, pursuer_moves, Pursuit
from ld_agent_sim.sea import NAMES, Sea, TARGET
import pytest

LANES = make_lanes(Board(9, 7), 'differential_drive')
START = ((1, 1), (3, 1), (5, 1))


class Trip:
    """A fleet at sea, with a target that never moves."""

    def __init__(self, cells=START, target=(8, 6), limits=None):
        start = Pursuit(LANES.board, seed=0, evader=flee, pursuers=cells, evader_cell=target)
        self.sea = Sea(start, LANES, flee, 0, 1e9)
        self.sea.waiting = True
        self.fleet = Fleet(LANES, NAMES[:-1], limits or DriveLimits(deadline=2.0))
        self.refresh = None
        self.stamp = 1.0

    def order(self, *cells):
        self.refresh, self.stamp = cells, self.stamp + 1.0

    def sail(self, seconds, until=lambda: False):
        end = self.sea.time + seconds
        while self.sea.time < end and not until():
            now = self.sea.time
            if self.refresh:
                self.fleet.order(self.refresh, self.stamp, now)
            poses = self.sea.poses()
            target = poses.pop(TARGET)
            for name, told in self.fleet.control(poses, [target], now, now).items():
                self.sea.command(name, told.surge, told.turn)
            self.sea.advance()

    def cells(self):
        return self.sea.position().pursuers

    def arrived(self):
        poses = self.sea.poses()
        return all(
            math.dist((poses[n].x, poses[n].y), LANES.berth(i, cell)) < 2 * LANES.tolerance
            for i, (n, cell) in enumerate(zip(NAMES, self.refresh))
        )

    def speeds(self):
        return [self.sea.bodies[n].pose.speed for n in NAMES[:-1]]


CELL = st.sampled_from(LANES.board.free())


@settings(max_examples=12, deadline=None)
@given(
    cells=st.lists(CELL, min_size=4, max_size=4, unique=True),
    picks=st.lists(st.integers(0, 50), min_size=3, max_size=3),
)
def test_all_arrive_whoever_crosses_whom_and_nobody_collides(cells, picks):
    trip = Trip(tuple(cells[:3]), cells[3])
    goals = []
    for cell, pick in zip(cells, picks):
        choices = pursuer_moves(LANES.board, cell)
        goals.append(choices[pick % len(choices)])
    trip.order(*goals)
    trip.sail(200, trip.arrived)
    assert trip.arrived()
    assert trip.sea.faults == []


def test_three_vessels_may_share_a_cell():
    trip = Trip(((1, 2), (3, 2), (2, 1)))
    trip.order((2, 2), (2, 2), (2, 2))
    trip.sail(100, trip.arrived)
    assert trip.cells() == ((2, 2),) * 3
    assert trip.sea.faults == []


def test_a_stop_holds_at_once_and_resume_goes_on():
    trip = Trip()
    trip.order((1, 3), (3, 3), (5, 3))
    trip.sail(12)
    assert max(trip.speeds()) > 0.1
    trip.fleet.stop()
    poses = trip.sea.poses()
    poses.pop(TARGET)
    assert set(trip.fleet.control(poses, [], 12.0, 12.0).values()) == {HOLD}
    trip.sail(3)
    assert max(trip.speeds()) == 0.0
    trip.fleet.resume()
    trip.sail(100, trip.arrived)
    assert trip.arrived()


def test_a_stop_holds_a_vessel_even_in_a_closed_area():
    trip = Trip()
    trip.fleet.stop()
    trip.fleet.close({(1, 1)})
    trip.sail(5)
    assert trip.cells() == START


def test_without_fresh_moves_the_vessels_hold_within_the_deadline():
    trip = Trip()
    trip.order((1, 3), (3, 3), (5, 3))
    trip.sail(12)
    trip.refresh = None
    trip.sail(trip.fleet._limits.deadline + 0.1)
    poses = trip.sea.poses()
    poses.pop(TARGET)
    assert set(trip.fleet.control(poses, [], 0.0, trip.sea.time).values()) == {HOLD}
    trip.sail(2)
    assert max(trip.speeds()) == 0.0


def test_an_old_move_is_not_replayed():
    trip = Trip()
    assert trip.fleet.order(((1, 3), (3, 3), (5, 3)), 5.0, 0.0)
    assert not trip.fleet.order(((1, 1), (3, 1), (5, 1)), 4.0, 0.0)
    assert not trip.fleet.order(((1, 1), (3, 1)), 6.0, 0.0)


def test_a_move_that_takes_too_long_is_given_up_and_said():
    trip = Trip(limits=DriveLimits(deadline=2.0, timeout=3.0))
    trip.order((1, 3), (3, 3), (5, 3))
    trip.sail(20)
    assert trip.cells() == START
    assert sum('has not arrived within 3 s' in note for note in trip.fleet.notes) == 3


def test_a_move_into_a_closed_cell_is_held_and_said():
    trip = Trip()
    trip.fleet.close({(1, 3)})
    trip.order((1, 3), (3, 3), (5, 3))
    trip.sail(60)
    assert trip.cells() == ((1, 1), (3, 3), (5, 3))
    assert 'pursuer_0 cannot reach (1, 3) by open cells; it holds' in trip.fleet.notes


def test_a_vessel_that_an_area_appears_upon_leaves_it_slowly_without_any_order():
    trip = Trip()
    area = {(x, y) for x in range(0, 3) for y in range(0, 7)}
    trip.sail(1)
    trip.fleet.close(area)
    trip.sea.close(area)
    fastest = 0.0
    while trip.sea.time < 60:
        trip.sail(0.1)
        fastest = max(fastest, trip.speeds()[0])
    assert trip.cells()[0] == (3, 1)
    assert 0 < fastest <= CLEAR_SHARE * LANES.kind.speed + 1e-6
    assert trip.sea.faults == []


def test_moves_that_come_while_a_vessel_leaves_do_not_make_it_say_so_again():
    trip = Trip()
    trip.fleet.close({START[0]})
    trip.sail(0.5)
    trip.order((1, 2), (3, 2), (5, 2))
    trip.sail(60)
    assert trip.cells()[0] not in {START[0]}
    assert trip.fleet.notes.count('pursuer_0 leaves a closed area') == 1


@pytest.mark.parametrize('seconds', [4, 7, 10, 13, 16])
def test_an_area_ahead_turns_a_vessel_away_before_it_is_reached(seconds):
    trip = Trip()
    area = {(x, y) for x in range(9) for y in range(3, 5)}
    trip.order((1, 3), (3, 3), (5, 3))
    trip.sail(seconds)
    trip.fleet.close(area)
    trip.sea.close(area)
    inside = [LANES.touches((p.x, p.y), area) for p in trip.sea.poses().values()]
    trip.sail(60)
    assert trip.sea.faults == []
    assert all(cell not in area for cell in trip.cells())
    if not any(inside):
        assert not any('leaves' in note for note in trip.fleet.notes)


def test_a_vessel_with_no_way_out_holds_and_says_so_once():
    trip = Trip()
    trip.fleet.close(LANES.board.cells())
    trip.sail(3)
    assert trip.cells() == START
    assert sum('no way out' in note for note in trip.fleet.notes) == 3


def test_a_jump_over_a_closed_cell_is_sailed_round_it():
    trip = Trip()
    trip.fleet.close({(1, 2)})
    trip.sea.close({(1, 2)})
    trip.order((1, 3), (3, 1), (5, 1))
    trip.sail(200, trip.arrived)
    assert trip.arrived()
    assert trip.sea.faults == []


def test_a_body_in_the_way_is_waited_for():
    trip = Trip()
    trip.order((1, 3), (3, 3), (5, 3))
    trip.sail(8)
    pose = trip.sea.bodies['pursuer_0'].pose
    poses = trip.sea.poses()
    poses.pop(TARGET)
    stranger = type(pose)(pose.x, pose.y + 0.3)
    told = trip.fleet.control(poses, [stranger], trip.sea.time, trip.sea.time)
    assert told['pursuer_0'].surge == 0.0
    assert told['pursuer_1'].surge > 0.0


def test_a_vessel_that_nobody_sees_holds_all():
    trip = Trip()
    trip.order((1, 3), (3, 3), (5, 3))
    trip.sail(8)
    poses = trip.sea.poses()
    poses.pop(TARGET), poses.pop('pursuer_1')
    told = trip.fleet.control(poses, [], trip.sea.time, trip.sea.time)
    assert set(told.values()) == {HOLD}
