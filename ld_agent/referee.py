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
"""Referees a recorded episode again, step by step, by the rules of its task.

Only states, decisions and the recorded truth count; the recorded result is compared, never
believed. Knows nothing about methods or models.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ld_agent.bags import Episode
from ld_agent.messages import Decision
from ld_agent_sim.worlds import find_world


@dataclass(frozen=True)
class Verdict:
    """What came out of an episode.

    Attributes:
        outcome: None if the recording ends before the episode does.
        disagreements: where the recording contradicts the rules or itself, a sentence each.
    """

    outcome: str | None
    steps: int
    violations: int
    lost_turns: int
    disagreements: tuple[str, ...]


def referee(episode: Episode) -> Verdict:
    """Replay `episode` by the rules and say what came out."""
    rules = find_world(episode.task).rules
    faults: list[str] = []
    violations = lost_turns = 0
    for before, after in zip(episode.states, episode.states[1:], strict=False):
        step = before.step
        if after.step != step + 1:
            faults.append(f'the states of steps {step + 1} to {after.step - 1} are missing')
            continue
        if rules.over(before.observation):
            faults.append(f'step {step} was played after the end of the game')
        late = episode.moment(step) > episode.state_times[after.step]
        readings: list[tuple[Any, int]] = [(None, 1)]
        if step in episode.decisions:
            # A decision that came too late may or may not have counted.
            readings.insert(1 if late else 0, (_asked(episode.decisions[step]), 0))
        closed, coming = episode.closed_cells(step), episode.closed_cells(after.step)
        seen = before.observation, after.observation
        played = [
            (rules.replay(seen[0], asked, seen[1], closed, violations, coming), lost)
            for asked, lost in readings
        ]
        fitting = [pair for pair in played if not pair[0].fault]
        replay, lost = (fitting or played)[0]
        if replay.fault:
            faults.append(f'step {step}: {replay.fault}')
        faults += [f'step {step}: {note}' for note in replay.notes]
        violations += replay.violations
        lost_turns += lost
    last = episode.states[-1]
    outcome = rules.outcome(last.observation, episode.done, violations)
    if outcome is None and last.step >= rules.max_steps:
        faults.append(
            f'the episode goes on at step {last.step}, past the limit of {rules.max_steps}'
        )
    verdict = Verdict(outcome, last.step, violations, lost_turns, ())
    faults += _against_result(episode, verdict)
    where = f'{episode.bag.name}, episode {episode.number}: '
    return Verdict(
        outcome, last.step, violations, lost_turns, tuple(where + fault for fault in faults)
    )


def _asked(decision: Decision) -> Any:
    """Return the moves or the action of a decision."""
    return decision.moves if decision.action is None else decision.action


def _against_result(episode: Episode, verdict: Verdict) -> list[str]:
    result = episode.result
    if result is None:
        return []
    pairs = [
        ('outcome', result.outcome, verdict.outcome or 'unfinished'),
        ('steps', result.steps, verdict.steps),
        ('violations', result.violations, verdict.violations),
        ('lost turns', result.lost_turns, verdict.lost_turns),
        ('seed', result.seed, episode.seed),
    ]
    return [
        f'the result says {name} {said}, the recording shows {found}'
        for name, said, found in pairs
        if said != found
    ]
