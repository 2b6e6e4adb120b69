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
"""Measures the sandbox on this machine: `python -m ld_agent.sandbox_figures`.

Prints which layers hold, and in milliseconds what a start, a call and a replacement take. The
call is a filter function, as an emergency brings it, over 25 cells.
"""

from __future__ import annotations

from collections.abc import Callable
import contextlib
from dataclasses import asdict
import json
import os
import signal
import time
from typing import Any

from ld_agent.benchmark import machine
from ld_agent.emergency import area_function
from ld_agent.players import find_task
from ld_agent.sandbox import CALL_SECONDS, Sandbox
from ld_agent.sandbox_worker import Worker
import numpy as np
import pydantic_monty

CALLS = 900
CELLS = [[[x, y] for x in range(5) for y in range(5)]]
BOARD = (20, 20)
TRIANGLE = ((3.0, 3.0), (9.0, 3.0), (9.0, 8.0))


def measure() -> dict[str, Any]:
    """Return the layers, and milliseconds as named above.

    Raises:
        SandboxFailed: the worker does not start.
    """
    task = find_task(None)
    function = area_function(task, TRIANGLE, BOARD, (), 'a triangle')
    source = f'{task.tools}\n{function.source}'
    sandbox = Sandbox()

    def call() -> Any:
        return sandbox.call(source, function.name, CELLS, {})

    try:
        first = _ms(call)
        warm = [_ms(call) for _ in range(CALLS)]
        layers = [asdict(layer) for layer in sandbox.confinement()]
        sandbox.drop_worker()
        spare = _ms(call)
    finally:
        sandbox.close()
    start, noticed = _start_and_loss()
    return {
        'machine': {**machine(), 'load': round(os.getloadavg()[0], 1)},
        'layers': layers,
        'start_ms': start,
        'first_call_ms': first,
        'warm_call_ms': {
            'median': float(np.median(warm)),
            'p99': float(np.percentile(warm, 99)),
        },
        'death_noticed_ms': noticed,
        'first_call_of_the_spare_ms': spare,
    }


def _start_and_loss() -> tuple[float, float]:
    """Return how long a worker takes to be ready, and until its death is noticed."""
    begun = time.perf_counter()
    worker = Worker(CALL_SECONDS)
    try:
        with worker.session('figures.py') as session:
            session.feed_run('1')
            start = time.perf_counter() - begun
            assert session.worker_pid is not None
            os.kill(session.worker_pid, signal.SIGKILL)
            begun = time.perf_counter()
            with contextlib.suppress(pydantic_monty.MontyCrashedError):
                session.feed_run('1')
            return round(start * 1000.0, 3), round((time.perf_counter() - begun) * 1000.0, 3)
    finally:
        worker.close()


def _ms(call: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    call()
    return round((time.perf_counter() - begun) * 1000.0, 3)


if __name__ == '__main__':
    print(json.dumps(measure(), indent=2))
