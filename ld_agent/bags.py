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
"""Reads recorded bags back into episodes: states, decisions, functions, truth, result.

Topics are told apart by the last part of their names, so a bag from any namespace reads.
Messages that do not fit their schema are left out and listed. Judges nothing: see
`evaluate.py` for that.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
import math
from pathlib import Path
from typing import Any

from ld_agent.bag_writer import typestore
from ld_agent.errors import BagError, MessageError
from ld_agent.messages import (
    Cell,
    Decision,
    FunctionUpdate,
    parse,
    Result,
    StageTrace,
    State,
    TOPICS,
)
from ld_agent_sim.worlds import find_world
from rosbags.rosbag2 import Reader

STRING = 'std_msgs/msg/String'
GRID = 'nav_msgs/msg/OccupancyGrid'
CLOSED = 100


@dataclass(frozen=True)
class Episode:
    """One episode as recorded; times are nanoseconds of receipt.

    Attributes:
        number: the episode's number in its run.
        states: one before each step, the last with `done` if the episode ended; by step.
        decisions: step → the first decision that arrived for it.
        result: what the simulator said of it, if it did.
        functions: every update of the function base received before the episode's end, in order.
        truth: when, and which cells were closed from then on (walls and restricted areas).
    """

    bag: Path
    task: str
    number: int
    seed: int
    states: tuple[State, ...]
    decisions: dict[int, Decision]
    result: Result | None
    functions: tuple[tuple[int, FunctionUpdate], ...] = ()
    truth: tuple[tuple[int, frozenset[Cell]], ...] = ()
    state_times: dict[int, int] = field(default_factory=dict)
    decision_times: dict[int, int] = field(default_factory=dict)

    @cached_property
    def method(self) -> str:
        """Who decided: as the result says, else as the decisions say, else `unknown`."""
        if self.result is not None:
            return self.result.method
        return next((decision.method for decision in self.decisions.values()), 'unknown')

    @property
    def done(self) -> bool:
        """Whether the recording reaches the episode's end."""
        return self.states[-1].done

    def state(self, step: int) -> State | None:
        """Return the state before `step`, if it was recorded."""
        return next((state for state in self.states if state.step == step), None)

    def moment(self, step: int) -> int:
        """Return when `step` was decided, or when its state came if it never was."""
        return self.decision_times.get(step, self.state_times.get(step, 0))

    def active_functions(self, step: int) -> dict[str, FunctionUpdate]:
        """Return the functions added to the base, by name, that count at `step`."""
        active: dict[str, FunctionUpdate] = {}
        for when, update in self.functions:
            if when > self.moment(step):
                break
            if update.action == 'add':
                active[update.name] = update
            else:
                active.pop(update.name, None)
        return {
            name: update
            for name, update in active.items()
            if update.expires_at_step is None or step < update.expires_at_step
        }

    def closed_cells(self, step: int) -> frozenset[Cell]:
        """Return the cells that were closed in truth when `step` was decided."""
        closed: frozenset[Cell] = frozenset(
            (x, y) for x, y in self.states[0].observation.get('walls', [])
        )
        for when, cells in self.truth:
            if when > self.moment(step):
                break
            closed = cells
        return closed


@dataclass(frozen=True)
class Bag:
    """A bag's episodes in the order of their beginning, and what could not be understood."""

    path: Path
    episodes: tuple[Episode, ...]
    dropped: tuple[str, ...]


def read_episodes(path: Path) -> list[Episode]:
    """Return the episodes in the bag folder `path`.

    Raises:
        BagError: there is no bag, it cannot be read, or it holds no `state`.
    """
    return list(read_bag(path).episodes)


def read_bag(path: Path) -> Bag:
    """Return what the bag folder `path` holds.

    Raises:
        BagError: there is no bag, it cannot be read, or it holds no `state`.
    """
    path = Path(path)
    if not (path / 'metadata.yaml').is_file():
        raise BagError(
            f'{path} is no bag (no metadata.yaml in it); name the folder of a recording'
        )
    builders: dict[str, _Builder] = {}
    dropped: list[str] = []
    for topic, stamp, message in _messages(path, dropped):
        namespace = topic.rpartition('/')[0]
        builders.setdefault(namespace, _Builder(path)).add(stamp, message)
    episodes = [episode for builder in builders.values() for episode in builder.episodes()]
    if not episodes:
        why = f' (the first fault: {dropped[0]})' if dropped else ''
        raise BagError(
            f'{path} holds no valid message on a topic named state{why}; '
            'name a bag that the recorder wrote'
        )
    episodes.sort(key=lambda episode: min(episode.state_times.values()))
    return Bag(path, tuple(episodes), tuple(dropped))


def read_heard(path: Path) -> list[State | FunctionUpdate]:
    """Return what a decision node heard while a bag was recorded, in the order of time.

    Raises:
        BagError: as in `read_bag`.
    """
    read_bag(path)
    heard = [message for _, _, message in _messages(Path(path), [])]
    return [message for message in heard if isinstance(message, State | FunctionUpdate)]


