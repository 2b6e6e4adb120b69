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
"""The web panel: a model of what is shown, where that comes from, and the page; knows no ROS."""

import importlib.util

from ld_agent.errors import LdAgentError


def require_nicegui() -> None:
    """Raise unless the panel can be served.

    Raises:
        LdAgentError: it cannot; says what to install.
    """
    if importlib.util.find_spec('nicegui') is None:
        raise LdAgentError(
            'the panel needs NiceGUI, which is not there; install it with '
            '`pip install "ld_agent[panel]"`'
        )
