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
"""Hostile functions of the corpus, and the bait that they must not reach."""

from __future__ import annotations

from pathlib import Path
import socket

from ld_agent.function_file import Function
from ld_agent.manual import Manual
from ld_agent.rule import Rule
import pytest
import yaml

CORPUS = yaml.safe_load(
    Path(__file__).with_name('hostile_functions.yaml').read_text(encoding='utf-8')
)
EACH = [(group, name) for group, bodies in CORPUS.items() for name in bodies]
SECRET = 'the-secret-of-the-node'
CELLS = [[[x, y] for x in range(5) for y in range(5)]]
TYPE = 'list[list[list[int]]]'


class Bait:
    """A secret, an empty place and an open port; nobody may touch them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = folder / 'secret'
        self.secret.write_text(SECRET)
        self.server = socket.create_server(('127.0.0.1', 0))
        self.server.setblocking(False)

    def body(self, group: str, name: str) -> str:
        text = CORPUS[group][name].replace('<FILE>', str(self.secret))
        text = text.replace('<NEW>', str(self.folder / 'new'))
        return text.replace('<PORT>', str(self.server.getsockname()[1]))

    def check(self) -> None:
        assert [path.name for path in self.folder.iterdir()] == ['secret']
        assert self.secret.read_text() == SECRET
        with pytest.raises(BlockingIOError):
            self.server.accept()


def function(body: str) -> Function:
    lines = ''.join(f'    {line}\n' for line in body.splitlines())
    source = f'def f(cells, state):\n{lines}'
    return Function('f', 'filter', Manual('', 'filter', '', '', ()), Rule('True', ()), source, '')


GOOD_BODY = 'return [[cell for cell in listed if cell[0] > 1] for listed in cells]'
GOOD = function(GOOD_BODY)
