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
"""What every task says about itself without a running episode: its rules, on plain data.

The agent's guard, the referee and the reader of bags ask these; a world carries them as `rules`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Cell = tuple[int, int]
Observation = Mapping[str, Any]


@dataclass(frozen=True)
class Remark:
    """A part of a decision that breaks a rule.

    Attributes:
        part: which part, such as the number of the pursuer; None where a decision is one thing.
        asked: what was asked for; None where nothing could be read.
        replaced_by: the best legal choice, where it took the place of what was asked.
    """

    part: int | None
    asked: Any
    why: str
    replaced_by: Any = None


@dataclass(frozen=True)
class Replay:
    """A recorded step, played again.

    Attributes:
        fault: where the next observation is not what the rules give, in words; empty if it is.
        violations: how often the decision broke a rule.
        notes: other things in the step that no rule allows, a clause each.
    """

    fault: str = ''
    violations: int = 0
    notes: tuple[str, ...] = ()


class Rules(Protocol):
    """The rules of one task.

    Attributes:
        outcomes: how an episode can end; the first is what the agent wants.
        max_steps: an episode ends here at the latest.
    """

    outcomes: tuple[str, ...]
    max_steps: int

    def fault(self, observation: Observation) -> str:
        """Return what is wrong with an observation, `FIELD: WHAT`; empty if nothing is."""

    def guard(
        self, observation: Observation, restricted: frozenset[Cell], asked: Any, replace: bool
    ) -> tuple[Any, list[Remark]]:
        """Return the decision to send, and what was found wrong with the one asked for.

        Args:
            restricted: cells of all active restricted areas.
            asked: what the last stage gave; None where the stages ended early.
            replace: send the best legal choice in place of one that breaks a rule.
        """

    def replay(
        self,
        before: Observation,
        asked: Any,
        after: Observation,
        closed: frozenset[Cell],
        violations: int,
        coming: frozenset[Cell] = frozenset(),
    ) -> Replay:
        """Play one recorded step again.

        Args:
            asked: the decision; None for a lost turn.
            closed: the cells that were closed in truth.
            violations: of the episode so far.
            coming: the cells that were closed in the next step.
        """

    def describe(self, observation: Observation) -> str:
        """Return an observation in one line, for people."""

    def over(self, observation: Observation) -> bool:
        """Tell whether nothing may be played after this observation."""

    def outcome(self, last: Observation, done: bool, violations: int) -> str | None:
        """Return how an episode with this last observation ended; None if it did not."""


@dataclass(frozen=True)
class Option:
    """One answer to a question: its name's manual, and what it means in the game."""

    purpose: str
    when: str
    choice: Any


@dataclass(frozen=True)
class Question:
    """A choice of the agent's opponent in words, for a language model to answer.

    Attributes:
        options: name → what it stands for.
        facts: the situation as the model is shown it.
    """

    rules: str
    options: Mapping[str, Option]
    facts: Mapping[str, str]
