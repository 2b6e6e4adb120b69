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
"""Reads a scenario from a YAML file; every fault of a file is told in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from ld_agent_sim.areas import disc_corners, Point, polygon_cells, rectangle_corners
from ld_agent_sim.pursuit import Board, Cell, manhattan
from ld_agent_sim.scenario import Event, RandomRectangle, Scenario, WAY_OUT
from pydantic import (
    BaseModel,
    ConfigDict,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)
import yaml


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
    cells: list[Cell] | None = None
    sentence: str = ''

    def event(self, step: int, board: Board) -> Event:
        try:
            if self.cells is None:
                corners = self._corners()
                polygon_cells(corners, board)
                return Event(step, self.name, tuple(corners), self.sentence)
            return Event(step, self.name, (), self.sentence, self._stated(board))
        except ValueError as error:
            raise ValueError(f'area {self.name!r}: {error}') from None

    def _stated(self, board: Board) -> frozenset[Cell]:
        if not self.sentence or not self.cells or (self.rectangle, self.disc, self.polygon) != (
            None, None, None
        ):  # fmt: skip
            raise ValueError('cells say what a sentence closes: give both, and no other shape')
        off = [cell for cell in self.cells if not board.inside(cell)]
        if off:
            raise ValueError(f'the cell {off[0]} is not on the board')
        return frozenset(self.cells)

    def _corners(self) -> list[Point]:
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
    area: _AreaPart | None = None
    lift: str = ''

    def event(self, board: Board) -> Event:
        if (self.area is None) == (not self.lift):
            raise ValueError(f'event at step {self.step}: give one of area and lift')
        if self.area is None:
            return Event(self.step, self.lift)
        return self.area.event(self.step, board)


class _DrawnPart(_Part):
    name: str
    steps: tuple[NonNegativeInt, NonNegativeInt]
    short: tuple[PositiveInt, PositiveInt]
    long: tuple[PositiveInt, PositiveInt]

    def area(self) -> RandomRectangle:
        for field in ('steps', 'short', 'long'):
            low, high = getattr(self, field)
            if low > high:
                raise ValueError(
                    f'drawn area {self.name!r}: {field} must go up, not {low} to {high}'
                )
        if self.short[1] > WAY_OUT:
            raise ValueError(
                f'drawn area {self.name!r}: short goes up to {self.short[1]}; with more than '
                f'{WAY_OUT} a pursuer could be shut in'
            )
        return RandomRectangle(self.name, self.steps, self.short, self.long)


class _File(_Part):
    description: str = ''
    board: _BoardPart = _BoardPart()
    events: list[_EventPart] = []
    drawn: list[_DrawnPart] = []
    pursuers: tuple[Cell, Cell, Cell] | None = None
    evader: Cell | None = None

    def scenario(self, name: str) -> Scenario:
        board = self.board.board()
        for cell in (*(self.pursuers or ()), *((self.evader,) if self.evader else ())):
            if not board.inside(cell) or cell in board.walls:
                raise ValueError(f'the start cell {cell} is in a wall or not on the board')
        drawn = tuple(part.area() for part in self.drawn)
        events = [event.event(board) for event in self.events]
        if drawn and any(event.lifts for event in events):
            raise ValueError('an area that is drawn may lie on one that is lifted: give no lift')
        events = _with_lift_sentences(sorted(events, key=lambda event: event.step), board)
        return Scenario(name, board, tuple(events), self.pursuers, self.evader, drawn)


def _with_lift_sentences(events: Sequence[Event], board: Board) -> list[Event]:
    """Return the events, each lift with a sentence that names a cell of its area alone."""
    active: dict[str, frozenset[Cell]] = {}
    begun: dict[str, int] = {}
    told = []
    for event in events:
        if not event.lifts:
            if event.name in active:
                raise ValueError(f'area {event.name!r} is published twice without a lift between')
            active[event.name], begun[event.name] = event.cells(board), event.step
        elif event.name not in active or begun[event.name] == event.step:
            raise ValueError(
                f'lift of {event.name!r} at step {event.step}: no area of that name is in force'
            )
        else:
            new = [e.cells(board) for e in events if e.step == event.step and not e.lifts]
            alone = active.pop(event.name).difference(*active.values(), *new)
            if not alone:
                raise ValueError(
                    f'lift of {event.name!r} at step {event.step}: all its cells are in other '
                    'areas too, so that no sentence can name it'
                )
            event = replace(event, sentence=f'the area around {_middle(alone)} is open again')
        told.append(event)
    return told


def _middle(cells: frozenset[Cell]) -> Cell:
    """Return the cell that is nearest to all of them."""
    return min(cells, key=lambda cell: (sum(manhattan(cell, other) for other in cells), cell))


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
