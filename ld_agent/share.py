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
"""Where the package's data lies: launch files, configuration, function bases."""

from __future__ import annotations

from pathlib import Path
import sys

from ld_agent.errors import LdAgentError


def share_path(*parts: str) -> Path:
    """Return a path below the package's share folder.

    Looks in the ament index, then below the Python environment (a plain `pip install`), then
    in the source tree (an editable install).

    Raises:
        LdAgentError: none of them holds it.
    """
    tried = []
    for root in _roots():
        path = root.joinpath(*parts)
        if path.exists():
            return path
        tried.append(str(path))
    raise LdAgentError(
        f'{"/".join(parts)} was not found (looked for {", ".join(tried)}); install the package '
        'with pip or colcon, or give the full path'
    )


def _roots() -> list[Path]:
    roots = [Path(__file__).resolve().parent.parent]
    try:
        from ament_index_python.packages import get_package_share_directory

        roots.insert(0, Path(get_package_share_directory('ld_agent')))
    except (ImportError, LookupError, ValueError, OSError):
        pass
    return [*roots, Path(sys.prefix) / 'share' / 'ld_agent']
