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
"""A published restricted area becomes a filter function with a manual, checked before use.

The function is written from a fixed template; it joins the candidates of the filter stage, and
the student must select it from its manual alone (paper, section 3.4, equation 6). Corners are
in cells: the centre of cell (3, 4) is the point (3.0, 4.0).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ld_agent.errors import AreaError, LdAgentError
from ld_agent.executor import Executor
from ld_agent.function_base import read_function, run_examples, Task
from ld_agent.messages import FunctionUpdate
from ld_agent_sim.areas import Point, polygon_cells
from ld_agent_sim.pursuit import Board

CALL_SIGNS = (
    'kestrel', 'heron', 'osprey', 'falcon', 'gannet', 'puffin', 'swift', 'raven', 'condor',
    'eagle', 'curlew', 'swan', 'petrel', 'lark', 'robin', 'finch', 'magpie', 'ibis', 'tern',
    'wren', 'owl', 'dove', 'stork', 'quail',
)  # fmt: skip
"""Labels of areas; none of them occurs in the training of the student."""

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
    return [[cell for cell in listed if not _in_{label}(cell[0], cell[1])] for listed in cells]


_CORNERS = {corners}


def _in_{label}(x, y):
    inside = False
    for i in range(len(_CORNERS)):
        (ax, ay), (bx, by) = _CORNERS[i - 1], _CORNERS[i]
        cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if abs(cross) < 1e-6 and min(ax, bx) - 1e-6 <= x <= max(ax, bx) + 1e-6:
            if min(ay, by) - 1e-6 <= y <= max(ay, by) + 1e-6:
                return True
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
    return inside
'''


def area_function(
    task: Task,
    corners: Sequence[Point],
    size: tuple[int, int],
    taken: Collection[str],
    origin: str,
    occupied: Collection[tuple[int, int]] = (),
    expires_at_step: int | None = None,
) -> FunctionUpdate:
    """Write and check the filter function of a polygon.

    Args:
        corners: at least three, in cells.
        size: width and height of the board in cells.
        taken: names of functions that exist.
        origin: what was published.
        occupied: cells where pursuers stand; told of in the checks.

    Raises:
        AreaError: one sentence: what is wrong with the area and what to do.
    """
    try:
        cells = polygon_cells(corners, Board(*size))
    except ValueError as error:
        raise AreaError(
            f'the restricted area is refused: {error}; publish at least three finite corners'
        ) from None
    if not cells:
        raise AreaError(
            'the restricted area is refused: it covers no cell of the board; check the frame and '
            'the resolution'
        )
    free = [(x, y) for x in range(size[0]) for y in range(size[1]) if (x, y) not in cells]
    if len(free) < 4:
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
        name=name,
        label=label,
        inside=list(min(cells)),
        outside=list(free[0]),
        corners=[(round(float(x), 6), round(float(y), 6)) for x, y in corners],
    )
    checks = check_area(task, name, source, cells, size)
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


def check_area(
    task: Task, name: str, source: str, cells: frozenset[tuple[int, int]], size: tuple[int, int]
) -> dict[str, str]:
    """Run a filter function over the whole board in the sandbox and compare with `cells`.

    Raises:
        AreaError: it is not valid, fails, or drops other cells than the area's.
    """
    function, faults = read_function(task, source, name, 'emergency')
    executor = Executor(task.tools)
    try:
        if function is None or faults:
            raise AreaError(f'the filter function {name} is refused: {"; ".join(faults)}')
        faults = run_examples(task, function, executor)
        if faults:
            raise AreaError(f'the filter function {name} is refused: {"; ".join(faults)}')
        every = [[[x, y] for x in range(size[0]) for y in range(size[1])]]
        kept = executor.run(function, task.stage(function.stage).gives, every, {})
    except LdAgentError as error:
        raise AreaError(str(error)) from None
    finally:
        executor.close()
    dropped = {(x, y) for x, y in every[0]} - {(x, y) for x, y in kept[0]}
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
