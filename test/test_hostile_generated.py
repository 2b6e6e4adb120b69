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
"""Functions put together at random from hostile ones and rubbish, and workers that are killed.

A short run belongs to the tests; the reported figures come from
`LD_AGENT_HOSTILE=10000 LD_AGENT_WORKER_KILLS=100 pytest -s test/test_hostile_generated.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
import contextlib
import json
import os
import random
import signal
import string
import textwrap
import threading
import time

from hostile import Bait, CELLS, EACH, function, GOOD, GOOD_BODY, SECRET, TYPE
from ld_agent.errors import FunctionFailed, SandboxFailed, WorkerLost
from ld_agent.executor import Executor
from ld_agent.sandbox import CALL_SECONDS
import numpy as np
from processes import children
import pytest

FUNCTIONS = int(os.environ.get('LD_AGENT_HOSTILE', '100'))
KILLS = int(os.environ.get('LD_AGENT_WORKER_KILLS', '10'))
SEED = 20260
KINDS = (
    'kept', 'one after another', 'repeated', 'nested', 'cut off', 'letters', 'words', 'rubbish',
)  # fmt: skip
WORDS = (
    *'cells state x y f len range list dict int str sum max sorted print lambda'.split(),
    *'for in if else while return try: except: finally: def class with yield await not'.split(),
    *'[ ] ( ) { } : , . = == + - * ** // % << >> | & ^ ~ @'.split(),
    *'0 1 -1 2 10**9 1e308 None True "a" b"\\0" f"{x}" __class__ __dict__ globals()'.split(),
)


def _indented(body: str) -> str:
    return textwrap.indent(body, '    ')


def _variant(body: str, other: str, rng: random.Random) -> tuple[str, str]:
    """Return what was done to a body, and the body so changed."""
    kind = rng.choice(KINDS)
    if kind == 'one after another':
        body = f'try:\n{_indented(body)}\nexcept BaseException:\n{_indented(other)}'
    elif kind == 'repeated':
        times = rng.choice((2, 10, 10**6))
        body = (
            f'for _ in range({times}):\n    try:\n{_indented(_indented(body))}\n'
            '    except BaseException:\n        pass\nreturn cells'
        )
    elif kind == 'nested':
        body = f'def inner(cells, state):\n{_indented(body)}\nreturn inner(cells, state)'
    elif kind == 'cut off':
        body = body[: rng.randrange(len(body) + 1)]
    elif kind == 'letters':
        letters = list(body)
        for _ in range(rng.randint(1, 5)):
            letters[rng.randrange(len(letters))] = rng.choice(string.printable + 'äЖ\u202e\0')
        body = ''.join(letters)
    elif kind == 'words':
        words = body.split(' ')
        for _ in range(rng.randint(1, 5)):
            words[rng.randrange(len(words))] = rng.choice(words)
        body = ' '.join(words)
    elif kind == 'rubbish':
        body = ' '.join(rng.choices(WORDS, k=rng.randint(1, 30)))
    return kind, body


@pytest.fixture
def bait(tmp_path, monkeypatch) -> Iterator[Bait]:
    monkeypatch.setenv('LD_AGENT_SECRET', SECRET)
    (tmp_path / 'bait').mkdir()
    made = Bait(tmp_path / 'bait')
    yield made
    made.server.close()


@pytest.fixture
def executor() -> Iterator[Executor]:
    made = Executor()
    yield made
    made.close()


def test_generated_functions_reach_nothing_and_hold_up_nobody(bait, executor):
    rng = random.Random(SEED)
    executor.run(GOOD, TYPE, CELLS, {})
    ended, kinds, seconds = Counter(), Counter(), []
    for _ in range(FUNCTIONS):
        kind, body = _variant(bait.body(*rng.choice(EACH)), bait.body(*rng.choice(EACH)), rng)
        kinds[kind] += 1
        begun = time.monotonic()
        try:
            said = str(executor.run(function(body), TYPE, CELLS, {}))
            ended['returned cells'] += 1
        except FunctionFailed as error:
            assert not isinstance(error, SandboxFailed), body
            said = str(error)
            ended[type(error).__name__] += 1
        seconds.append(time.monotonic() - begun)
        assert SECRET not in said, body
        bait.check()
    assert executor.run(GOOD, TYPE, CELLS, {})[0][0] == [2, 0]
    assert len(children(os.getpid())) == 2, 'the worker and the spare one'
    median, most = (round(float(np.quantile(seconds, q)), 3) for q in (0.5, 1.0))
    print(json.dumps({
        'seed': SEED, 'functions': FUNCTIONS, 'kinds': kinds, 'ended': ended,
        'seconds, median': median, 'most': most,
        'longer than 1.2 of the limit': sum(s > 1.2 * CALL_SECONDS for s in seconds),
    }, indent=2))  # fmt: skip
    assert set(kinds) == set(KINDS) and ended['FunctionFailed'] > FUNCTIONS // 4
    assert max(seconds) < 8 * CALL_SECONDS


def test_a_worker_that_is_killed_costs_one_answer_at_most_and_the_next_comes_at_once(executor):
    before = set(children(os.getpid()))
    rng, killed, over = random.Random(SEED), [], threading.Event()

    def kill() -> None:
        while len(killed) < KILLS and not over.is_set():
            time.sleep(rng.uniform(0.05, 0.4))
            mine = sorted(set(children(os.getpid())) - before)
            if mine:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(rng.choice(mine), signal.SIGKILL)
                    killed.append(time.monotonic())
        over.set()

    executor.run(GOOD, TYPE, CELLS, {})
    killer = threading.Thread(target=kill)
    killer.start()
    right, lost, after, failed = 0, 0, [], False
    try:
        last = False
        while not last or failed:
            last = over.is_set()  # the call after the last kill may be the one that it costs
            # A comment that differs, since what a worker died of is in quarantine.
            good = function(f'# {right + lost}\n{GOOD_BODY}')
            begun = time.monotonic()
            try:
                assert executor.run(good, TYPE, CELLS, {})[0][0] == [2, 0]
            except (WorkerLost, SandboxFailed):
                lost, failed = lost + 1, True
                continue
            right += 1
            if failed:
                after.append(1000.0 * (time.monotonic() - begun))
            failed = False
    finally:
        over.set()
        killer.join()
    print(json.dumps({
        'seed': SEED, 'kills': len(killed), 'answers': right, 'lost with an error': lost,
        'next call ms, median, most': [round(float(np.quantile(after or [0.0], q)), 1)
                                       for q in (0.5, 1)],
        'next call longer than 50 ms': sum(ms > 50 for ms in after),
    }, indent=2))  # fmt: skip
    assert len(killed) == KILLS and lost <= KILLS
    assert right > lost
    assert executor.run(GOOD, TYPE, CELLS, {})[0][0] == [2, 0]
