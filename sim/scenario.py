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
"""Scenarios: a board, and which restricted area is published in which step.

An area is published at its step and in force one step later, so that a message has time to
arrive before the referee counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ld_agent_sim.areas import disc_corners, Point, polygon_cells, rectangle_corners
from ld_agent_sim.pursuit import Board, Cell
from pydantic import BaseModel, ConfigDict, NonNegativeInt, PositiveFloat, ValidationError
import yaml


@dataclass(frozen=True)
class Event:
    """At `step` the area `name` is published, with these corners in cells."""

    step: int
    name: str
    corners: tuple[Point, ...]


@dataclass(frozen=True)
class Scenario:
    """A named setting; `pursuers` and `evader` are None where the seed draws them."""

    name: str
    board: Board
    events: tuple[Event, ...] = ()
    pursuers: tuple[Cell, ...] | None = None
    evader: Cell | None = None


class _Part(BaseModel):
    model_config = ConfigDict(extra='forbid', allow_inf_nan=False)


class _BoardPart(_Part):
    width: int = 20
    height: int = 20
    moves: Literal['exact', 'up_to'] = 'exact'
    walls: list[tuple[Cell, Cell]] = []
    walls_block: bool = False

    def board(self) -> Board:
        chart = Board(self.width, self.height)
        for end in (end for wall in self.walls for end in wall):
            if not chart.inside(end):
                raise ValueError(f'board.walls: {end} is not on the board')
        walls = frozenset(cell for a, b in self.walls for cell in _span(a, b))
        return Board(self.width, self.height, self.moves, walls, self.walls_block)


class _DiscPart(_Part):
    centre: Point
    radius: PositiveFloat


class _AreaPart(_Part):
    name: str
    rectangle: tuple[Point, Point] | None = None
    disc: _DiscPart | None = None
    polygon: list[Point] | None = None

    def corners(self) -> list[Point]:
        given = []
        if self.rectangle is not None:
            given.append(rectangle_corners(*self.rectangle))
        if self.disc is not None:
            given.append(disc_corners(self.disc.centre, self.disc.radius))
        if self.polygon is not None:
            given.append(self.polygon)
        if len(given) != 1:
            raise ValueError('give one of rectangle, disc and polygon')
        return given[0]


class _EventPart(_Part):
    step: NonNegativeInt
    area: _AreaPart

    def event(self, board: Board) -> Event:
        try:
            corners = self.area.corners()
            polygon_cells(corners, board)
        except ValueError as error:
            raise ValueError(f'area {self.area.name!r}: {error}') from None
        return Event(self.step, self.area.name, tuple(corners))


class _File(_Part):
    description: str = ''
    board: _BoardPart = _BoardPart()
    events: list[_EventPart] = []
    pursuers: tuple[Cell, Cell, Cell] | None = None
    evader: Cell | None = None

    def scenario(self, name: str) -> Scenario:
        board = self.board.board()
        for cell in (*(self.pursuers or ()), *((self.evader,) if self.evader else ())):
            if not board.inside(cell) or cell in board.walls:
                raise ValueError(f'the start cell {cell} is in a wall or not on the board')
        events = tuple(event.event(board) for event in self.events)
        return Scenario(name, board, events, self.pursuers, self.evader)


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ValueError: one sentence: the file, the field, what is wrong.
    """
    try:
        spec = yaml.safe_load(path.read_text(encoding='utf-8'))
        return _File.model_validate(spec).scenario(path.stem)
    except OSError as error:
        raise ValueError(f'{path}: cannot be read ({error.strerror})') from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        what = f'line {line} is not valid YAML: {error.problem}'
    except yaml.YAMLError as error:
        what = f'not valid YAML: {" ".join(str(error).split())}'
    except ValidationError as error:
        what = '; '.join(_fault(fault) for fault in error.errors())
    except ValueError as error:
        what = str(error)
    raise ValueError(f'{path}: {what} (config/scenarios has examples)')


def _fault(fault: Any) -> str:
    field = '.'.join(str(part) for part in fault['loc']) or 'the file'
    if fault['type'] == 'extra_forbidden':
        return f'unknown field {field}'
    if fault['type'] == 'missing':
        return f'{field} is missing'
    if fault['type'] == 'model_type':
        return f'{field} must hold fields with values'
    return f'{field}: {fault["msg"]}, not {fault["input"]!r}'


def _span(a: Cell, b: Cell) -> list[Cell]:
    xs, ys = sorted((a[0], b[0])), sorted((a[1], b[1]))
    return [(x, y) for x in range(xs[0], xs[1] + 1) for y in range(ys[0], ys[1] + 1)]
