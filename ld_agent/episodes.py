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
"""Plays whole episodes with no ROS: an agent in a world, step by step.

What the nodes do over topics happens here by calls. For training data, benchmarks and tests.
"""

from __future__ import annotations

from collections.abc import Iterator

from ld_agent.emergency import area_function
from ld_agent.emergency_desk import Desk
from ld_agent.errors import LdAgentError
from ld_agent.messages import Decision, FunctionUpdate, State
from ld_agent.player import Player
from ld_agent.sentences.author import open_author
from ld_agent.student.prepare import DEFAULT_MODEL
from ld_agent.worlds import open_scenario
from ld_agent_sim.scenario import Event
from ld_agent_sim.worlds import SpatialWorld, World

DEADLINE = 2.0


def play(
    agent: Player, world: World, seed: int, episode: int = 0, desk: Desk | None = None
) -> Iterator[Decision]:
    """Play one episode and yield each decision, after the world has taken it.

    The restricted areas of the world's scenario become filter functions of the agent.
    Afterwards `world.outcome()` tells how it ended.

    Args:
        desk: takes what is published as that of the emergency node does, sentences by its
            student; without one the functions are made from the corners.

    Raises:
        LdAgentError: an area is told by a sentence alone, and there is no desk.
    """
    world.reset(seed)
    agent.reset()
    if desk is not None:
        desk.clear('the episode ended')
    filters: dict[str, str] = {}
    while not world.done:
        for event in world.announcements() if isinstance(world, SpatialWorld) else ():
            updates = (
                [_by_corners(agent, world, event, filters)]
                if desk is None
                else _at_desk(desk, world, event)
            )
            for update in updates:
                agent.update(update)
        decision = agent.decide(state_of(world, seed, episode))
        world.apply(decision.model_dump(include={'moves', 'action'}))
        yield decision


def desk_for(agent: Player, scenario: str, model: str = DEFAULT_MODEL) -> Desk | None:
    """Return a desk with the student that reads sentences, where an area is told by one.

    Args:
        scenario: a name, a YAML file, or empty for none.
        model: base of the student.

    Raises:
        LdAgentError: there is no such scenario, or the student cannot be opened.
    """
    setting = open_scenario('', scenario) if scenario else None
    if setting is None or not any(e.sentence and not e.lifts for e in setting.events):
        return None
    size = setting.board.width, setting.board.height
    return Desk(agent.task, size, author=open_author(model))


def _by_corners(
    agent: Player, world: SpatialWorld, event: Event, filters: dict[str, str]
) -> FunctionUpdate:
    if event.lifts:
        return FunctionUpdate(action='remove', name=filters.pop(event.name))
    if event.sentence:
        raise LdAgentError(
            f'the area {event.name!r} is told by a sentence, which a model reads; play the '
            'scenario over ROS, with `ld-agent pursuit --scenario NAME`'
        )
    taken = {*agent.task.stage('filter').functions, *filters.values()}
    update = area_function(agent.task, event.corners, world.size(), taken, event.name)
    filters[event.name] = update.name
    return update


def _at_desk(desk: Desk, world: SpatialWorld, event: Event) -> list[FunctionUpdate]:
    standing = world.actors()['pursuers']
    if event.sentence:
        return desk.sentence(event.sentence, world.step, standing).updates
    return desk.polygon(event.corners, event.name, standing).updates


def state_of(world: World, seed: int, episode: int = 0) -> State:
    """Return the `state` that the world shows now, without a clock."""
    return State(
        task=world.task, episode=episode, seed=seed, step=world.step, stamp=0.0,
        deadline=DEADLINE, observation=world.observation(),
    )  # fmt: skip
