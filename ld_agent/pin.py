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
"""Writes the manifest of hashes that makes shipped functions trusted (`make pin`)."""

from __future__ import annotations

import json
from pathlib import Path

from ld_agent.function_file import source_hash


def hashes(root: Path) -> dict[str, dict[str, str]]:
    """Return base → file → hash for all bases below `root`."""
    return {
        base.name: {
            path.name: source_hash(path.read_text(encoding='utf-8'))
            for path in sorted(base.glob('*.py'))
        }
        for base in sorted(root.iterdir())
        if base.is_dir()
    }


if __name__ == '__main__':
    folder = Path(__file__).resolve().parent.parent / 'function_base'
    text = json.dumps(hashes(folder), indent=2) + '\n'
    (folder / 'manifest.json').write_text(text, encoding='utf-8')
