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
"""Which cells the active emergency functions close, for whoever must know beside the agent.

The same updates that reach the agent are read here in the same way: a filter function closes the
cells that it drops of a whole board. What cannot be read closes nothing and is said; the decision
node refuses it likewise.
"""

from __future__ import annotations

from ld_agent.errors import FunctionFailed, LdAgentError
from ld_agent.executor import Executor
from ld_agent.function_base import read_function, Task
from ld_agent.function_file import Function
from ld_agent.messages import Cell, FunctionUpdate


def dropped_cells(
    executor: Executor, function: Function, gives: str, size: tuple[int, int]
) -> frozenset[Cell]:
    """Return the cells of a whole board that a filter function drops.

    Args:
        gives: type of the function's stage.
        size: width and height of the board in cells.

    Raises:
        FunctionFailed: it fails, or gives something else than one list of cells.
    """
    every = [[x, y] for x in range(size[0]) for y in range(size[1])]
    kept = executor.run(function, gives, [every], {})
    if len(kept) != 1:
        raise FunctionFailed(f'{function.name} returned {len(kept)} lists of cells for one')
    left = {tuple(cell) for cell in kept[0]}
    return frozenset((x, y) for x, y in every if (x, y) not in left)


def updated_cells(
    task: Task, update: FunctionUpdate, size: tuple[int, int], executor: Executor
) -> frozenset[Cell]:
    """Return the cells of a whole board that an added function closes.

    Args:
        size: width and height of the board in cells.

    Raises:
        LdAgentError: the function cannot be read or run.
    """
    function, faults = read_function(
        task, update.source, update.name, update.origin, False, update.expires_at_step
    )
    if function is None or faults:
        raise LdAgentError(f'function {update.name!r} is refused: {"; ".join(faults)}')
    stage = task.stage(function.stage)
    return dropped_cells(executor, function, stage.gives, size) if stage.repeat else frozenset()


class ClosedAreas:
    """The restricted areas in force on a board.

    Args:
        task: whose filter stage the functions join.
        size: width and height of the board in cells.
    """

    def __init__(self, task: Task, size: tuple[int, int]) -> None:
        self._task, self._size = task, size
        self._executor = Executor(task.tools)
        self._areas: dict[str, tuple[frozenset[Cell], int | None]] = {}

    @property
    def names(self) -> list[str]:
        """The functions of the areas."""
        return list(self._areas)

    def update(self, update: FunctionUpdate) -> None:
        """Add or remove an area.

        Raises:
            LdAgentError: the function cannot be read or run; nothing has changed.
        """
        if update.action == 'remove':
            self._areas.pop(update.name, None)
            return
        cells = updated_cells(self._task, update, self._size, self._executor)
        self._areas[update.name] = (cells, update.expires_at_step)

    def clear(self) -> None:
        """Forget all areas."""
        self._areas = {}

    def cells(self, step: int) -> frozenset[Cell]:
        """Return the cells that are closed in a step."""
        held = (c for c, until in self._areas.values() if until is None or step < until)
        return frozenset().union(*held)

    def close(self) -> None:
        """End the sandbox."""
        self._executor.close()
