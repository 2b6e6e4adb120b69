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
"""What `kd` is trained on: positions of played episodes with the moves that a teacher gives.

221 random starts (paper, section 4.1) are played against every built-in evader, first as the
teacher plays, then with pursuers that now and then stray, so that positions come up which the
teacher alone would never leave the student in. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import itertools
import random
from typing import Any

from ld_agent import board_text
from ld_agent.episodes import state_of
from ld_agent.messages import Cell
from ld_agent.player import Player
from ld_agent.training.packing import Encode, pack_outputs, Packed
from ld_agent_sim.evaders import EVADERS
from ld_agent_sim.pursuit import Board, pursuer_moves, Pursuit
from ld_agent_sim.scenario import Scenario
from ld_agent_sim.worlds import PursuitWorld

STARTS = 221
SEED = 400_000
"""Of the first start; no seed below 1,000,000 is ever reported."""
HELD_OUT_SEED = 500_000
STRAY = 0.2
"""Share of a pursuer's moves that are random after the rounds that the teacher plays alone."""
STATES = 8
"""Outputs that share one sequence."""


@dataclass(frozen=True)
class Output:
    """A position, as an observation, and the moves that the teacher gave there."""

    view: dict[str, Any]
    moves: tuple[Cell, ...]

    def texts(self) -> tuple[str, str]:
        """Return the state and the answer as the student reads and writes them."""
        return board_text.brief_state(self.view), board_text.brief_answer(self.moves)


def played(teacher: Player, seed: int = SEED, starts: int = STARTS) -> Iterator[Output]:
    """Yield outputs of the teacher without end, each position once; the same from the same seed.

    Args:
        seed: of the first start; the others follow it.
        starts: how many starts there are.
    """
    board = Board()
    seen: set[str] = set()
    for number in itertools.count():
        rounds, start = divmod(number, starts)
        first = Pursuit(board, seed=seed + start, evader=EVADERS['flee']).state
        evader = list(EVADERS.values())[rounds % len(EVADERS)]
        scenario = Scenario('', board, pursuers=first.pursuers, evader=first.evader)
        stray = STRAY if rounds >= len(EVADERS) else 0.0
        world = PursuitWorld(board, evader, scenario)
        for output in _episode(teacher, world, number, stray, random.Random(f'{seed}/{number}')):
            told = board_text.brief_state(output.view)
            if told not in seen:
                seen.add(told)
                yield output


def stream(
    outputs: Sequence[Output], encode: Encode, bos: int | None, seed: int
) -> Iterator[Packed]:
    """Yield packed outputs, epoch after epoch, each in an order of its own."""
    for epoch in itertools.count():
        order = list(outputs)
        random.Random(f'{seed}/{epoch}').shuffle(order)
        yield from packs(order, encode, bos)


def packs(outputs: Sequence[Output], encode: Encode, bos: int | None) -> Iterator[Packed]:
    """Yield outputs, `STATES` in a sequence, behind the rules of the board they share."""
    for first in range(0, len(outputs), STATES):
        some = outputs[first : first + STATES]
        rules = board_text.brief_rules(some[0].view)
        yield pack_outputs(rules, [output.texts() for output in some], encode, bos, 'kd')


def _episode(
    teacher: Player, world: PursuitWorld, number: int, stray: float, rng: random.Random
) -> Iterator[Output]:
    world.reset(number)
    teacher.reset()
    while not world.done:
        state = state_of(world, number)
        view = state.observation
        moves = tuple(teacher.decide(state).moves or ())
        yield Output(view, moves)
        board = world.game.state.board
        taken = [
            rng.choice(pursuer_moves(board, (x, y)) or [move]) if rng.random() < stray else move
            for (x, y), move in zip(view['pursuers'], moves, strict=True)
        ]
        world.apply({'moves': taken})
