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
"""The baseline `large`: a large model is told rules and state and writes the moves itself.

As in the paper (section 4.1) it is given the listed next cells, and what is closed in words.
"""

from __future__ import annotations

from collections.abc import Mapping
import time
from typing import Any

from ld_agent import board_text
from ld_agent.clock import ms_since
from ld_agent.direct import Answer, read_answer
from ld_agent.teacher import Messages, Teacher

MOST_TOKENS = 1024
"""Of an answer; one line is asked for, and a model that thinks aloud is given room."""


class LargeWriting:
    """A policy that asks a large model for the moves."""

    def __init__(self, teacher: Teacher, rules: str) -> None:
        self._teacher, self._rules = teacher, rules

    def __call__(self, view: Mapping[str, Any]) -> Answer:
        """Return what was answered, read strictly.

        Raises:
            TeacherError: there was no answer.
        """
        begun = time.perf_counter()
        reply = self._teacher.ask(self.messages(view), MOST_TOKENS)
        return read_answer(
            reply.text,
            len(view['pursuers']),
            facts=board_text.told_facts(view),
            ms=ms_since(begun),
            usage=reply.usage(),
        )

    def messages(self, view: Mapping[str, Any]) -> Messages:
        """Return the question about one step."""
        rules = board_text.rules_text(self._rules, view)
        return [
            {'role': 'system', 'content': f'You move the pursuers. {rules} {board_text.ORDER}'},
            {
                'role': 'user',
                'content': f'{board_text.state_text(view)} {board_text.listed_text(view)}',
            },
        ]
