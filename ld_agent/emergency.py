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
"""A closed area becomes a filter function with a manual, checked before use.

The filter has one form; its `_closed(x, y)` is written by the student for a sentence, and from
the corners for a polygon. It joins the candidates of the filter stage, and the student must
select it from its manual alone (paper, section 3.4, equation 6). Cell (3, 4) has its centre at
the point (3.0, 4.0).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from ld_agent.closed_areas import dropped_cells
from ld_agent.errors import AreaError, LdAgentError
from ld_agent.executor import Executor
from ld_agent.function_base import read_function, run_examples, Task
from ld_agent.function_file import check_source
from ld_agent.messages import Cell, FunctionUpdate
from ld_agent.sentences.language import Written
from ld_agent_sim.areas import Point, polygon_cells
from ld_agent_sim.pursuit import Board

CALL_SIGNS = (
    'kestrel', 'heron', 'puffin', 'raven', 'eagle', 'swan', 'petrel', 'lark', 'robin', 'finch',
    'magpie', 'tern', 'wren', 'owl', 'dove', 'stork', 'quail',
)  # fmt: skip
"""Labels of areas; none of them occurs in the training of the student, which tells them apart
(`ld-agent bench areas`) better than some names that stood here before."""
LEAST_FREE = 4
"""Cells that an area must leave open on a board, so that everybody has a place."""

_TEMPLATE = '''
def {name}(cells: list[list[list[int]]], state: dict) -> list[list[list[int]]]:
    """Drop the listed cells inside the closed area {label}.

    Stage: filter
    When to use: the closed area is {label}
    Rule: closed_area == {label!r}
    Example:
        >>> {name}([[{inside}, {outside}]], {{}})
        [[{outside}]]
    """
    return [[cell for cell in listed if not _closed(cell[0], cell[1])] for listed in cells]

{closed}'''
_NAMED_CELLS = """
def named_cells(cells):
    return [cell for cell in cells if _closed(cell[0], cell[1])]
"""


def area_function(
    task: Task,
    corners: Sequence[Point],
    size: tuple[int, int],
    taken: Collection[str],
    origin: str,
    occupied: Collection[Cell] = (),
    expires_at_step: int | None = None,
    executor: Executor | None = None,
) -> FunctionUpdate:
    """Write and check the filter function of a polygon.

    Args:
        corners: at least three, in cells.
        size: width and height of the board in cells.
        taken: names of functions that exist.
        origin: what was published.
        occupied: cells where pursuers stand; told of in the checks.
        executor: runs the checks; None for one of its own.

    Raises:
        AreaError: one sentence: what is wrong with the area and what to do.
    """
    cells = polygon_area(corners, size)
    closed = polygon_source(corners)
    return filter_function(
        task, closed, cells, size, taken, origin, occupied, expires_at_step, executor
    )


def polygon_origin(corners: Sequence[Point]) -> str:
    """Return what a function's `origin` says of a polygon, corners in cells."""
    return f'polygon {[list(corner) for corner in corners]} in cells'


def polygon_area(corners: Sequence[Point], size: tuple[int, int]) -> frozenset[Cell]:
    """Return the cells of the board that a polygon covers, corners in cells.

    Raises:
        AreaError: it is no polygon.
    """
    try:
        return polygon_cells(corners, Board(*size))
    except ValueError as error:
        raise AreaError(
            f'the restricted area is refused: {error}; publish at least three finite corners'
        ) from None


def polygon_source(corners: Sequence[Point]) -> str:
    """Return the source of the `_closed(x, y)` of a polygon, corners in cells."""
    points = ', '.join(f'({x:.6f}, {y:.6f})' for x, y in corners)
    return Written('close', 'a polygon', f'polygon(x, y, {points})').source()


