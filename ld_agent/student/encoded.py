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
"""Keeps on the disk what a student has encoded, so that a node that starts anew is soon ready.

One file holds the caches of some texts, beside the student that encoded them. Which student, what
ran it and the texts themselves make its name, so a kept cache has the bits that encoding it anew
would give. A file that is damaged, or a folder that cannot be written, only costs the encoding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import hashlib
import json
import logging
import os
from pathlib import Path
import platform
from zipfile import BadZipFile

from ld_agent.student.session import Cache, Student
import numpy as np
import onnxruntime as ort

_log = logging.getLogger(__name__)
KEPT_FILES = 16
"""For one student; the one that was not used for longest goes first."""


def kept_caches(
    student: Student, texts: Sequence[str], encode: Callable[[], list[Cache]]
) -> list[Cache]:
    """Return the caches of `texts`, from the disk if they are kept there, else from `encode`."""
    folder = student.folder / 'encoded'
    path = folder / f'{_key(student, texts)}.npz'
    try:
        caches = _read(path)
        os.utime(path)
        return caches
    except FileNotFoundError:
        pass
    except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
        _log.warning('%s is damaged (%s), its texts are encoded again', path, error)
    caches = encode()
    try:
        folder.mkdir(exist_ok=True)
        _write(path, caches)
        files = sorted(folder.glob('*.npz'), key=lambda file: file.stat().st_mtime)
        for old in files[:-KEPT_FILES]:
            old.unlink(missing_ok=True)
    except OSError as error:
        _log.info('what the student encoded is not kept (%s)', error)
    return caches


def _key(student: Student, texts: Sequence[str]) -> str:
    made_by = [ort.__version__, student.provider, _processor()]
    return hashlib.sha256(json.dumps([made_by, list(texts)]).encode()).hexdigest()[:16]


def _processor() -> str:
    """Return what the kernels that ONNX Runtime chooses depend on."""
    try:
        first = Path('/proc/cpuinfo').read_text(encoding='utf-8').partition('\n\n')[0]
    except OSError:
        return platform.processor()
    wanted = ('model name', 'flags', 'Features')
    return '\n'.join(line for line in first.splitlines() if line.startswith(wanted))


def _read(path: Path) -> list[Cache]:
    with np.load(path) as file:
        lengths, layers = file['lengths'], file['layers']
    cuts = np.cumsum(lengths)[:-1]
    pieces = np.split(layers, cuts, axis=3)
    return [Cache(tuple(np.ascontiguousarray(layer) for layer in piece)) for piece in pieces]


def _write(path: Path, caches: Sequence[Cache]) -> None:
    lengths = [len(cache) for cache in caches]
    layers = np.concatenate([np.stack(cache.layers) for cache in caches], axis=3)
    part = path.with_suffix(f'.{os.getpid()}.part')
    try:
        with part.open('wb') as file:
            np.savez(file, lengths=lengths, layers=layers)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
