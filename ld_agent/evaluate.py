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
"""Evaluates recorded bags, from the bags alone.

Every episode is refereed again by the rules (`referee.py`); what the recording says of itself
is compared, and where it disagrees the report says so. Needs no ROS and no model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ld_agent.bags import Episode, read_bag
from ld_agent.errors import BagError, LdAgentError
from ld_agent.function_base import find_task, read_function, Stage, Task
from ld_agent.function_file import Function
from ld_agent.messages import FunctionUpdate, StageTrace
from ld_agent.referee import referee, Verdict
from ld_agent.reference import reference_choice
from ld_agent.summary import Millis, millis, Share, wilson
from ld_agent_sim.worlds import find_world
import numpy as np


@dataclass(frozen=True)
class EvaluationReport:
    """What the episodes of one method at one task came to.

    Attributes:
        episodes: those that ended; the shares are of these.
        outcomes: outcome of the task → its share, what the agent wants first.
        unfinished: episodes whose recording breaks off; counted nowhere else.
        mean_steps: of the episodes with the first outcome; None without one.
        agreement: share of the selections among several candidates where the student chose as
            the manual's rules say; None where no selection can be judged.
        agreement_note: why no selection could be judged, if the function base is the reason.
        judged: how many selections that is.
        selection_ms: of single selections; `step_ms`: of whole decisions; `cycle_ms`: from one
            state to the next, ROS and the world included.
        disagreements: where a recording contradicts the rules or itself.
        dropped: messages in the bags that do not fit their schema.
    """

    method: str
    task: str
    episodes: int
    outcomes: Mapping[str, Share]
    mean_steps: float | None
    agreement: float | None
    agreement_note: str
    judged: int
    selection_ms: Millis
    step_ms: Millis
    cycle_ms: Millis
    seeds: tuple[int, ...]
    violations: int
    lost_turns: int
    unfinished: int
    disagreements: tuple[str, ...]
    dropped: tuple[str, ...]
    bags: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data; the fields of design and issue come first."""
        return {
            'method': self.method,
            'task': self.task,
            'episodes': self.episodes,
            **{name: share.value for name, share in self.outcomes.items()},
            'mean_steps': self.mean_steps,
            'agreement': self.agreement,
            'selection_ms': {'median': self.selection_ms.median, 'p99': self.selection_ms.p99},
            'step_ms': {'median': self.step_ms.median, 'p99': self.step_ms.p99},
            'seeds': list(self.seeds),
            'cycle_ms': {'median': self.cycle_ms.median, 'p99': self.cycle_ms.p99},
            'intervals': {name: [share.low, share.high] for name, share in self.outcomes.items()},
            'judged': self.judged,
            'agreement_note': self.agreement_note,
            'violations': self.violations,
            'lost_turns': self.lost_turns,
            'unfinished': self.unfinished,
            'disagreements': list(self.disagreements),
            'dropped': list(self.dropped),
            'bags': list(self.bags),
        }


def evaluate_bags(
    paths: Sequence[Path], function_base: Path | None = None
) -> list[EvaluationReport]:
    """Evaluate bags; those of the same task and method count together.

    Args:
        paths: bag folders.
        function_base: the task's folder, for the agreement; default the shipped one.

    Returns:
        One report a (task, method), in the order of their first episodes.

    Raises:
        BagError: a bag cannot be read, or its task has no referee.
    """
    groups: dict[tuple[str, str], list[Episode]] = {}
    dropped: dict[Path, tuple[str, ...]] = {}
    for path in dict.fromkeys(Path(path) for path in paths):
        bag = read_bag(path)
        dropped[path] = bag.dropped
        for episode in bag.episodes:
            _require_world(path, episode.task)
            groups.setdefault((episode.task, episode.method), []).append(episode)
    reports = []
    for (task_name, method), episodes in groups.items():
        task, why = None, ''
        try:
            task = find_task(function_base, task_name)
        except LdAgentError as error:
            if function_base is not None:
                raise
            why = f'the agreement is unknown, the function base does not load: {error}'
        bags = list(dict.fromkeys(episode.bag for episode in episodes))
        notes = tuple(note for bag in bags for note in dropped[bag])
        reports.append(_report(method, task_name, episodes, task, notes, why))
    return reports


