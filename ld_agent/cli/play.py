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

from pathlib import Path
from typing import Annotated

from ld_agent.cli.common import errors_as_sentences
from ld_agent.cli.running import bag_folder, run_graph
from ld_agent.graph import play_graph, PlayOptions
from ld_agent.methods import NAMES
import typer


def play(
    task: Annotated[
        str, typer.Argument(help='Task: a module of sim/ and a folder of function_base/.')
    ],
    method: Annotated[str, typer.Option(help=f'One of {NAMES}.')] = 'ld',
    episodes: Annotated[int, typer.Option(help='Episodes to play.')] = 20,
    seed: Annotated[int, typer.Option(help='Seed of the first episode.')] = 0,
    opponent: Annotated[
        str, typer.Option(help="Whom the agent plays against; empty: the world's first.")
    ] = '',
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
    deadline: Annotated[float, typer.Option(help='Seconds to wait for a decision.')] = 10.0,
    record: Annotated[
        Path | None, typer.Option(help='Folder for the bag; default: bags/DATE-TIME.')
    ] = None,
    retriever: Annotated[str, typer.Option(help='none or dpr.')] = 'none',
    top_k: Annotated[int, typer.Option(help='Functions that dpr retrieves.')] = 5,
    compose: Annotated[bool, typer.Option('--compose', help='All nodes in one process.')] = False,
    json: Annotated[bool, typer.Option('--json', help='Print one JSON object.')] = False,
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
