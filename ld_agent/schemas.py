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
"""Writes the JSON Schemas of the messages into `config/schema/` (`python -m ld_agent.schemas`).

They are derived from the models in `messages.py`, which alone validate.
"""

from __future__ import annotations

import json
from pathlib import Path

from ld_agent.messages import TOPICS


def schema_texts() -> dict[str, str]:
    """Return file name → text, one a topic."""
    return {
        f'{topic}.schema.json': json.dumps(model.model_json_schema(), indent=2) + '\n'
        for topic, model in TOPICS.items()
    }


if __name__ == '__main__':
    folder = Path(__file__).resolve().parent.parent / 'config' / 'schema'
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schema_texts().items():
        (folder / name).write_text(text, encoding='utf-8')
