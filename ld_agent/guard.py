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
"""The last word on every move: the rules of the world and all active restricted areas.

Safety does not rest on the model. `on` replaces a bad move by the best safe one and reports it;
`count` lets it out, so that experiments count it as a violation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from ld_agent.messages import Cell, Guarded
from ld_agent_sim.pursuit import Board, manhattan, pursuer_moves, why_illegal


class GuardMode(str, Enum):
    """What happens to a move that breaks a rule."""

    ON = 'on'
    COUNT = 'count'


NOWHERE: Cell = (-1, -1)
"""Sent by `count` for a choice that is no cell: off every board, so that it is a violation also
where staying would be legal."""


def board_of(observation: Mapping[str, Any]) -> Board:
    """Return the chart that an observation shows."""
    return Board(
        observation['width'],
        observation['height'],
        observation.get('moves', 'exact'),
        frozenset((x, y) for x, y in observation.get('walls', [])),
        observation.get('walls_block', False),
    )


def guard_moves(
    observation: Mapping[str, Any],
    restricted: frozenset[Cell],
    moves: Sequence[Sequence[int]],
    mode: GuardMode,
) -> tuple[list[Cell], list[Guarded]]:
    """Return the moves to send, one a pursuer, and what was found wrong.

    Args:
        restricted: cells of all active restricted areas, whatever was selected.
        moves: asked end cells; a pursuer without one is asked to stay, an empty one is no cell.
    """
    board = board_of(observation)
    evader = tuple(observation['evader'])
    sent: list[Cell] = []
    remarks: list[Guarded] = []
    for number, (x, y) in enumerate(observation['pursuers']):
        start = (x, y)
        asked = _cell(moves[number]) if number < len(moves) else start
        why = why_illegal(board, start, asked, restricted) if asked else 'is no cell'
        if asked and why is None:
            sent.append(asked)
            continue
        safe = min(
            pursuer_moves(board, start, restricted) or [start],
            key=lambda cell: (manhattan(cell, evader), cell),
        )
        replaced = safe if mode is GuardMode.ON else None
        remarks.append(Guarded(pursuer=number, asked=asked, why=why or '', replaced_by=replaced))
        sent.append(replaced or asked or NOWHERE)
    return sent, remarks


def _cell(move: Sequence[int]) -> Cell | None:
    return (move[0], move[1]) if len(move) == 2 else None
