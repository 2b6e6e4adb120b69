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
"""How measured values are summed up: shares, means and times, with their intervals.

SciPy is loaded where it is needed: a command that sums nothing up starts in half the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """A share of some cases with its Wilson 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Millis:
    """Milliseconds: median and 99th percentile; None where nothing was timed."""

    median: float | None
    p99: float | None


def wilson(hits: int, total: int) -> Share:
    """Return the share `hits` of `total` with its Wilson 95 % interval; of nothing, [0, 1]."""
    if not total:
        return Share(0.0, 0.0, 1.0)
    from scipy.stats import binomtest

    interval = binomtest(hits, total).proportion_ci(CONFIDENCE, method='wilson')
    return Share(hits / total, float(interval.low), float(interval.high))


def sign_test(first: int, second: int) -> float:
    """Return how likely chance alone parts so many cases so unevenly: two-sided, exact."""
    from scipy.stats import binomtest

    return float(binomtest(first, first + second).pvalue) if first + second else 1.0


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean and its Student 95 % interval; of a single value, the interval is it."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, mean, mean
    from scipy.stats import t as student_t

    half = student_t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * np.std(values, ddof=1)
    half = float(half / np.sqrt(len(values)))
    return mean, mean - half, mean + half


def millis(values: Sequence[float]) -> Millis:
    """Return median and 99th percentile of some milliseconds."""
    if not values:
        return Millis(None, None)
    return Millis(float(np.median(values)), float(np.percentile(values, 99)))
