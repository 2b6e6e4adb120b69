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
"""The opponent `llm` of every task: the untuned student answers the world's question (paper)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ld_agent.prompt import Entry
from ld_agent.selector import Selector
from ld_agent.student.prepare import open_student
from ld_agent_sim.rules import Question
import numpy as np


def llm_opponent(
    question: Callable[[Any], Question], model: str
) -> Callable[[Any, np.random.Generator], Any]:
    """Return the policy of the untuned student `model`.

    Args:
        question: puts what the opponent sees into words.

    Raises:
        ModelError: the model cannot be prepared.
    """
    selector = Selector(open_student(model, adapter=None))

    def policy(seen: Any, rng: np.random.Generator) -> Any:
        asked = question(seen)
        entries = [Entry(name, o.purpose, o.when) for name, o in asked.options.items()]
        return asked.options[selector.select(asked.rules, entries, asked.facts).selected].choice

    return policy
