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
"""Accuracy on held-out examples against the answers learnt from, drawn from training logs."""

from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path

from ld_agent.errors import LdAgentError
from ld_agent.plots import figure_file

Curve = dict[str, list[tuple[int, float]]]
"""What was checked → (answers so far, accuracy), in order."""


def read_curve(log: Path) -> Curve:
    """Return what the log of a training says of its checks.

    Raises:
        LdAgentError: the file is no such log.
    """
    curve: Curve = {}
    try:
        made, *records = map(json.loads, log.read_text(encoding='utf-8').splitlines())
        per_step = made['plan']['per_step'] * made['states']
        for record in records:
            for name, figures in record.items():
                if isinstance(figures, dict) and 'accuracy' in figures:
                    point = (record['step'] * per_step, figures['accuracy'])
                    curve.setdefault(name, []).append(point)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LdAgentError(
            f'{log}: is no log of a training ({error}); give the log.jsonl of its work folder'
        ) from None
    return curve


def draw_curves(logs: Sequence[Path], labels: Sequence[str], path: Path) -> None:
    """Draw the checks of each log as a panel, PNG.

    Raises:
        LdAgentError: a log cannot be read, or the picture not be written.
    """
    curves = [read_curve(log) for log in logs]
    wide = 4.6 * len(logs)
    with figure_file(path, (wide, 3.6)) as figure:
        panels = figure.subplots(1, len(logs), squeeze=False, sharey=True)[0]
        for panel, curve, label in zip(panels, curves, labels, strict=True):
            for name, points in curve.items():
                panel.plot(*zip(*points, strict=True), marker='o', markersize=3, label=name)
            panel.set_title(label)
            panel.set_xlabel('answers learnt from')
            panel.set_ylim(0, 1.02)
            panel.grid(alpha=0.3)
        panels[0].set_ylabel('right on held-out examples')
        panels[-1].legend(frameon=False, loc='lower right')
        figure.subplots_adjust(
            left=0.65 / wide, right=1 - 0.3 / wide, bottom=0.15, top=0.9, wspace=0.08
        )
