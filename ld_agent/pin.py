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
"""The manifest of hashes that makes functions trusted.

`make pin` writes it anew for the shipped bases; `ld-agent functions trust` adds what a person has
read. A base that a teacher wrote carries `TEACHER`, and `make pin` never pins it.
"""

from __future__ import annotations

from collections.abc import Mapping
import json
from pathlib import Path

from ld_agent.errors import FunctionBaseError
from ld_agent.function_file import source_hash
from ld_agent.share import share_path

TEACHER = 'teacher.json'
"""In a base: which large model wrote it, from which rules."""

Manifest = dict[str, dict[str, str]]


def manifest_file() -> Path:
    """Return where the manifest is."""
    return share_path('function_base', 'manifest.json')


def pins(base: str) -> dict[str, str]:
    """Return file → hash as the manifest pins the base of this name."""
    return _read().get(base, {})


def add_pins(base: str, hashes: Mapping[str, str]) -> None:
    """Pin files of a base, beside what is pinned.

    Raises:
        FunctionBaseError: the manifest cannot be written.
    """
    manifest = _read()
    manifest[base] = dict(sorted({**manifest.get(base, {}), **hashes}.items()))
    file = manifest_file()
    try:
        _write(file, manifest)
    except OSError as error:
        raise FunctionBaseError(
            [f'{file}: cannot be written ({error.strerror}), so nothing was pinned; '
             'make it writable for you']
        ) from None  # fmt: skip


def hashes(root: Path) -> Manifest:
    """Return base → file → hash for the bases below `root` that no teacher wrote."""
    return {
        base.name: {
            path.name: source_hash(path.read_text(encoding='utf-8'))
            for path in sorted(base.glob('*.py'))
        }
        for base in sorted(root.iterdir())
        if (base / 'task.yaml').exists() and not (base / TEACHER).exists()
    }


def _read() -> Manifest:
    return json.loads(manifest_file().read_text(encoding='utf-8'))


def _write(file: Path, manifest: Manifest) -> None:
    part = file.with_suffix('.part')
    part.write_text(json.dumps(manifest, indent=2) + '\n', encoding='utf-8')
    part.replace(file)


if __name__ == '__main__':
    folder = Path(__file__).resolve().parent.parent / 'function_base'
    file = folder / 'manifest.json'
    before = json.loads(file.read_text(encoding='utf-8'))
    kept = {name: files for name, files in before.items() if (folder / name / TEACHER).exists()}
    _write(file, dict(sorted({**kept, **hashes(folder)}.items())))
