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
"""`ld-agent replay BAG`: an episode told step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ld_agent.bags import read_episodes
from ld_agent.cli.common import AsJson, errors_as_sentences, print_json
from ld_agent.replay import replay_episodes, told_as_json
from rich.console import Console
import typer


def replay(
    bag: Annotated[Path, typer.Argument(help='Bag folder.')],
    episode: Annotated[
        int | None, typer.Option(help='Number of the episode; default the first.')
    ] = None,
    step: Annotated[int | None, typer.Option(help='Only this step.')] = None,
    json: AsJson = False,
) -> None:
    """Tell a recorded episode step by step."""
    with errors_as_sentences():
        episodes = read_episodes(bag)
        if json:
            print_json(told_as_json(episodes, episode, step))
        else:
            replay_episodes(episodes, Console(highlight=False), episode, step)
