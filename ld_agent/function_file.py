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
"""One function and its file: what is allowed in it, and what it says about itself.

Checks text only; nothing of an unknown file is executed here. The loader
(`function_base.py`) runs the examples through an executor.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass
import hashlib

from ld_agent.manual import Manual, read_manual
from ld_agent.prompt import Entry
from ld_agent.rule import Rule

ALLOWED_IMPORTS = ('math', 'itertools', 'collections', 'heapq')
MAX_CHARACTERS = 100_000
_FORBIDDEN_NAMES = frozenset(
    'eval exec compile open input __import__ globals locals vars getattr setattr delattr '
    'breakpoint exit quit memoryview help print'.split()
)
_FORBIDDEN_NODES = (ast.AsyncFunctionDef, ast.Await, ast.Global, ast.Nonlocal, ast.ClassDef,
                    ast.Yield, ast.YieldFrom, ast.AsyncFor, ast.AsyncWith, ast.With)  # fmt: skip


@dataclass(frozen=True)
class Function:
    """A function of a stage with its manual.

    Attributes:
        source: the whole file.
        origin: the file's path, or the sentence or polygon that it was made from.
        trusted: pinned by hash in the shipped manifest; anything else runs in the sandbox.
        expires_at_step: first step in which the function no longer counts; None for never.
    """

    name: str
    stage: str
    manual: Manual
    rule: Rule
    source: str
    origin: str
    trusted: bool = False
    expires_at_step: int | None = None

    @property
    def entry(self) -> Entry:
        """What the student reads of it."""
        return Entry(self.name, self.manual.purpose, self.manual.when_to_use)


def source_hash(source: str) -> str:
    """Return the SHA-256 of a file's text, as the manifest pins it."""
    return hashlib.sha256(source.encode('utf-8')).hexdigest()


def check_source(source: str) -> list[str]:
    """Return what the text of a function file does that is not allowed, a sentence each."""
    if len(source) > MAX_CHARACTERS:
        return [f'it has {len(source)} characters, {MAX_CHARACTERS} are allowed; write it shorter']
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, 'lineno', None)
        return [f'line {line}: not valid Python ({getattr(error, "msg", error)})']
    faults = []
    for node in ast.walk(tree):
        line = getattr(node, 'lineno', 0)
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or '.']
            )
            faults += [
                f'line {line}: imports {module!r}; only {", ".join(ALLOWED_IMPORTS)} are allowed'
                for module in modules
                if module not in ALLOWED_IMPORTS
            ]
        elif isinstance(node, ast.Name) and node.id in _FORBIDDEN_NAMES:
            faults.append(f'line {line}: uses {node.id!r}, which a function may not')
        elif isinstance(node, ast.Attribute) and node.attr.startswith('_'):
            faults.append(f'line {line}: uses the attribute {node.attr!r}, which is private')
        elif isinstance(node, _FORBIDDEN_NODES):
            faults.append(f'line {line}: {type(node).__name__} is not allowed')
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and hasattr(builtins, node.name):
            faults.append(f'line {node.lineno}: {node.name!r} is a Python builtin; rename it')
        if not isinstance(
            node, ast.FunctionDef | ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign
        ) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            faults.append(
                f'line {node.lineno}: {type(node).__name__} at the top level; only imports, '
                'constants and functions may stand there'
            )
    return faults


def public_functions(source: str) -> dict[str, ast.FunctionDef]:
    """Return the top-level functions of a valid file whose names do not start with `_`."""
    return {
        node.name: node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith('_')
    }


def check_signature(node: ast.FunctionDef, takes: str, gives: str) -> list[str]:
    """Return what is wrong with a stage function's signature, given the stage's types."""
    arguments = node.args
    others = (arguments.posonlyargs, arguments.vararg, arguments.kwarg, arguments.kwonlyargs)
    if len(arguments.args) != 2 or any(others):
        return [f'{node.name} must take exactly two arguments, the intermediate result and state']
    faults = []
    for argument, wanted in zip(arguments.args, (takes, 'dict'), strict=True):
        hint = ast.unparse(argument.annotation) if argument.annotation else None
        if hint != wanted:
            faults.append(f'argument {argument.arg!r} has the type {hint}, the stage has {wanted}')
    hint = ast.unparse(node.returns) if node.returns else None
    if hint != gives:
        faults.append(f'the return type is {hint}, the stage has {gives}')
    return faults


def manual_of(node: ast.FunctionDef) -> tuple[Manual | None, list[str]]:
    """Return the manual in a function's docstring, and its faults."""
    docstring = ast.get_docstring(node)
    if not docstring:
        return None, [f'{node.name} has no docstring, and the docstring is the manual']
    return read_manual(docstring)
