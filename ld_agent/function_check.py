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
"""What people do with a function base before they trust it: find it, check it, read it, pin it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ld_agent.errors import FunctionBaseError
from ld_agent.executor import Executor
from ld_agent.function_base import load_task, run_examples, Task
from ld_agent.function_file import source_hash
from ld_agent.pin import pins
from ld_agent.sandbox import Sandbox
from ld_agent.sandbox_worker import Layer
from ld_agent.share import share_path
from ld_agent.task_file import text_of

NEEDED = ('_tools.py', 'facts.py')
"""Files that must be pinned too, before a function of the base is trusted."""


def find_base(name: str) -> Path:
    """Return the folder of a base: a path, or the name of one that is installed.

    Raises:
        LdAgentError: there is none.
    """
    folder = Path(name)
    found = folder if (folder / 'task.yaml').exists() else share_path('function_base', name)
    return found.resolve()


def installed_bases() -> list[Path]:
    """Return the folders of all installed bases."""
    return sorted(file.parent for file in share_path('function_base').glob('*/task.yaml'))


def check_base(folder: Path) -> tuple[Task, tuple[Layer, ...]]:
    """Load a base, run every example in the sandbox, trusted or not, and look at the sandbox.

    Returns:
        the task, and the layers around the sandbox with which of them hold.

    Raises:
        FunctionBaseError: lists every fault.
        SandboxFailed: the sandbox does not work here.
    """
    task = load_task(folder)
    executor, sandbox = Executor(task.tools), Sandbox()
    try:
        layers = sandbox.confinement()
        faults = [
            f'{folder / f"{function.name}.py"}: in the sandbox {fault}'
            for stage in task.stages
            for function in stage.functions.values()
            for fault in run_examples(task, replace(function, trusted=False), executor)
        ]
    finally:
        executor.close()
        sandbox.close()
    if faults:
        raise FunctionBaseError(faults)
    return task, layers


def unpinned(folder: Path, names: list[str]) -> dict[str, str]:
    """Return file → text of what has to be read before `names` are trusted.

    Args:
        names: functions; none for all of the base.

    Raises:
        FunctionBaseError: the base has no such function.
    """
    files = {path.name: text_of(path) for path in sorted(folder.glob('*.py'))}
    missing = [name for name in names if f'{name}.py' not in files]
    if missing:
        raise FunctionBaseError(
            [f'{folder}: has no function {", ".join(missing)}; `ld-agent functions list` tells']
        )
    wanted = [*NEEDED, *(f'{name}.py' for name in names)] if names else files
    pinned = pins(folder.name)
    return {
        name: files[name]
        for name in sorted(wanted, key=lambda name: (name not in NEEDED, name))
        if name in files and pinned.get(name) != source_hash(files[name])
    }


def visible(text: str) -> str:
    """Return a text with every character written out that a terminal would act on or hide."""
    return ''.join(
        c if c == '\n' or c.isprintable() else c.encode('unicode_escape').decode() for c in text
    )
