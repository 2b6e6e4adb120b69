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
"""`ld-agent functions`: list, show, check and trust the functions of a base."""

from __future__ import annotations

from dataclasses import asdict
import json as json_text
from typing import Annotated, Any

from ld_agent.cli.common import AsJson, console, errors_as_sentences
from ld_agent.errors import FunctionBaseError
from ld_agent.function_base import load_task
from ld_agent.function_check import (
    check_base,
    find_base,
    installed_bases,
    unpinned,
    visible,
)
from ld_agent.function_file import Function, source_hash
from ld_agent.pin import add_pins
from rich.markup import escape
from rich.table import Table
import typer

functions = typer.Typer(help='Look at function bases, and trust them.', no_args_is_help=True)
Base = Annotated[str, typer.Argument(help='Folder of a base, or name of an installed one.')]


@functions.command('list')
def list_functions(
    base: Annotated[
        str, typer.Argument(help='Folder or name of a base; default: all installed ones.')
    ] = '',
    json: AsJson = False,
) -> None:
    """List functions with their stage, and whether they are trusted."""
    with errors_as_sentences():
        rows = [
            {'base': folder.name, 'stage': stage.name, 'name': f.name, 'trusted': f.trusted,
             'purpose': visible(f.manual.purpose)}
            for folder in ([find_base(base)] if base else installed_bases())
            for stage in load_task(folder).stages
            for f in stage.functions.values()
        ]  # fmt: skip
    if json:
        typer.echo(json_text.dumps(rows, indent=2))
        return
    table = Table('base', 'stage', 'function', 'trusted', 'purpose')
    for row in rows:
        trusted = 'yes' if row['trusted'] else 'no, sandbox only'
        shown = (row['base'], row['stage'], row['name'], trusted, row['purpose'])
        table.add_row(*map(escape, map(str, shown)))
    type(console)().print(table)


@functions.command()
def show(
    base: Base,
    name: Annotated[str, typer.Argument(help='A function of the base.')],
    json: AsJson = False,
) -> None:
    """Print the manual and the source of a function."""
    with errors_as_sentences():
        folder = find_base(base)
        found = [s.functions[name] for s in load_task(folder).stages if name in s.functions]
        if not found:
            raise FunctionBaseError([f'{folder}: has no function {name!r}'])
    typer.echo(json_text.dumps(_as_json(found[0])) if json else visible(_described(found[0])))


@functions.command()
def check(base: Base, json: AsJson = False) -> None:
    """Load a base, run all its examples in the sandbox, and tell what confines them."""
    with errors_as_sentences():
        folder = find_base(base)
        task, layers = check_base(folder)
    every = [function for stage in task.stages for function in stage.functions.values()]
    examples = sum(bool(want) for function in every for _, want in function.manual.examples)
    trusted = sum(function.trusted for function in every)
    if json:
        found = {
            'base': str(folder), 'functions': len(every), 'stages': len(task.stages),
            'examples': examples, 'trusted': trusted,
            'sandbox': [asdict(layer) for layer in layers],
        }  # fmt: skip
        typer.echo(json_text.dumps(found))
        return
    typer.echo(
        f'{folder}: {len(every)} functions in {len(task.stages)} stages, {examples} examples hold '
        f'in the sandbox, {trusted} functions are trusted'
    )
    for layer in layers:
        held = 'holds' if layer.holds else f'does not hold: {layer.why}'
        typer.echo(f'  sandbox layer {layer.name}: {held}')


@functions.command()
def trust(
    base: Base,
    names: Annotated[
        list[str] | None, typer.Argument(help='Functions; default: all of the base.')
    ] = None,
    yes: Annotated[bool, typer.Option('--yes', help='Show the code, and do not ask.')] = False,
) -> None:
    """Show code and pin it by hash; from then on it runs outside the sandbox.

    A file that is changed afterwards is not trusted any more.
    """
    with errors_as_sentences():
        folder = find_base(base)
        load_task(folder)
        waiting = unpinned(folder, names or [])
        read = {}
        for file, text in waiting.items():
            typer.echo(f'--- {folder / file}\n{visible(text)}')
            if yes or typer.confirm(f'Let {file} run outside the sandbox?'):
                read[file] = source_hash(text)
        if read:
            add_pins(folder.name, read)
        task = load_task(folder)
    trusted = [f.name for stage in task.stages for f in stage.functions.values() if f.trusted]
    typer.echo(f'pinned: {", ".join(read) or "nothing"}; trusted: {", ".join(trusted) or "none"}')
    if read and not task.trusted_facts:
        typer.echo('facts.py and _tools.py are not all trusted, so nothing of the base is yet')


def _as_json(function: Function) -> dict[str, Any]:
    manual = function.manual
    return {
        'name': function.name, 'stage': function.stage, 'purpose': manual.purpose,
        'when_to_use': manual.when_to_use, 'rule': manual.rule, 'trusted': function.trusted,
        'file': function.origin, 'source': function.source,
    }  # fmt: skip


def _described(function: Function) -> str:
    manual = function.manual
    trusted = 'trusted' if function.trusted else 'not trusted: it runs in the sandbox only'
    return (
        f'{function.name} ({trusted})\n  stage: {function.stage}\n  purpose: {manual.purpose}\n'
        f'  when to use: {manual.when_to_use}\n  rule: {manual.rule}\n'
        f'  file: {function.origin}\n\n{function.source}'
    )
