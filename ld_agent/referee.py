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
"""Referees a recorded pursuit again, move by move, by the rules of the world.

Only states, decisions and the recorded truth count; the recorded result is compared, never
believed. Knows nothing about methods or models.
"""

from __future__ import annotations

from dataclasses import dataclass

from ld_agent.bags import Episode
from ld_agent.messages import Cell, Decision, State
from ld_agent_sim.pursuit import (
    Board,
    captured,
    evader_moves,
    MAX_STEPS,
    MAX_VIOLATIONS,
    Outcome,
    pursuer_moves,
    why_illegal,
)


@dataclass(frozen=True)
class Verdict:
    """What came out of an episode.

    Attributes:
        outcome: None if the recording ends before the episode does.
        disagreements: where the recording contradicts the rules or itself, a sentence each.
    """

    outcome: Outcome | None
    steps: int
    violations: int
    lost_turns: int
    disagreements: tuple[str, ...]


def referee(episode: Episode) -> Verdict:
    """Replay `episode` by the rules and say what came out."""
    board = board_of(episode.states[0])
    faults: list[str] = []
    violations = lost_turns = 0
    for before, after in zip(episode.states, episode.states[1:], strict=False):
        step = before.step
        if after.step != step + 1:
            faults.append(f'the states of steps {step + 1} to {after.step - 1} are missing')
            continue
        restricted = frozenset(episode.closed_cells(step)) - board.walls
        start, evader = places(before)
        end, evader_end = places(after)
        if captured(start, evader):
            faults.append(f'step {step} was played after the capture')
        moved, broken = _moved(board, start, episode.decisions.get(step), restricted)
        late = episode.moment(step) > episode.state_times[after.step]
        readings = [(moved, broken, 0), (start, 0, 1)]
        if step not in episode.decisions:
            readings = readings[1:]
        elif late:
            readings.reverse()
        fitting = [reading for reading in readings if reading[0] == end]
        if not fitting:
            faults.append(
                f'step {step}: by the rules the pursuers end at {_shown(readings[0][0])}, '
                f'the next state has {_shown(end)}'
            )
        _, broken, lost = (fitting or readings)[0]
        violations += broken
        lost_turns += lost
        legal = evader_moves(board, evader, restricted)
        over = captured(end, evader) or violations > MAX_VIOLATIONS
        if evader_end not in legal and not (evader_end == evader and (over or not legal)):
            faults.append(
                f'step {step}: the evader went from {evader} to {evader_end}, which is no move'
            )
    last = episode.states[-1]
    outcome = _outcome(episode, violations)
    if outcome is None and last.step >= MAX_STEPS:
        faults.append(f'the episode goes on at step {last.step}, past the limit of {MAX_STEPS}')
    verdict = Verdict(outcome, last.step, violations, lost_turns, ())
    faults += _against_result(episode, verdict)
    where = f'{episode.bag.name}, episode {episode.number}: '
    return Verdict(
        outcome, last.step, violations, lost_turns, tuple(where + fault for fault in faults)
    )


def board_of(state: State) -> Board:
    """Return the chart that the observation shows."""
    seen = state.observation
    return Board(
        width=seen['width'],
        height=seen['height'],
        moves=seen['moves'],
        walls=frozenset((x, y) for x, y in seen.get('walls', [])),
        walls_block=seen.get('walls_block', False),
    )


def places(state: State) -> tuple[tuple[Cell, ...], Cell]:
    """Return the cells of the pursuers, and the evader's."""
    x, y = state.observation['evader']
    return tuple((px, py) for px, py in state.observation['pursuers']), (x, y)


def _moved(
    board: Board,
    start: tuple[Cell, ...],
    decision: Decision | None,
    restricted: frozenset[Cell],
) -> tuple[tuple[Cell, ...], int]:
    """Return where the decision brings the pursuers, and how many violations it holds."""
    if decision is None or decision.moves is None or len(decision.moves) != len(start):
        return start, 0
    end, broken = [], 0
    for cell, target in zip(start, decision.moves, strict=True):
        if not pursuer_moves(board, cell, restricted):
            end.append(cell)
        elif why_illegal(board, cell, target, restricted) is None:
            end.append(target)
        else:
            end.append(cell)
            broken += 1
    return tuple(end), broken


def _outcome(episode: Episode, violations: int) -> Outcome | None:
    pursuers, evader = places(episode.states[-1])
    if violations > MAX_VIOLATIONS:
        return Outcome.FAILURE_WITH_VIOLATION
    if captured(pursuers, evader):
        return Outcome.SUCCESS
    return Outcome.FAILURE_WITHOUT_VIOLATION if episode.done else None


def _against_result(episode: Episode, verdict: Verdict) -> list[str]:
    result = episode.result
    if result is None:
        return []
    pairs = [
        ('outcome', result.outcome, verdict.outcome.value if verdict.outcome else 'unfinished'),
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


def _shown(cells: tuple[Cell, ...]) -> str:
    return ' '.join(f'({x}, {y})' for x, y in cells)
