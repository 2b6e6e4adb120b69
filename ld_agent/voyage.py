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
"""A hunt of vessels in one process, without ROS: sea, perception, player and drivers in a loop.

What the nodes do over topics happens here by calls, in the same order and as fast as the machine
goes, so that many hunts can be refereed at every simulated instant. Deterministic for a seed and a
player.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import time

from ld_agent.closed_areas import ClosedAreas
from ld_agent.driving import DriveLimits, Fleet
from ld_agent.emergency import area_function
from ld_agent.errors import LdAgentError
from ld_agent.messages import FunctionUpdate
from ld_agent.perception import Patience, Perception
from ld_agent.player import Player
from ld_agent.worlds import open_scenario
from ld_agent_sim.areas import polygon_cells
from ld_agent_sim.evaders import EVADERS
from ld_agent_sim.lanes import Lanes, make_lanes
from ld_agent_sim.pursuit import Pursuit
from ld_agent_sim.scenario import Event, Scenario
from ld_agent_sim.sea import Fault, NAMES, Sea, TARGET

CONTROL_EVERY = 2
"""Instants between two looks of perception and drivers; the referee looks at each."""


@dataclass(frozen=True)
class Voyage:
    """What one hunt came to.

    Attributes:
        seconds: simulated; `wall`: that it took.
        faults: what must not happen, with its instant.
    """

    seed: int
    outcome: str | None
    steps: int
    violations: int
    lost_turns: int
    seconds: float
    wall: float
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


def sea_scenario(board: str, name: str) -> Scenario:
    """Return a scenario that vessels can play; without a name, an open board.

    Raises:
        LdAgentError: it is unknown or not valid, or has areas that are sentences or are lifted.
    """
    scenario = open_scenario(board, name)
    for event in scenario.events:
        if not event.corners or event.sentence:
            raise LdAgentError(
                f'scenario {name!r}: the area {event.name!r} is lifted or told by a sentence; '
                'vessels play scenarios whose areas are polygons that stay'
            )
    return scenario


def make_sea(
    scenario: Scenario, lanes: Lanes, evader: str, seed: int, patience: float = 60.0
) -> Sea:
    """Return the sea of one episode, its vessels at the berths of their start cells."""
    start = Pursuit(
        lanes.board, seed=seed, evader=EVADERS[evader], pursuers=scenario.pursuers,
        evader_cell=scenario.evader,
    )  # fmt: skip
    return Sea(start, lanes, EVADERS[evader], seed, patience)


def areas_of(scenario: Scenario, sea: Sea, seed: int) -> list[Event]:
    """Return what is closed in the episode of a seed, in order of the steps.

    Raises:
        LdAgentError: the board has no room for an area that is drawn.
    """
    try:
        return scenario.events_of(seed, sea.position().evader)
    except ValueError as error:
        raise LdAgentError(f'scenario {scenario.name!r}, seed {seed}: {error}') from None


def sail(
    player: Player,
    scenario: Scenario,
    seed: int,
    *,
    kind: str = 'surface_vessel',
    evader: str = 'flee',
    limits: DriveLimits | None = None,
    watch: Callable[[Sea, Fleet], None] = lambda sea, fleet: None,
) -> Voyage:
    """Hunt once.

    Args:
        scenario: its areas are published at the beginning of their step, and hold at once.
        watch: called after every instant.

    Raises:
        LdAgentError: the player cannot decide, or an area has no room.
    """
    begun = time.perf_counter()
    lanes = make_lanes(scenario.board, kind)
    sea = make_sea(scenario, lanes, evader, seed)
    fleet = Fleet(lanes, NAMES[:-1], limits or DriveLimits())
    perception = Perception(lanes, Patience(), 0, seed)
    size = (lanes.board.width, lanes.board.height)
    player.reset()
    areas = ClosedAreas(player.task, size)
    events = areas_of(scenario, sea, seed)
    coming = list(events)
    names: set[str] = set()
    instant, stamp = 0, 0.0
    try:
        while perception.outcome is None:
            sea.advance()
            instant += 1
            watch(sea, fleet)
            if instant % CONTROL_EVERY:
                continue
            poses = sea.poses()
            if perception.sailing:
                fleet.order(perception.sailing, stamp, sea.time)
            pursuers = {name: poses[name] for name in NAMES[:-1]}
            told = fleet.control(pursuers, [poses[TARGET]], sea.time, sea.time)
            for name, command in told.items():
                sea.command(name, command.surge, command.turn)
            state = perception.look(poses, sea.time, sea.time)
            if state is None or state.done:
                continue
            while coming and coming[0].step <= state.step:
                update = _announce(coming.pop(0), player, size, names)
                names.add(update.name)
                player.update(update)
                areas.update(update)
                sea.close(_truth(sea, events, state.step))
                fleet.close(areas.cells(state.step))
            stamp = state.stamp
            perception.decide(player.decide(state), sea.time)
    finally:
        areas.close()
    return Voyage(
        seed, seconds=sea.time, wall=time.perf_counter() - begun, faults=tuple(sea.faults),
        notes=tuple(fleet.notes), **perception.result(),
    )  # fmt: skip


def _announce(
    event: Event, player: Player, size: tuple[int, int], names: set[str]
) -> FunctionUpdate:
    taken = {*player.task.stage('filter').functions, *names}
    return area_function(player.task, event.corners, size, taken, event.name)


def _truth(sea: Sea, events: Sequence[Event], step: int) -> frozenset:
    """Return the cells that a scenario has closed by now; the referee asks no function."""
    held = (e for e in events if e.step <= step)
    return frozenset().union(*(polygon_cells(e.corners, sea.lanes.board) for e in held))
