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
"""Tells a recorded episode step by step, as a person would follow it.

Shows positions, then for each stage the facts, the candidates with their probabilities, the
selection, what the guard changed, and the moves; ends with the outcome as refereed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
import math
from typing import Any

from ld_agent.bags import Episode, probabilities_of
from ld_agent.errors import BagError
from ld_agent.messages import Cell, Decision, Guarded, StageTrace, State
from ld_agent.referee import referee
from ld_agent_sim.worlds import find_world
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

BAR = 12


def replay_episodes(
    episodes: Sequence[Episode],
    console: Console,
    number: int | None = None,
    step: int | None = None,
) -> None:
    """Print one episode (default the first), or one step of it.

    Raises:
        BagError: there is no such episode or step.
    """
    chosen, steps = _choose(episodes, number, step)
    console.print(
        Text.assemble(
            (f'Episode {chosen.number}', 'bold'),
            f' of {chosen.bag.name}: {chosen.task}, method {chosen.method}, seed {chosen.seed}',
        )
    )
    for state in steps:
        console.print(describe_step(chosen, state))
    if step is None:
        console.print(describe_end(chosen))


def told_as_json(
    episodes: Sequence[Episode], number: int | None = None, step: int | None = None
) -> dict[str, Any]:
    """Return the same as plain data: what was recorded of each step, and the referee's verdict.

    Raises:
        BagError: there is no such episode or step.
    """
    chosen, steps = _choose(episodes, number, step)
    told = []
    for state in steps:
        decision = chosen.decisions.get(state.step)
        told.append(
            {
                'state': state.model_dump(mode='json'),
                'functions': {
                    name: update.origin
                    for name, update in chosen.active_functions(state.step).items()
                },
                'decision': None if decision is None else decision.model_dump(mode='json'),
            }
        )
    return {
        'bag': str(chosen.bag),
        'episode': chosen.number,
        'method': chosen.method,
        'seed': chosen.seed,
        'steps': told,
        'verdict': asdict(referee(chosen)),
    }


def _choose(
    episodes: Sequence[Episode], number: int | None, step: int | None
) -> tuple[Episode, list[State]]:
    chosen = next((e for e in episodes if number is None or e.number == number), None)
    if chosen is None:
        raise BagError(
            f'the bag holds no episode {number}; there are '
            f'{", ".join(str(episode.number) for episode in episodes)}'
        )
    steps = [state for state in chosen.states if not state.done]
    if step is not None:
        steps = [state for state in steps if state.step == step]
        if not steps:
            raise BagError(
                f'episode {chosen.number} holds no step {step}; its steps are '
                f'{chosen.states[0].step} to {chosen.states[-1].step}'
            )
    return chosen, steps


def describe_step(episode: Episode, state: State) -> RenderableType:
    """Return what happened at one step, for a rich console."""
    rules = find_world(episode.task).rules
    decision = episode.decisions.get(state.step)
    parts: list[RenderableType] = [Text(rules.describe(state.observation), style='cyan')]
    parts += [
        Text(f'function {name} is in force: {update.origin}', style='magenta')
        for name, update in episode.active_functions(state.step).items()
    ]
    if decision is None:
        parts.append(Text('no decision came: the turn is lost', style='red'))
    else:
        if decision.trace:
            parts.append(_trace_table(decision.trace))
        parts += [Text(guarded_text(remark), style='yellow') for remark in decision.guarded]
        parts.append(_answer(state, decision))
    return Panel(Group(*parts), title=f'step {state.step}', title_align='left')


def describe_end(episode: Episode) -> RenderableType:
    """Return the outcome of an episode, for a rich console."""
    verdict, rules = referee(episode), find_world(episode.task).rules
    if verdict.outcome is None:
        line = Text(f'the recording ends at step {verdict.steps}, before the episode', 'yellow')
    else:
        won = verdict.outcome == rules.outcomes[0]
        line = Text(
            f'{verdict.outcome.replace("_", " ")} after {verdict.steps} steps, '
            f'{verdict.violations} violations, {verdict.lost_turns} lost turns',
            'bold green' if won else 'bold red',
        )
    faults = [Text(f'! {fault}', 'yellow') for fault in verdict.disagreements]
    end = rules.describe(episode.states[-1].observation)
    return Group(Text(f'end: {end}', 'cyan'), line, *faults)


def _trace_table(trace: Sequence[StageTrace]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style='dim')
    for name in ('stage', 'facts', 'candidates', 'selected', 'ms'):
        table.add_column(name, justify='right' if name == 'ms' else 'left')
    for stage in trace:
        candidates = Text('\n').join(
            Text(f'{_bar(p)} {p:4.2f} {name}', 'bold' if name == stage.selected else 'dim')
            for name, p in zip(stage.candidates, probabilities_of(stage), strict=True)
        )
        table.add_row(
            stage.stage,
            '\n'.join(f'{fact}: {value}' for fact, value in stage.facts.items()),
            candidates,
            Text(stage.selected, 'bold green').append(
                f'\n{stage.note}' if stage.note else '', 'yellow'
            ),
            f'{stage.ms:.1f}',
        )
    return table


def _bar(share: float) -> str:
    full = math.floor(share * BAR + 0.5)
    return '█' * full + '·' * (BAR - full)


def guarded_text(remark: Guarded) -> str:
    """Return what the guard found illegal, and what went out instead."""
    if remark.pursuer is None:
        instead = f'; {remark.replaced_by} went out' if remark.replaced_by else ''
        return f'guard: {remark.asked or "nothing"} was asked for, {remark.why}{instead}'
    went = f'; went to {_choice(remark.replaced_by)}' if remark.replaced_by else ''
    asked = _choice(remark.asked) if remark.asked else 'no cell'
    return f'guard: pursuer {remark.pursuer + 1} asked for {asked}, {remark.why}{went}'


def _choice(choice: Cell | str) -> str:
    return choice if isinstance(choice, str) else _cells([choice])


def _answer(state: State, decision: Decision) -> Text:
    took = f'   ({decision.step_ms:.0f} ms)' if decision.step_ms else ''
    if decision.moves is None:
        return Text(f'action {decision.action}{took}', 'green')
    moves = ', '.join(
        f'{number + 1}: {_cells([a])} → {_cells([b])}'
        for number, (a, b) in enumerate(
            zip(state.observation['pursuers'], decision.moves, strict=False)
        )
    )
    return Text(f'moves {moves}{took}', 'green')


def _cells(cells: Sequence[Cell]) -> str:
    return ' '.join(f'({x}, {y})' for x, y in cells)
