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
"""Runs functions: pinned ones in this process, all others in the sandbox.

A function that makes the sandbox's worker hang or die, or twice in a row runs until its time is
over, is in quarantine from then on: it does not run again until it is released.

Gives and takes plain JSON-like data, and checks the type of what comes back. The tools of a
base (`_tools.py`) are in front of each of its functions.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ld_agent.errors import FunctionFailed, OutOfTime, WorkerLost
from ld_agent.function_file import Function, source_hash
from ld_agent.sandbox import Sandbox
from pydantic import PydanticUserError, TypeAdapter, ValidationError

MAX_OUT_OF_TIME = 2

_TYPES = {t.__name__: t for t in (list, dict, tuple, int, float, str, bool)}
_TYPE_NODES = (ast.Expression, ast.Name, ast.Load, ast.Subscript, ast.Tuple, ast.BinOp, ast.BitOr)


@lru_cache(maxsize=64)
def type_named(expression: str) -> TypeAdapter:
    """Return the checker of a type such as `list[list[int]]`.

    Raises:
        ValueError: the expression names something else than the builtin data types.
    """
    tree = ast.parse(expression, mode='eval')
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in _TYPES:
            raise ValueError(f'the type {expression!r} names {node.id!r}')
        nothing = isinstance(node, ast.Constant) and node.value in (None, ...)
        if not nothing and not isinstance(node, _TYPE_NODES):
            raise ValueError(f'the type {expression!r} is not a plain data type')
    try:
        return TypeAdapter(eval(compile(tree, '<type>', 'eval'), {'__builtins__': {}}, _TYPES))
    except (TypeError, PydanticUserError):
        raise ValueError(f'the type {expression!r} is not a plain data type') from None


class Executor:
    """Runs the functions of one base; the sandbox starts with the first untrusted one."""

    def __init__(self, tools: str = '') -> None:
        self.tools = tools
        self._compiled: dict[tuple[str, str], Callable[..., Any]] = {}
        self._sandbox: Sandbox | None = None
        self._out_of_time: dict[str, int] = {}
        self._quarantine: dict[str, str] = {}

    @property
    def quarantined(self) -> tuple[str, ...]:
        """Why each function in quarantine is there."""
        return tuple(self._quarantine.values())

    def release(self, source: str) -> None:
        """Let a function out of quarantine, because it was removed."""
        self._quarantine.pop(source_hash(source), None)
        self._out_of_time.pop(source_hash(source), None)

    def run(self, function: Function, gives: str, result: Any, state: dict) -> Any:
        """Return `function(result, state)`.

        Raises:
            FunctionFailed: it raised, ran too long, or did not return the type `gives`.
        """
        value = self.call(function.source, function.name, function.trusted, result, state)
        try:
            return type_named(gives).validate_python(value, strict=True)
        except ValidationError as error:
            raise FunctionFailed(
                f'{function.name} returned {value!r:.80}, the stage wants {gives}: '
                f'{error.errors()[0]["msg"]}'
            ) from None

    def call(self, source: str, name: str, trusted: bool, *arguments: Any, more: str = '') -> Any:
        """Call the function `name` of `source` and `more`.

        Args:
            trusted: `source` may run in this process.
            more: further code, which `source` answers for.

        Raises:
            FunctionFailed: it raised, ran too long, or is in quarantine.
        """
        if not trusted:
            return self._call_confined(source, more, name, arguments)
        source = f'{source}{more}'
        key = (source, name)
        if key not in self._compiled:
            names: dict[str, Any] = {}
            exec(compile(f'{self.tools}\n{source}', f'<{name}>', 'exec'), names)
            self._compiled[key] = names[name]
        try:
            return self._compiled[key](*arguments)
        except Exception as error:
            raise FunctionFailed(f'{name} raised {type(error).__name__}: {error}') from error

    def _call_confined(self, source: str, more: str, name: str, arguments: tuple[Any, ...]) -> Any:
        key = source_hash(source)
        if key in self._quarantine:
            raise FunctionFailed(
                f'{name} was not run, it is in quarantine ({self._quarantine[key]}); '
                'remove the function and correct it'
            )
        if self._sandbox is None:
            self._sandbox = Sandbox()
        try:
            value = self._sandbox.call(f'{self.tools}\n{source}{more}', name, *arguments)
        except OutOfTime as error:
            self._out_of_time[key] = self._out_of_time.get(key, 0) + 1
            if self._out_of_time[key] >= MAX_OUT_OF_TIME:
                self._quarantine[key] = str(error)
            raise
        except WorkerLost as error:
            self._quarantine[key] = str(error)
            raise
        self._out_of_time.pop(key, None)
        return value

    def close(self) -> None:
        """End the sandbox's worker, if one was started."""
        if self._sandbox is not None:
            self._sandbox.close()
            self._sandbox = None
