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
"""The best play against an opponent that is known, where a world can say what it is.

A yardstick for the tables: it is told whom it plays, which no method is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ld_agent.direct import Answer, DirectAgent
from ld_agent.errors import LdAgentError
from ld_agent.guard import GuardMode
from ld_agent.player import Player
from ld_agent.players import find_task
from ld_agent_sim.worlds import find_world

OPTIMUM = 'optimum'


def make_optimum(task: str, opponent: str, guard: str) -> Player:
    """Return the player that plays its best against `opponent`.

    Raises:
        LdAgentError: nobody knows the best play there.
    """
    best_against = getattr(find_world(task), 'best', None)
    if best_against is None:
        raise LdAgentError(f'the best play of the task {task!r} is not known; use another method')
    try:
        best = best_against(opponent)
    except KeyError:
        raise LdAgentError(
            f'the best play against {opponent!r} is not known; name an opponent with a policy'
        ) from None

    def policy(view: Mapping[str, Any]) -> Answer:
        return Answer((), (), best(view))

    return DirectAgent(find_task(None, task), policy, OPTIMUM, GuardMode(guard), {})
