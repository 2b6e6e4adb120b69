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
"""The verbs of `ld-agent` put together."""

from __future__ import annotations

import logging

from ld_agent.cli.bench import bench
from ld_agent.cli.compare import compare
from ld_agent.cli.distill import distill
from ld_agent.cli.doctor import doctor
from ld_agent.cli.emergency import emergency
from ld_agent.cli.evaluate import evaluate
from ld_agent.cli.export import export
from ld_agent.cli.functions import functions
from ld_agent.cli.panel import panel
from ld_agent.cli.play import play
from ld_agent.cli.prepare import prepare
from ld_agent.cli.probe import probe
from ld_agent.cli.pursuit import pursuit
from ld_agent.cli.redecide import redecide
from ld_agent.cli.replay import replay
from ld_agent.cli.tables import tables
from ld_agent.cli.train import train
from ld_agent.cli.twenty_one import twenty_one
from ld_agent.cli.vessels import vessels
import typer

logging.basicConfig(level=logging.WARNING, format='%(levelname)s: %(message)s')
app = typer.Typer(
    help='Logic Distillation: a small model decides, function by function.',
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for _verb in (
    pursuit,
    twenty_one,
    play,
    vessels,
    panel,
    emergency,
    evaluate,
    compare,
    replay,
    redecide,
    export,
    prepare,
    probe,
    bench,
    tables,
    distill,
    doctor,
):
    app.command(_verb.__name__)(_verb)
app.add_typer(functions, name='functions')
app.add_typer(train, name='train')
