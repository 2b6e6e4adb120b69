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
from typing import Any

from ld_agent_sim.areas import disc_corners, Point, rectangle_corners
from ld_agent_sim.pursuit import Board, Cell
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


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ValueError: one sentence: the file, the field, what is wrong.
    """
    try:
        spec = yaml.safe_load(path.read_text(encoding='utf-8'))
        return _scenario(path.stem, spec)
    except OSError as error:
        raise ValueError(f'{path}: cannot be read ({error.strerror})') from None
    except yaml.YAMLError as error:
        raise ValueError(f'{path}: not valid YAML ({error})') from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f'{error.args[0]!r} is missing' if isinstance(error, KeyError) else error
        raise ValueError(f'{path}: {what}; see config/scenarios for examples') from None


def _scenario(name: str, spec: dict[str, Any]) -> Scenario:
    unknown = set(spec) - {'description', 'board', 'events', 'pursuers', 'evader'}
    if unknown:
        raise ValueError(f'unknown field {sorted(unknown)[0]!r}')
    board = dict(spec.get('board') or {})
    walls = frozenset(
        cell for a, b in board.pop('walls', []) for cell in _span(_cell(a), _cell(b))
    )
    pursuers = spec.get('pursuers')
    if pursuers is not None and len(pursuers) != 3:
        raise ValueError(f'pursuers: {len(pursuers)} cells, the game has three pursuers')
    return Scenario(
        name=name,
        board=Board(walls=walls, **board),
        events=tuple(_event(event) for event in spec.get('events') or []),
        pursuers=tuple(_cell(c) for c in pursuers) if pursuers else None,
        evader=_cell(spec['evader']) if spec.get('evader') else None,
    )


def _event(spec: dict[str, Any]) -> Event:
    step = int(spec['step'])
    area = spec['area']
    if 'rectangle' in area:
        corners = rectangle_corners(*(_cell(c) for c in area['rectangle']))
    elif 'disc' in area:
        corners = disc_corners(_cell(area['disc']['centre']), float(area['disc']['radius']))
    else:
        corners = [(float(x), float(y)) for x, y in area['polygon']]
    return Event(step, str(area['name']), tuple(corners))


def _cell(value: Any) -> Cell:
    x, y = value
    return int(x), int(y)


def _span(a: Cell, b: Cell) -> list[Cell]:
    xs, ys = sorted((a[0], b[0])), sorted((a[1], b[1]))
    return [(x, y) for x in range(xs[0], xs[1] + 1) for y in range(ys[0], ys[1] + 1)]
