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
"""The pursuit as a PettingZoo `ParallelEnv`, for learners that know that interface.

Spaces, rewards and the end of an episode only: rules, evaders and restricted areas are those of
`PursuitWorld`, so an episode here is the episode of the simulator with the same seed. Needs the
extra `gym`; nothing else in this package imports this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ld_agent_sim.evaders import EVADERS
from ld_agent_sim.pursuit import Board, Cell, EvaderPolicy, Outcome, pursuer_moves, PURSUERS
from ld_agent_sim.scenario import Scenario
from ld_agent_sim.worlds import PursuitWorld
import numpy as np

try:
    from gymnasium import spaces
    from pettingzoo import ParallelEnv
except ImportError as error:
    raise ImportError(
        f"{error.name} is missing: install it with pip install 'ld_agent[gym]' to use PursuitEnv"
    ) from error

STEP_REWARD = -0.01
VIOLATION_REWARD = -0.1
CAPTURE_REWARD = 1.0
PLANES = 4

Observation = dict[str, np.ndarray]


class PursuitEnv(ParallelEnv[str, Observation, int]):
    """Three pursuers hunt one evader that belongs to the environment.

    | agents | `pursuer_0`, `pursuer_1`, `pursuer_2` |
    | --- | --- |
    | action | `Discrete(8)`, or `Discrete(13)` where the board says `up_to`: `offsets[action]` |
    | `observation` | `Box(0, 3, (4, height, width), int8)`, indexed `[plane, y, x]` |
    | `action_mask` | `Box(0, 1, (actions,), int8)`: 1 for each action that is legal now |

    The planes count, in each cell: this pursuer, the other pursuers, the evader, and closed
    cells (walls and all areas that were published and not lifted). A published area is in force
    one step later, and the mask follows what is in force.

    All pursuers get the same reward: -0.01 a step, -0.1 a violation, +1 for the capture.
    Capture and too many violations terminate an episode; the last step truncates it. An illegal
    action is a violation and leaves the pursuer where it is. A pursuer with no legal move stays,
    without violation, whatever its action; all its actions are then open in the mask.

    Each `info` holds `seed`, `step`, `violations` and `outcome` (None, or a value of `Outcome`).
    """

    metadata = {'name': 'ld_agent_pursuit_v0', 'render_modes': []}

    def __init__(
        self,
        board: Board | None = None,
        evader: EvaderPolicy = EVADERS['flee'],
        scenario: Scenario | None = None,
    ) -> None:
        """Set up the spaces; `reset` begins the first episode.

        Args:
            board: the open 20 x 20 board where neither this nor a scenario is given.
            evader: chooses among the evader's legal moves.
            scenario: brings its board, start cells and restricted areas.

        Raises:
            ValueError: both a board and a scenario are given.
        """
        if board is not None and scenario is not None:
            raise ValueError('give a board or a scenario, not both: a scenario brings its board')
        self._world = PursuitWorld(board, evader, scenario)
        self._seeds = np.random.default_rng()
        chart = self._world.game.state.board
        self.offsets = _offsets(chart)
        self.possible_agents = [f'pursuer_{number}' for number in range(PURSUERS)]
        self.agents: list[str] = []
        planes = (PLANES, chart.height, chart.width)
        self.observation_spaces = {
            agent: spaces.Dict(
                {
                    'observation': spaces.Box(0, PURSUERS, planes, np.int8),
                    'action_mask': spaces.Box(0, 1, (len(self.offsets),), np.int8),
                }
            )
            for agent in self.possible_agents
        }
        self.action_spaces = {
            agent: spaces.Discrete(len(self.offsets)) for agent in self.possible_agents
        }

    def observation_space(self, agent: str) -> spaces.Dict:
        """Return the agent's observation space, always the same object."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Discrete:
        """Return the agent's action space, always the same object."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, Any]]]:
        """Begin an episode.

        Args:
            seed: the episode's seed, as everywhere in this package; the seeds of later episodes
                follow from it. Without one the next seed is drawn.
            options: ignored.
        """
        if seed is not None:
            self._seeds = np.random.default_rng(seed)
        self._seed = int(self._seeds.integers(2**31)) if seed is None else seed
        self._world.reset(self._seed)
        self._published: dict[str, frozenset[Cell]] = {}
        self.agents = list(self.possible_agents)
        self._publish()
        return self._observations(), self._infos()

    def step(
        self, actions: Mapping[str, int]
    ) -> tuple[
        dict[str, Observation],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, dict[str, Any]],
    ]:
        """Play a step; after the end of an episode, and before the first, nothing happens.

        Raises:
            ValueError: an agent has no action, or one outside its space.
        """
        if not self.agents:
            return {}, {}, {}, {}, {}
        before = self._world.game.state
        self._world.apply(
            {'moves': [self._end(*pair, actions) for pair in zip(self.agents, before.pursuers)]}
        )
        self._publish()
        after = self._world.game.state
        reward = STEP_REWARD + VIOLATION_REWARD * (after.violations - before.violations)
        if after.outcome is Outcome.SUCCESS:
            reward += CAPTURE_REWARD
        truncated = after.outcome is Outcome.FAILURE_WITHOUT_VIOLATION
        terminated = self._world.done and not truncated
        played, observations, infos = self.agents, self._observations(), self._infos()
        if self._world.done:
            self.agents = []
        return (
            observations,
            dict.fromkeys(played, reward),
            dict.fromkeys(played, terminated),
            dict.fromkeys(played, truncated),
            infos,
        )

    def _end(self, agent: str, start: Cell, actions: Mapping[str, int]) -> Cell:
        if agent not in actions:
            raise ValueError(f'{agent} has no action; give one to each of {self.agents}')
        action = actions[agent]
        if not self.action_spaces[agent].contains(action):
            raise ValueError(
                f'action {action!r} of {agent} is not one of 0 to {len(self.offsets) - 1}'
            )
        dx, dy = self.offsets[action]
        return start[0] + dx, start[1] + dy

    def _publish(self) -> None:
        board = self._world.game.state.board
        for event in self._world.announcements():
            self._published[event.name] = event.cells(board)

    def _observations(self) -> dict[str, Observation]:
        state = self._world.game.state
        planes = np.zeros((PLANES, state.board.height, state.board.width), np.int8)
        for x, y in state.pursuers:
            planes[1, y, x] += 1
        planes[2, state.evader[1], state.evader[0]] = 1
        for x, y in self._world.chart().union(*self._published.values()):
            planes[3, y, x] = 1
        return {
            agent: {'observation': _seen_from(planes, cell), 'action_mask': self._mask(cell)}
            for agent, cell in zip(self.agents, state.pursuers, strict=True)
        }

    def _mask(self, cell: Cell) -> np.ndarray:
        state = self._world.game.state
        legal = set(pursuer_moves(state.board, cell, state.restricted))
        ends = [(cell[0] + dx, cell[1] + dy) for dx, dy in self.offsets]
        return np.array([not legal or end in legal for end in ends], np.int8)

    def _infos(self) -> dict[str, dict[str, Any]]:
        state = self._world.game.state
        info = {
            'seed': self._seed,
            'step': state.step,
            'violations': state.violations,
            'outcome': state.outcome.value if state.outcome else None,
        }
        return {agent: dict(info) for agent in self.agents}


def _offsets(board: Board) -> tuple[Cell, ...]:
    """Return the moves of the board's move set, in the order of the actions."""
    middle = (2, 2)
    return tuple((x - 2, y - 2) for x, y in pursuer_moves(Board(5, 5, board.moves), middle))


def _seen_from(planes: np.ndarray, cell: Cell) -> np.ndarray:
    """Move one pursuer from the plane of the others to its own."""
    seen = planes.copy()
    seen[0, cell[1], cell[0]] += 1
    seen[1, cell[1], cell[0]] -= 1
    return seen
