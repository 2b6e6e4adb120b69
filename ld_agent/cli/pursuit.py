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

from pathlib import Path
from typing import Annotated

from ld_agent.cli.common import AsJson, errors_as_sentences, one_of
from ld_agent.cli.running import bag_folder, run_graph
from ld_agent.graph import pursuit_graph, PursuitOptions
from ld_agent.methods import METHODS, NAMES
from ld_agent.panel import require_nicegui
import typer


def pursuit(
    method: Annotated[
        str, typer.Option(help=f'One of {NAMES}.', autocompletion=one_of(*METHODS))
    ] = 'ld',
    episodes: Annotated[int, typer.Option(help='Episodes to play.')] = 20,
    seed: Annotated[int, typer.Option(help='Seed of the first episode.')] = 0,
    evader: Annotated[
        str,
        typer.Option(
            help='random, flee, adversary, hide or llm.',
            autocompletion=one_of('random', 'flee', 'adversary', 'hide', 'llm'),
        ),
    ] = 'flee',
    board: Annotated[str, typer.Option(help='WIDTHxHEIGHT in cells.')] = '20x20',
    moves: Annotated[
        str, typer.Option(help='exact or up_to.', autocompletion=one_of('exact', 'up_to'))
    ] = 'exact',
    model: Annotated[str, typer.Option(help='Student model.')] = 'smollm2',
    adapter: Annotated[
        str, typer.Option(help='LoRA adapter: default for the shipped one, or its folder.')
    ] = 'default',
    provider: Annotated[
        str,
        typer.Option(help='auto, cpu or cuda.', autocompletion=one_of('auto', 'cpu', 'cuda')),
    ] = 'auto',
    function_base: Annotated[str, typer.Option(help='Folder of a function base.')] = '',
    guard: Annotated[
        str, typer.Option(help='on or count.', autocompletion=one_of('on', 'count'))
    ] = 'on',
    abstain_below: Annotated[
        float, typer.Option(help='Least margin of a selection, nats; 0: always act.')
    ] = 0.0,
    scenario: Annotated[str, typer.Option(help='Name or YAML file of a scenario.')] = '',
    deadline: Annotated[float, typer.Option(help='Seconds to wait for a decision.')] = 2.0,
    rate: Annotated[float, typer.Option(help='Steps a second; 0: lock-step.')] = 0.0,
    record: Annotated[
        Path | None, typer.Option(help='Folder for the bag; default: bags/DATE-TIME.')
    ] = None,
    retriever: Annotated[
        str, typer.Option(help='none or dpr.', autocompletion=one_of('none', 'dpr'))
    ] = 'none',
    top_k: Annotated[int, typer.Option(help='Functions that dpr retrieves.')] = 5,
    sentences: Annotated[
        bool, typer.Option(help='Understand emergencies that are published as sentences.')
    ] = True,
    panel: Annotated[bool, typer.Option('--panel', help='Serve the web panel.')] = False,
    compose: Annotated[bool, typer.Option('--compose', help='All nodes in one process.')] = False,
    json: AsJson = False,
) -> None:
    """Let a small model hunt, function by function, over ROS 2."""
    with errors_as_sentences():
        if panel:
            require_nicegui()
        bag = bag_folder(record)
        graph = pursuit_graph(
            PursuitOptions(
                method, episodes, seed, evader, board, moves, model, adapter, provider,
                function_base, guard, abstain_below, scenario, deadline, rate, str(bag),
                retriever, top_k, sentences, panel,
            )
        )  # fmt: skip
        run_graph(graph, bag, compose, json)
