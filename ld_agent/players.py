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
"""The methods that can play, each made ready by its name (`methods.py`).

`ld`, `reference` and `random` run the same agent and differ only in who selects a function; the
baselines of the paper give moves at once, under the same guard.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
import json
import logging
import math
from pathlib import Path
import random
import time

from ld_agent.agent import Agent, Select
from ld_agent.clock import ms_since
from ld_agent.direct import DirectAgent, Policy
from ld_agent.errors import LdAgentError, ModelError
from ld_agent.function_base import find_task, Stage, Task
from ld_agent.function_file import Function
from ld_agent.guard import GuardMode
from ld_agent.large import LargeWriting
from ld_agent.methods import BY_FUNCTIONS, METHODS, NAMES, WITH_STUDENT
from ld_agent.player import Player
from ld_agent.probe import probe, read_cases, SHIPPED
from ld_agent.reference import reference_choice
from ld_agent.retrieval.index import require_faiss
from ld_agent.retrieval.prepare import open_encoders, shipped_adapter
from ld_agent.retriever import Retriever
from ld_agent.selector import Selection, Selector
from ld_agent.shortlist import DEFAULT_TOP_K, Shortlist
from ld_agent.small import free_phrase, kd_phrase, Picking, Writing
from ld_agent.student.cache import identity
from ld_agent.student.prepare import (
    ADAPTERS,
    default_adapter,
    DEFAULT_MODEL,
    open_student,
    prepare,
    Progress,
)
from ld_agent.student.writer import open_writer
from ld_agent.teacher import Endpoint, Teacher

_log = logging.getLogger(__name__)
SELF_TEST_EVERY = 6
SELF_TEST_SHARE = 0.8
SEEDED = ('random',)
"""Methods that draw from the agent's seed: an episode repeats with an agent of its own."""
RETRIEVERS = ('none', 'dpr')


def make_agent(
    method: str = 'ld',
    task: str = 'pursuit',
    *,
    model: str = DEFAULT_MODEL,
    adapter: str | Path | None = 'default',
    provider: str = 'auto',
    function_base: str | Path | None = None,
    guard: str = 'on',
    abstain_below: float = 0.0,
    seed: int = 0,
    retriever: str = 'none',
    top_k: int = DEFAULT_TOP_K,
    remember: bool = False,
    progress: Progress | None = None,
) -> Player:
    """Return a player that plays by `method`.

    Args:
        adapter: of `ld` and `kd`: `default` for the one that ships, or a folder in PEFT's format.
        retriever: `none` shows the student all functions of a stage; `dpr` what is retrieved.
        top_k: functions that `dpr` retrieves.
        remember: `ld` scores a prompt once, and takes the same scores whenever the very same
            rules, manuals and facts come again; for tables, since a student's scores do not vary.

    Raises:
        LdAgentError: an unknown method, model, guard mode or retriever, a base that is not
            valid, or something that the method needs is not there.
    """
    _check(method)
    if guard not in [mode.value for mode in GuardMode]:
        raise LdAgentError(f"guard {guard!r} is unknown; use 'on' or 'count'")
    if retriever not in RETRIEVERS:
        raise LdAgentError(
            f'retriever {retriever!r} is unknown; use one of {", ".join(RETRIEVERS)}'
        )
    if retriever != 'none' and method not in BY_FUNCTIONS:
        raise LdAgentError(
            f'method {method!r} selects no functions, so retriever {retriever!r} has no place; '
            'leave it at none'
        )
    loaded = find_task(function_base, task)
    check_fits(method, loaded)
    made_from: dict[str, str] = {}
    shortlist = None
    if retriever == 'dpr':
        require_faiss()
        encoders = open_encoders(shipped_adapter(), progress)
        shortlist = Shortlist(Retriever(encoders), loaded, top_k)
    if method == 'ld':
        selector = Selector(open_student(model, adapter, provider, progress))
        if model != DEFAULT_MODEL or adapter != 'default':
            _self_test(selector, model)
        for stage in loaded.stages:
            _prepare(selector, stage)
        select = student_select(selector)
        if remember:
            select = _remembering(select)
        made_from = identity(selector.student.folder)
    elif method == 'reference':
        select = reference_select
    elif method == 'random':
        select = _random_select(random.Random(seed))
    else:
        policy = _policy(method, loaded, model, adapter, provider, progress)
        return DirectAgent(
            loaded, policy, method, GuardMode(guard), _origin(method, model, adapter)
        )
    return Agent(loaded, select, method, GuardMode(guard), abstain_below, made_from, shortlist)


def check_fits(method: str, task: Task) -> None:
    """Raise unless `method` can give what the task decides.

    Raises:
        LdAgentError: it gives moves, and the task wants something else.
    """
    if method not in BY_FUNCTIONS and task.decision != 'moves':
        raise LdAgentError(
            f'method {method!r} gives moves, and the task {task.name!r} wants an '
            f'{task.decision}; use one of {", ".join(BY_FUNCTIONS)}'
        )


def prepare_method(
    method: str,
    model: str,
    adapter: str | Path | None = 'default',
    progress: Progress | None = None,
) -> None:
    """Do ahead what takes long, or may fail, before a player of `method` is made.

    Raises:
        LdAgentError: as in `make_agent`.
    """
    _check(method)
    if method == 'large':
        Teacher(Endpoint.from_environment()).close()
    elif method in WITH_STUDENT:
        prepare(model, _adapter(method, model, adapter), progress)


