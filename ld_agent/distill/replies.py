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
"""Reads what a teacher replied: a JSON object, or blocks of Python. Judges nothing in them."""

from __future__ import annotations

import json
import re
from typing import TypeVar

from ld_agent.errors import LdAgentError
from pydantic import BaseModel, ValidationError

MOST_CHARACTERS = 200_000
_FENCE = re.compile(
    r'^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)(?:^[ \t]*```|\Z)', re.DOTALL | re.MULTILINE
)
_Model = TypeVar('_Model', bound=BaseModel)


class ReplyUnreadable(LdAgentError):
    """A reply does not hold what was asked for; lists why."""

    def __init__(self, faults: list[str]):
        self.faults = faults
        super().__init__('\n'.join(faults))


def json_in(text: str) -> dict:
    """Return the JSON object in a reply: of its ```json block, else of all of it.

    Raises:
        ReplyUnreadable: there is none, or it is not valid.
    """
    fenced = [body for language, body in _blocks(text) if language == 'json']
    if len(fenced) > 1:
        raise ReplyUnreadable(['it holds several ```json blocks; send one'])
    body = fenced[0] if fenced else text[text.find('{') : text.rfind('}') + 1]
    if not body.strip():
        raise ReplyUnreadable(['it holds no JSON object; send one in a ```json block'])
    try:
        read = json.loads(body)
    except json.JSONDecodeError as error:
        raise ReplyUnreadable(
            [f'its JSON is not valid: {error.msg} (line {error.lineno}, column {error.colno})']
        ) from None
    except (RecursionError, ValueError):
        raise ReplyUnreadable(['its JSON cannot be read; write it simpler']) from None
    if not isinstance(read, dict):
        raise ReplyUnreadable([f'its JSON is a {type(read).__name__}, an object was asked for'])
    hidden = hidden_characters(json.dumps(read, ensure_ascii=False))
    if hidden:
        raise ReplyUnreadable(hidden)
    return read


def model_in(text: str, model: type[_Model]) -> _Model:
    """Return the JSON object in a reply as `model`.

    Raises:
        ReplyUnreadable: there is none, or it does not fit.
    """
    try:
        return model.model_validate(json_in(text))
    except ValidationError as error:
        raise ReplyUnreadable(
            [f'{".".join(map(str, e["loc"])) or "the object"}: {e["msg"]}' for e in error.errors()]
        ) from None


def python_in(text: str) -> list[str]:
    """Return the Python blocks of a reply; one that breaks off is returned as far as it goes."""
    return [
        body.rstrip() + '\n' for language, body in _blocks(text) if language in ('python', 'py')
    ]


def hidden_characters(text: str) -> list[str]:
    """Return what a person who reads a reply would not see of it."""
    found = {c for c in text if c != '\n' and not c.isprintable()}
    if not found:
        return []
    return [f'it holds {", ".join(sorted(map(ascii, found)))}; write visible characters only']


def _blocks(text: str) -> list[tuple[str, str]]:
    return [(m.group(1).lower(), m.group(2)) for m in _FENCE.finditer(text[:MOST_CHARACTERS])]
