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
"""Checks every decision against the rules and all active restricted areas before it goes out.

Safety does not rest on the model. `on` replaces what breaks a rule by the best legal choice and
reports it; `count` lets it out, so that experiments count it as a violation. What is legal, the
task's rules say.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from ld_agent.messages import Cell, Guarded
from ld_agent_sim.rules import Rules


class GuardMode(str, Enum):
    """What happens to a decision that breaks a rule."""

    ON = 'on'
    COUNT = 'count'


def guard(
    rules: Rules,
    observation: Mapping[str, Any],
    restricted: frozenset[Cell],
    asked: Any,
    mode: GuardMode,
) -> tuple[Any, list[Guarded]]:
    """Return the decision to send, and what was found wrong.

    Args:
        restricted: cells of all active restricted areas, whatever was selected.
        asked: what the last stage gave; None where the stages ended early.
    """
    sent, remarks = rules.guard(observation, restricted, asked, mode is GuardMode.ON)
    return sent, [
        Guarded(pursuer=r.part, asked=r.asked, why=r.why, replaced_by=r.replaced_by)
        for r in remarks
    ]
