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
"""What the tables hold, as data: a table is its rows and how its outcomes are called.

A new table is one more entry in `TABLES`. Knows nothing about how rows are played or drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ld_agent.errors import LdAgentError

FIRST_SEED = 1_000_000
"""Reported seeds begin here; training and every choice of ours use smaller ones."""
PAPER = 200
"""Episodes a method in the paper."""
MORE = 500
MANY = 1000
MOST = 10_000
"""Games of 21 points, whose shares are to be told apart to a percentage point."""
MATCH, ASIDE = 500, 20
"""Counted games of a match of 21 points, and those before them that are not counted."""
OPPONENTS = ('random', 'stand_17', 'optimal')
OURS = ('ld', 'reference')
WITH_EMERGENCIES = ('large', 'small_free', 'small_pick', 'kd', *OURS)
PAPER_SETTING = 'table2'
"""The scenario of the paper's section 4.3."""
SCENARIOS = {
    'rectangle': 'flee',
    'several': 'flee',
    'u_trap': 'flee',
    'wall_gap': 'flee',
    'moving': 'flee',
    'on_top': 'flee',
    'hiding': 'hide',
    'told': 'flee',
}
"""The other scenarios, each with the evader that it is played against."""
PURSUIT_OUTCOMES = {
    'success': 'success',
    'failure_without_violation': 'failure without violation',
    'failure_with_violation': 'failure with violation',
}


@dataclass(frozen=True)
class Row:
    """Episodes of one method in one setting.

    Attributes:
        scenario: a name in `config/scenarios`, a YAML file, or empty for none.
        episodes: how many are counted; seeds count up from `FIRST_SEED`.
        match: counted episodes of a match, in which the world remembers what was played; 0 where
            every episode stands for itself.
        aside: episodes at the beginning of each match that are played and not counted.
        options: further arguments of `make_agent`, such as the model.
        variant: tells rows apart that differ in their options alone.
    """

    method: str
    evader: str = 'flee'
    scenario: str = ''
    episodes: int = PAPER
    task: str = 'pursuit'
    options: Mapping[str, Any] = field(default_factory=dict)
    variant: str = ''
    match: int = 0
    aside: int = 0

    @property
    def name(self) -> str:
        """The row's name within its table, which also names its file."""
        parts = (self.method, self.variant, self.evader, Path(self.scenario).stem)
        return '-'.join(part for part in parts if part)

    @property
    def seeds(self) -> range:
        """The seeds of all episodes, the match's first ones among them."""
        matches = -(-self.episodes // self.match) if self.match else 0
        return range(FIRST_SEED, FIRST_SEED + self.episodes + matches * self.aside)

    def first_of_match(self, seed: int) -> int:
        """Return the first seed of the match that `seed` belongs to."""
        length = self.match + self.aside
        return seed - (seed - FIRST_SEED) % length if self.match else seed

    def counts(self, seed: int) -> bool:
        """Tell whether the episode of `seed` is counted."""
        return not self.match or seed - self.first_of_match(seed) >= self.aside


@dataclass(frozen=True)
class Table:
    """A table of the page.

    Attributes:
        name: also names its markers, its folder of results and its plots.
        outcomes: outcome of an episode → heading of its column.
        steps_of: the outcome whose steps are averaged; None for no such column.
    """

    name: str
    title: str
    rows: tuple[Row, ...]
    outcomes: Mapping[str, str]
    steps_of: str | None = None


def _cards(method: str, opponent: str, games: int) -> Row:
    return Row(
        method, opponent, episodes=games, task='twenty_one', match=min(games, MATCH), aside=ASIDE
    )


TABLES = (
    Table(
        'table1',
        'Table 1. Pursuit (paper, section 4.1)',
        (
            Row('large'),
            Row('small_free'),
            Row('small_pick'),
            Row('kd'),
            Row('ld', episodes=MANY),
            Row('reference', episodes=MANY),
            Row('random'),
        ),
        PURSUIT_OUTCOMES,
        steps_of='success',
    ),
    Table(
        'table2',
        'Table 2. Pursuit with a restricted area (paper, section 4.3)',
        tuple(
            Row(method, scenario=PAPER_SETTING, episodes=MORE if method in OURS else PAPER)
            for method in WITH_EMERGENCIES
        ),
        PURSUIT_OUTCOMES,
        steps_of='success',
    ),
    Table(
        'scenarios',
        'Table 2, continued. The scenarios',
        tuple(
            Row(method, evader, scenario)
            for scenario, evader in SCENARIOS.items()
            for method in WITH_EMERGENCIES
        ),
        PURSUIT_OUTCOMES,
        steps_of='success',
    ),
    Table(
        'table3',
        'Table 3. 21 points (paper, section 4.2)',
        tuple(
            _cards(method, opponent, games)
            for opponent in OPPONENTS
            for method, games in (
                ('ld', MOST),
                ('reference', MOST),
                ('random', PAPER),
                ('optimum', MOST),
            )
        ),
        {'victory': 'victory', 'loss': 'loss', 'draw': 'draw'},
    ),
)


def choose(
    tables: Sequence[Table], names: Iterable[str] = (), episodes: int | None = None
) -> list[Table]:
    """Return the named tables, all by default, each row with `episodes` if given.

    Raises:
        LdAgentError: there is no such table.
    """
    known = {table.name: table for table in tables}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise LdAgentError(f'table {unknown[0]!r} is unknown; use some of {", ".join(known)}')
    chosen = [known[name] for name in names] or list(tables)
    if episodes is None:
        return chosen
    return [
        replace(table, rows=tuple(replace(row, episodes=episodes) for row in table.rows))
        for table in chosen
    ]


def check_methods(tables: Iterable[Table], methods: Iterable[str]) -> None:
    """Raise unless each of `methods` has a row.

    Raises:
        LdAgentError: one has none.
    """
    known = list(dict.fromkeys(row.method for table in tables for row in table.rows))
    for method in methods:
        if method not in known:
            raise LdAgentError(
                f'no table has a row for the method {method!r}; use some of {", ".join(known)}'
            )
