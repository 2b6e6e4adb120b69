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
from typing import Annotated

from ld_agent.cli.common import console, errors_as_sentences, show_step
from ld_agent.cli.evaluate import table
from ld_agent.evaluate import evaluate_bags
from ld_agent.graph import pursuit_graph, PursuitOptions
from ld_agent.players import find_task
from ld_agent.runner import isolate, require_ros, run_composed, run_processes
from ld_agent.student.prepare import prepare
from ld_agent.worlds import open_world
import typer


def pursuit(
    method: Annotated[str, typer.Option(help='ld, reference or random.')] = 'ld',
    episodes: Annotated[int, typer.Option(help='Episodes to play.')] = 20,
    seed: Annotated[int, typer.Option(help='Seed of the first episode.')] = 0,
    evader: Annotated[str, typer.Option(help='random, flee, adversary or llm.')] = 'flee',
    board: Annotated[str, typer.Option(help='WIDTHxHEIGHT in cells.')] = '20x20',
    moves: Annotated[str, typer.Option(help='exact or up_to.')] = 'exact',
    model: Annotated[str, typer.Option(help='Student model.')] = 'smollm2',
    provider: Annotated[str, typer.Option(help='auto, cpu or cuda.')] = 'auto',
    function_base: Annotated[str, typer.Option(help='Folder of a function base.')] = '',
    guard: Annotated[str, typer.Option(help='on or count.')] = 'on',
    scenario: Annotated[str, typer.Option(help='Name or YAML file of a scenario.')] = '',
    deadline: Annotated[float, typer.Option(help='Seconds to wait for a decision.')] = 2.0,
    rate: Annotated[float, typer.Option(help='Steps a second; 0: lock-step.')] = 0.0,
    record: Annotated[
        Path | None, typer.Option(help='Folder for the bag; default: bags/DATE-TIME.')
    ] = None,
    compose: Annotated[bool, typer.Option('--compose', help='All nodes in one process.')] = False,
    json: Annotated[bool, typer.Option('--json', help='Print one JSON object.')] = False,
) -> None:
    """Let a small model hunt, function by function, over ROS 2."""
    with errors_as_sentences():
        require_ros()
        isolate()
        bag = record or Path('bags') / datetime.now().strftime('%Y%m%d-%H%M%S')
        find_task(function_base or None)
        if evader != 'llm':
            open_world('pursuit', evader, board, moves, scenario, model)
        if method == 'ld':
            prepare(model, progress=show_step)
        graph = pursuit_graph(
            PursuitOptions(
                method, episodes, seed, evader, board, moves, model, provider, function_base,
                guard, scenario, deadline, rate, str(bag),
            )
        )  # fmt: skip
        stopped = False
        try:
            status = run_composed(graph) if compose else run_processes(graph)
        except KeyboardInterrupt:
            stopped, status = True, 0
        if status:
            raise typer.Exit(status)
        if stopped:
            console.print('stopped; the bag holds what was played')
        report = evaluate_bags([bag])[0]
    if json:
        typer.echo(json_text.dumps({**report.as_json(), 'bag': str(bag)}, indent=2))
        return
    out = type(console)()
    out.print(table([report]))
    out.print(f'bag: {bag}', highlight=False)
