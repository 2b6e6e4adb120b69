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
"""Runs untrusted functions: pydantic-monty, in a worker process with time and memory limits.

A function gets plain data and gives plain data; it reaches no file, no network, no module
beyond what the interpreter offers. A session that hit a limit is thrown away; a worker that
dies is replaced by the pool. Knows nothing about stages or manuals.
"""

from __future__ import annotations

import contextlib
from typing import Any

from ld_agent.errors import FunctionFailed
import pydantic_monty

CALL_SECONDS = 0.5
MEMORY_BYTES = 16 * 1024 * 1024
RECURSION_DEPTH = 200


class Sandbox:
    """A pool of one warm worker, with one open session per loaded source."""

    def __init__(self, call_seconds: float = CALL_SECONDS, memory_bytes: int = MEMORY_BYTES):
        self._limits: pydantic_monty.ResourceLimits = {
            'max_feed_duration_secs': call_seconds,
            'max_memory': memory_bytes,
            'max_recursion_depth': RECURSION_DEPTH,
        }
        self._stack = contextlib.ExitStack()
        self._pool = self._stack.enter_context(
            pydantic_monty.Monty(
                max_processes=1, request_timeout=4 * call_seconds, feed_duration_limit_grace=0.2
            )
        )

    def call(self, source: str, name: str, *arguments: Any) -> Any:
        """Run `source`, then call its function `name` with `arguments`, all plain data.

        Raises:
            FunctionFailed: it raised, hit a limit, or returned what is not plain data.
        """
        inputs = {f'_argument_{i}': value for i, value in enumerate(arguments)}
        code = f'{source}\n\n{name}({", ".join(inputs)})'
        try:
            with self._pool.checkout(script_name=f'{name}.py', limits=self._limits) as session:
                return session.feed_run(code, inputs=inputs, print_callback=_drop)
        except pydantic_monty.MontyError as error:
            said = str(error).strip().splitlines()
            raise FunctionFailed(
                f'{name} failed in the sandbox: {said[-1] if said else type(error).__name__}'
            ) from None

    def close(self) -> None:
        """End the worker."""
        self._stack.close()


def _drop(stream: str, text: str) -> None:
    """Throw away what a function prints."""
