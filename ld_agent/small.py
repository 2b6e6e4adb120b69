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
"""The student as a player that gives moves: it writes them, or picks among the listed ones.

`small_free`, `small_pick` and `kd` of the baselines (paper, section 4.1). What does not change
from step to step is encoded once and kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
import time
from typing import Any

from ld_agent import board_text
from ld_agent.clock import ms_since
from ld_agent.direct import Answer, read_answer, STAGE
from ld_agent.messages import Cell, StageTrace
from ld_agent.prompt import answer_text
from ld_agent.selector import score_names, Selection
from ld_agent.student.session import Cache, Student
from ld_agent.student.writer import Writer
from ld_agent.trie import branches

Phrase = Callable[[Mapping[str, Any]], tuple[str, str]]
"""Puts a view into words: what stays for some time, and what is new in each step."""

MOST_TOKENS = 48
"""Of a written answer: three bracketed cells take 30."""
KEPT_RULES = 8


class KnownRules:
    """Keys and values of rules texts that were used lately."""

    def __init__(self, student: Student) -> None:
        self._student = student
        self._kept: OrderedDict[str, Cache] = OrderedDict()

    def __call__(self, rules: str) -> Cache:
        """Return the cache of BOS and `rules`."""
        if rules not in self._kept:
            bos = [] if self._student.bos is None else [self._student.bos]
            self._kept[rules] = self._student.encode(bos + self._student.encode_text(rules))
        self._kept.move_to_end(rules)
        if len(self._kept) > KEPT_RULES:
            self._kept.popitem(last=False)
        return self._kept[rules]


class Writing:
    """A policy that lets the student write all cells in one line, greedily."""

    def __init__(self, writer: Writer, phrase: Phrase) -> None:
        self._writer, self._phrase = writer, phrase
        self._rules = KnownRules(writer)

    def __call__(self, view: Mapping[str, Any]) -> Answer:
        """Return what was written, read strictly."""
        begun = time.perf_counter()
        past, ids = self.prompt(view)
        text = self._writer.write(ids, past, MOST_TOKENS)
        facts = board_text.told_facts(view)
        return read_answer(text, len(view['pursuers']), facts=facts, ms=ms_since(begun))

    def prompt(self, view: Mapping[str, Any]) -> tuple[Cache, list[int]]:
        """Return what is known already, and the tokens of the step."""
        rules, asked = self._phrase(view)
        return self._rules(rules), self._writer.encode_text(asked)


class Picking:
    """A policy that lets the student pick, pursuer by pursuer, by the score of a cell's text.

    The candidates are the listed next cells; the score is the trie's, as in `Selector`.
    """

    def __init__(self, student: Student, rules: str) -> None:
        self._student, self._text = student, rules
        self._rules = KnownRules(student)

    def __call__(self, view: Mapping[str, Any]) -> Answer:
        """Return the best cell of each pursuer; one without a legal move stays."""
        moves: list[Cell] = []
        trace: list[StageTrace] = []
        for number, cells in enumerate(board_text.listed_moves(view)):
            if not cells:
                x, y = view['pursuers'][number]
                moves.append((x, y))
                continue
            begun = time.perf_counter()
            picked = self.pick(view, number)
            x, y = picked.selected.split(',')
            moves.append((int(x), int(y)))
            trace.append(
                StageTrace(
                    stage=STAGE, facts={'pursuer': str(number + 1), **board_text.told_facts(view)},
                    candidates=list(picked.candidates), scores=list(picked.scores),
                    probabilities=list(picked.probabilities), margin=picked.margin,
                    selected=picked.selected, result=list(moves[-1]), ms=ms_since(begun),
                )
            )  # fmt: skip
        return Answer(tuple(moves), tuple(trace))

    def pick(self, view: Mapping[str, Any], number: int) -> Selection:
        """Return the selection among the listed cells of pursuer `number` (from 0)."""
        begun = time.perf_counter()
        past, ids = self.prompt(view, number)
        names = [board_text.cells_text([c]) for c in board_text.listed_moves(view)[number]]
        nodes = branches({name: self._student.encode_text(answer_text(name)) for name in names})
        if not nodes:
            return Selection.of({names[0]: 0.0}, ms_since(begun))
        known = self._student.join([past, self._student.encode(ids[:-1], past, len(past))])
        scores = score_names(self._student, ids[-1:], known, len(known), nodes)
        return Selection.of(scores, ms_since(begun))

    def prompt(self, view: Mapping[str, Any], number: int) -> tuple[Cache, list[int]]:
        """Return what is known already, and the tokens of the question about one pursuer."""
        listed = board_text.cells_text(board_text.listed_moves(view)[number])
        asked = (
            f'{board_text.state_text(view)} Pursuer {number + 1} can move to {listed}. '
            f'To come nearer to the evader, pursuer {number + 1} moves to'
        )
        rules = board_text.rules_text(self._text, view) + '\n'
        return self._rules(rules), self._student.encode_text(asked)


def free_phrase(rules: str) -> Phrase:
    """Return how `small_free` is asked: rules and state, no example."""

    def phrase(view: Mapping[str, Any]) -> tuple[str, str]:
        asked = (
            f'Evader: {board_text.cells_text([view["evader"]])}\n'
            f'Pursuers: {board_text.cells_text(view["pursuers"])}\nPursuers after the move:'
        )
        return f'{board_text.rules_text(rules, view)} {board_text.ORDER}\n', asked

    return phrase


def kd_phrase(view: Mapping[str, Any]) -> tuple[str, str]:
    """Return how `kd` is asked, as it was trained."""
    return board_text.brief_rules(view), board_text.brief_state(view)
