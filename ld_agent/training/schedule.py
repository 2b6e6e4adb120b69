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
"""The learning rate of every training: linear warm-up, then linear to nearly nothing."""

from __future__ import annotations


def linear_rate(step: int, steps: int, warmup_steps: int, peak: float, least: float) -> float:
    """Return the learning rate of a step.

    Args:
        step: counted from 0.
        steps: of the whole training.
        least: share of `peak` below which the rate does not fall.
    """
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    left = (steps - step) / max(1, steps - warmup_steps)
    return peak * max(least, left)
