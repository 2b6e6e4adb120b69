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
"""`ld-agent play TASK`: play any task over ROS 2, record a bag, print what it shows."""

from __future__ import annotations

from typing import Annotated

from ld_agent.cli.common import AsJson, errors_as_sentences
from ld_agent.cli.options import (
    AbstainBelow,
    Adapter,
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
    Seed,
    TopK,
)
from ld_agent.cli.running import bag_folder, run_graph
from ld_agent.graph import play_graph, PlayOptions
import typer


def play(
    task: Annotated[
        str, typer.Argument(help='Task: a module of sim/ and a folder of function_base/.')
    ],
    method: Method = 'ld',
    episodes: Episodes = 20,
    seed: Seed = 0,
    opponent: Annotated[
        str, typer.Option(help="Whom the agent plays against; empty: the world's first.")
    ] = '',
    model: Model = 'smollm2',
    adapter: Adapter = 'default',
    provider: Provider = 'auto',
    function_base: FunctionBase = '',
    guard: Guard = 'on',
    abstain_below: AbstainBelow = 0.0,
    deadline: Deadline = 10.0,
    record: Record = None,
    retriever: Retriever = 'none',
    top_k: TopK = 5,
    compose: Compose = False,
    json: AsJson = False,
) -> None:
    """Let a small model play a task, function by function, over ROS 2."""
    with errors_as_sentences():
        bag = bag_folder(record)
        graph = play_graph(
            PlayOptions(
                method, episodes, seed, opponent, model, adapter, provider, function_base, guard,
                abstain_below, deadline, str(bag), retriever, top_k, task,
            )
        )  # fmt: skip
        run_graph(graph, bag, compose, json)
