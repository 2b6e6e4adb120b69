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
"""The graph, defined once: which nodes run, with which parameters.

`launch/*.launch.py` turn it into launch_ros actions, `runner.py` into processes. Pure data.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ld_agent.worlds import first_opponent


@dataclass(frozen=True)
class NodeSpec:
    """A node of the graph: its name is also its executable and its module in `nodes/`.

    Attributes:
        world: its end is the end of the graph.
        retries: how often it is started again when it dies; without, its death ends the graph.
    """

    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    lifecycle: bool = False
    world: bool = False
    retries: int = 0

    @property
    def module(self) -> str:
        """The module that runs it."""
        return f'ld_agent.nodes.{self.name}'


@dataclass(frozen=True)
class PursuitOptions:
    """What a user chooses for a pursuit."""

    method: str = 'ld'
    episodes: int = 20
    seed: int = 0
    evader: str = 'flee'
    board: str = '20x20'
    moves: str = 'exact'
    model: str = 'smollm2'
    adapter: str = 'default'
    provider: str = 'auto'
    function_base: str = ''
    guard: str = 'on'
    abstain_below: float = 0.0
    scenario: str = ''
    deadline: float = 2.0
    rate: float = 0.0
    record: str = ''
    retriever: str = 'none'
    top_k: int = 5
    sentences: bool = True
    panel: bool = False


@dataclass(frozen=True)
class TaskOptions:
    """What a user chooses for a task without a board."""

    method: str = 'ld'
    episodes: int = 20
    seed: int = 0
    opponent: str = ''
    model: str = 'smollm2'
    adapter: str = 'default'
    provider: str = 'auto'
    function_base: str = ''
    guard: str = 'on'
    abstain_below: float = 0.0
    deadline: float = 10.0
    record: str = ''
    retriever: str = 'none'
    top_k: int = 5


@dataclass(frozen=True)
class TwentyOneOptions(TaskOptions):
    """What a user chooses for a match of 21 points."""

    opponent: str = 'stand_17'


@dataclass(frozen=True)
class PlayOptions(TaskOptions):
    """What a user chooses for any task; no opponent: the world's first.

    Attributes:
        task: names its world and its function base.
    """

    task: str = ''


def twenty_one_graph(options: TwentyOneOptions) -> list[NodeSpec]:
    """Return the nodes of a match of 21 points."""
    return task_graph('twenty_one', options)


def play_graph(options: PlayOptions) -> list[NodeSpec]:
    """Return the nodes that play the task that the options name.

    Raises:
        LdAgentError: the task has no world.
    """
    opponent = options.opponent or first_opponent(options.task)
    return task_graph(options.task, replace(options, opponent=opponent))


def task_graph(task: str, options: TaskOptions) -> list[NodeSpec]:
    """Return the nodes that play a task, the recorder first so that it misses nothing."""
    o, joined = options, _awaited(options.record)
    nodes = [
        NodeSpec(
            'decision',
            {
                'task': task,
                **_decision(o),
                'wait_for': joined,
            },
            lifecycle=True,
        ),
        NodeSpec(
            'simulator',
            {
                'task': task,
                'method': o.method,
                'episodes': o.episodes,
                'seed': o.seed,
                'evader': o.opponent,
                'model': o.model,
                'deadline': o.deadline,
                'wait_for': joined,
            },
            world=True,
        ),
    ]
    return [NodeSpec('recorder', {'path': o.record}), *nodes] if o.record else nodes


def _awaited(record: str, *others: str) -> str:
    """Return whom a node waits for: the others, and the recorder where there is one."""
    return ' '.join([*others, *(['recorder'] if record else [])])


def _decision(o: TaskOptions | PursuitOptions) -> dict[str, Any]:
    """Return the parameters of the decision node that every game on cells or cards has."""
    return {
        'method': o.method,
        'model': o.model,
        'adapter': o.adapter,
        'provider': o.provider,
        'function_base': o.function_base,
        'guard': o.guard,
        'abstain_below': o.abstain_below,
        'seed': o.seed,
        'retriever': o.retriever,
        'top_k': o.top_k,
    }


def pursuit_graph(options: PursuitOptions) -> list[NodeSpec]:
    """Return the nodes of a pursuit, the recorder first so that it misses nothing."""
    o, joined = options, _awaited(options.record, 'emergency')
    nodes = [
        NodeSpec('visualiser', {'function_base': o.function_base, 'wait_for': _awaited(o.record)}),
        NodeSpec('emergency', {'function_base': o.function_base, 'sentences': o.sentences}),
        NodeSpec(
            'decision',
            {
                **_decision(o),
                'wait_for': joined,
            },
            lifecycle=True,
        ),
        NodeSpec(
            'simulator',
            {
                'method': o.method,
                'episodes': o.episodes,
                'seed': o.seed,
                'evader': o.evader,
                'board': o.board,
                'moves': o.moves,
                'scenario': o.scenario,
                'model': o.model,
                'deadline': o.deadline,
                'rate': o.rate,
                'wait_for': joined,
            },
            world=True,
        ),
    ]
    if o.panel:
        nodes.insert(0, NodeSpec('panel', {'function_base': o.function_base}))
    return [NodeSpec('recorder', {'path': o.record}), *nodes] if o.record else nodes


def playback_graph(bag: str, again: str, decision: dict[str, Any]) -> list[NodeSpec]:
    """Return the nodes that decide the states of a bag again.

    Args:
        bag: the recorded bag; `again`: the one that gets the decisions.
        decision: parameters of the decision node.
    """
    return [
        NodeSpec('recorder', {'path': again}),
        NodeSpec('decision', {**decision, 'wait_for': 'playback recorder'}, lifecycle=True),
        NodeSpec('playback', {'bag': bag}, world=True),
    ]


@dataclass(frozen=True)
class VesselsOptions:
    """What a user chooses for a hunt of vessels."""

    method: str = 'ld'
    episodes: int = 3
    seed: int = 0
    evader: str = 'flee'
    board: str = '20x20'
    kind: str = 'surface_vessel'
    model: str = 'smollm2'
    adapter: str = 'default'
    provider: str = 'auto'
    function_base: str = ''
    scenario: str = ''
    deadline: float = 2.0
    speed: float = 5.0
    driver: str = 'direct'
    record: str = ''
    retries: int = 3
    panel: bool = False


def vessels_graph(options: VesselsOptions) -> list[NodeSpec]:
    """Return the nodes of a hunt of vessels; each is started again when it dies."""
    o, joined = options, _awaited(options.record, 'emergency')
    shared = {'kind': o.kind}
    nodes = [
        NodeSpec(
            'visualiser',
            {'function_base': o.function_base, 'wait_for': _awaited(o.record)},
            retries=o.retries,
        ),
        NodeSpec('emergency', {'function_base': o.function_base}, retries=o.retries),
        NodeSpec(
            'decision',
            {
                'method': o.method,
                'model': o.model,
                'adapter': o.adapter,
                'provider': o.provider,
                'function_base': o.function_base,
                'seed': o.seed,
                'wait_for': joined,
            },
            lifecycle=True,
            retries=o.retries,
        ),
        NodeSpec(
            'driver',
            {**shared, 'driver': o.driver, 'function_base': o.function_base},
            retries=o.retries,
        ),
        NodeSpec(
            'perception',
            {
                **shared,
                'method': o.method,
                'seed': o.seed,
                'evader': o.evader,
                'scenario': o.scenario,
                'deadline': o.deadline,
                'wait_for': joined,
            },
            retries=o.retries,
        ),
        NodeSpec(
            'vessels',
            {
                **shared,
                'episodes': o.episodes,
                'seed': o.seed,
                'evader': o.evader,
                'board': o.board,
                'scenario': o.scenario,
                'speed': o.speed,
            },
            world=True,
        ),
    ]
    if o.panel:
        shown = {'function_base': o.function_base, 'world': 'vessels'}
        nodes.insert(0, NodeSpec('panel', shown, retries=o.retries))
    if not o.record:
        return nodes
    recorder = NodeSpec('recorder', {'path': o.record, 'numbered': True}, retries=o.retries)
    return [recorder, *nodes]
