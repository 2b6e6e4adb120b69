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
"""`ld-agent vessels`: vessels hunt in metres and seconds, over ROS 2 or in this process."""

from __future__ import annotations

import json as json_text
from pathlib import Path
import signal
from typing import Annotated, Any

from ld_agent.bag_writer import bags_at
from ld_agent.cli.common import AsJson, console, errors_as_sentences, show_step
from ld_agent.cli.evaluate import table
from ld_agent.cli.options import (
    Adapter,
    BoardSize,
    Deadline,
    Episodes,
    FunctionBase,
    Method,
    Model,
    Provider,
    Record,
    Scenario,
    Seed,
)
from ld_agent.cli.running import bag_folder
from ld_agent.errors import BagError, LdAgentError
from ld_agent.evaluate import evaluate_bags, EvaluationReport
from ld_agent.graph import NodeSpec, vessels_graph, VesselsOptions
from ld_agent.methods import METHODS, NAMES
from ld_agent.panel import require_nicegui
from ld_agent.players import find_task, make_agent, prepare_method
from ld_agent.runner import isolate, require_ros, run_processes
from ld_agent.sentences.author import prepare_author
from ld_agent.summary import wilson
from ld_agent.voyage import sail, sea_scenario, Voyage
from ld_agent_sim.evaders import EVADERS
from ld_agent_sim.vessels import kind_of
import typer

STOPPED = 130


def vessels(
    method: Method = 'ld',
    episodes: Episodes = 3,
    seed: Seed = 0,
    evader: Annotated[str, typer.Option(help='random, flee or adversary.')] = 'flee',
    board: BoardSize = '20x20',
    kind: Annotated[
        str, typer.Option(help='surface_vessel or differential_drive.')
    ] = 'surface_vessel',
    model: Model = 'smollm2',
    adapter: Adapter = 'default',
    provider: Provider = 'auto',
    function_base: FunctionBase = '',
    scenario: Scenario = '',
    deadline: Deadline = 2.0,
    speed: Annotated[
        float, typer.Option(help='Simulated seconds a second, at most; over ROS.')
    ] = 5.0,
    record: Record = None,
    retries: Annotated[
        int, typer.Option(min=0, help='How often a node that dies is started again; over ROS.')
    ] = 3,
    panel: Annotated[bool, typer.Option('--panel', help='Serve the web panel; over ROS.')] = False,
    offline: Annotated[
        bool, typer.Option('--offline', help='Without ROS, in this process, as fast as it goes.')
    ] = False,
    json: AsJson = False,
) -> None:
    """Let vessels hunt: moves become motion, and areas hold for the whole hull."""
    with errors_as_sentences():
        if panel:
            require_nicegui()
        bag = bag_folder(record)
        options = VesselsOptions(
            method, episodes, seed, evader, board, kind, model, adapter, provider, function_base,
            scenario, deadline, speed, 'direct', '' if offline else str(bag), retries, panel,
        )  # fmt: skip
        _check(options)
        for taken in (bag, bag.with_name(f'{bag.name}_1')):
            if taken.exists() and not offline:
                raise LdAgentError(f'{taken} exists already; name a new folder for the bag')
        if not offline:
            require_ros()
            isolate()
            _check_parameters(vessels_graph(options))
        prepare_method(method, model, adapter, show_step)
        if offline:
            _show(_sail_all(options), json)
            return
        prepare_author(progress=show_step)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            status = run_processes(vessels_graph(options))
        except KeyboardInterrupt:
            recorded = ', '.join(map(str, bags_at(bag) or [bag]))
            console.print(f'stopped; what was recorded is in {recorded}', highlight=False)
            raise typer.Exit(STOPPED) from None
        if status:
            raise typer.Exit(status)
        report, bag = _evaluated(bags_at(bag) or [bag])
    if json:
        typer.echo(json_text.dumps({**report.as_json(), 'bag': str(bag)}, indent=2))
        return
    out = type(console)()
    out.print(table([report]))
    out.print(f'bag: {bag}', highlight=False)


