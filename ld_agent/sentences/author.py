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
"""The student writes the function of a sentence, token by token, within the grammar.

At each token the grammar says which tokens may follow, and the student's scores choose among
them; where only one may follow, the student is not asked. How sure it was of its least sure
choice tells whether to trust what it wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import heapq
import itertools
import logging
import math
from pathlib import Path
import time

from ld_agent.clock import ms_since
from ld_agent.errors import AreaError, ModelError
from ld_agent.sentences.alphabet import alphabet
from ld_agent.sentences.language import GRAMMAR, read_written, Written
from ld_agent.sentences.prompt import render_sentence, RULES
from ld_agent.student.fetch import DEFAULT_MODEL, Progress, silent
from ld_agent.student.prepare import ADAPTERS, open_student, prepare
from ld_agent.student.session import Cache, Student
import llguidance
import numpy as np

_log = logging.getLogger(__name__)

CHECKED = (
    'a whirlpool has formed between (3, 4) and (6, 8); keep out',
    'stay at least 2 cells away from (10, 10)',
    'rows 5 to 7 are closed',
    'the channel at x = 4 is blocked except at y = 9',
    'everything north of y = 15 is off limits until step 30',
    'the circle of radius 3 around (12, 7) is closed for the next 8 steps',
    'the triangle (2, 2), (9, 3), (5, 11) is off limits',
    'the area around (3, 4) is open again',
)
"""Sentences that an 8-bit student must write for as its fp32 graph does."""
MOST_TOKENS = 160
MOST_CHARACTERS = 400
"""Of a sentence; a longer one is not a sentence."""
MOST_DRAFTS = 8
LEAST_LIKELY = math.log(0.01)
"""Log probability below which another draft is not tried."""


@dataclass(frozen=True)
class Draft:
    """What the student wrote for a sentence.

    Attributes:
        written: the function; None where the student says that the sentence is unclear.
        text: as it was written.
        least_sure: probability of the least sure of its choices, among what the grammar allows.
        probability: of all of its choices.
        ms: how long it took, milliseconds.
    """

    written: Written | None
    text: str
    least_sure: float
    probability: float
    ms: float


@dataclass(frozen=True)
class _Branch:
    """A draft up to a token: what was written, and what the student has yet to read of it."""

    past: Cache
    new: list[int]
    tokens: list[int]
    log: float
    least_sure: float


def sentence_adapter(model: str) -> Path:
    """Return the adapter that ships for writing with `model`.

    Raises:
        ModelError: none ships.
    """
    folder = ADAPTERS / f'{model}-sentences'
    if not folder.exists():
        raise ModelError(
            f'no adapter for sentences ships for the model {model}; train one with '
            '`ld-agent train sentences`, or publish polygons on restricted_area'
        )
    return folder


def prepare_author(model: str = DEFAULT_MODEL, progress: Progress | None = None) -> None:
    """Prepare the student that writes, if that was not done.

    Raises:
        ModelError: as in `open_author`.
    """
    tell = progress or silent

    def named(text: str, share: float) -> None:
        tell(f'{text} (the student that reads sentences)', share)

    prepare(model, sentence_adapter(model), named, check=verify_author)


def open_author(
    model: str = DEFAULT_MODEL,
    adapter: str | Path = 'default',
    provider: str = 'auto',
    progress: Progress | None = None,
) -> Author:
    """Open the student that writes, preparing it first if that was not done.

    Args:
        adapter: `default` for the shipped one, or a folder in PEFT's format.
        model, provider, progress: as in `open_student`.

    Raises:
        ModelError: the model or its adapter is missing or unreadable.
    """
    chosen = sentence_adapter(model) if adapter == 'default' else adapter
    return Author(open_student(model, chosen, provider, progress, verify_author))


class Author:
    """Writes functions for sentences.

    Args:
        student: a model that was tuned for this (`ld-agent train sentences`).

    Raises:
        ModelError: llguidance cannot use the model's tokenizer.
    """

    def __init__(self, student: Student) -> None:
        self.student = student
        try:
            self._tokens = llguidance.LLTokenizer(str(student.folder / 'tokenizer.json'))
        except ValueError as error:
            raise ModelError(
                f'the tokenizer of {student.name} cannot be held to a grammar ({error}); '
                'use another model'
            ) from None
        self._alphabet = np.array(alphabet(student.encode_text))
        self._grammar = llguidance.LLMatcher.grammar_from_lark(GRAMMAR)
        start = [] if student.bos is None else [student.bos]
        self._rules = student.encode([*start, *student.encode_text(RULES)])

    def write(self, sentence: str) -> Draft:
        """Return what the student writes for `sentence`, the likeliest token each time.

        Raises:
            AreaError: the sentence is empty or too long, or the function does not end.
        """
        return next(self.drafts(sentence))

    def drafts(self, sentence: str) -> Iterator[Draft]:
        """Yield up to `MOST_DRAFTS`: first that of `write`, then others, likely ones early.

        Another draft leaves one before it at one token, the likeliest such place first, and goes
        on from there with the likeliest tokens.

        Raises:
            AreaError: as in `write`.
        """
        if not sentence.strip() or len(sentence) > MOST_CHARACTERS:
            raise AreaError(
                f'the sentence has {len(sentence.strip())} characters; write 1 to '
                f'{MOST_CHARACTERS}, or publish a polygon on restricted_area'
            )
        new = self.student.encode_text(render_sentence(sentence))
        begun = _Branch(self._rules, new, [], 0.0, 1.0)
        waiting, order = [(0.0, 0, begun)], itertools.count(1)
        for _ in range(MOST_DRAFTS):
            if not waiting:
                return
            branch = heapq.heappop(waiting)[2]
            try:
                draft, left = self._finish(branch, sentence)
            except AreaError:
                if branch is begun:
                    raise
                continue
            for other in left:
                heapq.heappush(waiting, (-other.log, next(order), other))
            yield draft

    def _finish(self, branch: _Branch, sentence: str) -> tuple[Draft, list[_Branch]]:
        """Return the draft that a branch leads to, and the branches that leave it."""
        begun = time.perf_counter()
        matcher = llguidance.LLMatcher(self._tokens, self._grammar)
        matcher.consume_tokens(branch.tokens)
        past, new, tokens = branch.past, branch.new, branch.tokens
        log, least_sure, left = branch.log, branch.least_sure, list[_Branch]()
        while not matcher.is_stopped():
            forced = matcher.compute_ff_tokens()
            if not forced:
                allowed = self._allowed(matcher)
                logits, past = self.student.extend(new, past, allowed)
                logs = logits - logits.max()
                logs = logs - np.log(np.exp(logs).sum())
                best = int(logs.argmax())
                left += [
                    _Branch(
                        past, [token], [*tokens, token], log + chance,
                        min(least_sure, math.exp(chance)),
                    )
                    for token, chance in zip(allowed.tolist(), logs.tolist(), strict=True)
                    if token != allowed[best] and log + chance >= LEAST_LIKELY
                ]  # fmt: skip
                log += float(logs[best])
                least_sure = min(least_sure, math.exp(logs[best]))
                forced, new = [int(allowed[best])], []
            matcher.consume_tokens(forced)
            new = new + forced
            tokens = tokens + forced
            if len(tokens) > MOST_TOKENS:
                raise AreaError(
                    f'the function for {sentence[:80]!r} grew beyond {MOST_TOKENS} tokens; say '
                    'it in shorter sentences, or publish a polygon on restricted_area'
                )
        text = self.student.decode(tokens)
        draft = Draft(read_written(text), text, least_sure, math.exp(log), ms_since(begun))
        return draft, left

    def _allowed(self, matcher: llguidance.LLMatcher) -> np.ndarray:
        """Return the tokens that may follow, ascending."""
        mask = np.frombuffer(matcher.compute_bitmask(), dtype=np.uint8)
        allowed = np.flatnonzero(np.unpackbits(mask, bitorder='little'))
        known = np.intersect1d(allowed, self._alphabet)
        if known.size:
            return known
        _log.warning(
            '%s: here the grammar admits no token that training taught, so all %d that it admits '
            'are weighed',
            self.student.name, allowed.size,
        )  # fmt: skip
        return allowed


def verify_author(
    quantised: Student, exact: Student, progress: Callable[[float], None]
) -> dict[str, float]:
    """Compare what both write for shipped sentences, as `verify` compares selections.

    Raises:
        ModelError: they write something else for one of them.
    """
    fast, slow = Author(quantised), Author(exact)
    for number, sentence in enumerate(CHECKED, 1):
        ours, theirs = fast.write(sentence).text, slow.write(sentence).text
        if ours != theirs:
            raise ModelError(
                f'the 8-bit graph writes {ours!r} for {sentence!r}, fp32 writes {theirs!r}; this '
                'model does not bear 8 bits, use another'
            )
        progress(number / len(CHECKED))
    return {'sentences': len(CHECKED), 'same_function': len(CHECKED)}
