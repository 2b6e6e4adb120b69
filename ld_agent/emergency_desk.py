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
"""Takes emergencies in, and keeps what is closed: sentences and polygons, lifts, expiry.

A sentence is written into a function by the student and checked; on any doubt it is refused, and
the area that its numbers span is closed until somebody answers with a polygon (fail safe).
Knows nothing about ROS.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
import time

from ld_agent.clock import ms_since
from ld_agent.closed_areas import updated_cells
from ld_agent.emergency import filter_function, named_cells, polygon_area, polygon_source
from ld_agent.errors import AreaError, ModelError
from ld_agent.executor import Executor
from ld_agent.function_base import Task
from ld_agent.messages import Cell, FunctionUpdate
from ld_agent.sentences.author import Author
from ld_agent.sentences.choice import choose
from ld_agent.sentences.language import Written
from ld_agent.sentences.named import fail_safe
from ld_agent_sim.areas import Point

FAIL_SAFE = 'fail safe for the sentence'
"""How the origin of an area begins that waits for an answer."""


@dataclass(frozen=True)
class Active:
    """A function in force and the cells that it closes; `asked` waits for an answer."""

    update: FunctionUpdate
    cells: frozenset[Cell]
    asked: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of an emergency.

    Attributes:
        status: `accepted` or `refused`.
        action: `close` or `lift`.
        updates: to be published, in this order.
        cells: that are closed by it, or named by a lift.
        source: what was written; empty if nothing was.
        reason: why it was refused, one sentence; what is closed meanwhile is part of it.
        ms: how long it took, milliseconds.
    """

    status: str
    action: str = 'close'
    updates: list[FunctionUpdate] = field(default_factory=list)
    cells: frozenset[Cell] = frozenset()
    source: str = ''
    manual: str = ''
    name: str = ''
    checks: dict[str, str] = field(default_factory=dict)
    expires_at_step: int | None = None
    reason: str = ''
    ms: float = 0.0


def fail_safe_origin(sentence: str) -> str:
    """Return the `origin` of what is closed until somebody answers for a refused sentence."""
    return f'{FAIL_SAFE} {sentence[:80]!r}'


