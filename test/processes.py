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
"""Processes that a process has started, as `/proc` tells."""

from __future__ import annotations

import contextlib
from pathlib import Path


def children(parent: int) -> list[int]:
    """Return the processes that one has started, but for those that are dead."""
    found = []
    for status in Path('/proc').glob('[0-9]*/stat'):
        with contextlib.suppress(OSError):
            state, of = status.read_text().rpartition(')')[2].split()[:2]
            if int(of) == parent and state != 'Z':
                found.append(int(status.parent.name))
    return found


def nodes_of(parent: int) -> dict[str, int]:
    """Return node → process id of the nodes that a process has started."""
    found = {}
    for process in children(parent):
        with contextlib.suppress(OSError):
            for word in Path(f'/proc/{process}/cmdline').read_text().split('\0'):
                if word.startswith('ld_agent.nodes.'):
                    found[word.rpartition('.')[2]] = process
    return found
