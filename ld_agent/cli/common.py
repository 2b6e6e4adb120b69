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
"""What the verbs share: `--json`, completion, how errors, steps and figures are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
import json
from typing import Annotated, Any

from ld_agent.errors import LdAgentError
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text
import typer

console = Console(stderr=True)
AsJson = Annotated[bool, typer.Option('--json', help='Print one JSON object.')]
"""The option of every verb that reports."""


def one_of(*names: str) -> Callable[[str], list[str]]:
    """Return a completion that offers these names."""

    def offer(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return offer


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


def print_figures(figures: Mapping[str, Any], as_json: bool, title: str) -> None:
    """Print figures nested in any way: a line each in a table on a terminal, else as JSON."""
    out = Console()
    if as_json or not out.is_terminal:
        print_json(figures)
        return
    table = Table(title=title, show_header=False)
    table.add_column(overflow='fold')
    table.add_column(overflow='fold')
    for name, value in _flat(figures):
        table.add_row(Text(name), Text(value))
    out.print(table)


def _flat(figures: Mapping[str, Any], above: str = '') -> Iterator[tuple[str, str]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f'{above}{name}.')
        else:
            shown = f'{value:.4g}' if isinstance(value, float) else str(value)
            yield f'{above}{name}', shown


_told: list[Any] = ['', 0.0]


def show_step(text: str, done: float) -> None:
    """Print a step of the preparing: when it begins, and every tenth of the way."""
    if text != _told[0] or done - _told[1] >= 0.1:
        _told[:] = [text, done]
        console.print(f'[dim]{done:4.0%}[/] {escape(text)}', highlight=False, soft_wrap=True)
