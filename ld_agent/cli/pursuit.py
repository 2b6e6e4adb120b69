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

from typing import Annotated

from ld_agent.cli.common import AsJson, errors_as_sentences, one_of
from ld_agent.cli.options import (
    AbstainBelow,
    Adapter,
    BoardSize,
    Compose,
    Deadline,
    Episodes,
    FunctionBase,
    Guard,
    Method,
    Model,
    Provider,
    Record,
    Retriever,
    Scenario,
    Seed,
    TopK,
)
from ld_agent.cli.running import bag_folder, run_graph
from ld_agent.graph import pursuit_graph, PursuitOptions
from ld_agent.panel import require_nicegui
import typer


def pursuit(
    method: Method = 'ld',
    episodes: Episodes = 20,
    seed: Seed = 0,
    evader: Annotated[
        str,
        typer.Option(
            help='random, flee, adversary, hide or llm.',
            autocompletion=one_of('random', 'flee', 'adversary', 'hide', 'llm'),
        ),
    ] = 'flee',
    board: BoardSize = '20x20',
    moves: Annotated[
        str, typer.Option(help='exact or up_to.', autocompletion=one_of('exact', 'up_to'))
    ] = 'exact',
    model: Model = 'smollm2',
    adapter: Adapter = 'default',
    provider: Provider = 'auto',
    function_base: FunctionBase = '',
    guard: Guard = 'on',
    abstain_below: AbstainBelow = 0.0,
    scenario: Scenario = '',
    deadline: Deadline = 2.0,
    rate: Annotated[float, typer.Option(help='Steps a second; 0: lock-step.')] = 0.0,
    record: Record = None,
    retriever: Retriever = 'none',
    top_k: TopK = 5,
    sentences: Annotated[
        bool, typer.Option(help='Understand emergencies that are published as sentences.')
    ] = True,
    panel: Annotated[bool, typer.Option('--panel', help='Serve the web panel.')] = False,
    compose: Compose = False,
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
