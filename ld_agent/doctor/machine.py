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
"""The doctor's look at the rest: packages, ONNX Runtime, students, functions, sandbox, room."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires, version
import os
from pathlib import Path
import platform
import shutil

from ld_agent import __version__
from ld_agent.doctor.finding import Finding, Standing
from ld_agent.errors import LdAgentError, SandboxFailed
from ld_agent.players import find_task
from ld_agent.sandbox import Sandbox
from ld_agent.student.cache import cache_folder, damaged_files, MANIFEST
from ld_agent.student.prepare import DEFAULT_MODEL, prepared_folder
import onnxruntime
from packaging.requirements import Requirement

GIB = 1 << 30
NEEDED_DISK = GIB
"""Bytes: preparing the default student writes 0.8 GiB for a while, and 0.3 GiB stay."""
MEMORY_TO_RUN, MEMORY_TO_PREPARE = GIB, 3 * GIB
"""Bytes: the decision node takes 0.3 GiB with the default student, the others together less;
preparing that student takes 2.9 GiB."""


def look_at_packages() -> list[Finding]:
    """Return the versions of Python, of ld_agent and of what it needs; then its extras."""
    details = {'python': platform.python_version(), 'ld_agent': __version__}
    faults: list[str] = []
    extras: dict[str, bool] = {}
    for text in _requirements():
        requirement = Requirement(text)
        extra = _extra_of(requirement)
        applies = requirement.marker is None or requirement.marker.evaluate({'extra': extra})
        if not applies or extra in ('ros', 'test'):
            continue
        found = _version(requirement.name)
        fits = found is not None and requirement.specifier.contains(found, prereleases=True)
        if extra:
            extras[extra] = extras.get(extra, True) and fits
            continue
        details[requirement.name] = found or 'not there'
        if not fits:
            faults.append(f'{requirement.name}{requirement.specifier} (found: {found or "none"})')
    said = f'ld_agent {__version__}, Python {details["python"]}, {len(details) - 2} packages'
    packages = Finding('packages', Standing.OK, said, details=details)
    if faults:
        packages = Finding(
            'packages', Standing.MISSING, f'not as needed: {", ".join(faults)}',
            ('some commands stop with an ImportError or behave as never tested.',
             'install ld_agent again: `pip install ld_agent`, or `pip install -e .` in a clone.'),
            details,
        )  # fmt: skip
    there = [name for name, whole in extras.items() if whole]
    rest = [name for name, whole in extras.items() if not whole]
    listed = f'there: {", ".join(there) or "none"}; not there: {", ".join(rest) or "none"}'
    return [packages, Finding('extras', Standing.OK, listed, details=extras)]


def look_at_inference() -> Finding:
    """Return what ONNX Runtime runs on."""
    known = onnxruntime.get_available_providers()
    providers = [name.removesuffix('ExecutionProvider') for name in known]
    details = {'version': onnxruntime.__version__, 'providers': providers}
    found = f'{onnxruntime.__version__}, providers {", ".join(providers)}'
    if 'CPU' not in providers:
        return Finding(
            'ONNX Runtime', Standing.MISSING, found,
            ('no student runs.', 'install `onnxruntime` again.'), details,
        )  # fmt: skip
    return Finding('ONNX Runtime', Standing.OK, found, details=details)


def look_at_students() -> Finding:
    """Return the model cache: where, how large, which students are whole."""
    folder = cache_folder()
    students = {
        path.name: {'bytes': _size(path), 'damaged': damaged_files(path)}
        for path in sorted(folder.glob('students/*'))
        if (path / MANIFEST).exists()
    }
    whole = [name for name, student in students.items() if not student['damaged']]
    details = {'path': str(folder), 'bytes': _size(folder), 'students': students}
    found = f'{folder}, {_gib(_size(folder))}, {len(whole)} prepared: {", ".join(whole) or "none"}'
    if not os.access(_existing(folder), os.W_OK):
        return Finding(
            'model cache', Standing.MISSING, f'{found}; not writable',
            ('no student can be prepared there.',
             'set LD_AGENT_CACHE to a folder that can be written.'), details,
        )  # fmt: skip
    if prepared_folder(DEFAULT_MODEL).name not in whole:
        return Finding(
            'model cache', Standing.NOTE, f'{found}; not the default student',
            ('the first hunt fetches it (98 MB) and prepares it, which takes a minute.',
             'do it ahead with `ld-agent prepare`.'), details,
        )  # fmt: skip
    if len(whole) < len(students):
        damaged = ', '.join(sorted(set(students) - set(whole)))
        return Finding(
            'model cache', Standing.NOTE, f'{found}; damaged: {damaged}',
            ('it is prepared again when it is next asked for.',
             'do it ahead with `ld-agent prepare`, or remove the folder.'), details,
        )  # fmt: skip
    return Finding('model cache', Standing.OK, found, details=details)


def look_at_function_base() -> Finding:
    """Return whether the shipped function base loads, and which functions are not pinned."""
    try:
        task = find_task(None)
    except LdAgentError as error:
        return Finding(
            'function base', Standing.MISSING, str(error).splitlines()[0],
            ('no method that selects functions plays.', 'correct the file, or install again.'),
        )  # fmt: skip
    functions = [f for stage in task.stages for f in stage.functions.values()]
    loose = [function.name for function in functions if not function.trusted]
    details = {'functions': len(functions), 'not_pinned': loose}
    found = f'{len(functions)} functions in {len(task.stages)} stages'
    if loose:
        return Finding(
            'function base', Standing.NOTE, f'{found}; not pinned: {", ".join(loose)}',
            ('these were changed since they were pinned, and run in the sandbox.',
             'read them, then pin them with `make pin`.'), details,
        )  # fmt: skip
    return Finding('function base', Standing.OK, f'{found}, all pinned', details=details)


def look_at_sandbox() -> Finding:
    """Return the layers around a sandbox worker, as the kernel has them."""
    sandbox = Sandbox()
    try:
        layers = sandbox.confinement()
    except SandboxFailed as error:
        return Finding(
            'sandbox', Standing.MISSING, str(error),
            ('functions that are not pinned, every emergency among them, cannot run.',
             'see docs/sandbox.md for what it needs.'),
        )  # fmt: skip
    finally:
        sandbox.close()
    details = {layer.name: layer.why or 'holds' for layer in layers}
    refused = [f'{layer.name} ({layer.why})' for layer in layers if not layer.holds]
    found = f'{len(layers) - len(refused)} of {len(layers)} layers hold'
    if refused:
        return Finding(
            'sandbox', Standing.NOTE, f'{found}; refused: {"; ".join(refused)}',
            ('untrusted functions are confined by what is left and by the interpreter alone.',
             'allow it (a container needs seccomp and no_new_privs), see docs/sandbox.md.'),
            details,
        )  # fmt: skip
    return Finding('sandbox', Standing.OK, found, details=details)


def look_at_room() -> list[Finding]:
    """Return the free disk where students lie, and the free memory."""
    place = _existing(cache_folder())
    prepared = prepared_folder(DEFAULT_MODEL).exists()
    memory = MEMORY_TO_RUN if prepared else MEMORY_TO_PREPARE
    return [
        _room('disk', shutil.disk_usage(place).free, NEEDED_DISK, f' at {place}',
              ('preparing a student, or a recording, may stop with a full disk.',
               'make room, or set LD_AGENT_CACHE to another disk.')),
        _room('memory', _free_memory(), memory, '',
              ('the system may end the decision node while it loads or prepares its student.',
               'end other programs, or bring a prepared student in LD_AGENT_CACHE.')),
    ]  # fmt: skip


def _room(
    matter: str, free: int | None, needed: int, where: str, advice: tuple[str, str]
) -> Finding:
    if free is None:
        return Finding(
            matter, Standing.NOTE, 'unknown on this system',
            (f'{_gib(needed)} are needed.', 'look with a tool of the system.'),
        )  # fmt: skip
    short = free < needed
    found = f'{_gib(free)} free{where}' + (f', {_gib(needed)} are needed' if short else '')
    return Finding(
        matter, Standing.NOTE if short else Standing.OK, found, advice if short else (),
        {'free_bytes': free, 'needed_bytes': needed},
    )  # fmt: skip


def _requirements() -> list[str]:
    try:
        return requires('ld_agent') or []
    except PackageNotFoundError:
        return []


def _extra_of(requirement: Requirement) -> str:
    """Return the extra that a requirement belongs to, '' where it is always needed."""
    _, found, name = str(requirement.marker or '').partition('extra == ')
    return name.strip('"\' ') if found else ''


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob('*') if file.is_file())


def _free_memory() -> int | None:
    """Return the bytes that can be had without swapping; None where Linux is not the kernel."""
    try:
        lines = Path('/proc/meminfo').read_text(encoding='ascii').splitlines()
    except OSError:
        return None
    available = next((line.split() for line in lines if line.startswith('MemAvailable:')), None)
    return None if available is None else int(available[1]) * 1024


def _gib(size: int) -> str:
    return f'{size / GIB:.1f} GiB'
