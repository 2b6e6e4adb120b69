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
"""Serves the panel from a thread of its own, so that a node or a command goes on beside it.

NiceGUI keeps its pages for the whole process: one panel a process.
"""

from __future__ import annotations

from threading import Thread

from fastapi import FastAPI
from ld_agent.panel.door import Gate
from ld_agent.panel.page import Page, Panel
from nicegui import ui
import uvicorn

STOP_SECONDS = 5.0


class Server:
    """The panel at its address, from `start` to `close`."""

    def __init__(self, panel: Panel) -> None:
        """Take the address.

        Raises:
            LdAgentError: it is not to be had.
        """
        self._socket = panel.door.bind()
        app = FastAPI(openapi_url=None)

        @ui.page('/')
        def index(token: str = '') -> None:
            Page(panel, token).build()

        ui.run_with(
            app, title='ld_agent', tailwind=False, show_welcome_message=False,
            binding_refresh_interval=None,
        )  # fmt: skip
        config = uvicorn.Config(
            Gate(app, panel.door), log_level='warning', access_log=False,
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = Thread(
            target=self._server.run, kwargs={'sockets': [self._socket]}, name='panel', daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def wait(self) -> None:
        """Return when it has ended."""
        self._thread.join()

    def close(self) -> None:
        """End it."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        self._socket.close()