def _require_world(path: Path, task: str) -> None:
    try:
        find_world(task)
    except ValueError:
        raise BagError(
            f'{path} records the task {task!r}, which has no referee here; only tasks with a '
            'world in sim/ can be evaluated'
        ) from None


def evaluate_episodes(episodes: Sequence[Episode], task: Task | None = None) -> EvaluationReport:
    """Evaluate episodes of one method; `task` is needed for the agreement only."""
    return _report(episodes[0].method, episodes[0].task, episodes, task)


def _report(
    method: str,
    task_name: str,
    episodes: Sequence[Episode],
    task: Task | None,
    dropped: tuple[str, ...] = (),
    agreement_note: str = '',
) -> EvaluationReport:
    verdicts = [referee(episode) for episode in episodes]
    ended = [
        (episode, verdict)
        for episode, verdict in zip(episodes, verdicts, strict=True)
        if verdict.outcome is not None
    ]
    judged = [agreed for episode, _ in ended for agreed in _agreements(episode, task)]
    decisions = [decision for episode, _ in ended for decision in episode.decisions.values()]
    outcomes = find_world(task_name).rules.outcomes
    wins = [verdict.steps for _, verdict in ended if verdict.outcome == outcomes[0]]
    return EvaluationReport(
        method=method,
        task=task_name,
        episodes=len(ended),
        outcomes={outcome: _share(ended, outcome) for outcome in outcomes},
        mean_steps=float(np.mean(wins)) if wins else None,
        agreement=float(np.mean(judged)) if judged else None,
        agreement_note=agreement_note,
        judged=len(judged),
        selection_ms=millis([s.ms for d in decisions for s in d.trace if is_choice(s)]),
        step_ms=millis([decision.step_ms for decision in decisions]),
        cycle_ms=millis([ms for episode in episodes for ms in _cycles(episode)]),
        seeds=tuple(episode.seed for episode, _ in ended),
        violations=sum(verdict.violations for _, verdict in ended),
        lost_turns=sum(verdict.lost_turns for _, verdict in ended),
        unfinished=len(episodes) - len(ended),
        disagreements=tuple(fault for verdict in verdicts for fault in verdict.disagreements),
        dropped=dropped,
        bags=tuple(dict.fromkeys(str(episode.bag) for episode in episodes)),
    )


def _share(ended: Sequence[tuple[Episode, Verdict]], outcome: str) -> Share:
    return wilson(sum(verdict.outcome == outcome for _, verdict in ended), len(ended))


def _cycles(episode: Episode) -> list[float]:
    """Return the milliseconds from each state to the next of the episode."""
    times = episode.state_times
    return [(times[step + 1] - times[step]) / 1e6 for step in times if step + 1 in times]


def is_choice(trace: StageTrace) -> bool:
    """Tell whether there was something to choose."""
    return len(trace.candidates) > 1


def agrees(
    stage: Stage, trace: StageTrace, functions: Mapping[str, Function | None]
) -> bool | None:
    """Tell whether the manual's rules choose what was selected.

    Args:
        functions: name → function, of all candidates that are known.

    Returns:
        None where it cannot be judged: nothing to choose, an unknown candidate, a trace without
        facts, or a candidate set for which the manual has no one answer.
    """
    candidates = [functions.get(name) for name in trace.candidates]
    known = [function for function in candidates if function is not None]
    if not is_choice(trace) or len(known) < len(candidates):
        return None
    try:
        return reference_choice(stage, trace.facts, known) == trace.selected
    except (LdAgentError, NameError):
        return None


def _agreements(episode: Episode, task: Task | None) -> list[bool]:
    """Return, for each selection that can be judged, whether the rules choose the same."""
    if task is None:
        return []
    stages = {stage.name: stage for stage in task.stages}
    agreed = []
    for step, decision in episode.decisions.items():
        active = episode.active_functions(step)
        for trace in decision.trace:
            if trace.stage not in stages:
                continue
            stage = stages[trace.stage]
            functions = {
                name: stage.functions.get(name) or _added(task, active.get(name))
                for name in trace.candidates
            }
            judged = agrees(stage, trace, functions)
            if judged is not None:
                agreed.append(judged)
    return agreed


def _added(task: Task, update: FunctionUpdate | None) -> Function | None:
    if update is None:
        return None
    function, faults = read_function(task, update.source, update.name, update.origin)
    return None if faults else function
