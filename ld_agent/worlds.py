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
"""Opens the world that the simulator runs, from names as parameters give them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ld_agent.errors import LdAgentError
from ld_agent.evader import llm_opponent
from ld_agent.share import share_path
from ld_agent_sim.pursuit import Board
from ld_agent_sim.scenario import Scenario
from ld_agent_sim.scenario_file import load_scenario
from ld_agent_sim.worlds import find_world, make_world, World


def open_world(task: str, evader: str, board: str, moves: str, scenario: str, model: str) -> World:
    """Return the world of a task.

    Args:
        evader: name of the policy of whom the agent plays against.
        board: WIDTHxHEIGHT, used where no scenario sets the board.
        scenario: a name in `config/scenarios`, a path, or empty for none.
        model: model of the opponent `llm`.

    Raises:
        LdAgentError: a name is unknown or a file is not valid.
    """
    try:
        world = find_world(task)
        if evader not in world.opponents and evader != 'llm':
            raise LdAgentError(
                f'{world.role} {evader!r} is unknown; use one of '
                f'{", ".join([*world.opponents, "llm"])}'
            )
        chart = replace(Board.parse(board), moves=moves)
        setting = open_scenario(board, scenario) if scenario else None
        policy = (
            llm_opponent(world.question, model) if evader == 'llm' else world.opponents[evader]
        )
        return make_world(task, evader=policy, board=chart, scenario=setting)
    except ValueError as error:
        raise LdAgentError(str(error)) from None


def first_opponent(task: str) -> str:
    """Return the name of whom the agent plays against where nobody else is asked for.

    Raises:
        LdAgentError: the task has no world.
    """
    try:
        return next(iter(find_world(task).opponents))
    except ValueError as error:
        raise LdAgentError(str(error)) from None


def open_scenario(board: str, scenario: str) -> Scenario:
    """Return a scenario by its name or file; without one, an open board with drawn places.

    Raises:
        LdAgentError: a name is unknown or a file is not valid.
    """
    try:
        if scenario:
            return load_scenario(scenario_file(scenario))
        return Scenario('', Board.parse(board))
    except ValueError as error:
        raise LdAgentError(str(error)) from None


def scenario_file(name: str) -> Path:
    """Return the file of a scenario: a name in `config/scenarios`, or a path.

    Raises:
        LdAgentError: no scenario has that name.
    """
    if Path(name).suffix in ('.yaml', '.yml'):
        return Path(name)
    folder = share_path('config', 'scenarios')
    file = folder / f'{name}.yaml'
    if not file.exists():
        known = ', '.join(sorted(path.stem for path in folder.glob('*.yaml')))
        raise LdAgentError(f'scenario {name!r} is unknown; use one of {known}, or a YAML file')
    return file
