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
"""The bodies move as their models say, whatever they are commanded."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from ld_agent_sim.helm import gap, Helm, Leg
from ld_agent_sim.vessels import (
    BURGER,
    CYBERSHIP,
    DifferentialDrive,
    footprint,
    kind_of,
    KINDS,
    Pose,
    SurfaceVessel,
)
import pytest

DT = 0.05
BOTH = sorted(KINDS)


def sailed(name, surge, turn, seconds, start=None):
    body = KINDS[name][1](start or Pose(0.0, 0.0))
    body.command(surge, turn)
    for _ in range(round(seconds / DT)):
        body.step(DT)
    return body.pose


def test_the_hull_resists_as_the_published_coefficients_say():
    surge, sway, yaw = SurfaceVessel(Pose(0.0, 0.0)).resistance(0.5, 0.0, 0.0)
    assert surge == pytest.approx(0.72253 * 0.5 + 1.32742 * 0.25 + 5.86643 * 0.125)
    assert (sway, yaw) == (0.0, 0.0)
    _, sway, yaw = SurfaceVessel(Pose(0.0, 0.0)).resistance(0.0, 0.1, 0.0)
    assert sway == pytest.approx(0.88965 * 0.1 + 36.47287 * 0.01)
    assert yaw == pytest.approx(-0.0313 * 0.1 - 3.95645 * 0.01)


@settings(max_examples=50, deadline=None)
@given(u=st.floats(-0.5, 0.5), v=st.floats(-0.3, 0.3), r=st.floats(-0.5, 0.5))
def test_port_and_starboard_are_alike(u, v, r):
    hull = SurfaceVessel(Pose(0.0, 0.0))
    x, y, n = hull.resistance(u, v, r)
    assert hull.resistance(u, -v, -r) == pytest.approx((x, -y, -n))


def test_a_vessel_cannot_stop_at_once_and_its_kind_says_how_soon_it_can():
    pose = sailed('surface_vessel', CYBERSHIP.speed, 0.0, 60.0)
    assert pose.surge == pytest.approx(CYBERSHIP.speed, abs=0.01)
    hull = SurfaceVessel(pose)
    hull.step(DT)
    assert hull.pose.surge > 0.9 * CYBERSHIP.speed
    while hull.pose.surge > 0.005:
        hull.step(DT)
    promised = CYBERSHIP.speed**2 / (2 * CYBERSHIP.braking)
    assert 0.3 * promised < hull.pose.x - pose.x < promised


@pytest.mark.parametrize('name', BOTH)
def test_a_body_reaches_what_its_kind_promises_and_turns_on_the_spot(name):
    kind = kind_of(name)
    assert sailed(name, kind.speed, 0.0, 60.0).surge == pytest.approx(kind.speed, rel=0.02)
    turned = sailed(name, 0.0, kind.turn, 20.0)
    assert turned.turn == pytest.approx(kind.turn, rel=0.05)
    assert math.hypot(turned.x, turned.y) < 0.1 * kind.length


@pytest.mark.parametrize('name', BOTH)
def test_positive_yaw_turns_from_east_to_north(name):
    kind = kind_of(name)
    pose = sailed(name, kind.speed / 2, kind.turn / 4, 3.0)
    assert pose.yaw > 0.0 and pose.x > 0.0 and pose.y > 0.0


@settings(max_examples=30, deadline=None)
@given(surge=st.floats(-5, 5), turn=st.floats(-9, 9), name=st.sampled_from(BOTH))
def test_no_command_makes_a_body_faster_than_its_drive(surge, turn, name):
    pose = sailed(name, surge, turn, 20.0)
    assert all(math.isfinite(n) for n in (pose.x, pose.y, pose.yaw))
    assert pose.speed < 1.0
    if name == 'differential_drive':
        assert pose.sway == 0.0
        assert abs(pose.surge) <= DifferentialDrive.WHEEL_SPEED + 1e-9


@pytest.mark.parametrize('name', BOTH)
def test_the_same_commands_give_the_same_track(name):
    assert sailed(name, 0.2, 0.1, 30.0) == sailed(name, 0.2, 0.1, 30.0)


def test_the_footprint_turns_with_the_body():
    east = footprint(Pose(1.0, 2.0, 0.0), CYBERSHIP)
    north = footprint(Pose(1.0, 2.0, math.pi / 2), CYBERSHIP)
    assert max(x for x, _ in east) == pytest.approx(1.0 + 1.255 / 2)
    assert max(y for _, y in north) == pytest.approx(2.0 + 1.255 / 2)
    assert max(x for x, _ in north) == pytest.approx(1.0 + 0.29 / 2)


def test_an_unknown_kind_gives_one_sentence():
    with pytest.raises(ValueError, match="'raft' is unknown; use one of surface_vessel"):
        kind_of('raft')


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(BOTH), yaw=st.floats(-math.pi, math.pi),
    bearing=st.floats(-math.pi, math.pi), cells=st.sampled_from([0.3, 1.0, 2.0]),
    backwards=st.booleans(),
)  # fmt: skip
def test_a_leg_is_sailed_straight_and_ends_where_it_should(name, yaw, bearing, cells, backwards):
    kind, make = KINDS[name]
    tolerance = 0.02 * kind.cell
    body, helm = make(Pose(0.0, 0.0, yaw)), Helm(kind, tolerance)
    end = (cells * kind.cell * math.cos(bearing), cells * kind.cell * math.sin(bearing))
    helm.follow(Leg((0.0, 0.0), end, backwards=backwards), body.pose)
    for _ in range(round(200 / DT)):
        command = helm.steer(body.pose)
        assert abs(command.surge) <= kind.speed and abs(command.turn) <= kind.turn
        body.command(command.surge, command.turn)
        body.step(DT)
        here = (body.pose.x, body.pose.y)
        assert gap(((0.0, 0.0), end), (here, here)) < 1.5 * tolerance
    assert helm.leg is None
    assert math.dist((body.pose.x, body.pose.y), end) < 1.5 * tolerance


def test_a_short_way_astern_needs_no_turn():
    body, helm = SurfaceVessel(Pose(0.0, 0.0)), Helm(CYBERSHIP, 0.16)
    helm.follow(Leg((0.0, 0.0), (-3.0, 0.0), share=0.5, backwards=True), body.pose)
    while helm.leg is not None:
        command = helm.steer(body.pose)
        assert abs(body.pose.yaw) < 0.1
        assert command.surge >= -0.5 * CYBERSHIP.speed
        body.command(command.surge, command.turn)
        body.step(DT)
    assert body.pose.x == pytest.approx(-3.0, abs=0.2)


def test_the_gap_of_two_ways():
    assert gap(((0, 0), (4, 0)), ((2, -1), (2, 1))) == 0.0
    assert gap(((0, 0), (4, 0)), ((0, 2), (4, 2))) == 2.0
    assert gap(((0, 0), (4, 0)), ((7, 4), (7, 4))) == 5.0
    assert gap(((1, 1), (1, 1)), ((1, 1), (1, 1))) == 0.0


def test_the_robot_is_smaller_than_the_vessel():
    assert BURGER.radius < CYBERSHIP.radius
