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
"""Does the margin tell that no candidate fits?

Each case is asked twice: with all candidates, and with the right one taken away. A margin that
knows is smaller the second time; how well it tells is the ROC curve of 'the margin is below t'
against 'the right one was missing'. The prepared student is measured. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Iterable
import itertools
from pathlib import Path
from typing import Any

from ld_agent.function_base import Task
from ld_agent.selector import Selector
from ld_agent.training import manuals, reading
from ld_agent.training.examples import ExampleSet
from ld_agent.training.report import SEED, STATES
from ld_agent.training.vocabulary import vocabularies
from ld_agent.training.words import OTHERWISE
import numpy as np

SETS = 60
FALSE_ALARMS = (0.01, 0.05, 0.1)


def abstain_report(selector: Selector, task: Task, plot: Path | None = None) -> dict[str, Any]:
    """Return, for the task's functions and for functions about unseen facts, what a margin tells.

    Args:
        plot: PNG file for the ROC curves; None draws nothing.

    Returns:
        For each kind `cases`, `auc`, and for each share of false alarms (steps with a right
        candidate that would be given away) `abstain_below` in nats and `caught`, the share of the
        steps without one.
    """
    unseen = vocabularies()['unseen facts, near wordings']
    kinds = {
        'task': manuals.stream(task, SEED + 2, STATES),
        'unseen_facts_near': reading.stream(unseen, SEED + 2, STATES, level='apart'),
    }
    margins = {k: _margins(selector, itertools.islice(s, SETS)) for k, s in kinds.items()}
    if plot is not None:
        _draw(margins, plot)
    return {kind: _figures(*pair) for kind, pair in margins.items()}


def _margins(selector: Selector, sets: Iterable[ExampleSet]) -> tuple[np.ndarray, np.ndarray]:
    """Return the margins with the right candidate there, and with it missing."""
    there: list[float] = []
    missing: list[float] = []
    for made in sets:
        if len(made.entries) < 3 or any(e.when_to_use in OTHERWISE for e in made.entries):
            continue
        for example in made.examples:
            others = [e for e in made.entries if e.name != example.answer]
            for entries, margins in ((made.entries, there), (others, missing)):
                margin = selector.select(made.rules, entries, example.facts).margin
                assert margin is not None
                margins.append(margin)
    return np.array(there), np.array(missing)


def _figures(there: np.ndarray, missing: np.ndarray) -> dict[str, Any]:
    from scipy.stats import mannwhitneyu

    thresholds = {}
    for share in FALSE_ALARMS:
        least = float(np.quantile(there, share))
        caught = float((missing < least).mean())
        thresholds[f'{share:g}'] = {'abstain_below': least, 'caught': caught}
    auc = float(mannwhitneyu(there, missing).statistic / (len(there) * len(missing)))
    return {'cases': len(there), 'auc': auc, 'at_false_alarms': thresholds}


def _draw(margins: dict[str, tuple[np.ndarray, np.ndarray]], path: Path) -> None:
    from ld_agent.plot_board import INK, MUTED
    from ld_agent.plots import figure_file

    with figure_file(path, (4.6, 4.4)) as figure:
        axes = figure.add_axes((0.14, 0.12, 0.82, 0.8))
        for kind, (there, missing) in margins.items():
            at = np.sort(np.concatenate([there, missing, [np.inf]]))
            alarms = np.searchsorted(np.sort(there), at) / len(there)
            caught = np.searchsorted(np.sort(missing), at) / len(missing)
            auc = _figures(there, missing)['auc']
            axes.plot(alarms, caught, label=f'{kind.replace("_", " ")} (AUC {auc:.3f})')
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle=':')
        axes.set_xlabel('given away although a candidate fits', color=INK)
        axes.set_ylabel('given away where none fits', color=INK)
        axes.set_title('Does the margin tell that no candidate fits?')
        axes.legend(loc='lower right', frameon=False)
