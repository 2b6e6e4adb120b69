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
"""What the panel shows, as plain data: put together from the messages of the graph.

`Watch.hear` takes what was published, live or from a bag; `Watch.view` returns one immutable
picture of it. May be heard and viewed from different threads. Draws nothing, knows no ROS.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from ld_agent.closed_areas import ClosedAreas
from ld_agent.errors import LdAgentError
from ld_agent.function_base import Task
from ld_agent.messages import Cell, Decision, FunctionUpdate, Result, State
from ld_agent_sim.worlds import find_world

TRAIL = 8
"""Earlier places that are shown of each pursuer."""
LATENCIES = 1000
"""The latest decisions over which the latency is taken."""


@dataclass(frozen=True)
class Tally:
    """Success and latency so far.

    Attributes:
        outcomes: outcome → episodes that ended so.
        violations: in all finished episodes, and `lost_turns` likewise.
        median_ms: of whole decisions, milliseconds; None before the first.
        worst_ms: the slowest of them.
    """

    outcomes: dict[str, int]
    violations: int = 0
    lost_turns: int = 0
    median_ms: float | None = None
    worst_ms: float | None = None

    @property
    def episodes(self) -> int:
        """Episodes that are finished."""
        return sum(self.outcomes.values())


@dataclass(frozen=True)
class View:
    """One picture of the hunt.

    Attributes:
        number: grows with everything that is heard, so that a picture is drawn once.
        decision: what was decided for `state`; None while that is open.
        closed: cells that are restricted, walls apart: in truth, or by a function in force.
        emergencies: the functions in force that joined at run time, by name.
        trails: earlier places of each pursuer in this episode, the latest last.
        notice: the last thing that went wrong, in a sentence.
        stopped: whether the vessels were told to stop.
    """

    number: int
    state: State | None
    decision: Decision | None
    closed: frozenset[Cell]
    emergencies: dict[str, FunctionUpdate]
    trails: tuple[tuple[Cell, ...], ...]
    tally: Tally
    notice: str = ''
    stopped: bool = False


class Watch:
    """Follows a hunt.

    Args:
        task: whose filter stage the emergency functions join; they are run in its sandbox to
            find the cells that they close.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._areas: ClosedAreas | None = None
        self._lock = Lock()
        self._number = 0
        self._state: State | None = None
        self._decision: Decision | None = None
        self._waiting: Decision | None = None
        self._functions: dict[str, FunctionUpdate] = {}
        self._truth: frozenset[Cell] = frozenset()
        self._trails: tuple[deque[Cell], ...] = ()
        self._outcomes: Counter[str] = Counter()
        self._violations = self._lost_turns = 0
        self._latencies: deque[float] = deque(maxlen=LATENCIES)
        self._notice = ''
        self._stopped = False
        self._made: View | None = None

    def hear(self, message: State | Decision | FunctionUpdate | Result) -> None:
        """Take in one message."""
        with self._lock:
            self._number += 1
            if isinstance(message, State):
                self._on_state(message)
            elif isinstance(message, Decision):
                self._on_decision(message)
            elif isinstance(message, FunctionUpdate):
                self._on_function(message)
            else:
                self._outcomes[message.outcome] += 1
                self._violations += message.violations
                self._lost_turns += message.lost_turns

    def hear_truth(self, closed: frozenset[Cell]) -> None:
        """Take in which cells are closed in truth, walls included."""
        with self._lock:
            self._number += 1
            self._truth = closed

    def hear_stopped(self, stopped: bool) -> None:
        """Take in whether the vessels were told to stop."""
        with self._lock:
            self._number += stopped != self._stopped
            self._stopped = stopped

    def notice(self, sentence: str) -> None:
        """Show a sentence about what went wrong; an empty one takes it away."""
        with self._lock:
            if sentence != self._notice:
                self._number += 1
                self._notice = sentence

    def view(self) -> View:
        """Return the present picture."""
        with self._lock:
            if self._made is None or self._made.number != self._number:
                self._made = self._view()
            return self._made

    def close(self) -> None:
        """End the sandbox."""
        if self._areas is not None:
            self._areas.close()

    def _view(self) -> View:
        state = self._state
        step = state.step if state else 0
        closed = self._truth | (self._areas.cells(step) if self._areas else frozenset())
        walls = state.observation.get('walls', []) if state else []
        return View(
            self._number,
            state,
            self._decision,
            closed - {(x, y) for x, y in walls},
            {
                name: update
                for name, update in self._functions.items()
                if update.expires_at_step is None or step < update.expires_at_step
            },
            tuple(tuple(trail) for trail in self._trails),
            self._tally(),
            self._notice,
            self._stopped,
        )

    def _on_state(self, state: State) -> None:
        fault = _fault(state)
        if fault:
            self._notice = f"'state': observation.{fault}; it is not drawn"
            return
        known, self._state = self._state, state
        if known is None or known.episode != state.episode or state.step < known.step:
            self._trails = tuple(
                deque(maxlen=TRAIL) for _ in state.observation.get('pursuers', [])
            )
        elif known.step < state.step:
            for trail, cell in zip(self._trails, known.observation['pursuers'], strict=True):
                trail.append((cell[0], cell[1]))
        self._open_areas(state)
        waiting, self._waiting, self._decision = self._waiting, None, None
        if waiting is not None:
            self._on_decision(waiting)

    def _on_decision(self, decision: Decision) -> None:
        """Keep the decision of the shown step; one that overtook its state waits for it."""
        shown = self._state
        if shown is None or (decision.episode, decision.step) > (shown.episode, shown.step):
            self._waiting = decision
        elif (decision.episode, decision.step) == (shown.episode, shown.step):
            if self._decision is None:
                self._latencies.append(decision.step_ms)
            self._decision = decision

    def _on_function(self, update: FunctionUpdate) -> None:
        if update.action == 'add':
            self._functions[update.name] = update
        else:
            self._functions.pop(update.name, None)
        if self._areas is not None:
            self._read(self._areas, update)

    def _open_areas(self, state: State) -> None:
        """Read the functions that came before the size of the board was known."""
        seen = state.observation
        if self._areas is None and state.task == self._task.name and 'width' in seen:
            self._areas = ClosedAreas(self._task, (seen['width'], seen['height']))
            for update in self._functions.values():
                self._read(self._areas, update)

    def _read(self, areas: ClosedAreas, update: FunctionUpdate) -> None:
        try:
            areas.update(update)
        except LdAgentError as error:
            self._notice = f'{error}; its cells are not drawn'

    def _tally(self) -> Tally:
        ordered = sorted(self._latencies)
        return Tally(
            dict(self._outcomes),
            self._violations,
            self._lost_turns,
            ordered[len(ordered) // 2] if ordered else None,
            ordered[-1] if ordered else None,
        )


def _fault(state: State) -> str:
    """Return what its task does not know in an observation; of an unknown task, nothing."""
    try:
        return find_world(state.task).rules.fault(state.observation) or ''
    except ValueError:
        return ''


def rectangle(first: Sequence[float], second: Sequence[float]) -> list[tuple[float, float]]:
    """Return the corners, in cells, round all cells between two cells, both included.

    A cell's centre is at its whole numbers, so that the corners lie half a cell outside.
    """
    left, right = sorted((first[0], second[0]))
    low, high = sorted((first[1], second[1]))
    return [
        (left - 0.5, low - 0.5), (right + 0.5, low - 0.5),
        (right + 0.5, high + 0.5), (left - 0.5, high + 0.5),
    ]  # fmt: skip
