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
"""The teacher's client against a scripted server: what is asked again, kept, counted, refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import threading
import time

from ld_agent.errors import TeacherError
from ld_agent.large import LargeWriting
from ld_agent.teacher import Endpoint, Teacher
import pytest

pytest.importorskip('openai', reason='the client comes with the extra .[large]')

MESSAGES = [{'role': 'user', 'content': 'Where to?'}]
Act = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def scripted(*acts: Act) -> Iterator[tuple[str, list[dict]]]:
    """Serve one act a request, the last one for ever; give the address and what was asked."""
    asked: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers['Content-Length']))
            asked.append({**json.loads(body), 'key': self.headers['Authorization']})
            acts[min(len(asked), len(acts)) - 1](self)

        def log_message(self, *arguments) -> None:
            pass

    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f'http://127.0.0.1:{server.server_port}/v1', asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(*parts: str, usage: bool = True, ends: bool = True) -> Act:
    """Stream an answer."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header('Content-Type', 'text/event-stream')
        handler.end_headers()
        choices = [{'index': 0, 'delta': {'content': p}, 'finish_reason': None} for p in parts]
        if ends:
            choices.append({'index': 0, 'delta': {}, 'finish_reason': 'stop'})
        lines = [{'choices': [choice]} for choice in choices]
        if usage:
            counts = {'prompt_tokens': 40, 'completion_tokens': 10, 'total_tokens': 50}
            lines.append({'choices': [], 'usage': counts})
        for line in lines:
            chunk = {'id': '1', 'object': 'chat.completion.chunk', 'created': 0, 'model': 'm'}
            handler.wfile.write(f'data: {json.dumps(chunk | line)}\n\n'.encode())
        if ends:
            handler.wfile.write(b'data: [DONE]\n\n')

    return act


def fails(status: int) -> Act:
    """Answer with an error."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header('Content-Length', '2')
        handler.end_headers()
        handler.wfile.write(b'{}')

    return act


def keeps_silent(handler: BaseHTTPRequestHandler) -> None:
    """Answer nothing until the client has gone."""
    time.sleep(1.0)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of its own for each test."""
    monkeypatch.setenv('LD_AGENT_CACHE', str(tmp_path))
    return tmp_path


def teacher(base_url: str, **options) -> Teacher:
    prices = {key: options.pop(key) for key in list(options) if key.endswith('price')}
    settings = {'first_wait': 0.01, 'attempts': 4, **options}
    return Teacher(Endpoint(base_url, 'm', 'secret', **prices), **settings)


def test_the_parts_of_an_answer_are_joined_and_its_tokens_and_cost_told():
    with scripted(says('1,2 ', '3,4')) as (url, asked):
        reply = teacher(url, prompt_price=2.0, completion_price=10.0).ask(MESSAGES, 64)
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens) == ('1,2 3,4', 40, 10)
    assert reply.cost == pytest.approx((40 * 2 + 10 * 10) / 1e6)
    assert (asked[0]['model'], asked[0]['messages'], asked[0]['temperature']) == ('m', MESSAGES, 0)
    assert (asked[0]['key'], asked[0]['max_tokens']) == ('Bearer secret', 64)


def test_without_prices_or_counts_the_cost_is_unknown_and_not_zero():
    with scripted(says('a'), says('b', usage=False)) as (url, _):
        assert teacher(url).ask(MESSAGES, 64).cost is None
        reply = teacher(url, prompt_price=2.0, completion_price=1.0).ask(MESSAGES, 65)
    assert (reply.prompt_tokens, reply.cost) == (None, None)
    assert reply.usage() == {'cached': 0.0}


@pytest.mark.parametrize(
    'first',
    [fails(500), fails(503), fails(429), says('half', ends=False), keeps_silent],
    ids=['500', '503', '429', 'broken off', 'silent'],
)
def test_what_passes_is_asked_again(first):
    with scripted(first, first, says('whole')) as (url, asked):
        assert teacher(url, timeout=0.4).ask(MESSAGES, 64).text == 'whole'
    assert len(asked) == 3


def test_the_waits_grow():
    times = []

    def busy(handler) -> None:
        times.append(time.monotonic())
        fails(503)(handler)

    with scripted(busy) as (url, _), pytest.raises(TeacherError):
        teacher(url, first_wait=0.1).ask(MESSAGES, 64)
    gaps = [b - a for a, b in zip(times, times[1:])]
    assert len(gaps) == 3
    assert all(gap >= 0.1 * 2**n for n, gap in enumerate(gaps))


@pytest.mark.parametrize('status', [400, 401, 404])
def test_what_is_refused_is_not_asked_again(status):
    with scripted(fails(status)) as (url, asked):
        with pytest.raises(TeacherError, match=f'refuses the question .status {status}'):
            teacher(url).ask(MESSAGES, 64)
    assert len(asked) == 1


