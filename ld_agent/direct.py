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
"""Methods that give the moves of a step at once, not function by function: the baselines.

A policy is asked for the moves; what it says goes through the same guard, and under the same
restricted areas, as what an `Agent` selects. Text is read strictly: a choice that cannot be read
is an illegal one (paper, section 4.1), which `count` lets out and `on` replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
import re
from typing import Any

from ld_agent.agent import Agent
from ld_agent.errors import LdAgentError
from ld_agent.function_base import Stage, Task
from ld_agent.function_file import Function
from ld_agent.guard import GuardMode
from ld_agent.messages import Cell, StageTrace
from ld_agent.selector import Selection

STAGE = 'moves'
"""Name of the one stage that a direct method has."""

_CELL = re.compile(r'\s*(-?\d{1,6})\s*,\s*(-?\d{1,6})\s*', re.ASCII)
_BRACKETED = re.compile(r'\(([^()\[\]]*)\)|\[([^()\[\]]*)\]')


@dataclass(frozen=True)
class Answer:
    """What a policy asks for: one end cell a pursuer, or an action.

    Attributes:
        moves: None where no cell could be read; not used where there is an action.
    """

    moves: tuple[Cell | None, ...]
    trace: tuple[StageTrace, ...]
    action: str | None = None


Policy = Callable[[Mapping[str, Any]], Answer]
"""Gives the moves or the action for an observation, with the active restricted areas under `areas`
(label → cells)."""


class DirectAgent(Agent):
    """A player that asks a policy; updates, areas and guard are those of every agent."""

    def __init__(
        self,
        task: Task,
        policy: Policy,
        method: str,
        guard: GuardMode,
        made_from: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(task, _no_function, method, guard, made_from=made_from)
        self._policy = policy

    def _run_stages(self, state: dict[str, Any], trace: list[StageTrace]) -> list[list[int]] | str:
        answer = self._policy(state)
        trace.extend(answer.trace)
        if answer.action is not None:
            return answer.action
        return [[] if move is None else list(move) for move in answer.moves]


def _no_function(
    stage: Stage, functions: Sequence[Function], facts: Mapping[str, str]
) -> Selection:
    raise LdAgentError(f'stage {stage.name!r}: a direct method selects no function')


def read_moves(text: str, count: int) -> tuple[tuple[Cell | None, ...], str]:
    """Read `count` cells from the last line of `text` that is not empty.

    The line is `x,y x,y x,y` and nothing else; each cell may stand in brackets, with commas
    between them. A word that is no cell, or a missing one, is None; a line with more words or
    with anything between bracketed cells has no readable cell at all.

    Returns:
        The cells, and what could not be read: one sentence, empty where all could.
    """
    line = next((line for line in reversed(text.splitlines()) if line.strip()), '')
    words = _words(line)
    if words is None or len(words) > count:
        return (None,) * count, f'{count} cells x,y were asked for, the answer is {_short(text)}'
    found = [_CELL.fullmatch(word) for word in words]
    cells = [(int(match[1]), int(match[2])) if match else None for match in found]
    missing = count - sum(cell is not None for cell in cells)
    note = f'{missing} of {count} cells cannot be read in {_short(text)}' if missing else ''
    return (*cells, *(None,) * (count - len(cells))), note


def read_answer(
    text: str,
    count: int,
    *,
    facts: Mapping[str, str],
    ms: float,
    usage: Mapping[str, float] | None = None,
) -> Answer:
    """Return what a model wrote as an answer with its trace.

    Args:
        facts: the state as the model was told it.
        usage: tokens and cost, of a model behind an API.
    """
    moves, note = read_moves(text, count)
    stage = StageTrace(
        stage=STAGE, facts=dict(facts), candidates=[], scores=[], selected=text,
        result=[None if move is None else list(move) for move in moves], ms=ms, note=note,
        usage=dict(usage or {}),
    )  # fmt: skip
    return Answer(moves, (stage,))


def _words(line: str) -> list[str] | None:
    """Return what stands for the cells; None where other things stand between them."""
    if not re.search(r'[()\[\]]', line):
        return line.split()
    inner = line.strip()
    if re.fullmatch(r'\[\s*[(\[].*[)\]]\s*\]', inner):
        inner = inner[1:-1]
    if _BRACKETED.sub('', inner).strip(' ,;'):
        return None
    return [round_ or square for round_, square in _BRACKETED.findall(inner)]


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f'{text[:77]}...')
