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
"""Decides recorded states again and says where the decisions differ from the recorded ones.

Either a player decides here, each state with the functions that were in force, or a second bag
brings the decisions: one recorded while the first was played to a decision node, as with `ros2
bag play`. Needs no ROS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from ld_agent.bags import Episode, read_episodes
from ld_agent.errors import BagError, LdAgentError
from ld_agent.messages import Cell, Decision, FunctionUpdate
from ld_agent.player import Player
from ld_agent.summary import Share, wilson

Progress = Callable[[str, float], None]
Again = Callable[[Episode], Mapping[int, 'Decision | str']]
"""Gives for the steps of an episode the decision now, or why there is none."""


@dataclass(frozen=True)
class StepDifference:
    """A step that was decided otherwise, or not at all.

    Attributes:
        recorded, now: the moves then and now; None where there is no decision.
        stage: the first one whose selection differs, counted from 1 and named; '' where none.
        selected: what was selected there then and now; '' where that stage did not run.
        why: why there is no decision now, or what no selection explains.
    """

    episode: int
    seed: int
    step: int
    recorded: tuple[Cell, ...] | None
    now: tuple[Cell, ...] | None
    stage: str
    selected: tuple[str, str]
    why: str


@dataclass(frozen=True)
class Redecision:
    """How the decisions now agree with the recorded ones.

    Attributes:
        steps: recorded states that have a recorded decision; the shares are of these.
        lost_turns: recorded states without one, counted nowhere else.
        same_moves, same_selections: steps with the same moves, with every selection the same.
        differences: the steps where either differs.
        refused: functions of the recording that the player refuses, a sentence each.
    """

    bag: str
    recorded_method: str
    method: str
    steps: int
    lost_turns: int
    same_moves: int
    same_selections: int
    moves: Share
    selections: Share
    differences: tuple[StepDifference, ...]
    refused: tuple[str, ...] = ()


def redecide(
    bag: Path, player: Player, method: str, progress: Progress | None = None
) -> Redecision:
    """Let `player` decide each state of a bag again; states without a decision are left out.

    Raises:
        BagError: the bag cannot be read, or holds no decision.
    """
    refused: dict[str, None] = {}
    found = _compare(bag, method, lambda e: _decided_here(e, player, refused), progress)
    return replace(found, refused=tuple(refused))


def compare_decided(bag: Path, decided: Path) -> Redecision:
    """Compare the decisions of a bag with those that another recorded for the same states.

    Raises:
        BagError: a bag cannot be read, or `decided` holds no decision for a state of `bag`.
    """
    others = read_episodes(decided)
    answered = [d for other in others for d in other.decisions.values()]
    if not answered:
        raise BagError(
            f'{decided} holds no decision; record while a decision node hears the states of {bag}'
        )
    return _compare(bag, answered[0].method, lambda e: _decided_there(e, others, decided), None)


def _decided_here(
    episode: Episode, player: Player, refused: dict[str, None]
) -> dict[int, Decision | str]:
    player.reset()
    again: dict[int, Decision | str] = {}
    known: dict[str, FunctionUpdate] = {}
    for state in episode.states:
        if state.step not in episode.decisions or state.done:
            continue
        for update in _news(known, episode.active_functions(state.step)):
            try:
                player.update(update)
            except LdAgentError as error:
                refused[str(error)] = None
        known = episode.active_functions(state.step)
        try:
            again[state.step] = player.decide(state)
        except LdAgentError as error:
            again[state.step] = str(error)
    return again


def _news(
    before: Mapping[str, FunctionUpdate], now: Mapping[str, FunctionUpdate]
) -> Iterator[FunctionUpdate]:
    """Yield what turns the functions in force before into those in force now."""
    for name, update in before.items():
        if now.get(name) != update:
            yield update.model_copy(update={'action': 'remove'})
    for name, update in now.items():
        if before.get(name) != update:
            yield update


def _decided_there(
    episode: Episode, others: Sequence[Episode], decided: Path
) -> dict[int, Decision | str]:
    again: dict[int, Decision | str] = {}
    for step in episode.decisions:
        state = episode.state(step)
        other = next(
            (o for o in others if o.number == episode.number and o.seed == episode.seed
             and step in o.decisions and _same(o, step, episode)), None,
        )  # fmt: skip
        if state is not None and other is not None:
            again[step] = other.decisions[step]
        else:
            again[step] = f'{decided} has no decision for this state'
    return again


def _same(other: Episode, step: int, episode: Episode) -> bool:
    here, there = episode.state(step), other.state(step)
    return here is not None and there is not None and here.observation == there.observation


def _compare(bag: Path, method: str, again: Again, progress: Progress | None) -> Redecision:
    episodes = read_episodes(bag)
    if not any(episode.decisions for episode in episodes):
        raise BagError(f'{bag} holds no decision; there is nothing to compare with')
    steps = lost = same_moves = same_selections = 0
    differences: list[StepDifference] = []
    for number, episode in enumerate(episodes):
        if progress is not None:
            progress('deciding again', number / len(episodes))
        now = again(episode)
        lost += sum(not s.done and s.step not in episode.decisions for s in episode.states)
        for step, answer in now.items():
            recorded = episode.decisions[step]
            found = _difference(episode, recorded, answer)
            steps += 1
            moved = isinstance(answer, Decision) and _given(answer) == _given(recorded)
            same_moves += moved
            same_selections += not (found.stage or found.why)
            if not moved or found.stage:
                differences.append(found)
    return Redecision(
        bag=str(bag),
        recorded_method=', '.join(dict.fromkeys(episode.method for episode in episodes)),
        method=method,
        steps=steps,
        lost_turns=lost,
        same_moves=same_moves,
        same_selections=same_selections,
        moves=wilson(same_moves, steps),
        selections=wilson(same_selections, steps),
        differences=tuple(differences),
    )


def _given(decision: Decision) -> tuple:
    return decision.moves, decision.action


def _difference(episode: Episode, recorded: Decision, now: Decision | str) -> StepDifference:
    stage, selected, why = '', ('', ''), ''
    if isinstance(now, str):
        why = now
    else:
        pairs = zip_longest(recorded.trace, now.trace)
        for number, (then, there) in enumerate(pairs, start=1):
            chosen = (then.selected if then else '', there.selected if there else '')
            if chosen[0] != chosen[1]:
                stage, selected = f'{number} {(then or there).stage}', chosen
                break
        else:
            if _given(recorded) != _given(now):
                why = 'the selections are the same, the functions or the guard gave other moves'
    return StepDifference(
        episode=episode.number,
        seed=episode.seed,
        step=recorded.step,
        recorded=_cells(recorded),
        now=None if isinstance(now, str) else _cells(now),
        stage=stage,
        selected=selected,
        why=why,
    )


def _cells(decision: Decision) -> tuple[Cell, ...] | None:
    return None if decision.moves is None else tuple(decision.moves)