def test_an_endpoint_that_never_answers_is_told_in_one_sentence():
    with pytest.raises(TeacherError) as caught:
        teacher('http://127.0.0.1:1/v1', attempts=2).ask(MESSAGES, 64)
    said = str(caught.value)
    assert 'http://127.0.0.1:1/v1 does not answer' in said
    assert 'LD_AGENT_LARGE_BASE_URL' in said and '\n' not in said and 'secret' not in said


def test_a_run_that_broke_off_goes_on_with_what_was_answered():
    questions = [[{'role': 'user', 'content': f'Step {n}'}] for n in range(4)]
    with scripted(says('0'), says('1'), fails(401)) as (url, asked):
        with pytest.raises(TeacherError):
            [teacher(url).ask(question, 64) for question in questions]
        assert len(asked) == 3
    with scripted(says('2'), says('3')) as (url, asked):
        replies = [teacher(url).ask(question, 64) for question in questions]
    assert [r.text for r in replies] == ['0', '1', '2', '3']
    assert [r.cached for r in replies] == [True, True, False, False]
    assert (replies[0].cost, replies[0].prompt_tokens) == (0.0, 40)
    assert [a['messages'] for a in asked] == questions[2:]


def test_another_model_or_message_is_another_question():
    with scripted(says('a')) as (url, asked):
        teacher(url).ask(MESSAGES, 64)
        Teacher(Endpoint(url, 'other')).ask(MESSAGES, 64)
        teacher(url).ask([{'role': 'user', 'content': 'Where  to?'}], 64)
    assert len(asked) == 3


def test_a_damaged_reply_is_told_and_asked_again(cache, caplog):
    with scripted(says('a'), says('b')) as (url, asked):
        teacher(url).ask(MESSAGES, 64)
        (file,) = (cache / 'teacher').rglob('*.json')
        file.write_text('{"reply": ')
        assert teacher(url).ask(MESSAGES, 64).text == 'b'
    assert 'is damaged' in caplog.text
    assert 'secret' not in file.read_text()


def test_nothing_is_asked_where_replies_cannot_be_kept(cache):
    (cache / 'teacher').write_text('in the way')
    with scripted(says('a')) as (url, asked):
        with pytest.raises(TeacherError, match='cannot be kept'):
            teacher(url).ask(MESSAGES, 64)
    assert asked == []


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'BASE_URL': ''}, 'set LD_AGENT_LARGE_BASE_URL'),
        ({'MODEL': ''}, 'set LD_AGENT_LARGE_MODEL'),
        ({'PROMPT_PRICE': 'cheap'}, "LD_AGENT_LARGE_PROMPT_PRICE is 'cheap'"),
        ({'COMPLETION_PRICE': '-1'}, "LD_AGENT_LARGE_COMPLETION_PRICE is '-1'"),
        ({'PROMPT_PRICE': 'nan'}, "LD_AGENT_LARGE_PROMPT_PRICE is 'nan'"),
    ],
)
def test_a_wrong_environment_gives_one_sentence(change, sentence):
    good = {'BASE_URL': 'http://host/v1', 'MODEL': 'm', 'PROMPT_PRICE': '0.5'}
    named = {f'LD_AGENT_LARGE_{key}': value for key, value in {**good, **change}.items()}
    with pytest.raises(TeacherError, match=sentence):
        Endpoint.from_environment(named)


def test_the_environment_names_endpoint_and_prices():
    named = {'BASE_URL': 'http://host/v1', 'MODEL': 'm', 'API_KEY': 'k', 'COMPLETION_PRICE': '8'}
    environment = {f'LD_AGENT_LARGE_{key}': value for key, value in named.items()}
    assert Endpoint.from_environment(environment) == Endpoint(
        'http://host/v1', 'm', 'k', completion_price=8.0
    )
    assert Endpoint.is_configured(environment) and not Endpoint.is_configured({})


def test_the_method_large_tells_rules_state_listed_cells_and_closed_areas():
    view = {'width': 14, 'height': 9, 'moves': 'exact', 'evader': [6, 3], 'walls': [],
            'pursuers': [[1, 3], [12, 2], [0, 0]], 'areas': {'heron': [[3, 3]]}}  # fmt: skip
    with scripted(says('3,3 12,4 1,1')) as (url, asked):
        answer = LargeWriting(teacher(url), 'Hunt the evader.')(view)
    system, user = (message['content'] for message in asked[0]['messages'])
    assert 'Hunt the evader.' in system and 'area heron' in system and 'x 3, y 3' in system
    assert 'pursuers are at 1,3 12,2 0,0' in user and 'Pursuer 3 can move to 0,2 1,1 2,0' in user
    assert answer.moves == ((3, 3), (12, 4), (1, 1))
    assert answer.trace[0].usage == {'prompt_tokens': 40, 'completion_tokens': 10, 'cached': 0}
