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
"""`ld-agent distill`: a large model writes a function base from the rules of a task."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import Annotated

from ld_agent.cli.common import console, errors_as_sentences
from ld_agent.distill.report import PAGE_FILE
from ld_agent.distill.run import Distillation
from ld_agent.teacher import Endpoint, Teacher
from rich.markup import escape
import typer

REPAIRS = 3
REPLY_TOKENS = 8192


def distill(
    rules: Annotated[Path, typer.Argument(help='File with the rules of the task.')],
    out: Annotated[Path, typer.Option(help='Folder of the base to be: function_base/NAME.')],
    task: Annotated[str, typer.Option(help='Name of the task; default: that of --out.')] = '',
    repairs: Annotated[
        int, typer.Option(min=0, help='How often what is faulty goes back to the teacher.')
    ] = REPAIRS,
    reply_tokens: Annotated[
        int, typer.Option(min=16, help='Most tokens of one reply.')
    ] = REPLY_TOKENS,
    json: Annotated[bool, typer.Option('--json', help='Print the report as JSON.')] = False,
) -> None:
    """Let a large model write stages, functions and manual; stopped or killed, it goes on.

    The model is the one that LD_AGENT_LARGE_BASE_URL and LD_AGENT_LARGE_MODEL name. The base is
    untrusted: its functions run in the sandbox until a person trusts them (`ld-agent functions`).
    """
    with errors_as_sentences():
        teacher = Teacher(Endpoint.from_environment())
        try:
            run = Distillation(
                rules, out, task or out.name, teacher, repairs=repairs,
                reply_tokens=reply_tokens, tell=_tell,
            )  # fmt: skip
            report = run.run()
        finally:
            teacher.close()
    if json:
        typer.echo(json_text.dumps(report, indent=2))
    if report['outcome'] != 'whole':
        console.print(
            f'[red]error:[/] no base was made: {escape(report["why"])} '
            f'(all of it: {escape(str(run.work / PAGE_FILE))})',
            highlight=False, soft_wrap=True,
        )  # fmt: skip
        raise typer.Exit(2)
    if not json:
        typer.echo(f'{out} (report: {run.work / PAGE_FILE})')


def _tell(text: str) -> None:
    console.print(f'[dim]{escape(text)}[/]', highlight=False, soft_wrap=True)
