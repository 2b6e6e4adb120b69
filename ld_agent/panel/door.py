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
"""Who may come in, and who may act: where the panel listens, its token, and what is refused.

On this machine no token is needed unless one was given; bound elsewhere, no action is done
without. Another site's page can neither frame the panel nor speak to it, nor can a foreign name
be made to point here.
"""

from __future__ import annotations

from dataclasses import dataclass
import hmac
import secrets
import socket
from typing import Any
from urllib.parse import urlencode

from ld_agent.errors import LdAgentError

LOCAL = ('127.0.0.1', 'localhost')
LEAST_TOKEN = 16
REFUSAL = b'the panel answers its own page alone'
TOKEN_VARIABLE = 'LD_AGENT_PANEL_TOKEN'


@dataclass(frozen=True)
class Door:
    """Where the panel listens; with a token, who shows it may act."""

    host: str
    port: int
    token: str = ''

    @property
    def local(self) -> bool:
        """Whether it is open to this machine alone."""
        return self.host in LOCAL

    @property
    def url(self) -> str:
        """Where to look, the token included."""
        shown = f'?{urlencode({"token": self.token})}' if self.token else ''
        return f'http://{self.host}:{self.port}/{shown}'

    def admits(self, token: str) -> bool:
        """Return whether who shows this token may act."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def bind(self) -> socket.socket:
        """Return the socket that listens.

        Raises:
            LdAgentError: the address is taken or not of this machine.
        """
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((self.host, self.port))
        except (OSError, OverflowError) as error:
            listening.close()
            raise LdAgentError(
                f'the panel cannot listen at {self.host}, port {self.port}: {error}; choose '
                'another port, or an address of this machine'
            ) from None
        return listening


def open_door(host: str, port: int, token: str = '') -> Door:
    """Return the door for these settings; bound elsewhere, a token is made where none is given.

    Raises:
        LdAgentError: the token is too short to keep anybody out.
    """
    if token and len(token) < LEAST_TOKEN:
        raise LdAgentError(
            f'the token of the panel has {len(token)} characters, at least {LEAST_TOKEN} are '
            'needed; leave it out to get one'
        )
    if not token and host not in LOCAL:
        token = secrets.token_urlsafe()
    return Door(host, port, token)


class Gate:
    """Refuses what comes from another site, before anything reads it (ASGI)."""

    def __init__(self, app: Any, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let a request through, or answer 403."""
        if scope['type'] not in ('http', 'websocket'):
            await self._app(scope, receive, send)
            return
        headers = {name.decode(): value.decode('latin-1') for name, value in scope['headers']}
        host, origin = headers.get('host', ''), headers.get('origin')
        foreign = origin not in (None, f'http://{host}', f'https://{host}')
        if foreign or (self._door.local and host.partition(':')[0] not in LOCAL):
            if scope['type'] == 'websocket':
                await send({'type': 'websocket.close', 'code': 1008})
            else:
                await send({'type': 'http.response.start', 'status': 403, 'headers': []})
                await send({'type': 'http.response.body', 'body': REFUSAL})
            return

        async def unframed(message: Any) -> None:
            if message['type'] == 'http.response.start':
                message['headers'] = [*message['headers'], (b'x-frame-options', b'DENY')]
            await send(message)

        await self._app(scope, receive, unframed)
