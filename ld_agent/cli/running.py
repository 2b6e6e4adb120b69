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
"""Runs a graph for a verb of the command line: check, prepare, play, evaluate the bag, print."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
import signal
from typing import Any

from ld_agent.bags import read_bag
from ld_agent.cli.common import console, print_json, show_step
from ld_agent.cli.evaluate import table
from ld_agent.errors import BagError, LdAgentError
from ld_agent.evaluate import evaluate_bags
from ld_agent.graph import NodeSpec
from ld_agent.methods import METHODS, NAMES
from ld_agent.players import check_fits, find_task, prepare_method
from ld_agent.retrieval.index import require_faiss
from ld_agent.retrieval.prepare import prepare_encoders, shipped_adapter
from ld_agent.runner import isolate, require_ros, run_composed, run_processes
from ld_agent.sentences.author import prepare_author
from ld_agent.worlds import open_world
from ld_agent_sim.worlds import find_world
import typer

STOPPED = 130


def bag_folder(record: Path | None) -> Path:
    """Return where the bag goes: as asked, or `bags/DATE-TIME`."""
    return record or Path('bags') / datetime.now().strftime('%Y%m%d-%H%M%S')


def run_graph(graph: list[NodeSpec], bag: Path, compose: bool, as_json: bool) -> None:
    """Play what `graph` says and print what the bag shows.

    Raises:
        LdAgentError: ROS 2 is not there, a node would refuse a parameter, or one failed.
        typer.Exit: the graph ended with another status than 0.
    """
    require_ros()
    isolate()
    _check(graph)
    decision = next(spec.parameters for spec in graph if spec.name == 'decision')
    prepare_method(decision['method'], decision['model'], decision['adapter'], show_step)
    emergency = [spec.parameters for spec in graph if spec.name == 'emergency']
    if any(parameters.get('sentences') for parameters in emergency):
        prepare_author(progress=show_step)
    if decision['retriever'] == 'dpr':
        require_faiss()
        prepare_encoders(shipped_adapter(), show_step)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stopped = False
    try:
        status = run_composed(graph) if compose else run_processes(graph)
    except KeyboardInterrupt:
        stopped, status = True, 0
    if status:
        raise typer.Exit(status)
    if stopped:
        if not _holds_a_state(bag):
            console.print('stopped before anything was recorded')
            raise typer.Exit(STOPPED)
        console.print('stopped; the bag holds what was played')
    report = evaluate_bags([bag])[0]
    if as_json:
        print_json({**report.as_json(), 'bag': str(bag)})
        return
    out = type(console)()
    out.print(table([report]))
    out.print(f'bag: {bag}', highlight=False)


def _check(graph: list[NodeSpec]) -> None:
    """Find what a node would refuse before any is started.

    Raises:
        LdAgentError: the first fault, in one sentence.
    """
    from ld_agent.nodes.parameters import check, NODE_PARAMETERS

    given = {spec.name: spec.parameters for spec in graph}
    method = given['decision']['method']
    if method not in METHODS:
        raise LdAgentError(f'method {method!r} is unknown; use one of {NAMES}')
    checked: dict[str, Any] = {
        name: check(name, NODE_PARAMETERS[name], parameters) for name, parameters in given.items()
    }
    world, task = checked['simulator'], checked['decision']
    opponent = world.evader
    if opponent == 'llm':
        # The node loads its model; all else can be looked at with another opponent.
        opponent = next(iter(find_world(world.task).opponents))
    open_world(world.task, opponent, world.board, world.moves, world.scenario, world.model)
    check_fits(method, find_task(task.function_base or None, task.task))


def _holds_a_state(bag: Path) -> bool:
    try:
        return bool(read_bag(bag).episodes)
    except BagError:
        return False
