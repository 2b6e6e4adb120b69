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
"""Where prepared students lie, how they are locked, hashed and checked.

A prepared student is a folder with a `manifest.json` that has the hash of every other file in
it. Knows nothing about what the files hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
import errno
import fcntl
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from ld_agent.errors import ModelError

MANIFEST = 'manifest.json'
_FULL = (errno.ENOSPC, errno.EDQUOT)


def cache_folder() -> Path:
    """Return where students are kept: `LD_AGENT_CACHE`, or `~/.cache/ld_agent`."""
    return Path(os.environ.get('LD_AGENT_CACHE') or Path.home() / '.cache' / 'ld_agent')


@contextmanager
def locked(file: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock that no two processes have at once; it is freed when the process ends.

    Args:
        file: stands for what is locked; it is made, and stays.
        waiting: called once if another process has it.

    Raises:
        ModelError: what is done under the lock cannot write its files.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open('w') as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
    except OSError as error:
        reason = 'the disk is full' if error.errno in _FULL else error.strerror or str(error)
        raise ModelError(
            f'{file.parent}: cannot be written ({reason}); make room there, or set LD_AGENT_CACHE '
            'to a folder that can be written'
        ) from None


def sha256(path: Path) -> str:
    """Return the hash of a file, in hex."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def write_manifest(folder: Path, content: dict[str, Any]) -> None:
    """Write `content` and the hash of every file."""
    files = {path.name: sha256(path) for path in sorted(folder.iterdir())}
    text = json.dumps({**content, 'files': files}, indent=2) + '\n'
    (folder / MANIFEST).write_text(text, encoding='utf-8')


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a folder."""
    return dict(json.loads((folder / MANIFEST).read_text(encoding='utf-8')))


def identity(folder: Path) -> dict[str, str]:
    """Return what tells a prepared student from every other: its name, a hash of its files."""
    files = json.dumps(read_manifest(folder)['files'], sort_keys=True)
    return {
        'student': folder.name,
        'student_files': hashlib.sha256(files.encode()).hexdigest()[:12],
    }


def damaged_files(folder: Path) -> list[str]:
    """Return the names of the files of a prepared student that are missing or changed."""
    try:
        files = dict(read_manifest(folder)['files'])
    except (OSError, ValueError, KeyError, TypeError):
        return [MANIFEST]
    return [
        name
        for name, expected in files.items()
        if not (folder / name).exists() or sha256(folder / name) != expected
    ]
