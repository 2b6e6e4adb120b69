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
"""The bounds agree with a plain recursion, and stay below what any pursuit takes."""

from __future__ import annotations

from functools import cache

from ld_agent_sim.bound import lower_bound, NEVER, one_pursuer_values
from ld_agent_sim.pursuit import Board, evader_moves, manhattan, pursuer_moves
from ld_agent_sim.tables import board_tables
import pytest

BOARDS = [
    Board(4, 3),
    Board(3, 5, walls=frozenset({(1, 2)})),
    Board(4, 3, moves='up_to', walls=frozenset({(1, 1)}), walls_block=True),
]


def wins_within(board, kind):
    """Return a minimax by recursion: can the pursuer be near within so many steps?"""
    answer = all if kind == 'optimal' else any

    @cache
    def wins(pursuer, evader, steps):
        if steps == 0:
            return False
        return any(
            manhattan(there, evader) < 2
            or answer(
                manhattan(there, reply) < 2 or wins(there, reply, steps - 1)
                for reply in evader_moves(board, evader) or [evader]
            )
            for there in pursuer_moves(board, pursuer) or [pursuer]
        )

    return wins


@pytest.mark.parametrize('kind', ['optimal', 'helpful'])
@pytest.mark.parametrize('board', BOARDS, ids=['4x3', '3x5', 'up_to'])
def test_every_value_is_that_of_a_plain_minimax(board, kind):
    values, tables = one_pursuer_values(board, kind), board_tables(board)
    wins, horizon = wins_within(board, kind), 12
    assert values[values != NEVER].max() < horizon
    for pursuer in board.free():
        for evader in board.free():
            steps = next((n for n in range(1, horizon) if wins(pursuer, evader, n)), NEVER)
            assert values[tables.number[pursuer], tables.number[evader]] == steps


def test_a_pursuer_shut_out_never_gets_near():
    board = Board(5, 2, walls=frozenset({(2, 0), (2, 1)}), walls_block=True)
    assert lower_bound(board, [(0, 0), (4, 1)], (4, 0), 'optimal') is None
    assert lower_bound(board, [(0, 0)], (4, 0), 'helpful') is None


def test_on_the_usual_board_one_pursuer_always_gets_near_an_optimal_evader():
    values = one_pursuer_values(Board(), 'optimal')
    assert values.max() != NEVER
    assert (one_pursuer_values(Board(), 'helpful') <= values).all()


def test_the_bound_is_the_largest_among_the_pursuers():
    board = Board(12, 7)
    cells = [(0, 0), (6, 3), (11, 6)]
    alone = [lower_bound(board, [cell], (5, 3), 'optimal') for cell in cells]
    assert lower_bound(board, cells, (5, 3), 'optimal') == max(alone)
    assert len(set(alone)) > 1
