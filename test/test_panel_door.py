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
"""Who comes in at the panel, and who may act."""

from __future__ import annotations

import socket

from ld_agent.errors import LdAgentError
from ld_agent.panel.door import Door, Gate, open_door
import pytest

TOKEN = 'a token of many letters'


async def inner(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': b'in'})


def ask(door: Door, kind: str = 'http', **headers: str) -> list[dict]:
    """Return what is sent for a request, without a server."""
    sent: list[dict] = []

    async def send(message):
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    answer = Gate(inner, door)({'type': kind, 'headers': raw}, None, send)
    with pytest.raises(StopIteration):
        answer.send(None)
    return sent


def test_on_this_machine_no_token_is_needed():
    door = open_door('127.0.0.1', 8765)
    assert (door.token, door.admits('')) == ('', True)
    assert door.url == 'http://127.0.0.1:8765/'


@pytest.mark.parametrize('host', ['0.0.0.0', 'robot.example', '192.168.0.7', ''])
def test_elsewhere_a_token_is_made_and_nobody_acts_without(host):
    door = open_door(host, 8765)
    assert len(door.token) >= 32
    assert not door.admits('') and not door.admits('guess') and door.admits(door.token)
    assert open_door(host, 8765).token != door.token


def test_a_token_that_was_given_is_asked_for_on_this_machine_too():
    door = open_door('127.0.0.1', 8765, TOKEN)
    assert not door.admits('') and door.admits(TOKEN)
    assert not door.admits('ä')


def test_a_short_token_is_refused():
    with pytest.raises(LdAgentError, match='has 5 characters, at least 16'):
        open_door('0.0.0.0', 8765, 'short')


def test_an_address_that_is_taken_gives_one_sentence():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LdAgentError, match=f'port {port}.*choose another port'):
            open_door('127.0.0.1', port).bind()


LOCAL = open_door('127.0.0.1', 8765)
OUTSIDE = open_door('0.0.0.0', 8765, TOKEN)


@pytest.mark.parametrize(
    ('door', 'headers'),
    [
        (LOCAL, {'host': 'evil.example:8765'}),
        (LOCAL, {'host': '127.0.0.1.evil.example:8765'}),
        (LOCAL, {}),
        (LOCAL, {'host': '127.0.0.1:8765', 'origin': 'http://evil.example'}),
        (LOCAL, {'host': '127.0.0.1:8765', 'origin': 'http://127.0.0.1:9999'}),
        (LOCAL, {'host': '127.0.0.1:8765', 'origin': 'null'}),
        (OUTSIDE, {'host': 'robot:8765', 'origin': 'http://evil.example'}),
    ],
)
def test_another_site_is_kept_out(door, headers):
    assert ask(door, **headers)[0]['status'] == 403
    (closed,) = ask(door, 'websocket', **headers)
    assert closed['type'] == 'websocket.close'


@pytest.mark.parametrize(
    ('door', 'headers'),
    [
        (LOCAL, {'host': '127.0.0.1:8765'}),
        (LOCAL, {'host': 'localhost:8765', 'origin': 'http://localhost:8765'}),
        (OUTSIDE, {'host': 'robot:8765', 'origin': 'http://robot:8765'}),
    ],
)
def test_its_own_page_comes_in_and_cannot_be_framed(door, headers):
    start = ask(door, **headers)[0]
    assert start['status'] == 200
    assert (b'x-frame-options', b'DENY') in start['headers']
