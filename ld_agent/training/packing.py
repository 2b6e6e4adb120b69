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
"""An example set as one sequence: blocks that do not see each other, states likewise.

The same pieces, positions and choices as the selection at run time, so that what is trained
is what runs: rules, blocks behind the rules, states at a fixed distance behind the rules,
loss on the branching nodes of the candidates' names. Where a student is to write, the loss is
on the tokens of its answer. Knows nothing about models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ld_agent import prompt
from ld_agent.training.examples import ExampleSet
from ld_agent.trie import branches
import numpy as np

Encode = Callable[[str], list[int]]


@dataclass(frozen=True)
class Choice:
    """A branching node on the way to an answer: where it is read, and what is right."""

    example: int
    index: int
    children: tuple[int, ...]
    target: int


@dataclass(frozen=True)
class TokenTarget:
    """A token of a written answer: where it is read, and which of the vocabulary is right."""

    example: int
    index: int
    token: int


@dataclass(frozen=True)
class Packed:
    """A packed set of T tokens.

    Attributes:
        ids: (T,) token ids.
        positions: (T,) rotary positions.
        allowed: (T, T) bool, row attends to column.
        choices: every branching node on the way to every answer.
        examples: how many states there are.
        kind: what sort of set it is, for the log.
        tokens: of written answers, where the student writes instead of choosing.
        alphabet: (A,) tokens that an answer may be written with, ascending; empty for all.
    """

    ids: np.ndarray
    positions: np.ndarray
    allowed: np.ndarray
    choices: tuple[Choice, ...]
    examples: int
    kind: str
    tokens: tuple[TokenTarget, ...] = ()
    alphabet: tuple[int, ...] = ()


def pack(example_set: ExampleSet, encode: Encode, bos: int | None) -> Packed:
    """Put the set into one sequence."""
    rules = ([] if bos is None else [bos]) + encode(prompt.render_rules(example_set.rules))
    pieces: list[tuple[int, list[int], str]] = [(0, rules, 'rules')]
    for entry in example_set.entries:
        pieces.append((len(rules), encode(prompt.render_block(entry)), 'block'))
    tokens = {e.name: encode(prompt.answer_text(e.name)) for e in example_set.entries}
    nodes = branches(tokens)
    choices = []
    start = sum(len(ids) for _, ids, _ in pieces)
    for number, example in enumerate(example_set.examples):
        answer = tokens[example.answer]
        on_way = [n for n in nodes if tuple(answer[: len(n.prefix)]) == n.prefix]
        state = encode(prompt.render_state(example.facts))
        for node in on_way:
            children = tuple(node.children)
            target = children.index(answer[len(node.prefix)])
            index = start + len(state) - 1 + len(node.prefix)
            choices.append(Choice(number, index, children, target))
        shown = state + answer[: max((len(n.prefix) for n in on_way), default=0)]
        pieces.append((len(rules) + prompt.BLOCK_SPAN, shown, 'state'))
        start += len(shown)

    return Packed(*_sequence(pieces), tuple(choices), len(example_set.examples), example_set.kind)


def pack_outputs(
    rules: str,
    outputs: Sequence[tuple[str, str]],
    encode: Encode,
    bos: int | None,
    kind: str,
    alphabet: tuple[int, ...] = (),
) -> Packed:
    """Put states with the answers to be written after them behind one text of rules.

    Args:
        outputs: (state, answer) texts; every token of an answer is a target.
        alphabet: as in `Packed`.
    """
    known = ([] if bos is None else [bos]) + encode(rules)
    pieces: list[tuple[int, list[int], str]] = [(0, known, 'rules')]
    targets = []
    start = len(known)
    for number, (state_text, answer_text) in enumerate(outputs):
        state, answer = encode(state_text), encode(answer_text)
        first = start + len(state) - 1
        targets += [TokenTarget(number, first + n, token) for n, token in enumerate(answer)]
        pieces.append((len(known), state + answer[:-1], 'state'))
        start += len(state) + len(answer) - 1
    return Packed(*_sequence(pieces), (), len(outputs), kind, tuple(targets), alphabet)


def _sequence(
    pieces: Sequence[tuple[int, list[int], str]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ids, positions and mask of pieces (first position, tokens, kind) in a row."""
    ids = np.array([i for _, piece, _ in pieces for i in piece], dtype=np.int64)
    positions = np.concatenate([first + np.arange(len(piece)) for first, piece, _ in pieces])
    owner = np.concatenate([np.full(len(piece), n) for n, (_, piece, _) in enumerate(pieces)])
    kind = np.array([('rules', 'block', 'state').index(k) for _, _, k in pieces])[owner]
    order = np.arange(len(ids))
    same = (owner[:, None] == owner[None, :]) & (order[:, None] >= order[None, :])
    return ids, positions, same | (kind[:, None] > kind[None, :])
