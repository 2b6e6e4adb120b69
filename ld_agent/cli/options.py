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
"""Options that several verbs of the command line share, each said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ld_agent.cli.common import one_of
from ld_agent.methods import METHODS, NAMES
import typer

Method = Annotated[str, typer.Option(help=f'One of {NAMES}.', autocompletion=one_of(*METHODS))]
Episodes = Annotated[int, typer.Option(help='Episodes to play.')]
Seed = Annotated[int, typer.Option(help='Seed of the first episode.')]
BoardSize = Annotated[str, typer.Option(help='WIDTHxHEIGHT in cells.')]
Model = Annotated[str, typer.Option(help='Student model.')]
Adapter = Annotated[
    str, typer.Option(help='LoRA adapter: default for the shipped one, or its folder.')
]
Provider = Annotated[
    str, typer.Option(help='auto, cpu or cuda.', autocompletion=one_of('auto', 'cpu', 'cuda'))
]
FunctionBase = Annotated[str, typer.Option(help='Folder of a function base.')]
Guard = Annotated[str, typer.Option(help='on or count.', autocompletion=one_of('on', 'count'))]
AbstainBelow = Annotated[
    float, typer.Option(help='Least margin of a selection, nats; 0: always act.')
]
Scenario = Annotated[str, typer.Option(help='Name or YAML file of a scenario.')]
Deadline = Annotated[float, typer.Option(help='Seconds to wait for a decision.')]
Record = Annotated[Path | None, typer.Option(help='Folder for the bag; default: bags/DATE-TIME.')]
Retriever = Annotated[str, typer.Option(help='none or dpr.', autocompletion=one_of('none', 'dpr'))]
TopK = Annotated[int, typer.Option(help='Functions that dpr retrieves.')]
Compose = Annotated[bool, typer.Option('--compose', help='All nodes in one process.')]
