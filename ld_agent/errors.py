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
"""The errors of ld_agent.

Every message says what is wrong, where, and what to do about it.
"""


class LdAgentError(Exception):
    """Base of all errors that ld_agent raises on purpose."""


class FunctionBaseError(LdAgentError):
    """A task file or a function file is not valid; lists every fault found."""

    def __init__(self, faults: list[str]):
        self.faults = list(faults)
        super().__init__('\n'.join(faults))


class FunctionFailed(LdAgentError):
    """A function of the base raised, ran too long, or returned the wrong type."""


class SandboxFailed(FunctionFailed):
    """The sandbox could not run a function, which is not the function's fault."""


class OutOfTime(FunctionFailed):
    """A function ran until its time was over."""


class WorkerLost(FunctionFailed):
    """The sandbox's worker hung or died while it ran a function."""


class MessageError(LdAgentError):
    """A message on a topic does not fit its schema."""


class ModelError(LdAgentError):
    """A student model cannot be found, read, or verified."""


class AreaError(LdAgentError):
    """A restricted area is refused."""


class BagError(LdAgentError):
    """A bag cannot be written or read."""


class TeacherError(LdAgentError):
    """A large model cannot be asked, or does not answer."""
