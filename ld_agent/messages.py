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
"""The JSON messages that cross the graph, validated once at the border.

One model a topic (`state`, `decision`, `functions`, `result`); the JSON Schemas in
`config/schema/` are derived from these. Knows nothing about ROS; cells are `(x, y)`,
zero-based, x to the east, y to the north.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from ld_agent.errors import MessageError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

Cell = tuple[int, int]


def _finite(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse NaN and infinity at any depth, which `allow_inf_nan` does not look for in `Any`."""
    json.dumps(value, allow_nan=False)
    return value


class Message(BaseModel):
    """A frozen message; unknown fields are ignored, so that newer senders are understood."""

    model_config = ConfigDict(frozen=True, extra='ignore', allow_inf_nan=False)


class State(Message):
    """What the world shows before a step, and once more with `done` after the last."""

    task: str
    episode: int = Field(ge=0)
    seed: int = Field(ge=0)
    step: int = Field(ge=0)
    done: bool = False
    stamp: float = Field(description='simulated time, seconds')
    deadline: float = Field(gt=0, description='wall-clock seconds the simulator waits')
    observation: Annotated[dict[str, Any], AfterValidator(_finite)]


class StageTrace(Message):
    """One selection: what the student saw, what it weighed, what came of it."""

    stage: str
    facts: dict[str, str] = Field(default={}, description='the state as shown to the student')
    candidates: list[str]
    scores: list[float] = Field(description='log-probability of each candidate (natural log)')
    probabilities: list[float] = []
    margin: float | None = Field(
        default=None, description='best minus second score; null with a single candidate'
    )
    selected: str
    result: Any = None
    ms: float = Field(ge=0, description='milliseconds of the selection alone')
    run_ms: float = Field(default=0.0, ge=0, description='milliseconds the function ran')
    note: str = Field(default='', description='what went wrong in this stage, if anything')
    abstained: bool = Field(
        default=False, description='the margin was too small: the guard gave the moves'
    )
    remembered: bool = Field(
        default=False, description='the scores are those of the same prompt before'
    )
    usage: dict[str, float] = Field(
        default={}, description='tokens and cost of a model behind an API'
    )


class Guarded(Message):
    """A part of a decision that the guard found illegal, and why."""

    pursuer: int | None = Field(default=None, description='number; null for an action')
    asked: Cell | str | None
    why: str
    replaced_by: Cell | str | None = None


class Decision(Message):
    """The answer to one `state`: moves or an action, with its trace."""

    task: str
    episode: int = Field(ge=0)
    step: int = Field(ge=0)
    method: str = 'ld'
    moves: list[Cell] | None = None
    action: str | None = None
    trace: list[StageTrace] = []
    guarded: list[Guarded] = []
    step_ms: float = Field(default=0.0, ge=0, description='milliseconds of the whole decision')


class FunctionUpdate(Message):
    """A function joins or leaves the base while the task runs."""

    action: Literal['add', 'remove']
    name: str = Field(pattern=r'^[a-z_][a-z0-9_]*$')
    stage: str = 'filter'
    source: str = ''
    manual: str = ''
    origin: str = ''
    expires_at_step: int | None = None
    checks: dict[str, str] = Field(default={}, description='check → what it found')


class Result(Message):
    """The outcome of an episode."""

    task: str
    method: str
    episode: int
    seed: int
    outcome: str = Field(pattern=r'^[a-z_]+$', description='one of the outcomes of the task')
    steps: int = Field(ge=0)
    violations: int = Field(ge=0)
    lost_turns: int = Field(ge=0)
    evader: str = Field(default='', description='policy of the evader, or of the opponent')
    scenario: str = ''


TOPICS: dict[str, type[Message]] = {
    'state': State,
    'decision': Decision,
    'functions': FunctionUpdate,
    'result': Result,
}

M = TypeVar('M', bound=Message)


def parse(model: type[M], text: str, topic: str) -> M:
    """Validate the JSON `text` received on `topic`.

    Raises:
        MessageError: one sentence that names the topic, the field and the fault.
    """
    try:
        return model.model_validate_json(text, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = '.'.join(str(part) for part in first['loc']) or 'the whole message'
        raise MessageError(
            f"'{topic}': {where}: {first['msg']} (got {text[:80]!r}); "
            f'the message was dropped, see config/schema/{topic}.schema.json for what fits'
        ) from None
