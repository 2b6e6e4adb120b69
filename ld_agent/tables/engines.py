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
"""Run jobs in parallel: in processes of this machine, or on a Ray cluster.

Both run the same worker function; they differ in how a job is handed over and waited for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
import logging
import multiprocessing
import os
import signal
import socket
import threading
from types import TracebackType
from typing import Any

from ld_agent.errors import LdAgentError
from ld_agent.tables.worker import Job, Reply, work

_log = logging.getLogger(__name__)
ENGINES = ('local', 'ray')
CONNECT_SECONDS = 5.0
_DIED = (
    'a process that played ended by itself ({error}), perhaps for want of memory; what was played '
    'is kept, run the same command again with fewer --processes'
)


class Engine(ABC):
    """Jobs in parallel, as many at once as there are `processes`; a context manager."""

    processes: int

    def run(self, jobs: Iterable[Job]) -> Iterator[Reply]:
        """Yield the replies as jobs end; a job is taken from `jobs` when a process is free.

        Raises:
            LdAgentError: a process died.
        """
        running: list[Any] = []
        for job in jobs:
            running.append(self._submit(job))
            while len(running) >= self.processes:
                running = yield from self._some(running)
        while running:
            running = yield from self._some(running)

    @abstractmethod
    def __enter__(self) -> Engine:
        """Start."""

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """End; after an error at once, without waiting for what runs."""

    @abstractmethod
    def _submit(self, job: Job) -> Any:
        """Hand over a job."""

    @abstractmethod
    def _some(self, running: list[Any]) -> Generator[Reply, None, list[Any]]:
        """Wait for a job, yield what has ended, return what still runs."""


class LocalEngine(Engine):
    """Processes of this machine, started afresh (no fork: a model's threads do not survive one).

    Args:
        processes: how many; default one a core.
    """

    def __init__(self, processes: int | None = None) -> None:
        self.processes = processes or len(os.sched_getaffinity(0))

    def __enter__(self) -> LocalEngine:
        self._before = set(multiprocessing.active_children())
        self._pool = ProcessPoolExecutor(
            self.processes, multiprocessing.get_context('spawn'), _end_with_parent
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if kind is not None:
            for process in set(multiprocessing.active_children()) - self._before:
                process.terminate()
        # Waited for, as the pool's thread would race with the end of the interpreter.
        self._pool.shutdown(cancel_futures=True)

    def _submit(self, job: Job) -> Future[Reply]:
        # Ctrl-C reaches all processes of a terminal; a new one inherits that it is blocked, and
        # so this process alone decides what it means.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return self._pool.submit(work, job)
        except BrokenProcessPool as error:
            raise LdAgentError(_DIED.format(error=error)) from None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _some(self, running: list[Future[Reply]]) -> Generator[Reply, None, list[Future[Reply]]]:
        done, rest = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            try:
                yield future.result()
            except BrokenProcessPool as error:
                raise LdAgentError(_DIED.format(error=error)) from None
        return list(rest)


class RayEngine(Engine):
    """A Ray cluster: the one that runs (`RAY_ADDRESS`, or started on this machine), or a new one.

    `ld_agent` must be installed on every machine of it.

    Args:
        processes: jobs at once; default one a core of the cluster.
    """

    def __init__(self, processes: int | None = None) -> None:
        self._wanted = processes

    def __enter__(self) -> RayEngine:
        try:
            import ray
        except ImportError as error:
            raise LdAgentError(
                f'Ray is not there ({error}); install it with `pip install "ld_agent[cluster]"`, '
                'or use --engine local'
            ) from None
        self._ray = ray
        self._ours = not ray.is_initialized()
        if self._ours:
            _connect(ray, self._wanted)
        self.processes = self._wanted or max(1, int(ray.cluster_resources().get('CPU', 1)))
        self._work = ray.remote(num_cpus=1)(work)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if self._ours:
            self._ray.shutdown()

    def _submit(self, job: Job) -> Any:
        return self._work.remote(job)

    def _some(self, running: list[Any]) -> Generator[Reply, None, list[Any]]:
        done, rest = self._ray.wait(running, num_returns=1)
        for reference in done:
            try:
                yield self._ray.get(reference)
            except self._ray.exceptions.RayTaskError:
                raise
            except self._ray.exceptions.RayError as error:
                raise LdAgentError(_DIED.format(error=str(error).splitlines()[0])) from None
        return rest


def _connect(ray: Any, processes: int | None) -> None:
    quiet: dict[str, Any] = {'log_to_driver': False, 'logging_level': logging.ERROR}
    address = os.environ.get('RAY_ADDRESS', '')
    if address and not _answers(address):
        raise LdAgentError(
            f'no Ray cluster answers at RAY_ADDRESS={address}; start it, or unset the variable'
        )
    try:
        ray.init(address=address or 'auto', **quiet)
    except ConnectionError:
        _log.warning('no Ray cluster is running; starting one on this machine')
        ray.init(num_cpus=processes, include_dashboard=False, **quiet)


def _answers(address: str) -> bool:
    """Tell whether anything listens at HOST:PORT; Ray itself tries for minutes."""
    host, _, port = address.rpartition('://')[2].rpartition(':')
    if not port.isdecimal():
        return True
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError):
        return False
    return True


def make_engine(name: str, processes: int | None) -> Engine:
    """Return the engine `local` or `ray`.

    Raises:
        LdAgentError: there is no such engine.
    """
    if name not in ENGINES:
        raise LdAgentError(f'engine {name!r} is unknown; use {" or ".join(ENGINES)}')
    return LocalEngine(processes) if name == 'local' else RayEngine(processes)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, killed perhaps."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_wait_and_end, args=(parent,), daemon=True).start()


def _wait_and_end(parent: Any) -> None:
    parent.join()
    os._exit(1)