def _evaluated(bags: list[Path]) -> tuple[EvaluationReport, Path]:
    """Return the report of a run and of which bag it is: the last one that holds a state.

    Raises:
        BagError: none does.
    """
    if len(bags) > 1:
        console.print(
            f'the recorder was started again: {", ".join(map(str, bags))}; the last one is '
            'evaluated, in which areas of the time before are not known',
            highlight=False,
        )
    for bag in reversed(bags[1:]):
        try:
            return evaluate_bags([bag])[0], bag
        except BagError as error:
            console.print(str(error), highlight=False)
    return evaluate_bags(bags[:1])[0], bags[0]


def _check(options: VesselsOptions) -> None:
    """Find what is wrong with the options before anything is started.

    Raises:
        LdAgentError: the first fault, in one sentence.
    """
    if options.method not in METHODS:
        raise LdAgentError(f'method {options.method!r} is unknown; use one of {NAMES}')
    if options.evader not in EVADERS:
        raise LdAgentError(
            f'evader {options.evader!r} is unknown; use one of {", ".join(EVADERS)}'
        )
    if options.episodes < 1:
        raise LdAgentError(f'episodes is {options.episodes}; play at least one')
    try:
        kind_of(options.kind)
    except ValueError as error:
        raise LdAgentError(str(error)) from None
    sea_scenario(options.board, options.scenario)
    find_task(options.function_base or None)


def _check_parameters(graph: list[NodeSpec]) -> None:
    from ld_agent.nodes.parameters import check, NODE_PARAMETERS

    for spec in graph:
        check(spec.name, NODE_PARAMETERS[spec.name], spec.parameters)


def _sail_all(options: VesselsOptions) -> list[Voyage]:
    scenario = sea_scenario(options.board, options.scenario)
    player = make_agent(
        options.method, model=options.model, adapter=options.adapter, provider=options.provider,
        function_base=options.function_base or None, seed=options.seed, progress=show_step,
    )  # fmt: skip
    voyages = []
    try:
        for seed in range(options.seed, options.seed + options.episodes):
            voyages.append(sail(player, scenario, seed, kind=options.kind, evader=options.evader))
            v = voyages[-1]
            console.print(
                f'seed {seed}: {v.outcome} after {v.steps} steps, {v.seconds:.0f} s at sea in '
                f'{v.wall:.1f} s, {len(v.faults)} faults', highlight=False,
            )  # fmt: skip
    finally:
        player.close()
    return voyages


def _show(voyages: list[Voyage], json: bool) -> None:
    """Print what the voyages came to."""
    clean = [v for v in voyages if v.outcome == 'success' and not v.faults and not v.violations]
    share = wilson(len(clean), len(voyages))
    seconds, wall = sum(v.seconds for v in voyages), sum(v.wall for v in voyages)
    report: dict[str, Any] = {
        'runs': len(voyages),
        'caught_without_fault': len(clean),
        'share': share.value,
        'interval': [share.low, share.high],
        'mean_steps': sum(v.steps for v in voyages) / len(voyages),
        'simulated_seconds': round(seconds, 1),
        'real_time_factor': round(seconds / wall, 1),
        'faults': [
            {'seed': v.seed, 'time': f.time, 'body': f.body, 'what': f.what}
            for v in voyages
            for f in v.faults
        ],
        'others': [
            {'seed': v.seed, 'outcome': v.outcome, 'violations': v.violations}
            for v in voyages
            if v not in clean
        ],
        'left_areas': sum('leaves a closed area' in n for v in voyages for n in v.notes),
    }
    if json:
        typer.echo(json_text.dumps(report, indent=2))
        return
    type(console)().print(
        f'{len(clean)} of {len(voyages)} caught without a fault at sea '
        f'[{share.low:.3f}, {share.high:.3f}], {report["real_time_factor"]} times real time',
        highlight=False, markup=False,
    )  # fmt: skip
