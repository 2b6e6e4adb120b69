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
"""The rules of the pursuit on observations: guard, referee, and what an observation must hold.

The moves themselves are those of `pursuit.py`; see `rules.py` for who asks.
"""

from __future__ import annotations

from typing import Any, Literal

from ld_agent_sim.pursuit import (
    Board,
    captured,
    Cell,
    evader_moves,
    manhattan,
    MAX_STEPS,
    MAX_VIOLATIONS,
    Outcome,
    pursuer_moves,
    why_illegal,
)
from ld_agent_sim.rules import Observation, Remark, Replay
from pydantic import BaseModel, Field, ValidationError

NOWHERE: Cell = (-1, -1)
"""Sent for a choice that is no cell: off every board, so that it is a violation also where
staying would be legal."""


class _Seen(BaseModel):
    """What an observation must hold."""

    width: int = Field(gt=0)
    height: int = Field(gt=0)
    moves: Literal['exact', 'up_to']
    pursuers: list[Cell] = Field(min_length=1)
    evader: Cell
    walls: list[Cell] = []
    walls_block: bool = False


def board_of(observation: Observation) -> Board:
    """Return the chart that an observation shows."""
    return Board(
        observation['width'],
        observation['height'],
        observation.get('moves', 'exact'),
        frozenset((x, y) for x, y in observation.get('walls', [])),
        observation.get('walls_block', False),
    )


def places(observation: Observation) -> tuple[tuple[Cell, ...], Cell]:
    """Return the cells of the pursuers, and the evader's."""
    x, y = observation['evader']
    return tuple((px, py) for px, py in observation['pursuers']), (x, y)


class PursuitRules:
    """The rules on observations."""

    outcomes = tuple(outcome.value for outcome in Outcome)
    max_steps = MAX_STEPS

    def fault(self, observation: Observation) -> str:
        """Return what is wrong with an observation; empty if nothing is."""
        try:
            _Seen.model_validate(observation)
        except ValidationError as error:
            first = error.errors()[0]
            return f'{".".join(map(str, first["loc"]))}: {first["msg"]}'
        return ''

    def guard(
        self, observation: Observation, restricted: frozenset[Cell], asked: Any, replace: bool
    ) -> tuple[list[Cell], list[Remark]]:
        """Return the moves to send, one a pursuer, and what was found wrong.

        Args:
            restricted: cells of all active restricted areas, whatever was selected.
            asked: end cells; a pursuer without one is asked to stay, an empty one is no cell.
        """
        moves = asked or []
        board = board_of(observation)
        evader = tuple(observation['evader'])
        sent: list[Cell] = []
        remarks: list[Remark] = []
        for number, (x, y) in enumerate(observation['pursuers']):
            start = (x, y)
            end = _cell(moves[number]) if number < len(moves) else start
            why = why_illegal(board, start, end, restricted) if end else 'is no cell'
            if end and why is None:
                sent.append(end)
                continue
            safe = min(
                pursuer_moves(board, start, restricted) or [start],
                key=lambda cell: (manhattan(cell, evader), cell),
            )
            replaced = safe if replace else None
            remarks.append(Remark(number, end, why or '', replaced))
            sent.append(replaced or end or NOWHERE)
        return sent, remarks

    def replay(
        self,
        before: Observation,
        asked: Any,
        after: Observation,
        closed: frozenset[Cell],
        violations: int,
        coming: frozenset[Cell] = frozenset(),
    ) -> Replay:
        """Play one recorded step again: the pursuers' moves, then the evader's."""
        board = board_of(before)
        restricted = closed - board.walls
        start, evader = places(before)
        end, evader_end = places(after)
        moved, broken = _moved(board, start, asked, restricted, coming)
        fault = ''
        if moved != end:
            fault = (
                f'by the rules the pursuers end at {_shown(moved)}, the next state has '
                f'{_shown(end)}'
            )
        legal = evader_moves(board, evader, restricted)
        over = captured(end, evader) or violations + broken > MAX_VIOLATIONS
        notes: tuple[str, ...] = ()
        if evader_end not in legal and not (evader_end == evader and (over or not legal)):
            notes = (f'the evader went from {evader} to {evader_end}, which is no move',)
        return Replay(fault, broken, notes)

    def describe(self, observation: Observation) -> str:
        """Return where everybody is."""
        pursuers, evader = places(observation)
        return f'pursuers {_shown(pursuers)}   evader {_shown((evader,))}'

    def over(self, observation: Observation) -> bool:
        """Tell whether the evader is caught."""
        return captured(*places(observation))

    def outcome(self, last: Observation, done: bool, violations: int) -> str | None:
        """Return how an episode ended."""
        if violations > MAX_VIOLATIONS:
            return Outcome.FAILURE_WITH_VIOLATION.value
        if self.over(last):
            return Outcome.SUCCESS.value
        return Outcome.FAILURE_WITHOUT_VIOLATION.value if done else None


def _cell(move: Any) -> Cell | None:
    return (move[0], move[1]) if len(move) == 2 else None


def _moved(
    board: Board,
    start: tuple[Cell, ...],
    asked: Any,
    restricted: frozenset[Cell],
    coming: frozenset[Cell],
) -> tuple[tuple[Cell, ...], int]:
    """Return where a decision brings the pursuers, and how many violations it holds."""
    if asked is None or len(asked) != len(start):
        return start, 0
    end, broken = [], 0
    for cell, target in zip(start, asked, strict=True):
        if not pursuer_moves(board, cell, restricted):
            end.append(cell)
        elif why_illegal(board, cell, target, restricted, coming) is None:
            end.append(target)
        else:
            end.append(cell)
            broken += 1
    return tuple(end), broken


def _shown(cells: tuple[Cell, ...]) -> str:
    return ' '.join(f'({x}, {y})' for x, y in cells)