def _messages(path: Path, dropped: list[str]) -> list[tuple[str, int, Any]]:
    """Return (topic, time, message) in the order of time; add what is invalid to `dropped`."""
    store = typestore()
    messages: list[tuple[str, int, Any]] = []
    try:
        with Reader(path) as reader:
            wanted = [
                c
                for c in reader.connections
                if (c.msgtype == STRING and c.topic.rpartition('/')[2] in TOPICS)
                or (c.msgtype == GRID and c.topic.rpartition('/')[2] == 'truth')
            ]
            raws = list(reader.messages(wanted)) if wanted else []
        for connection, stamp, raw in raws:
            message: Any = store.deserialize_cdr(raw, connection.msgtype)
            name = connection.topic.rpartition('/')[2]
            if connection.msgtype == GRID:
                messages.append((connection.topic, stamp, _closed(message)))
                continue
            try:
                parsed = parse(TOPICS[name], message.data, name)
                if isinstance(parsed, State):
                    _check(parsed)
                messages.append((connection.topic, stamp, parsed))
            except MessageError as error:
                dropped.append(str(error))
    # A damaged file makes the reader fail in many ways; to the caller they are all one.
    except Exception as error:
        raise BagError(
            f'the bag {path} cannot be read: {error}; it was damaged after it was recorded'
        ) from error
    messages.sort(key=lambda entry: entry[1])
    return messages


def _check(state: State) -> None:
    """Refuse an observation that its task does not know; of an unknown task, none.

    Raises:
        MessageError: says what is wrong with it.
    """
    try:
        fault = find_world(state.task).rules.fault(state.observation)
    except ValueError:
        return
    if fault:
        raise MessageError(f"'state': observation.{fault}")


def _closed(grid: Any) -> frozenset[Cell]:
    width = int(grid.info.width)
    return frozenset((i % width, i // width) for i, v in enumerate(grid.data) if v == CLOSED)


def probabilities_of(trace: StageTrace) -> list[float]:
    """Return the candidates' probabilities, from the scores where the trace has no others."""
    if len(trace.probabilities) == len(trace.candidates):
        return list(trace.probabilities)
    if len(trace.scores) != len(trace.candidates) or not trace.scores:
        return [float(name == trace.selected) for name in trace.candidates]
    weights = [math.exp(score - max(trace.scores)) for score in trace.scores]
    return [weight / sum(weights) for weight in weights]


class _Builder:
    """Collects the episodes of one namespace."""

    def __init__(self, path: Path):
        self._path = path
        self._functions: list[tuple[int, FunctionUpdate]] = []
        self._truth: list[tuple[int, frozenset[Cell]]] = []
        self._open: list[dict[str, Any]] = []

    def add(self, stamp: int, message: Any) -> None:
        if isinstance(message, FunctionUpdate):
            self._functions.append((stamp, message))
        elif isinstance(message, frozenset):
            self._truth.append((stamp, message))
        elif isinstance(message, State):
            self._add_state(stamp, message)
        else:
            episode = self._latest(message.episode)
            if isinstance(message, Result):
                if episode is not None and episode['result'] is None:
                    episode['result'] = message
            elif episode is not None and message.step not in episode['decisions']:
                episode['decisions'][message.step] = message
                episode['decision_times'][message.step] = stamp

    def _latest(self, number: int) -> dict[str, Any] | None:
        """Return the youngest episode of this number; a reset may start a number anew."""
        return next((e for e in reversed(self._open) if e['number'] == number), None)

    def _add_state(self, stamp: int, state: State) -> None:
        episode = self._latest(state.episode)
        known = episode['states'].get(state.step) if episode is not None else None
        restarted = (
            known is not None
            and state.step == 0
            and (known.seed, known.observation) != (state.seed, state.observation)
        )
        if episode is None or restarted:
            episode = {'number': state.episode, 'states': {}, 'decisions': {}, 'result': None,
                       'state_times': {}, 'decision_times': {}}  # fmt: skip
            self._open.append(episode)
            known = None
        if known is None or (state.done and not known.done):
            episode['states'][state.step] = state
            episode['state_times'].setdefault(state.step, stamp)

    def episodes(self) -> list[Episode]:
        made = []
        for parts in self._open:
            states = tuple(parts['states'][step] for step in sorted(parts['states']))
            episode = Episode(
                bag=self._path,
                task=states[0].task,
                number=parts['number'],
                seed=states[0].seed,
                states=states,
                decisions=parts['decisions'],
                result=parts['result'],
                truth=tuple(self._truth),
                state_times=parts['state_times'],
                decision_times=parts['decision_times'],
            )
            end = max([*episode.state_times.values(), *episode.decision_times.values()])
            functions = tuple(f for f in self._functions if f[0] <= end)
            made.append(replace(episode, functions=functions))
        return made
