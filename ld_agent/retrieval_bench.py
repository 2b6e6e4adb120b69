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
"""`ld-agent bench retrieval`: recall, the cost of retrieval and selection, cost against size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ld_agent.function_base import find_task, Task
from ld_agent.function_check import installed_bases
from ld_agent.retrieval.costs import selection_costs, size_costs, SIZES
from ld_agent.retrieval.foreign import read_foreign
from ld_agent.retrieval.index import FLAT_UP_TO, require_faiss
from ld_agent.retrieval.prepare import prepare_encoders, shipped_adapter
from ld_agent.retrieval.recall import build_base, compare, Remembered
from ld_agent.selector import Selector


def retrieval_report(
    selector: Selector,
    task: Task,
    tell: Callable[[str], None],
    most: int = SIZES[-1],
    png: Path | None = None,
) -> dict[str, Any]:
    """Measure the retriever that ships.

    Args:
        most: largest base for the cost against size.
        png: draw that cost here.

    Raises:
        LdAgentError: FAISS, `bm25s` or `bfcl-eval` is not installed.
    """
    require_faiss()
    foreign = read_foreign()
    others = [find_task(folder) for folder in installed_bases() if folder.name != task.name]
    dpr = Remembered(prepare_encoders(shipped_adapter()))
    untuned = Remembered(prepare_encoders(None))
    base = build_base(task, foreign, others=others)
    tell('selections')
    selections = selection_costs(selector, task, dpr, base)
    sizes = size_costs(dpr.functions(base.documents), tell, most)
    if png is not None:
        draw_sizes(sizes, png)
    recalls = compare(task, {'minilm untuned': untuned, 'dpr': dpr}, tell, others=others)
    return {'recall': recalls, 'selection': selections, 'size': sizes}


def draw_sizes(rows: list[dict[str, Any]], png: Path) -> None:
    """Draw milliseconds of a search against the number of functions, flat and HNSW."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout='constrained')
    axes = figure.subplots()
    sizes = [row['functions'] for row in rows]
    for kind, name in (('flat', 'flat (exact)'), ('hnsw', 'HNSW')):
        axes.plot(sizes, [row[f'{kind}_ms'] for row in rows], marker='o', label=name)
    axes.axvline(FLAT_UP_TO, color='grey', linestyle=':', label='flat up to here')
    axes.set_xscale('log')
    axes.set_yscale('log')
    axes.set_xlabel('functions in the base')
    axes.set_ylabel('one search, ms')
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(png, dpi=120)
