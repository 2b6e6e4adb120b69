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
arrive before the referee counts. One that is lifted is open at once, so that who goes there
breaks no rule.
"""

from __future__ import annotations

from dataclasses import dataclass

from ld_agent_sim.areas import Point, polygon_cells, rectangle_corners
from ld_agent_sim.pursuit import Board, Cell
import numpy as np

WAY_OUT = 4
"""A rectangle whose shorter side is at most this long, and two cells or more from the border at
either end of it, leaves a pursuer on it a legal move off it."""


@dataclass(frozen=True)
class Event:
    """At `step` the area `name` is published, or that it is open again.

    Attributes:
        corners: of the area, in cells; empty for a lift.
        sentence: is published instead of the corners; what it means is `stated` or the corners.
        stated: the cells that the scenario's author says a sentence closes.
    """

    step: int
    name: str
    corners: tuple[Point, ...] = ()
    sentence: str = ''
    stated: frozenset[Cell] = frozenset()

    @property
    def lifts(self) -> bool:
        """Whether the area is open again."""
        return not self.corners and not self.stated

    def cells(self, board: Board) -> frozenset[Cell]:
        """Return the cells that are closed; none for a lift."""
        return polygon_cells(self.corners, board) if self.corners else self.stated


@dataclass(frozen=True)
class RandomRectangle:
    """A rectangle whose step, sides and place are drawn from the seed.

    It lies where the evader cannot have come before it is in force, so that the evader is never
    shut in, and leaves every pursuer a way out (`WAY_OUT`).

    Attributes:
        steps: first and last step at which it may be published.
        short: least and most cells of its shorter side, along x or along y.
        long: the same of its other side.
    """

    name: str
    steps: tuple[int, int]
    short: tuple[int, int]
    long: tuple[int, int]

    def draw(self, board: Board, evader: Cell, seed: int) -> Event:
        """Return the rectangle of a seed, the same whatever the pursuers do.

        Raises:
            ValueError: the board has no room for it.
        """
        rng = np.random.default_rng([seed, 2])  # Not the game's own stream.
        step = int(rng.integers(self.steps[0], self.steps[1] + 1))
        sides = [int(rng.integers(low, high + 1)) for low, high in (self.short, self.long)]
        upright = bool(rng.integers(2))
        margins = [2, 0]
        if upright:
            sides, margins = sides[::-1], margins[::-1]
        columns, rows = (
            range(margin, size - side - margin + 1)
            for size, side, margin in zip((board.width, board.height), sides, margins, strict=True)
        )
        places = [
            (west, south, west + sides[0] - 1, south + sides[1] - 1)
            for west in columns
            for south in rows
        ]
        free = [place for place in places if _apart(place, evader) > step + 1]
        if not free:
            raise ValueError(
                f'area {self.name!r}: the board has no room for a rectangle of '
                f'{sides[0]} x {sides[1]} cells away from the evader on {evader}'
            )
        west, south, east, north = free[int(rng.integers(len(free)))]
        return Event(step, self.name, tuple(rectangle_corners((west, south), (east, north))))


@dataclass(frozen=True)
class Scenario:
    """A named setting; `pursuers` and `evader` are None where the seed draws them."""

    name: str
    board: Board
    events: tuple[Event, ...] = ()
    pursuers: tuple[Cell, ...] | None = None
    evader: Cell | None = None
    drawn: tuple[RandomRectangle, ...] = ()

    def events_of(self, seed: int, evader: Cell) -> list[Event]:
        """Return what is published in the episode of a seed, in order of the steps.

        Raises:
            ValueError: the board has no room for an area that is drawn.
        """
        drawn = [area.draw(self.board, evader, seed) for area in self.drawn]
        return sorted((*self.events, *drawn), key=lambda event: event.step)


def _apart(place: tuple[int, int, int, int], cell: Cell) -> int:
    """Return the Manhattan distance of a cell from a rectangle (west, south, east, north)."""
    west, south, east, north = place
    return max(west - cell[0], cell[0] - east, 0) + max(south - cell[1], cell[1] - north, 0)