class Desk:
    """Takes emergencies for one board.

    Args:
        task: its filter stage gets the functions.
        size: width and height of the board in cells.
        resolution: metres that a cell measures.
        author: writes for sentences; without one they are refused.
    """

    def __init__(
        self,
        task: Task,
        size: tuple[int, int],
        resolution: float = 1.0,
        author: Author | None = None,
    ) -> None:
        self.active: dict[str, Active] = {}
        self._task = task
        self._size = size
        self._resolution = resolution
        self.author = author
        self._executor = Executor(task.tools)

    def close(self) -> None:
        """End the sandbox."""
        self._executor.close()

    def warm_up(self) -> None:
        """Start the sandbox, so that the first emergency does not wait for it.

        Raises:
            FunctionFailed: it does not start.
        """
        self._executor.call('def ready():\n    return True\n', 'ready', False)

    def polygon(
        self, corners: Sequence[Point], origin: str, occupied: Collection[Cell] = ()
    ) -> Outcome:
        """Close a polygon, corners in cells."""
        begun = time.perf_counter()
        try:
            outcome = self._closed(*self._fenced(corners, origin, occupied))
        except AreaError as error:
            outcome = Outcome('refused', reason=str(error))
        return replace(outcome, ms=round(ms_since(begun), 1))

    def sentence(self, text: str, step: int = 0, occupied: Collection[Cell] = ()) -> Outcome:
        """Do what a sentence says, or refuse it and close what its numbers span.

        Args:
            step: the present one; a time such as 'for 5 steps' counts from it.
        """
        begun = time.perf_counter()
        self.expire(step)
        try:
            outcome = self._understood(text, step, occupied)
        except (AreaError, ModelError) as error:
            outcome = self._refused(text, str(error), occupied)
        return replace(outcome, ms=round(ms_since(begun), 1))

    def adopt(self, update: FunctionUpdate) -> None:
        """Take over a function that an earlier desk had put in force.

        Raises:
            LdAgentError: it cannot be read or run.
        """
        cells = updated_cells(self._task, update, self._size, self._executor)
        self.active[update.name] = Active(update, cells, update.origin.startswith(FAIL_SAFE))

    def expire(self, step: int) -> None:
        """Forget what no longer holds in `step`; whoever runs the functions does so itself."""
        for name, held in list(self.active.items()):
            end = held.update.expires_at_step
            if end is not None and end <= step:
                del self.active[name]

    def clear(self, why: str, names: Collection[str] | None = None) -> list[FunctionUpdate]:
        """Lift everything, or what is named of it; return the updates that say so."""
        return [
            self._removed(name, why) for name in list(self.active)
            if names is None or name in names
        ]  # fmt: skip

    def _understood(self, text: str, step: int, occupied: Collection[Cell]) -> Outcome:
        if self.author is None:
            raise AreaError('sentences are switched off')
        choice = choose(text, self.author.drafts(text))
        written = choice.written
        closed = written.source(self._resolution)
        cells = named_cells(closed, self._size, self._executor)
        checks = {
            'numbers': 'those of the sentence, each as it is named',
            'words': 'none that is doubtful or contradicted',
            'sure': choice.sure,
        }
        if written.kind == 'lift':
            return self._lifted(text, closed, written, cells, checks)
        end = written.expires_at(step)
        if end is not None and end <= step:
            raise AreaError(f'step {end} is over, it is step {step}')
        update = filter_function(
            self._task, closed, cells, self._size, self.active, text, occupied, end,
            self._executor,
        )  # fmt: skip
        update = update.model_copy(update={'checks': {**update.checks, **checks}})
        return self._closed(update, cells)

    def _closed(self, update: FunctionUpdate, cells: frozenset[Cell]) -> Outcome:
        answered = [n for n, held in self.active.items() if held.asked and held.cells & cells]
        removed = [self._removed(name, 'answered') for name in answered]
        self.active[update.name] = Active(update, cells)
        return Outcome(
            'accepted', 'close', [update, *removed], cells, update.source, update.manual,
            update.name, update.checks, update.expires_at_step,
        )  # fmt: skip

    def _lifted(
        self,
        text: str,
        source: str,
        written: Written,
        cells: frozenset[Cell],
        checks: dict[str, str],
    ) -> Outcome:
        if not cells:
            raise AreaError('it names no cell of the board')
        lifted = [name for name, held in self.active.items() if held.cells & cells]
        checks['lifted'] = ', '.join(lifted) or 'no area is closed there'
        return Outcome(
            'accepted', 'lift', [self._removed(name, text) for name in lifted], cells, source,
            written.manual, checks=checks,
        )  # fmt: skip

    def _refused(self, text: str, why: str, occupied: Collection[Cell]) -> Outcome:
        reason = (
            f'the sentence {text[:80]!r} is refused: {why}; publish the area as a polygon on '
            'restricted_area'
        )
        said, corners = fail_safe(text, self._size, self._resolution)
        if not corners:
            return Outcome('refused', reason=reason)
        try:
            update, cells = self._fenced(corners, fail_safe_origin(text), occupied)
        except AreaError as error:
            return Outcome(
                'refused', reason=f'{reason}. Nothing is closed meanwhile: {error}',
            )  # fmt: skip
        self.active[update.name] = Active(update, cells, asked=True)
        return Outcome(
            'refused', 'close', [update], cells, update.source, update.manual, update.name,
            update.checks, reason=f'{reason}. Until then {said} is closed',
        )  # fmt: skip

    def _fenced(
        self, corners: Sequence[Point], origin: str, occupied: Collection[Cell]
    ) -> tuple[FunctionUpdate, frozenset[Cell]]:
        """Return the filter function of a polygon and the cells that it closes."""
        cells = polygon_area(corners, self._size)
        update = filter_function(
            self._task, polygon_source(corners), cells, self._size, self.active, origin,
            occupied, executor=self._executor,
        )  # fmt: skip
        return update, cells

    def _removed(self, name: str, why: str) -> FunctionUpdate:
        del self.active[name]
        return FunctionUpdate(action='remove', name=name, origin=why)
