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
"""`ld-agent redecide BAG`: the recorded states decided again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from ld_agent.bags import read_episodes
from ld_agent.cli.common import AsJson, errors_as_sentences, one_of, print_json, show_step
from ld_agent.errors import LdAgentError
from ld_agent.graph import playback_graph
from ld_agent.methods import METHODS, NAMES
from ld_agent.players import make_agent, prepare_method
from ld_agent.redecide import compare_decided, Redecision, StepDifference
from ld_agent.redecide import redecide as decide_again
from ld_agent.runner import isolate, require_ros, run_processes
from ld_agent.summary import Share
from rich.console import Console
from rich.markup import escape
from rich.table import Table
import typer

SHOWN = 20


def redecide(
    bag: Annotated[Path, typer.Argument(help='Bag folder.')],
    method: Annotated[
        str, typer.Option(help=f'One of {NAMES}.', autocompletion=one_of(*METHODS))
    ] = 'ld',
    decided: Annotated[
        Path | None,
        typer.Option(help='Bag with the decisions of a node that BAG was played to; none: here.'),
    ] = None,
    ros: Annotated[
        Path | None,
        typer.Option(help='Play BAG to a decision node over ROS 2; record its decisions here.'),
    ] = None,
    model: Annotated[str, typer.Option(help='Student model.')] = 'smollm2',
    adapter: Annotated[
        str, typer.Option(help='LoRA adapter: default for the shipped one, or its folder.')
    ] = 'default',
    function_base: Annotated[str, typer.Option(help='Folder of a function base.')] = '',
    guard: Annotated[
        str,
        typer.Option(help='on or count, as recorded.', autocompletion=one_of('on', 'count')),
    ] = 'on',
    abstain_below: Annotated[
        float, typer.Option(help='Least margin of a selection, nats, as recorded.')
    ] = 0.0,
    seed: Annotated[int, typer.Option(help='Seed of the method random.')] = 0,
    json: AsJson = False,
) -> None:
    """Decide each recorded state again; tell how far that agrees with the recording."""
    with errors_as_sentences():
        if decided is not None and ros is not None:
            raise LdAgentError('--decided and --ros exclude each other; give one of them')
        if decided is not None:
            found = compare_decided(bag, decided)
        elif ros is not None:
            decision = {
                'method': method, 'model': model, 'adapter': adapter, 'guard': guard,
                'function_base': function_base, 'abstain_below': abstain_below, 'seed': seed,
            }  # fmt: skip
            _play(bag, ros, decision)
            found = compare_decided(bag, ros)
        else:
            player = make_agent(
                method, model=model, adapter=adapter, function_base=function_base or None,
                guard=guard, abstain_below=abstain_below, seed=seed, progress=show_step,
            )  # fmt: skip
            try:
                found = decide_again(bag, player, method, show_step)
            finally:
                player.close()
    if json:
        print_json(asdict(found))
        return
    out = Console()
    out.print(_summary(found))
    for sentence in found.refused:
        out.print(f'[yellow]![/] {escape(sentence)}', highlight=False, soft_wrap=True)
    if found.differences:
        out.print(_listed(found.differences[:SHOWN]))
    if len(found.differences) > SHOWN:
        out.print(f'{len(found.differences) - SHOWN} more; --json lists all')


def _play(bag: Path, again: Path, decision: dict[str, Any]) -> None:
    """Let a decision node hear the states of a bag, and record what it decides."""
    require_ros()
    isolate()
    read_episodes(bag)
    prepare_method(decision['method'], decision['model'], decision['adapter'], show_step)
    status = run_processes(playback_graph(str(bag), str(again), decision))
    if status:
        raise typer.Exit(status)


def _summary(found: Redecision) -> Table:
    title = f'{found.bag}: recorded by {found.recorded_method}, now {found.method}'
    table = Table(title=escape(title), caption='shares with Wilson 95 % intervals')
    table.add_column('')
    table.add_column('steps', justify='right')
    table.add_column('share', justify='right')
    table.add_row('decided again', str(found.steps), '')
    table.add_row('the same moves', str(found.same_moves), _percent(found.moves))
    table.add_row(
        'all selections the same', str(found.same_selections), _percent(found.selections)
    )
    table.add_row('recorded as lost turns, left out', str(found.lost_turns), '')
    return table


def _percent(share: Share) -> str:
    return escape(f'{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]')


def _listed(differences: tuple[StepDifference, ...]) -> Table:
    table = Table(title='steps that differ')
    for name in ('episode', 'seed', 'step', 'stage', 'recorded', 'now'):
        table.add_column(name, overflow='fold')
    for d in differences:
        moves = (
            '' if d.recorded == d.now else f'\n{_cells(cells)}' for cells in (d.recorded, d.now)
        )
        then, now = (f'{name}{cells}' for name, cells in zip(d.selected, moves, strict=True))
        cells = (str(d.episode), str(d.seed), str(d.step), d.stage, then, now or d.why)
        table.add_row(*(escape(cell.strip()) for cell in cells))
        if d.why and now:
            table.add_row('', '', '', '', '', escape(d.why))
    return table


def _cells(cells: tuple[tuple[int, int], ...] | None) -> str:
    return '-' if cells is None else ' '.join(f'({x}, {y})' for x, y in cells)
