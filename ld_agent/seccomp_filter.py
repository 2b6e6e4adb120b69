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
"""The system calls that a sandbox worker may make, compiled into a seccomp filter.

All is refused but what is named here; what only loading needs is left to the doorkeeper
(`confine.py`). Knows Linux on x86_64 and aarch64.
"""

from __future__ import annotations

import base64
import errno
from importlib import import_module
import platform
import sys
import tempfile
from typing import Any

from ld_agent.confine import DOOR

ALWAYS = (
    'arch_prctl', 'brk', 'clock_getres', 'clock_gettime', 'clock_nanosleep', 'close', 'exit',
    'exit_group', 'futex', 'getpid', 'getrandom', 'gettid', 'gettimeofday', 'madvise', 'mremap',
    'munmap', 'nanosleep', 'poll', 'ppoll', 'read', 'restart_syscall', 'rseq', 'rt_sigaction',
    'rt_sigprocmask', 'rt_sigreturn', 'sched_getaffinity', 'sched_yield', 'set_robust_list',
    'sigaltstack', 'write', 'writev',
)  # fmt: skip
"""What the interpreter needs while it runs."""
LOADING = (
    'access', 'execve', 'execveat', 'faccessat', 'faccessat2', 'fcntl', 'fstat', 'getegid',
    'geteuid', 'getgid', 'getuid', 'lseek', 'newfstatat', 'open', 'openat', 'pread64', 'readlink',
    'readlinkat', 'set_tid_address', 'stat', 'statx', 'uname',
)  # fmt: skip
"""What only loading needs."""
MACHINES = ('x86_64', 'aarch64')

_CLONE_THREAD = 0x00010000
_PROT_EXEC = 4
_PR_SET_NAME = 15


def compile_filter() -> dict[str, Any]:
    """Return the filter as `confine.main` wants it.

    Raises:
        ImportError: pyseccomp or libseccomp is missing.
        OSError: libseccomp refuses a rule, or this system has no seccomp.
    """
    if sys.platform != 'linux' or platform.machine() not in MACHINES:
        raise OSError(f'there is no filter for {sys.platform} on {platform.machine()}')
    try:
        lib = import_module('pyseccomp')
    except RuntimeError as error:
        raise ImportError(f'{error}; install libseccomp (libseccomp2 on Debian)') from None
    numbers = {
        name: lib.resolve_syscall(lib.Arch.NATIVE, name)
        for name in ('seccomp', 'set_tid_address', 'clone')
    }
    return {
        'number': numbers,
        'with_door': _program(lib, lib.NOTIFY),
        'without_door': _program(lib, lib.ALLOW),
    }


def _program(lib: Any, waits: int) -> str:
    """Return the filter in base64; `waits` is the action for what only loading needs."""
    rules = lib.SyscallFilter(lib.ERRNO(errno.EPERM))

    def add(action: int, name: str, *conditions: Any) -> None:
        number = lib.resolve_syscall(lib.Arch.NATIVE, name)
        if number >= 0:
            rules.add_rule(action, number, *conditions)

    for name in ALWAYS:
        add(lib.ALLOW, name)
    for name in LOADING:
        add(waits, name)
    for name in ('mmap', 'mprotect'):
        add(lib.ALLOW, name, lib.Arg(2, lib.MASKED_EQ, _PROT_EXEC, 0))
        add(waits, name, lib.Arg(2, lib.MASKED_EQ, _PROT_EXEC, _PROT_EXEC))
    add(waits, 'clone', lib.Arg(0, lib.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD))
    # The flags of clone3 lie in memory, which a filter cannot read; without it libc takes clone.
    add(lib.ERRNO(errno.ENOSYS), 'clone3')
    add(lib.ALLOW, 'prctl', lib.Arg(0, lib.EQ, _PR_SET_NAME))
    add(lib.ALLOW, 'prlimit64', lib.Arg(0, lib.EQ, 0), lib.Arg(2, lib.EQ, 0))
    add(lib.ALLOW, 'sendmsg', lib.Arg(0, lib.EQ, DOOR))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return base64.b64encode(file.read()).decode()
