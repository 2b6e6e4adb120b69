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
"""How the two sides of a retrieval are put into words: a query, and a function's document.

Training, the retriever and its benchmark all render here. Knows nothing about tokens or models.
"""

from __future__ import annotations

from collections.abc import Mapping
import re

from ld_agent import prompt

_WORD_ENDS = re.compile(r'(?<=[a-z0-9])(?=[A-Z])|[_.]+')


def render_query(rules: str, facts: Mapping[str, str]) -> str:
    """Return the query of a stage in a state (paper, equation 2: rules, stage, state)."""
    state = prompt.render_state(facts).removesuffix('->')
    return ' '.join(f'{prompt.render_rules(rules)}{state}'.split())


def render_document(entry: prompt.Entry) -> str:
    """Return what the function encoder reads of a function: the same block as the student."""
    block, _, _ = prompt.render_block(entry).rpartition('->')
    return ' '.join(f'{spaced(entry.name)}: {block}'.split())


def spaced(name: str) -> str:
    """Return an identifier as words: `kestrel_keepout` and `getUser.byId` have two and three."""
    return ' '.join(_WORD_ENDS.sub(' ', name).split())
