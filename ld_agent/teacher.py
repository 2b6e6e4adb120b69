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
"""A large model behind any OpenAI-compatible endpoint: asked, asked again, and remembered.

Where it is stands in the environment; a reply is kept on disk by model and messages, so that a
run that broke off goes on without asking, and paying, twice. Knows nothing about tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
import errno
import hashlib
import importlib
import json
import logging
import os
from pathlib import Path
from typing import Any

from ld_agent.errors import TeacherError
from ld_agent.student.cache import cache_folder

_log = logging.getLogger(__name__)
_AT = 'LD_AGENT_LARGE_'
ATTEMPTS = 6
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
"""Seconds before the second attempt, doubled for each further one."""
TIMEOUT = 120.0
"""Seconds without a sign of the endpoint."""

_PASSING_STATUS = (408, 409, 429)

Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Endpoint:
    """Where a large model is, and what it costs.

    Attributes:
        prompt_price, completion_price: money a million tokens; None where it is not known.
    """

    base_url: str
    model: str
    api_key: str = ''
    prompt_price: float | None = None
    completion_price: float | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Endpoint:
        """Read LD_AGENT_LARGE_BASE_URL, _MODEL, _API_KEY, _PROMPT_PRICE, _COMPLETION_PRICE.

        Raises:
            TeacherError: base URL or model is missing, or a price is no number.
        """
        missing = [name for name in ('BASE_URL', 'MODEL') if not environment.get(_AT + name)]
        if missing:
            raise TeacherError(
                f'no large model is configured: set {" and ".join(_AT + m for m in missing)} '
                f'(and {_AT}API_KEY where the endpoint wants a key)'
            )
        return cls(
            environment[f'{_AT}BASE_URL'],
            environment[f'{_AT}MODEL'],
            environment.get(f'{_AT}API_KEY', ''),
            _price(environment, 'PROMPT_PRICE'),
            _price(environment, 'COMPLETION_PRICE'),
        )

    @staticmethod
    def is_configured(environment: Mapping[str, str] = os.environ) -> bool:
        """Tell whether the environment names an endpoint, be it in part."""
        return any(environment.get(_AT + name) for name in ('BASE_URL', 'MODEL'))

    def cost(self, prompt_tokens: int | None, completion_tokens: int | None) -> float | None:
        """Return what tokens cost; None where a price or a count is not known."""
        if prompt_tokens is None or completion_tokens is None:
            return None
        if self.prompt_price is None or self.completion_price is None:
            return None
        spent = prompt_tokens * self.prompt_price + completion_tokens * self.completion_price
        return spent / 1e6


@dataclass(frozen=True)
class Reply:
    """What a large model answered.

    Attributes:
        prompt_tokens, completion_tokens: None where the endpoint does not tell.
        cached: it was asked in an earlier call, and cost nothing now.
        cost: of this call; None where a price or a count is not known.
    """

    text: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cached: bool
    cost: float | None

    def usage(self) -> dict[str, float]:
        """Return what is known of tokens and cost, as numbers."""
        return {
            name: float(value)
            for name, value in asdict(self).items()
            if name != 'text' and value is not None
        }


class Teacher:
    """Asks one endpoint; needs the extra `large`.

    Args:
        timeout: seconds without a sign of the endpoint, after which it is asked again.
        first_wait: seconds before the second attempt; doubled for each further one.
        attempts: how often a question is put before it is given up.

    Raises:
        TeacherError: the extra is not installed.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout: float = TIMEOUT,
        first_wait: float = FIRST_WAIT,
        attempts: int = ATTEMPTS,
    ) -> None:
        try:
            import openai
            import tenacity
        except ImportError as error:
            raise TeacherError(
                f'{error.name} is not installed, so no large model can be asked; install '
                'ld_agent with `pip install ".[large]"`'
            ) from None
        self.endpoint = endpoint
        self.timeout = timeout
        self._openai = openai
        # The attempts are counted here and not in the client, which knows only those that fail
        # before the first token.
        self._client = openai.OpenAI(
            base_url=endpoint.base_url, api_key=endpoint.api_key or 'none', timeout=timeout,
            max_retries=0,
        )  # fmt: skip
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Passing),
            stop=tenacity.stop_after_attempt(attempts),
            wait=tenacity.wait_exponential(first_wait, max=LONGEST_WAIT),
            before_sleep=lambda state: _log.warning(
                'the large model did not answer (%s); attempt %d of %d follows',
                state.outcome and state.outcome.exception(), state.attempt_number + 1, attempts,
            ),
            reraise=True,
        )  # fmt: skip

    def ask(self, messages: Messages, most_tokens: int) -> Reply:
        """Return the answer to `messages` (role and content each), at temperature 0.

        Raises:
            TeacherError: the endpoint refuses the question, no attempt came through, or replies
                cannot be kept.
        """
        kept = self._file(messages, most_tokens)
        _make_room(kept.parent)
        reply = _read(kept)
        if reply is not None:
            return reply
        try:
            text, counts = self._retrying(self._ask, messages, most_tokens)
        except _Passing as error:
            raise TeacherError(
                f'the large model at {self.endpoint.base_url} does not answer ({error}); look '
                f'whether it runs, and at {_AT}BASE_URL; what was answered so far is kept'
            ) from None
        reply = Reply(text, *counts, cached=False, cost=self.endpoint.cost(*counts))
        _write(kept, {'model': self.endpoint.model, 'messages': list(messages)}, reply)
        return reply

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _ask(
        self, messages: Messages, most_tokens: int
    ) -> tuple[str, tuple[int | None, int | None]]:
        """Put the question once, streamed: so a time-out means silence and not a long answer."""
        api = self._openai
        try:
            stream = self._client.chat.completions.create(
                model=self.endpoint.model, messages=list(messages), temperature=0.0,
                max_tokens=most_tokens, stream=True, stream_options={'include_usage': True},
            )  # fmt: skip
            text, counts, ended = '', (None, None), False
            for chunk in stream:
                for choice in chunk.choices:
                    text += choice.delta.content or ''
                    ended = ended or choice.finish_reason is not None
                if chunk.usage is not None:
                    counts = (chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        except api.APIStatusError as error:
            if error.status_code in _PASSING_STATUS or error.status_code >= 500:
                raise _Passing(f'status {error.status_code}') from error
            raise TeacherError(
                f'the large model at {self.endpoint.base_url} refuses the question (status '
                f'{error.status_code}: {str(error)[:200]}); look at {_AT}MODEL and {_AT}API_KEY'
            ) from None
        except (api.APIError, *_transport_errors()) as error:
            raise _Passing(f'{type(error).__name__}: {error}') from error
        if not ended:
            raise _Passing('the answer broke off')
        return text, counts

    def _file(self, messages: Messages, most_tokens: int) -> Path:
        asked = [self.endpoint.model, most_tokens, [dict(message) for message in messages]]
        key = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
        return cache_folder() / 'teacher' / key[:2] / f'{key}.json'


class _Passing(Exception):
    """What may be gone at the next attempt."""


def _transport_errors() -> tuple[type[Exception], ...]:
    """Return the errors of a connection that breaks within an answer, of either transport that
    the client may use.
    """  # noqa: D205
    found: list[type[Exception]] = [json.JSONDecodeError]
    for name in ('httpx', 'httpx2'):
        try:
            found.append(importlib.import_module(name).HTTPError)
        except ImportError:
            continue
    return tuple(found)


def _price(environment: Mapping[str, str], name: str) -> float | None:
    text = environment.get(_AT + name)
    if not text:
        return None
    try:
        price = float(text)
    except ValueError:
        price = -1.0
    if not 0.0 <= price < float('inf'):
        raise TeacherError(
            f'{_AT}{name} is {text!r}; give the price of a million tokens as a number, or unset it'
        )
    return price


def _read(file: Path) -> Reply | None:
    try:
        kept: dict[str, Any] = json.loads(file.read_text(encoding='utf-8'))['reply']
        return replace(Reply(**kept), cached=True, cost=0.0)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        _log.warning('%s is damaged (%s), so the question is asked again', file, error)
        return None


def _make_room(folder: Path) -> None:
    """Make sure that a reply can be kept, before it is paid for."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _cannot_keep(folder, error) from None


def _write(file: Path, question: Mapping[str, Any], reply: Reply) -> None:
    try:
        part = file.with_suffix(f'.{os.getpid()}.part')
        text = json.dumps({**question, 'reply': asdict(reply)}, indent=1)
        part.write_text(text + '\n', encoding='utf-8')
        part.replace(file)
    except OSError as error:
        raise _cannot_keep(file.parent, error) from None


def _cannot_keep(folder: Path, error: OSError) -> TeacherError:
    return TeacherError(
        f'{folder}: replies cannot be kept ({error.strerror}); make room there, or set '
        'LD_AGENT_CACHE to a folder that can be written'
    )
