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
"""Runs untrusted functions: pydantic-monty, in a confined process with time and memory limits.

A function gets plain data and gives plain data; it reaches no file, no network, no clock, and
the same arguments give the same result. A worker that hangs or dies is replaced by a spare one
that is ready. Knows nothing about stages or manuals.
"""

from __future__ import annotations

from collections.abc import Iterable
import datetime
import logging
import time
from typing import Any

from ld_agent.errors import FunctionFailed, OutOfTime, SandboxFailed, WorkerLost
from ld_agent.sandbox_worker import Layer, Worker
import pydantic_monty

CALL_SECONDS = 0.5
MEMORY_BYTES = 16 * 1024 * 1024
RECURSION_DEPTH = 200
CALLS_PER_WORKER = 1000
"""Then a fresh one takes over, long before a worker's processor time is over."""
MOST_STARTS = 3
"""Of workers one after another that end before they are ready."""
MAX_ITEMS = 500_000
MAX_TEXT = 1_000_000
MAX_DEPTH = 32
MAX_BITS = 1024
"""What a result may hold: items in all, characters in all, levels, bits of a number."""
MAX_REASON = 200

_POLICY: pydantic_monty.OSPolicy = {
    'datetime': datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc),
    'sleep': 'zero',
    'random_start': {'seed': 0},
}
_log = logging.getLogger(__name__)
_announced: set[str] = set()


class Sandbox:
    """A worker and a spare one.

    Args:
        binary: the program in the workers' place; None for the interpreter's.
    """

    def __init__(
        self,
        call_seconds: float = CALL_SECONDS,
        memory_bytes: int = MEMORY_BYTES,
        binary: str | None = None,
    ):
        self._call_seconds = call_seconds
        self._limits: pydantic_monty.ResourceLimits = {
            'max_feed_duration_secs': call_seconds,
            'max_memory': memory_bytes,
            'max_recursion_depth': RECURSION_DEPTH,
            'max_suspensions': 100,
            'max_total_sleep_secs': 0.0,
        }
        self._binary = binary
        self._workers: list[Worker] = []

    def call(self, source: str, name: str, *arguments: Any) -> Any:
        """Run `source`, then call its function `name` with `arguments`, all plain data.

        Raises:
            OutOfTime: its time was over.
            WorkerLost: the worker hung or died of it.
            SandboxFailed: it could not be run at all.
            FunctionFailed: it raised, hit a limit, or returned what is not plain data.
        """
        inputs = {f'_argument_{i}': value for i, value in enumerate(arguments)}
        code = f'{source}\n\n{name}({", ".join(inputs)})'
        begun = time.monotonic()
        try:
            worker = self._ready()
            with worker.session(f'{name}.py', limits=self._limits, os_policy=_POLICY) as session:
                begun = time.monotonic()
                value = session.feed_run(code, inputs=inputs, print_callback=_ignore)
        except SandboxFailed:
            self.drop_worker()
            raise
        except pydantic_monty.MontyCrashedError as error:
            self.drop_worker()
            raise WorkerLost(f'{name} made the sandbox fail: {_reason(error)}') from None
        except pydantic_monty.MontyError as error:
            kind = FunctionFailed
            if time.monotonic() - begun >= self._call_seconds:
                kind = OutOfTime
            raise kind(f'{name} failed in the sandbox: {_reason(error)}') from None
        too_much = excess(value)
        if too_much:
            raise FunctionFailed(f'{name} failed in the sandbox: its result {too_much}')
        return value

    def confinement(self) -> tuple[Layer, ...]:
        """Return the layers around the worker process, and which of them hold.

        Raises:
            SandboxFailed: the worker does not start.
        """
        return self._ready().layers

    def drop_worker(self) -> None:
        """End the worker; the spare one takes over."""
        if self._workers:
            self._workers.pop(0).close()

    def close(self) -> None:
        """End the workers."""
        while self._workers:
            self._workers.pop().close()

    def _ready(self) -> Worker:
        """Return the worker, with a spare one behind it that gets ready meanwhile."""
        if self._workers and self._workers[0].calls >= CALLS_PER_WORKER:
            self.drop_worker()
        for left in reversed(range(MOST_STARTS)):
            for worker in [worker for worker in self._workers if worker.died]:
                self._workers.remove(worker)
                worker.close()
            while len(self._workers) < 2:
                self._workers.append(Worker(self._call_seconds, self._binary))
            try:
                announce(self._workers[0].layers)
                break
            except SandboxFailed:
                if not left or not self._workers[0].died:
                    raise
        return self._workers[0]


def announce(layers: Iterable[Layer]) -> None:
    """Log each layer that does not hold, once in a process."""
    for layer in layers:
        if not layer.holds and layer.name not in _announced:
            _announced.add(layer.name)
            _log.warning('the sandbox runs without the layer %r: %s', layer.name, layer.why)


def excess(value: Any) -> str:
    """Return what makes a result too much for the node or not plain data; '' if it is fine.

    Counts what is shared as often as it occurs, since a copy will not share it.
    """
    items = text = 0
    waiting = [(value, 0)]
    while waiting:
        part, depth = waiting.pop()
        items += 1
        if depth > MAX_DEPTH:
            return f'is nested deeper than {MAX_DEPTH} levels'
        if isinstance(part, str):
            text += len(part)
        elif isinstance(part, int):
            if part.bit_length() > MAX_BITS:
                return f'holds a number of more than {MAX_BITS} bits'
        elif isinstance(part, dict | list | tuple):
            inside = part if not isinstance(part, dict) else [*part.keys(), *part.values()]
            if items + len(waiting) + len(inside) > MAX_ITEMS:
                return f'has more than {MAX_ITEMS} items'
            waiting += [(one, depth + 1) for one in inside]
        elif part is not None and not isinstance(part, float):
            return f'holds {type(part).__name__}, which is not plain data'
        if text > MAX_TEXT:
            return f'has more than {MAX_TEXT} characters'
    return ''


def _reason(error: Exception) -> str:
    """Return the last line of what an error says: short and printable, for logs."""
    said = str(error).strip().splitlines()
    line = said[-1] if said else type(error).__name__
    return ''.join(c if c.isprintable() else '?' for c in line[:MAX_REASON])


def _ignore(stream: str, text: str) -> None:
    """Throw away what a function prints."""
