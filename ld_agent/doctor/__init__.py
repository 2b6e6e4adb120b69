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
"""Looks at this machine and says what a hunt finds on it, and what to do about what is missing.

`examine` gathers the findings of `ros.py` and `machine.py`. Looks only: nothing is fetched,
prepared or changed.
"""

from __future__ import annotations

from ld_agent.doctor.finding import Finding
from ld_agent.doctor.machine import (
    look_at_function_base,
    look_at_inference,
    look_at_packages,
    look_at_room,
    look_at_sandbox,
    look_at_students,
)
from ld_agent.doctor.ros import look_at_ros


def examine() -> list[Finding]:
    """Return the findings, in the order in which a hunt would meet what is missing."""
    return [
        *look_at_packages(),
        *look_at_ros(),
        look_at_inference(),
        look_at_students(),
        look_at_function_base(),
        look_at_sandbox(),
        *look_at_room(),
    ]
