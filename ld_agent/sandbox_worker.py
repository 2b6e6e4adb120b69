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
"""One worker process of the sandbox, started through `confine.py`, and what confines it.

Outside Linux, or where a layer is refused, the worker runs with what is left, and
`Worker.layers` says what is missing and why.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
from dataclasses import dataclass
from functools import lru_cache
import json
import os
from pathlib import Path
import select
import shlex
import sys
import tempfile
import time
from typing import Any

from ld_agent import confine
from ld_agent.errors import SandboxFailed
from ld_agent.seccomp_filter import compile_filter
import pydantic_monty
from pydantic_monty._binary import find_monty_binary

START_SECONDS = 10.0
GRACE_SECONDS = 0.05
"""A worker that does not stop by itself this long after a call's time is killed."""
SILENCE_SECONDS = 0.07
"""A worker that says nothing this long after a call's time is killed."""
LIMITS = {
    'AS': 512 * 1024 * 1024,
    'DATA': 128 * 1024 * 1024,
    'CPU': 600,
    'NOFILE': 16,
    'FSIZE': 0,
    'CORE': 0,
}
"""Resource limits of a worker, in bytes, seconds and pieces."""

PID = 'pid'
"""Name of the file that holds the number of the worker process."""

_POLL_SECONDS = 0.001


@dataclass(frozen=True)
class Layer:
    """One thing that confines a worker process.

    Attributes:
        why: what is missing, if it does not hold.
    """

    name: str
    holds: bool
    why: str = ''


class Worker:
    """A pool of one process.

    Args:
        call_seconds: the most that one call may take.
        binary: the program in the worker's place; None for the interpreter's.
    """

    def __init__(self, call_seconds: float, binary: str | None = None) -> None:
        self._stack = contextlib.ExitStack()
        self._layers: tuple[Layer, ...] | None = None
        self._end: Any = None
        self.calls = 0
        folder = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix='ld_agent_sandbox_'))
        )
        self._report, self._pid = folder / 'report.json', folder / PID
        try:
            program = launcher(folder, self._report, binary or find_monty_binary())
            self._pool = self._stack.enter_context(
                pydantic_monty.Monty(
                    binary_path=program,
                    max_processes=1,
                    request_timeout=call_seconds + SILENCE_SECONDS,
                    feed_duration_limit_grace=GRACE_SECONDS,
                )
            )
        except (OSError, pydantic_monty.MontyError) as error:
            self._stack.close()
            raise SandboxFailed(_UNSTARTED.format(error)) from None

    @contextlib.contextmanager
    def session(self, name: str, **options: Any) -> Iterator[pydantic_monty.MontySession]:
        """Yield a fresh session.

        Raises:
            SandboxFailed: the worker does not start.
        """
        self._wait()
        with contextlib.ExitStack() as stack:
            try:
                session = stack.enter_context(self._pool.checkout(script_name=name, **options))
            except (pydantic_monty.MontyError, TimeoutError) as error:
                raise SandboxFailed(_UNSTARTED.format(error)) from None
            self.calls += 1
            yield session

    @property
    def died(self) -> bool:
        """Whether the process was started and is no more, where the system can tell."""
        if self._end is None:
            try:
                process = os.pidfd_open(int(self._pid.read_text()))
            except ProcessLookupError:
                return True
            except (AttributeError, OSError, ValueError):
                return False  # it has not begun, or the system has no such thing
            self._stack.callback(os.close, process)
            self._end = select.poll()
            self._end.register(process)
        return bool(self._end.poll(0))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """What confines the process, as the kernel tells it.

        Raises:
            SandboxFailed: the worker does not start.
        """
        self._wait()
        assert self._layers is not None
        return self._layers

    def close(self) -> None:
        """End the process."""
        self._stack.close()

    def _wait(self) -> None:
        """Wait until the process is confined; from then on it answers at once."""
        end = time.monotonic() + START_SECONDS
        while self._layers is None:
            if sys.platform != 'linux':
                self._layers = layers_of(None)
            elif self._report.exists():
                self._layers = layers_of(json.loads(self._report.read_text(encoding='utf-8')))
            elif self.died:
                raise SandboxFailed(_UNSTARTED.format('it ended before it was ready'))
            elif time.monotonic() > end:
                raise SandboxFailed(
                    _UNSTARTED.format(f'it was not ready within {START_SECONDS:.0f} s')
                )
            else:
                time.sleep(_POLL_SECONDS)


_UNSTARTED = (
    'the worker of the sandbox does not start ({}); functions that are not pinned cannot run, '
    'see what it said on stderr'
)


def launcher(folder: Path, report: Path, binary: str, limits: dict[str, int] | None = None) -> str:
    """Return the program to start in a worker's place: `binary` itself where nothing confines.

    Args:
        folder: where it is written.
        report: the file that will tell of the layers.
        limits: in place of `LIMITS`.
    """
    if sys.platform != 'linux':
        return binary
    settings = {
        'binary': binary,
        'report': str(report),
        'limits': LIMITS if limits is None else limits,
        'filter': _filter()[0],
    }
    command = [sys.executable, '-I', '-S', confine.__file__, json.dumps(settings)]
    path = folder / 'worker'
    pid = shlex.quote(str(folder / PID))
    path.write_text(
        f'#!/bin/sh\necho $$ > {pid}\nexec {shlex.join(command)} "$@"\n', encoding='utf-8'
    )
    path.chmod(0o700)
    return str(path)


def layers_of(report: dict[str, Any] | None) -> tuple[Layer, ...]:
    """Return the layers, given what `confine.py` reported; None where it cannot run."""
    if report is None:
        why = f'there is none on {sys.platform}'
        return tuple(Layer(name, False, why) for name in _CONFINED)
    refused = report['refused']
    unlimited = [name for name in LIMITS if f'rlimit {name}' in refused]
    why_no_filter = refused.get('seccomp') or _filter()[1] or 'the kernel says it is not on'
    why_no_door = refused.get('door') or why_no_filter
    harmless = report['user'] != 0 and report['capabilities'] == 0
    held = {
        'resource limits': (not unlimited, f'refused: {", ".join(unlimited)}'),
        'not root': (harmless, refused.get('not root', 'it has capabilities')),
        'no_new_privs': (report['no_new_privs'], refused.get('no_new_privs', '')),
        'seccomp filter': (report['seccomp'], why_no_filter),
        'no files, no exec': (report['seccomp'] and 'door' not in refused, why_no_door),
    }
    return tuple(Layer(name, ok, '' if ok else why) for name, (ok, why) in held.items())


_CONFINED = ('resource limits', 'not root', 'no_new_privs', 'seccomp filter', 'no files, no exec')


@lru_cache(maxsize=1)
def _filter() -> tuple[dict[str, Any] | None, str]:
    """Return the filter, or None and why there is none."""
    try:
        return compile_filter(), ''
    except (ImportError, OSError) as error:
        return None, str(error)
