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
"""Plays episodes of a row in one process; engines run this, here or on another machine.

A process keeps the agent and the world of the row that it plays, so that a model loads once a
process. Passes of a model take one thread: the cores are for the processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import hashlib
import json
import os
from pathlib import Path

from ld_agent import __version__
from ld_agent.benchmark import machine
from ld_agent.emergency_desk import Desk
from ld_agent.episodes import desk_for, play
from ld_agent.errors import LdAgentError
from ld_agent.evaluate import agrees, is_choice
from ld_agent.messages import Decision, StageTrace
from ld_agent.optimum import make_optimum, OPTIMUM
from ld_agent.player import Player
from ld_agent.players import make_agent, SEEDED
from ld_agent.share import share_path
from ld_agent.student.cache import identity
from ld_agent.student.prepare import DEFAULT_MODEL, prepare
from ld_agent.student.session import THREADS_VARIABLE
from ld_agent.tables.plan import Row
from ld_agent.tables.store import Record
from ld_agent.worlds import open_world, scenario_file
from ld_agent_sim.worlds import World

BOARD, MOVES = '20x20', 'exact'
"""The paper's board, where no scenario sets another."""
GUARD = 'count'


@dataclass(frozen=True)
class Job:
    """Seeds of a row to play; with none, the agent is only made.

    Attributes:
        table: name of the row's table.
        processes: how many play side by side, for the record.
    """

    table: str
    row: Row
    seeds: tuple[int, ...]
    processes: int


@dataclass(frozen=True)
class Reply:
    """What a job came to.

    Attributes:
        made_from: what the episodes depend on beside their row; empty if no agent could be made.
        problem: why the job broke off, in one sentence; empty if it did not.
    """

    job: Job
    made_from: dict[str, str]
    records: tuple[Record, ...] = ()
    problem: str = ''


@dataclass
class _Open:
    row: Row
    agent: Player
    world: World
    made_from: dict[str, str]
    desk: Desk | None = None
    last: int | None = None

    def close(self) -> None:
        self.agent.close()
        if self.desk is not None:
            self.desk.close()


_kept: list[_Open] = []


def work(job: Job) -> Reply:
    """Play the seeds of a job, one after another."""
    os.environ[THREADS_VARIABLE] = '1'
    made_from: dict[str, str] = {}
    records: list[Record] = []
    try:
        opened = _opened(job.row)
        made_from = opened.made_from
        for seed in job.seeds:
            _lead(opened, seed, job.processes)
            records.append(_episode(opened, seed, job.processes))
    # Sent as text: an error of another process may not survive its way back.
    except LdAgentError as error:
        return Reply(job, made_from, tuple(records), ' '.join(str(error).split()))
    return Reply(job, made_from, tuple(records))


def _opened(row: Row) -> _Open:
    if _kept and _kept[0].row == row:
        return _kept[0]
    while _kept:
        _kept.pop().close()
    agent = _make(row, 0)
    model = row.options.get('model', DEFAULT_MODEL)
    world = open_world(row.task, row.evader, BOARD, MOVES, row.scenario, model)
    made_from = _made_from(row, agent, model)
    desk = desk_for(agent, row.scenario, model)
    if desk is not None:
        author = identity(desk.author.student.folder)
        made_from.update({f'author_{name}': value for name, value in author.items()})
    _kept.append(_Open(row, agent, world, made_from, desk))
    return _kept[0]


def _lead(opened: _Open, seed: int, processes: int) -> None:
    """Play the match of `seed` up to it, where it was not just played."""
    first = opened.row.first_of_match(seed)
    if seed != first and opened.last == seed - 1:
        return
    # A seed that does not follow on the last one begins a new match, and this one will not.
    opened.world.reset(first)
    for earlier in range(first, seed):
        _episode(opened, earlier, processes)


def _make(row: Row, seed: int) -> Player:
    if row.method == OPTIMUM:
        return make_optimum(row.task, row.evader, GUARD)
    return make_agent(row.method, row.task, guard=GUARD, seed=seed, remember=True, **row.options)


def _made_from(row: Row, agent: Player, model: str) -> dict[str, str]:
    """Return name → version or hash of what decides the episodes of a row.

    Raises:
        LdAgentError: the agent does not say what it is made from.
    """
    parts = getattr(agent, 'made_from', None)
    if parts is None:
        raise LdAgentError(
            f'method {row.method!r} does not say what it is made from, so its results could not '
            'be told from stale ones; give its agent the attribute made_from'
        )
    base = row.options.get('function_base') or share_path('function_base', row.task)
    found = {'version': __version__, 'function_base': _hash_of(Path(base)), **parts}
    if row.scenario:
        found['scenario'] = _hash_of(scenario_file(row.scenario))
    if row.evader == 'llm':
        evader = identity(prepare(model, None))
        found.update({f'evader_{name}': value for name, value in evader.items()})
    return found


def _hash_of(path: Path) -> str:
    """Return a hash of a file, or of a function base's files."""
    files = [path] if path.is_file() else sorted([*path.glob('*.py'), *path.glob('*.yaml')])
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b'\0' + file.read_bytes() + b'\0')
    return digest.hexdigest()[:12]


def _episode(opened: _Open, seed: int, processes: int) -> Record:
    row = opened.row
    if row.method in SEEDED:
        opened.agent.close()
        opened.agent = _make(row, seed)
    decisions: list[Decision] = []
    verdicts: list[bool] = []
    for decision in play(opened.agent, opened.world, seed, desk=opened.desk):
        decisions.append(decision)
        verdicts += _verdicts(opened.agent, decision)
    choices = [s for d in decisions for s in d.trace if is_choice(s)]
    ended = opened.world.outcome()
    opened.last = seed
    return Record(
        method=row.method,
        evader=row.evader,
        scenario=row.scenario,
        seed=seed,
        outcome=ended['outcome'],
        steps=ended['steps'],
        violations=ended['violations'],
        lost_turns=ended['lost_turns'],
        judged=len(verdicts),
        agreed=sum(verdicts),
        played=_hash_of_play(decisions),
        prompts=_prompts(choices),
        selection_ms=tuple(round(s.ms, 3) for s in choices if not s.remembered),
        step_ms=tuple(
            round(d.step_ms, 3) for d in decisions if not any(s.remembered for s in d.trace)
        ),
        made_from=opened.made_from,
        machine=_machine(),
        processes=processes,
    )


def _verdicts(agent: Player, decision: Decision) -> list[bool]:
    """Return, for each selection that can be judged, whether the manual's rules agree."""
    stages = {stage.name: stage for stage in agent.task.stages}
    judged = [
        agrees(stages[trace.stage], trace, stages[trace.stage].functions)
        for trace in decision.trace
        if trace.stage in stages
    ]
    return [verdict for verdict in judged if verdict is not None]


def _hash_of_play(decisions: Sequence[Decision]) -> str:
    play_made = [[d.moves, d.action, [s.selected for s in d.trace]] for d in decisions]
    return hashlib.sha256(json.dumps(play_made).encode()).hexdigest()[:16]


def _prompts(choices: Sequence[StageTrace]) -> tuple[str, ...]:
    asked = {json.dumps([s.stage, s.facts, s.candidates], sort_keys=True) for s in choices}
    return tuple(sorted(hashlib.sha256(prompt.encode()).hexdigest()[:8] for prompt in asked))


def _machine() -> str:
    found = machine()
    return f'{found["processor"]}, {found["cores"]} cores, Python {found["python"]}'
