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
from ld_agent.errors import LdAgentError
from ld_agent.messages import Decision, FunctionUpdate, State
from ld_agent.player import Player
from ld_agent_sim.worlds import SpatialWorld, World

DEADLINE = 2.0


def play(agent: Player, world: World, seed: int, episode: int = 0) -> Iterator[Decision]:
    """Play one episode and yield each decision, after the world has taken it.

    The restricted areas of the world's scenario become filter functions of the agent, as the
    emergency node makes them. Afterwards `world.outcome()` tells how it ended.

    Raises:
        LdAgentError: an area is told by a sentence alone, which only a node understands.
    """
    world.reset(seed)
    agent.reset()
    filters: dict[str, str] = {}
    size = world.size() if isinstance(world, SpatialWorld) else (0, 0)
    while not world.done:
        for event in world.announcements() if isinstance(world, SpatialWorld) else ():
            if event.lifts:
                update = FunctionUpdate(action='remove', name=filters.pop(event.name))
            elif event.sentence:
                raise LdAgentError(
                    f'the area {event.name!r} is told by a sentence, which a model reads; play '
                    'the scenario over ROS, with `ld-agent pursuit --scenario NAME`'
                )
            else:
                taken = {*agent.task.stage('filter').functions, *filters.values()}
                update = area_function(agent.task, event.corners, size, taken, event.name)
                filters[event.name] = update.name
            agent.update(update)
        decision = agent.decide(state_of(world, seed, episode))
        world.apply(decision.model_dump(include={'moves', 'action'}))
        yield decision


def state_of(world: World, seed: int, episode: int = 0) -> State:
    """Return the `state` that the world shows now, without a clock."""
    return State(
        task=world.task, episode=episode, seed=seed, step=world.step, stamp=0.0,
        deadline=DEADLINE, observation=world.observation(),
    )  # fmt: skip
