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
"""How a sentence is shown to the student; the same at run time and in training."""

from ld_agent.sentences.language import HEAD
from ld_agent.sentences.slips import corrected

RULES = 'Write when the cell (x, y) is closed.\n'


def render_sentence(sentence: str) -> str:
    """Return a sentence, slips put right and on one line, with the head of its function."""
    return f'Sentence: {" ".join(corrected(sentence).split())}\n{HEAD}'
