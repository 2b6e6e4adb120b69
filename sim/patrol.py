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
"""Patrol: a boat visits buoys and docks at its base before its fuel ends.

The water is 16 cells wide and 12 high, x to the east and y to the north. In each step the boat
moves one cell, or docks where its base is, which ends the patrol. A cell costs one unit of fuel,
and two against the wind. A buoy is visited when the boat comes to its cell. An action that is
none, leaves the water or docks elsewhere is a violation: the boat keeps its place and burns one
unit, as in a lost turn. Without fuel the patrol is over wherever the boat is.

The tank holds 1 to 1.5 times what the shortest round trip costs in a calm, so that not every
patrol can be complete. Whom the boat plays against is the weather.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import permutations
import math
from typing import Any

from ld_agent_sim.pursuit import Board
from ld_agent_sim.rules import Cell, Observation, Option, Question, Remark, Replay
from ld_agent_sim.scenario import Scenario
import numpy as np

WIDTH, HEIGHT = 16, 12
BUOYS = 4
SPARE = 0.5
"""Most fuel beyond the shortest round trip, as a share of it."""
WAYS = {'north': (0, 1), 'east': (1, 0), 'south': (0, -1), 'west': (-1, 0)}
DOCK = 'dock'
CALM = 'calm'
WINDS = (CALM, *WAYS)
"""Where the wind comes from: a move that way is against it."""
OUTCOMES = ('complete', 'returned', 'adrift')

Weather = Callable[[Observation, np.random.Generator], str]
"""Chooses the wind of the next step."""


def distance(a: Cell, b: Cell) -> int:
    """Return how many moves lie between two cells."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def shortest_round(start: Cell, buoys: list[Cell]) -> int:
    """Return the moves of the shortest way from `start` past all buoys and back."""
    return min(
        sum(distance(a, b) for a, b in zip((start, *order), (*order, start), strict=True))
        for order in permutations(buoys)
    )


def legal_actions(observation: Observation, restricted: frozenset[Cell]) -> list[str]:
    """Return the actions that break no rule; `restricted` cells may not be entered."""
    x, y = observation['boat']
    legal = [DOCK] if [x, y] == list(observation['base']) else []
    for way, (dx, dy) in WAYS.items():
        cell = (x + dx, y + dy)
        inside = 0 <= cell[0] < observation['width'] and 0 <= cell[1] < observation['height']
        if inside and cell not in restricted:
            legal.append(way)
    return legal


def sailed(observation: Observation, action: Any) -> dict[str, Any]:
    """Return the observation after an action, with the wind unchanged."""
    after = {**observation, 'fuel': observation['fuel'] - 1}
    if action not in legal_actions(observation, frozenset()):
        return after
    if action == DOCK:
        return {**observation, 'docked': True}
    if action == observation['wind']:
        after['fuel'] = max(observation['fuel'] - 2, 0)
    x, y = observation['boat']
    boat = [x + WAYS[action][0], y + WAYS[action][1]]
    buoys = [list(buoy) for buoy in observation['buoys'] if list(buoy) != boat]
    return {**after, 'boat': boat, 'buoys': buoys}


def breeze(seen: Observation, rng: np.random.Generator) -> str:
    """Blow from a side that changes with every step, or not at all."""
    return WINDS[int(rng.integers(len(WINDS)))]


def calm(seen: Observation, rng: np.random.Generator) -> str:
    """Never blow."""
    return CALM


def weather_question(seen: Observation) -> Question:
    """Return the choice of the wind in words, for the weather `llm`."""
    (x, y), (home_x, home_y) = seen['boat'], seen['base']
    options = {
        'still': Option('Let no wind blow', 'the boat is at its base', CALM),
        'north': Option('Blow from the north', 'the base is to the north', 'north'),
        'east': Option('Blow from the east', 'the base is to the east', 'east'),
        'south': Option('Blow from the south', 'the base is to the south', 'south'),
        'west': Option('Blow from the west', 'the base is to the west', 'west'),
    }
    sides = ['north'] * (home_y > y) + ['south'] * (home_y < y)
    sides += ['east'] * (home_x > x) + ['west'] * (home_x < x)
    facts = {'base': f'to the {" and the ".join(sides)}' if sides else 'here'}
    return Question('You are the wind, and hold a boat up on its way home.', options, facts)


