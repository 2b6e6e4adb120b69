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
"""The teacher against a real server of the protocol: `transformers serve` with the small model."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from urllib.error import URLError
from urllib.request import urlopen

from ld_agent.errors import TeacherError
from ld_agent.student.fetch import fetch_model
from ld_agent.teacher import Endpoint, Teacher
import pytest

pytestmark = pytest.mark.train
pytest.importorskip('openai', reason='the client comes with the extra .[large]')
transformers = pytest.importorskip('transformers', reason='the extra .[train] brings transformers')
pytest.importorskip('fastapi', reason='`transformers serve` needs transformers[serving]')
pytest.importorskip('uvicorn', reason='`transformers serve` needs transformers[serving]')

START_SECONDS = 120
MESSAGES = [{'role': 'user', 'content': 'What is the capital of France? One word.'}]


@pytest.fixture(scope='module')
def served(tmp_path_factory):
    """The small model behind `transformers serve`: (base URL, folder of the model)."""
    folder = tmp_path_factory.mktemp('served') / 'model'
    source = fetch_model('smollm2')
    where = {'pretrained_model_name_or_path': source.parent, 'gguf_file': source.name}
    transformers.AutoTokenizer.from_pretrained(**where).save_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(**where, dtype='bfloat16')
    model.save_pretrained(folder)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    program = 'from transformers.commands.transformers_cli import main; main()'
    log = (folder.parent / 'log').open('w+')
    server = subprocess.Popen(
        [sys.executable, '-c', program, 'serve', '--host', '127.0.0.1', '--port', str(port),
         '--device', 'cpu'],
        stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        end = time.monotonic() + START_SECONDS
        while not _answers(f'http://127.0.0.1:{port}/health'):
            log.seek(0)
            assert server.poll() is None and time.monotonic() < end, log.read()
            time.sleep(0.2)
        yield f'http://127.0.0.1:{port}/v1', str(folder)
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def _answers(url: str) -> bool:
    try:
        return urlopen(url, timeout=2).status == 200
    except (URLError, OSError):
        return False


def test_a_served_model_answers_and_is_not_asked_twice(served, tmp_path, monkeypatch):
    monkeypatch.setenv('LD_AGENT_CACHE', str(tmp_path))
    base_url, model = served
    teacher = Teacher(Endpoint(base_url, model))
    reply = teacher.ask(MESSAGES, 8)
    assert 'Paris' in reply.text
    assert not reply.cached
    gone = Teacher(Endpoint('http://127.0.0.1:1/v1', model), attempts=1)
    again = gone.ask(MESSAGES, 8)
    assert (again.text, again.cached, again.cost) == (reply.text, True, 0.0)
    with pytest.raises(TeacherError, match='does not answer'):
        gone.ask(MESSAGES, 9)


def test_the_method_large_plays_a_step_with_a_served_model(served, tmp_path, monkeypatch):
    from ld_agent.episodes import play
    from ld_agent.players import make_agent
    from ld_agent.worlds import open_world

    base_url, model = served
    for name, value in (('BASE_URL', base_url), ('MODEL', model)):
        monkeypatch.setenv(f'LD_AGENT_LARGE_{name}', value)
    monkeypatch.setenv('LD_AGENT_CACHE', str(tmp_path))
    player = make_agent('large', guard='on')
    world = open_world('pursuit', 'flee', '20x20', 'exact', '', '')
    decision = next(play(player, world, 1))
    player.close()
    (trace,) = decision.trace
    assert (decision.method, trace.stage) == ('large', 'moves')
    assert trace.selected and trace.usage['cached'] == 0.0
    assert world.outcome()['violations'] == 0
