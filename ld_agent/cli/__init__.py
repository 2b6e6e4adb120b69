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
"""The command line `ld-agent`: one verb a file."""

import signal
import sys


def main() -> None:
    """Run the command line; Ctrl-C ends it without a traceback, even while it loads."""
    # An import that is interrupted may raise anything; until all is loaded, just end.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from ld_agent.cli.app import app

    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
