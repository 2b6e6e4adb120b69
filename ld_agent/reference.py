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
"""The reference policy: the manual's invocation rules executed as code.

Labels training examples and scores selections. Nothing that decides at run time imports it,
except the player `reference`, which is this policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ld_agent.errors import LdAgentError
from ld_agent.function_base import Stage
from ld_agent.function_file import Function


def reference_choice(
    stage: Stage, facts: Mapping[str, str], functions: Iterable[Function] | None = None
) -> str:
    """Return the only function whose rule holds.

    Args:
        functions: the candidates; default all functions of the stage.

    Raises:
        LdAgentError: no rule holds, or several do.
    """
    candidates = stage.functions.values() if functions is None else functions
    fit = [function.name for function in candidates if function.rule.holds(facts)]
    if len(fit) != 1:
        raise LdAgentError(
            f'stage {stage.name!r}: with {dict(facts)} the rules of '
            f'{", ".join(fit) or "no function"} hold; the manual must say exactly one'
        )
    return fit[0]