def filter_function(
    task: Task,
    closed: str,
    cells: frozenset[Cell],
    size: tuple[int, int],
    taken: Collection[str],
    origin: str,
    occupied: Collection[Cell] = (),
    expires_at_step: int | None = None,
    executor: Executor | None = None,
) -> FunctionUpdate:
    """Put the source of a `_closed(x, y)` into a filter function, and check that.

    Args:
        cells: what it must drop; other arguments as in `area_function`.

    Raises:
        AreaError: as in `area_function`.
    """
    if not cells:
        raise AreaError(
            'the restricted area is refused: it covers no cell of the board; check the frame and '
            'the resolution'
        )
    free = [(x, y) for x in range(size[0]) for y in range(size[1]) if (x, y) not in cells]
    if len(free) < LEAST_FREE:
        raise AreaError(
            'the restricted area is refused: it closes the whole board, nobody could move; '
            'publish a smaller one'
        )
    label = next((c for c in CALL_SIGNS if f'{c}_keepout' not in taken), None)
    if label is None:
        raise AreaError(
            f'the restricted area is refused: {len(CALL_SIGNS)} are active already; clear some '
            'with ~/clear_emergencies'
        )
    name = f'{label}_keepout'
    source = _TEMPLATE.format(
        name=name, label=label, inside=list(min(cells)), outside=list(free[0]), closed=closed
    )
    checks = check_area(task, name, source, cells, size, executor)
    on_it = sorted(cell for cell in occupied if cell in cells)
    if on_it:
        checks['occupied'] = f'pursuers stand on {on_it}; they have to leave it'
    return FunctionUpdate(
        action='add',
        name=name,
        stage='filter',
        source=source,
        manual=source.split('"""')[1].strip(),
        origin=origin,
        expires_at_step=expires_at_step,
        checks=checks,
    )


def named_cells(
    closed: str, size: tuple[int, int], executor: Executor | None = None
) -> frozenset[Cell]:
    """Run the source of a `_closed(x, y)` over a board in the sandbox; return where it is true.

    Raises:
        AreaError: it does what no function may, fails, or does not end in time.
    """
    faults = check_source(closed)
    if faults:
        raise AreaError(f'the function is refused: {"; ".join(faults)}')
    every = [[x, y] for x in range(size[0]) for y in range(size[1])]
    with _running(executor, '') as runner:
        try:
            named = runner.call(closed, 'named_cells', False, every, more=_NAMED_CELLS)
        except LdAgentError as error:
            raise AreaError(str(error)) from None
    return frozenset((x, y) for x, y in named)


def check_area(
    task: Task,
    name: str,
    source: str,
    cells: frozenset[Cell],
    size: tuple[int, int],
    executor: Executor | None = None,
) -> dict[str, str]:
    """Run a filter function over the whole board in the sandbox and compare with `cells`.

    Raises:
        AreaError: it is not valid, fails, or drops other cells than the area's.
    """
    function, faults = read_function(task, source, name, 'emergency')
    with _running(executor, task.tools) as runner:
        try:
            if function is None or faults:
                raise AreaError(f'the filter function {name} is refused: {"; ".join(faults)}')
            faults = run_examples(task, function, runner)
            if faults:
                raise AreaError(f'the filter function {name} is refused: {"; ".join(faults)}')
            dropped = dropped_cells(runner, function, task.stage(function.stage).gives, size)
        except LdAgentError as error:
            raise AreaError(str(error)) from None
    if dropped != cells:
        raise AreaError(
            f'the filter function {name} is refused: it drops {len(dropped)} cells, the area has '
            f'{len(cells)}'
        )
    return {
        'source': 'only allowed constructs',
        'examples': 'hold in the sandbox',
        'cells': f'drops exactly the {len(cells)} cells of the area',
    }


@contextmanager
def _running(executor: Executor | None, tools: str) -> Iterator[Executor]:
    """Lend an executor, or one that ends with the block."""
    if executor is not None:
        yield executor
        return
    own = Executor(tools)
    try:
        yield own
    finally:
        own.close()
