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
"""What the nodes and the episodes need of a method that plays, whichever it is."""

from __future__ import annotations

from typing import Protocol

from ld_agent.function_base import Task
from ld_agent.messages import Cell, Decision, FunctionUpdate, State


class Player(Protocol):
    """Decides the steps of one task; an `Agent` by functions, a `DirectAgent` at once."""

    task: Task
    """The task with the functions that are active now."""

    def decide(self, state: State) -> Decision:
        """Return the decision for `state`.

        Raises:
            LdAgentError: no decision can be made; says why.
        """

    def update(self, update: FunctionUpdate) -> None:
        """Add or remove a function; in force from the next step on.

        Raises:
            LdAgentError: the function is refused; nothing has changed.
        """

    def reset(self, keep_waiting: bool = False) -> None:
        """Forget what emergencies brought; `keep_waiting`: not what no decision has used yet."""

    def close(self) -> None:
        """Release what the player holds."""

    @property
    def restricted(self) -> dict[str, frozenset[Cell]]:
        """The active restricted areas: function name → cells."""

    @property
    def quarantined(self) -> tuple[str, ...]:
        """Why each function in quarantine is there."""
