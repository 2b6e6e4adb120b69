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
"""The program in a sandbox worker's place: confines its own process, then becomes the worker.

    python -I -S confine.py '{"binary": ..., "report": ..., ...}' [arguments of the worker]

A filter cannot both let the loader open the worker's libraries and forbid the worker to open
files. So what only loading needs waits for the answer of a *doorkeeper*, a second process: yes,
until the C library registers its thread, which is after the last library and before the worker's
first instruction; then no, but for one thread; then the doorkeeper leaves, and with nobody to
ask the kernel refuses for good. A layer that the system refuses is left out and reported.
Imports only the standard library: it runs without site-packages.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
import contextlib
import ctypes
import errno
import fcntl
from functools import partial
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
from typing import Any

NOBODY = 65534
DOOR = 9
"""File descriptor of the way to the doorkeeper, on which the filter lets a message out."""

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_SECCOMP_SET_MODE_FILTER, _SECCOMP_NEW_LISTENER = 1, 8
_NOTIF_RECV, _NOTIF_SEND = 0xC0502100, 0xC0182101
_NOTIF_BYTES, _NOTIF_CONTINUE = 80, 1
_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = [('length', ctypes.c_ushort), ('instructions', ctypes.c_char_p)]


def main(settings: dict[str, Any], arguments: list[str]) -> None:
    """Confine this process and run the worker in it; does not return.

    Args:
        settings: `binary`, the worker; `report`, the file to write; `limits`, resource
            limits by name; `filter`, with `number` (system call → its number) and `with_door`,
            `without_door` (programs in base64), or None.
        arguments: of the worker.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _close_inherited()
    binary = os.open(settings['binary'], os.O_RDONLY | os.O_CLOEXEC)
    inside, outside = socket.socketpair()
    worker = os.getpid()
    if os.fork() == 0:
        inside.close()
        os.close(binary)
        _keep_door(outside, worker, settings)
    outside.close()
    os.dup2(inside.detach(), DOOR, inheritable=False)
    with socket.socket(fileno=DOOR) as door:
        refused, listener = _confine(settings)
        rights = [] if listener is None else [listener]
        socket.send_fds(door, [json.dumps(refused).encode()], rights)
        os.read(DOOR, 1)
        try:
            os.execve(binary, [settings['binary'], *arguments], {})
        except OSError as fault:
            door.sendmsg([str(fault).encode()])
            os._exit(1)


def _close_inherited() -> None:
    for number in [int(name) for name in os.listdir('/proc/self/fd')]:
        if number > 2:
            with contextlib.suppress(OSError):
                os.close(number)


def _confine(settings: dict[str, Any]) -> tuple[dict[str, str], int | None]:
    """Put the layers in force; return those refused, and the listener of the filter's calls."""
    refused: dict[str, str] = {}

    def layer(name: str, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except (OSError, ValueError) as error:
            refused[name] = str(error)
            return None

    for name, most in settings['limits'].items():
        layer(f'rlimit {name}', partial(_limit, name, most))
    layer('stderr', lambda: os.dup2(os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), 2))
    if os.geteuid() == 0:
        layer('not root', _drop_root)
    layer('no_new_privs', lambda: _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)))
    wanted = settings['filter']
    if wanted is None:
        return refused, None
    number = wanted['number']['seccomp']
    listener = layer('door', lambda: _load(wanted['with_door'], number, _SECCOMP_NEW_LISTENER))
    if listener is None:
        layer('seccomp', lambda: _load(wanted['without_door'], number, 0))
    return refused, listener


def _check(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _limit(name: str, most: int) -> None:
    kind = getattr(resource, f'RLIMIT_{name}')
    hard = resource.getrlimit(kind)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(kind, (most, most))


def _drop_root() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _load(program: str, number: int, flags: int) -> int:
    instructions = base64.b64decode(program)
    loaded = _Program(len(instructions) // 8, instructions)
    return _check(_libc.syscall(number, _SECCOMP_SET_MODE_FILTER, flags, ctypes.byref(loaded)))


def _keep_door(outside: socket.socket, worker: int, settings: dict[str, Any]) -> None:
    """Report what the kernel says of the worker, then answer its calls; does not return."""
    try:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        said, listeners, _, _ = socket.recv_fds(outside, 1 << 16, 1)
        _report(worker, settings['report'], json.loads(said))
        outside.send(b'.')
        if listeners:
            _answer(listeners[0], settings['filter']['number'])
        failed = outside.recv(1 << 16)
        if failed:
            os.write(2, b'error: the sandbox worker does not start: ' + failed + b'\n')
    finally:
        os._exit(0)


def _report(worker: int, path: str, refused: dict[str, str]) -> None:
    with open(f'/proc/{worker}/status', encoding='utf-8') as file:
        status = dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)
    report = {
        'refused': refused,
        'user': int(status['Uid'].split()[1]),
        'capabilities': int(status['CapEff'], 16),
        'no_new_privs': status.get('NoNewPrivs') == '1',
        'seccomp': status.get('Seccomp') == '2',
    }
    with open(f'{path}.part', 'w', encoding='utf-8') as file:
        json.dump(report, file)
    os.replace(f'{path}.part', path)


def _answer(listener: int, number: dict[str, int]) -> None:
    """Allow what loading needs; once that is done, one thread and nothing else."""
    loading = True
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while True:
        if not any(event & select.POLLIN for _, event in poll.poll()):
            return
        asked = bytearray(_NOTIF_BYTES)
        fcntl.ioctl(listener, _NOTIF_RECV, asked)
        token, _, _, call = struct.unpack_from('=QIIi', asked)
        starts_thread = call == number['clone']
        allowed = loading != starts_thread
        answer = (0, _NOTIF_CONTINUE) if allowed else (-errno.EPERM, 0)
        fcntl.ioctl(listener, _NOTIF_SEND, struct.pack('=QqiI', token, 0, *answer))
        if call == number['set_tid_address']:
            loading = False
        if starts_thread and allowed:
            return


if __name__ == '__main__':
    try:
        main(json.loads(sys.argv[1]), sys.argv[2:])
    except OSError as fault:
        sys.exit(f'error: the sandbox worker does not start: {fault}')