class PatrolRules:
    """The rules on observations; see `sim/rules.py`."""

    outcomes = OUTCOMES
    max_steps = int((1 + SPARE) * (BUOYS + 1) * (WIDTH + HEIGHT))

    def fault(self, observation: Observation) -> str:
        """Return what is wrong with an observation; empty if nothing is."""
        try:
            size = observation['width'], observation['height']
            for name in ('boat', 'base'):
                if not _inside(observation[name], size):
                    return f'{name}: is not a cell of the water'
            if not all(_inside(buoy, size) for buoy in observation['buoys']):
                return 'buoys: are not cells of the water'
            if observation['wind'] not in WINDS:
                return f'wind: is not one of {", ".join(WINDS)}'
            if not 0 <= observation['fuel'] <= observation['tank']:
                return 'fuel: is not between 0 and what the tank holds'
            if not isinstance(observation['docked'], bool):
                return 'docked: is not true or false'
        except (LookupError, TypeError, ValueError) as error:
            return f'boat: is not as the patrol shows it ({type(error).__name__}: {error})'
        return ''

    def guard(
        self, observation: Observation, restricted: frozenset[Cell], asked: Any, replace: bool
    ) -> tuple[str, list[Remark]]:
        """Return the action to send; what breaks a rule is replaced by the best way home."""
        legal = legal_actions(observation, restricted)
        if asked in legal:
            return asked, []
        why = f'is not one of {", ".join(legal) or "no legal action"}'
        if replace and legal:
            best = min(legal, key=lambda action: _to_home(observation, action))
            return best, [Remark(None, asked, why, best)]
        return str(asked or 'none'), [Remark(None, asked, why)]

    def replay(
        self,
        before: Observation,
        asked: Any,
        after: Observation,
        closed: frozenset[Cell],
        violations: int,
        coming: frozenset[Cell] = frozenset(),
    ) -> Replay:
        """Play one recorded step again; the wind alone is free."""
        wanted = sailed(before, asked)
        wrong = [name for name in wanted if name != 'wind' and wanted[name] != after.get(name)]
        broken = int(asked is not None and asked not in legal_actions(before, closed))
        if not wrong:
            return Replay(self.fault(after), broken)
        name = wrong[0]
        return Replay(f'{name} is {after.get(name)}, the rules give {wanted[name]}', broken)

    def describe(self, observation: Observation) -> str:
        """Return the patrol in one line."""
        seen = observation
        return (
            f'boat {tuple(seen["boat"])}   base {tuple(seen["base"])}   fuel {seen["fuel"]}   '
            f'wind {seen["wind"]}   buoys {" ".join(str(tuple(b)) for b in seen["buoys"]) or "-"}'
        )

    def over(self, observation: Observation) -> bool:
        """Tell whether the boat has docked or its fuel has ended."""
        return observation['docked'] or observation['fuel'] <= 0

    def outcome(self, last: Observation, done: bool, violations: int) -> str | None:
        """Return how the patrol ended; at its base without fuel the boat is home too."""
        if not self.over(last):
            return None
        if list(last['boat']) != list(last['base']):
            return 'adrift'
        return 'returned' if last['buoys'] else 'complete'


def _inside(cell: Any, size: tuple[int, int]) -> bool:
    x, y = cell
    return 0 <= x < size[0] and 0 <= y < size[1]


def _to_home(observation: Observation, action: str) -> int:
    after = sailed(observation, action)
    return -1 if after['docked'] else distance(after['boat'], after['base'])


class PatrolWorld:
    """A patrol as a world; a step is an action of the boat.

    Args:
        weather: chooses the wind.
    """

    task = 'patrol'
    role = 'weather'
    opponents: Mapping[str, Weather] = {'breeze': breeze, 'calm': calm}
    question = staticmethod(weather_question)
    rules = PatrolRules()

    def __init__(self, weather: Weather = breeze) -> None:
        self._weather = weather
        self.reset(0)

    @classmethod
    def open(
        cls, opponent: Weather, board: Board | None = None, scenario: Scenario | None = None
    ) -> PatrolWorld:
        """Return the world for a weather; its water has one size, so the board may be any.

        Raises:
            ValueError: a scenario is given.
        """
        if scenario is not None:
            raise ValueError("the task 'patrol' has no scenarios; leave the scenario empty")
        return cls(opponent)

    def reset(self, seed: int) -> None:
        """Begin a new patrol: base, buoys and fuel follow from the seed."""
        self._rng = np.random.default_rng(seed)
        drawn = self._rng.choice(WIDTH * HEIGHT, BUOYS + 1, replace=False)
        base, *buoys = [(int(number) % WIDTH, int(number) // WIDTH) for number in drawn]
        spare = 1 + SPARE * float(self._rng.random())
        tank = math.ceil(spare * shortest_round(base, buoys))
        self._seen: dict[str, Any] = {
            'width': WIDTH,
            'height': HEIGHT,
            'boat': list(base),
            'base': list(base),
            'buoys': [list(buoy) for buoy in buoys],
            'fuel': tank,
            'tank': tank,
            'wind': CALM,
            'docked': False,
        }
        self._step = self._violations = self._lost_turns = 0

    def observation(self) -> dict[str, Any]:
        """Return the `observation` of a state message; `buoys` are those not yet visited."""
        return {**self._seen}

    def apply(self, decision: Mapping[str, Any] | None) -> None:
        """Play a step; None is a lost turn. A call after the end changes nothing."""
        if self.done:
            return
        asked = None if decision is None else decision.get('action')
        self._lost_turns += decision is None
        legal = legal_actions(self._seen, frozenset())
        self._violations += decision is not None and asked not in legal
        self._step += 1
        after = sailed(self._seen, asked)
        self._seen = {**after, 'wind': self._weather(after, self._rng)}

    @property
    def done(self) -> bool:
        """Whether the patrol has ended."""
        return self.rules.over(self._seen)

    @property
    def step(self) -> int:
        """Steps played so far."""
        return self._step

    def outcome(self) -> dict[str, Any]:
        """Return outcome, steps, violations and lost_turns."""
        return {
            'outcome': self.rules.outcome(self._seen, self.done, self._violations),
            'steps': self._step,
            'violations': self._violations,
            'lost_turns': self._lost_turns,
        }


WORLD = PatrolWorld
