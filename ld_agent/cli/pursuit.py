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
"""`ld-agent pursuit`: run the graph, record a bag, print what it shows."""

from __future__ import annotations

from datetime import datetime
import json as json_text
from pathlib import Path
import signal
from typing import Annotated

from ld_agent.bags import read_bag
from ld_agent.cli.common import console, errors_as_sentences, show_step
from ld_agent.cli.evaluate import table
from ld_agent.errors import BagError, LdAgentError
from ld_agent.evaluate import evaluate_bags
from ld_agent.graph import NodeSpec, pursuit_graph, PursuitOptions
from ld_agent.methods import METHODS, NAMES
from ld_agent.players import find_task, prepare_method
from ld_agent.retrieval.index import require_faiss
from ld_agent.retrieval.prepare import prepare_encoders, shipped_adapter
from ld_agent.runner import isolate, require_ros, run_composed, run_processes
from ld_agent.worlds import open_world
import typer

STOPPED = 130


def pursuit(
    method: Annotated[str, typer.Option(help=f'One of {NAMES}.')] = 'ld',
    episodes: Annotated[int, typer.Option(help='Episodes to play.')] = 20,
    seed: Annotated[int, typer.Option(help='Seed of the first episode.')] = 0,
    evader: Annotated[str, typer.Option(help='random, flee, adversary, hide or llm.')] = 'flee',
    board: Annotated[str, typer.Option(help='WIDTHxHEIGHT in cells.')] = '20x20',
    moves: Annotated[str, typer.Option(help='exact or up_to.')] = 'exact',
    model: Annotated[str, typer.Option(help='Student model.')] = 'smollm2',
    adapter: Annotated[
        str, typer.Option(help='LoRA adapter: default for the shipped one, or its folder.')
    ] = 'default',
    provider: Annotated[str, typer.Option(help='auto, cpu or cuda.')] = 'auto',
    function_base: Annotated[str, typer.Option(help='Folder of a function base.')] = '',
    guard: Annotated[str, typer.Option(help='on or count.')] = 'on',
    abstain_below: Annotated[
        float, typer.Option(help='Least margin of a selection, nats; 0: always act.')
    ] = 0.0,
    scenario: Annotated[str, typer.Option(help='Name or YAML file of a scenario.')] = '',
    deadline: Annotated[float, typer.Option(help='Seconds to wait for a decision.')] = 2.0,
    rate: Annotated[float, typer.Option(help='Steps a second; 0: lock-step.')] = 0.0,
    record: Annotated[
        Path | None, typer.Option(help='Folder for the bag; default: bags/DATE-TIME.')
    ] = None,
    retriever: Annotated[str, typer.Option(help='none or dpr.')] = 'none',
    top_k: Annotated[int, typer.Option(help='Functions that dpr retrieves.')] = 5,
    compose: Annotated[bool, typer.Option('--compose', help='All nodes in one process.')] = False,
    json: Annotated[bool, typer.Option('--json', help='Print one JSON object.')] = False,
) -> None:
    """Let a small model hunt, function by function, over ROS 2."""
    with errors_as_sentences():
        require_ros()
        isolate()
        bag = record or Path('bags') / datetime.now().strftime('%Y%m%d-%H%M%S')
        graph = pursuit_graph(
            PursuitOptions(
                method, episodes, seed, evader, board, moves, model, adapter, provider,
                function_base, guard, abstain_below, scenario, deadline, rate, str(bag),
                retriever, top_k,
            )
        )  # fmt: skip
        _check(graph)
        prepare_method(method, model, adapter, show_step)
        if retriever == 'dpr':
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
    if json:
        typer.echo(json_text.dumps({**report.as_json(), 'bag': str(bag)}, indent=2))
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
    world, method = given['simulator'], given['decision']['method']
    if method not in METHODS:
        raise LdAgentError(f'method {method!r} is unknown; use one of {NAMES}')
    evader = 'flee' if world['evader'] == 'llm' else world['evader']
    open_world(
        'pursuit', evader, world['board'], world['moves'], world['scenario'], world['model']
    )
    for name, parameters in given.items():
        check(name, NODE_PARAMETERS[name], parameters)
    find_task(given['decision']['function_base'] or None)


def _holds_a_state(bag: Path) -> bool:
    try:
        return bool(read_bag(bag).episodes)
    except BagError:
        return False