def kd_adapter(model: str) -> Path:
    """Return the adapter of `kd` that ships for `model`.

    Raises:
        ModelError: none does; says how to train it.
    """
    shipped = default_adapter(f'{model}-kd')
    if shipped is None:
        raise ModelError(
            f'method kd needs an adapter trained on the moves of a teacher, and none ships for '
            f'the model {model!r}; train it with `ld-agent train kd --task pursuit --out DIR '
            f'--outputs 30000` and copy DIR/adapter to {ADAPTERS / f"{model}-kd"}'
        )
    return shipped


def _adapter(method: str, model: str, adapter: str | Path | None) -> str | Path | None:
    """Return the adapter with which `method` opens its student."""
    if method.startswith('small'):
        return None
    return kd_adapter(model) if (method, adapter) == ('kd', 'default') else adapter


def _policy(
    method: str,
    task: Task,
    model: str,
    adapter: str | Path | None,
    provider: str,
    progress: Progress | None,
) -> Policy:
    if method == 'large':
        return LargeWriting(Teacher(Endpoint.from_environment()), task.rules)
    tuned = _adapter(method, model, adapter)
    if method == 'small_pick':
        return Picking(open_student(model, tuned, provider, progress), task.rules)
    writer = open_writer(model, tuned, provider, progress)
    return Writing(writer, kd_phrase if method == 'kd' else free_phrase(task.rules))


def _origin(method: str, model: str, adapter: str | Path | None) -> dict[str, str]:
    """Return what the moves of a direct method depend on."""
    if method == 'large':
        endpoint = Endpoint.from_environment()
        return {'model': endpoint.model, 'base_url': endpoint.base_url}
    chosen = _adapter(method, model, adapter)
    return {**identity(prepare(model, chosen)), **(_taught(chosen) if method == 'kd' else {})}


def _taught(adapter: str | Path | None) -> dict[str, str]:
    """Return whose outputs an adapter of `kd` was trained on, where the training left that."""
    record = Path(adapter or '') / 'training.json'
    if not record.exists():
        return {'teacher': 'unknown'}
    said = json.loads(record.read_text(encoding='utf-8'))
    teacher = said['teacher_model'] or said['teacher']
    return {'teacher': f'{teacher} ({said["outputs"]:,} outputs)'}


def _check(method: str) -> None:
    if method not in METHODS:
        raise LdAgentError(f'method {method!r} is unknown; use one of {NAMES}')


def _prepare(selector: Selector, stage: Stage) -> None:
    """Encode a stage ahead, and tell which names cost more than the one pass."""
    entries = stage.entries
    selector.prepare(stage.rules, entries, keep=True)
    for names in selector.alike(entries):
        _log.warning(
            'stage %s: the names %s share their first token, so a selection takes %d passes '
            'instead of 1; rename all but one of them',
            stage.name, ', '.join(names), selector.passes(entries),
        )  # fmt: skip


def _self_test(selector: Selector, model: str) -> None:
    """Tell how well a model that does not ship reads manuals, before it decides anything."""
    share = probe(selector, read_cases(SHIPPED)[::SELF_TEST_EVERY])['accuracy']
    tell = _log.info if share >= SELF_TEST_SHARE else _log.warning
    tell(
        'self-test: %s reads %.0f %% of the cases right; `ld-agent probe --model %s` tells more',
        model, 100 * share, model,
    )  # fmt: skip


def student_select(selector: Selector) -> Select:
    """Return the selection by the student."""

    def select(stage: Stage, functions: Sequence[Function], facts: dict[str, str]) -> Selection:
        return selector.select(stage.rules, [f.entry for f in functions], facts)

    return select


def _remembering(select: Select) -> Select:
    known: dict[Hashable, Selection] = {}

    def remembered(
        stage: Stage, functions: Sequence[Function], facts: dict[str, str]
    ) -> Selection:
        begun = time.perf_counter()
        entries = frozenset(function.entry for function in functions)
        prompt = stage.rules, entries, tuple(sorted(facts.items()))
        if prompt in known:
            return replace(known[prompt], ms=ms_since(begun), remembered=True)
        known[prompt] = select(stage, functions, facts)
        return known[prompt]

    return remembered


def reference_select(
    stage: Stage, functions: Sequence[Function], facts: dict[str, str]
) -> Selection:
    """Select the function whose rule holds."""
    begun = time.perf_counter()
    return _certain(reference_choice(stage, facts, functions), functions, begun)


def _random_select(rng: random.Random) -> Select:
    def select(stage: Stage, functions: Sequence[Function], facts: dict[str, str]) -> Selection:
        begun = time.perf_counter()
        names = sorted(function.name for function in functions)
        even = (-math.log(len(names)),) * len(names)
        ms = ms_since(begun)
        margin = 0.0 if len(names) > 1 else None
        return Selection(rng.choice(names), tuple(names), even, margin, ms)

    return select


def _certain(name: str, functions: Sequence[Function], begun: float) -> Selection:
    names = tuple(sorted(function.name for function in functions))
    scores = tuple(0.0 if n == name else -1e9 for n in names)
    ms = ms_since(begun)
    return Selection(name, names, scores, 1e9 if len(names) > 1 else None, ms)
