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
"""`ld-agent panel`: the web panel, for a running hunt or for a bag."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from ld_agent.cli.common import console, errors_as_sentences
from ld_agent.panel import require_nicegui
from ld_agent.panel.door import open_door, TOKEN_VARIABLE
from ld_agent.players import find_task
from ld_agent.runner import require_ros
import typer


def panel(
    bag: Annotated[
        Path | None, typer.Argument(help='Bag folder to scrub through; none: the running hunt.')
    ] = None,
    host: Annotated[
        str, typer.Option(help='Address to listen at; elsewhere a token is needed to act.')
    ] = '127.0.0.1',
    port: Annotated[int, typer.Option(min=1, max=65535, help='Port to listen at.')] = 8765,
    token: Annotated[str, typer.Option(envvar=TOKEN_VARIABLE, help='Who shows it may act.')] = '',
    function_base: Annotated[str, typer.Option(help='Folder of a function base.')] = '',
) -> None:
    """Show a hunt in the browser: the board, every selection, emergencies; act on it."""
    with errors_as_sentences():
        require_nicegui()
        if bag is None:
            _follow(host, port, token, function_base)
        else:
            _show(bag, host, port, token, function_base)


def _follow(host: str, port: int, token: str, function_base: str) -> None:
    """Run the node in this process, in the ROS domain of the environment."""
    require_ros()
    from ld_agent.nodes.panel import main

    if token:
        # Not as an argument, which every user of the machine could read.
        os.environ[TOKEN_VARIABLE] = token
    given = {'host': host, 'function_base': function_base}
    texts = [a for name, value in given.items() if value for a in ('-p', f"{name}:='{value}'")]
    main(['--ros-args', '-p', f'port:={port}', *texts])


def _show(bag: Path, host: str, port: int, token: str, function_base: str) -> None:
    from ld_agent.bags import read_bag
    from ld_agent.panel.page import Panel
    from ld_agent.panel.server import Server

    task = find_task(function_base or None, read_bag(bag).episodes[0].task)
    door = open_door(host, port, token)
    server = Server(Panel(task, door, bag=str(bag)))
    server.start()
    console.print(f'the panel is at {door.url} (Ctrl-C ends it)', highlight=False, soft_wrap=True)
    try:
        server.wait()
    except KeyboardInterrupt:
        server.close()
