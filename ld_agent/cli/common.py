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
"""What the verbs share: how errors, steps and JSON are shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import json
from typing import Any

from ld_agent.errors import LdAgentError
from rich.console import Console
from rich.markup import escape
import typer

console = Console(stderr=True)


@contextmanager
def errors_as_sentences() -> Iterator[None]:
    """Print an error of ld_agent as a sentence and end with status 2."""
    try:
        yield
    except LdAgentError as error:
        console.print(f'[red]error:[/] {escape(str(error))}', highlight=False, soft_wrap=True)
        raise typer.Exit(2) from None


def print_json(figures: Any) -> None:
    """Print one JSON value, as `--json` promises."""
    typer.echo(json.dumps(figures, indent=2))


_told = ['', 0.0]


def show_step(text: str, done: float) -> None:
    """Print a step of the preparing: when it begins, and every tenth of the way."""
    if text != _told[0] or done - _told[1] >= 0.1:
        _told[:] = [text, done]
        console.print(f'[dim]{done:4.0%}[/] {escape(text)}', highlight=False, soft_wrap=True)
