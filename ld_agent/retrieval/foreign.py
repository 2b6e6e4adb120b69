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
"""Functions and user queries that nobody here wrote: those of the package `bfcl-eval`.

The data of the Berkeley Function Calling Leaderboard (Apache-2.0), read from the installed
package and never copied. Split by category: the retriever is trained on some categories and
measured on the others, with no function name and no query in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
import json
from pathlib import Path
from typing import Any

from ld_agent.errors import LdAgentError
from ld_agent.retrieval.words import spaced

PACKAGE = 'bfcl-eval'
TRAINED = (
    'simple_python', 'simple_java', 'simple_javascript',
    'multiple', 'parallel', 'parallel_multiple',
)  # fmt: skip
"""Categories that the leaderboard's authors made; trained on."""
REPORTED = ('live_simple', 'live_multiple', 'live_parallel', 'live_parallel_multiple')
"""Categories that users of a public service contributed; measured on, never trained on."""
_DISTRACTING = ('irrelevance', 'live_irrelevance', 'live_relevance')


@dataclass(frozen=True)
class ForeignQuery:
    """What a user asked, and the one function that answers it.

    Attributes:
        function: index of the function's document.
        offered: indices of all documents that the leaderboard offers with this query.
    """

    text: str
    function: int
    offered: tuple[int, ...]


@dataclass(frozen=True)
class Foreign:
    """Documents, and the queries of both sides of the split.

    Attributes:
        names: name of each document's function; a name may have several documents.
        documents: what the function encoder reads of each, all different.
    """

    names: tuple[str, ...]
    documents: tuple[str, ...]
    trained: tuple[ForeignQuery, ...]
    reported: tuple[ForeignQuery, ...]


def read_foreign() -> Foreign:
    """Read the installed package.

    Queries that need several functions are left out.

    Raises:
        LdAgentError: it is not installed, or holds other files.
    """
    folder = _data_folder()
    documents: dict[str, int] = {}
    names: list[str] = []
    queries: dict[str, list[ForeignQuery]] = {}
    try:
        for category in (*TRAINED, *REPORTED, *_DISTRACTING):
            answers = _answers(folder, category)
            for row in _rows(folder / f'BFCL_v4_{category}.json'):
                here = {}
                for function in row['function']:
                    text = _document(function)
                    if text not in documents:
                        documents[text] = len(names)
                        names.append(function['name'])
                    here[function['name']] = documents[text]
                right = answers.get(row['id'], set())
                if len(right) == 1:
                    said = [turn['content'] for turn in row['question'][0]]
                    asked = ForeignQuery(said[-1], here[right.pop()], tuple(here.values()))
                    queries.setdefault(category, []).append(asked)
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise LdAgentError(
            f'{folder}: other data than {PACKAGE}==2026.3.23 has ({type(error).__name__}: '
            f'{error}); install that version with --no-deps'
        ) from None
    reported = [q for category in REPORTED for q in queries[category]]
    shown = {names[i] for q in reported for i in q.offered}
    texts = {q.text for q in reported}
    trained = [
        q
        for category in TRAINED
        for q in queries[category]
        if q.text not in texts and not shown & {names[i] for i in q.offered}
    ]
    return Foreign(tuple(names), tuple(documents), tuple(trained), tuple(reported))


def _data_folder() -> Path:
    try:
        return Path(str(metadata.distribution(PACKAGE).locate_file('bfcl_eval/data')))
    except metadata.PackageNotFoundError:
        raise LdAgentError(
            f'the package {PACKAGE} is not installed, whose functions and queries are needed; '
            f'install it with `pip install --no-deps {PACKAGE}` (its own needs are not used)'
        ) from None


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding='utf-8').splitlines():
        yield json.loads(line)


def _answers(folder: Path, category: str) -> dict[str, set[str]]:
    """Return query → names of the functions that answer it."""
    if category in _DISTRACTING:
        return {}
    rows = _rows(folder / 'possible_answer' / f'BFCL_v4_{category}.json')
    return {row['id']: {name for call in row['ground_truth'] for name in call} for row in rows}


def _document(function: dict[str, Any]) -> str:
    """Return a function's name, purpose and parameters as text."""
    properties = function['parameters'].get('properties', {})
    parts = [f'{spaced(name)}: {says.get("description", "")}' for name, says in properties.items()]
    return ' '.join(
        f'{spaced(function["name"])}: {function["description"]} {" ".join(parts)}'.split()
    )
