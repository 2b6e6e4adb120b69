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
"""Functions that mean harm (`hostile_functions.yaml`), on every way that a function can come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import time

from hostile import Bait, CELLS, CORPUS, EACH, function, GOOD, SECRET, TYPE
from ld_agent.agent import Agent
from ld_agent.errors import FunctionFailed, LdAgentError, SandboxFailed
from ld_agent.executor import Executor
from ld_agent.guard import GuardMode
from ld_agent.messages import FunctionUpdate, State
from ld_agent.players import find_task
from ld_agent.sandbox import CALL_SECONDS
from ld_agent.selector import Selection
import pytest

MOST_SECONDS = 8 * CALL_SECONDS
TASK = find_task(None)
AT_ONCE, LATER, AT_A_STEP = 'at once', 'on a whole board', 'at a step'
CONDITIONS = {AT_ONCE: 'False', LATER: 'len(cells[0]) < 3', AT_A_STEP: 'not state'}
"""When a function is still harmless, so that it strikes at loading, when let in, or in a step."""


@pytest.fixture(scope='module')
def bait(tmp_path_factory) -> Iterator[Bait]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('LD_AGENT_SECRET', SECRET)
        made = Bait(tmp_path_factory.mktemp('bait'))
        yield made
        made.server.close()


@pytest.fixture(scope='module')
def executor() -> Iterator[Executor]:
    made = Executor(TASK.tools)
    yield made
    made.close()


def test_the_corpus_is_large_and_of_every_kind():
    assert len(EACH) >= 100
    assert set(CORPUS) >= {
        'files', 'network', 'processes', 'introspection', 'memory', 'time', 'recursion',
        'output', 'exceptions', 'wrong types',
    }  # fmt: skip


@pytest.mark.parametrize(('group', 'name'), EACH)
def test_past_all_checks_of_the_text_it_fails_in_time_and_nothing_gets_out(
    group, name, bait, executor, capfd
):
    begun = time.monotonic()
    with pytest.raises(FunctionFailed) as caught:
        executor.run(function(bait.body(group, name)), TYPE, CELLS, {})
    assert time.monotonic() - begun < MOST_SECONDS
    said = str(caught.value)
    assert not isinstance(caught.value, SandboxFailed)
    assert SECRET not in said
    assert len(said) < 500 and said.isprintable()
    bait.check()
    assert executor.run(GOOD, TYPE, CELLS, {})[0][0] == [2, 0]
    assert capfd.readouterr() == ('', '')


def update(body: str, harmless: str, name: str = 'hostile_keepout') -> FunctionUpdate:
    """Return the message that adds a function which does `body` unless it is still `harmless`."""
    lines = ''.join(f'    {line}\n' for line in body.splitlines())
    source = f'''
def {name}(cells: {TYPE}, state: dict) -> {TYPE}:
    """Drop cells.

    Stage: filter
    When to use: the closed area is hostile
    Rule: closed_area == 'hostile'
    Example:
        >>> {name}([[[1, 1], [2, 2]]], {{}})
        [[[1, 1], [2, 2]]]
    """
    if {harmless}:
        return cells
{lines.replace('f(cells, state)', f'{name}(cells, state)')}'''
    return FunctionUpdate(action='add', name=name, source=source)


def hostile_first(stage, functions, facts) -> Selection:
    """Select the hostile function where there is one, else what needs no thought."""
    names = [f.name for f in functions]
    wanted = ('hostile_keepout', 'list_moves', 'keep_all', 'straight_distance', 'approach')
    name = next(n for n in wanted if n in names)
    return Selection(name, tuple(names), tuple(0.0 for _ in names), 0.0, 0.0)


STATE = State(
    task='pursuit', episode=0, seed=1, step=0, stamp=0.0, deadline=2.0,
    observation={'width': 12, 'height': 7, 'moves': 'exact', 'evader': [6, 3], 'walls': [],
                 'pursuers': [[1, 3], [2, 2], [3, 1]]},
)  # fmt: skip


def safe(moves: Sequence[tuple[int, int]]) -> bool:
    seen = STATE.observation
    return len(moves) == 3 and all(
        abs(x - a) + abs(y - b) == 2 and 0 <= x < seen['width'] and 0 <= y < seen['height']
        for (x, y), (a, b) in zip(moves, seen['pursuers'], strict=True)
    )


@pytest.fixture(scope='module')
def agent() -> Iterator[Agent]:
    made = Agent(TASK, hostile_first, 'hostile first', GuardMode.ON)
    yield made
    made.close()


@pytest.mark.parametrize('group', CORPUS)
@pytest.mark.parametrize('strikes', CONDITIONS)
def test_published_it_is_refused_or_struck_out_and_every_step_has_safe_moves(
    strikes, group, agent, bait
):
    refused = failed = 0
    for name in CORPUS[group]:
        message = update(bait.body(group, name), CONDITIONS[strikes])
        begun = time.monotonic()
        try:
            agent.update(message)
        except LdAgentError as error:
            refused += 1
            assert SECRET not in str(error)
        else:
            decision = agent.decide(STATE)
            notes = [stage.note for stage in decision.trace if stage.note]
            failed += bool(notes)
            assert SECRET not in decision.model_dump_json()
            assert safe(decision.moves)
            assert notes, f'{name} did its work unnoticed'
        assert time.monotonic() - begun < MOST_SECONDS
        agent.update(FunctionUpdate(action='remove', name='hostile_keepout'))
    bait.check()
    assert refused + failed == len(CORPUS[group])
    if strikes == AT_ONCE:
        assert failed == 0
    if strikes != AT_ONCE and group in ('memory', 'time', 'exceptions', 'wrong types'):
        assert failed > refused
    decision = agent.decide(STATE)
    assert [stage.note for stage in decision.trace if stage.note] == []


def test_a_function_that_is_twice_out_of_time_does_not_run_a_third_time():
    agent = Agent(TASK, hostile_first, 'hostile first', GuardMode.ON)
    try:
        agent.update(update('while True:\n    pass', CONDITIONS[AT_A_STEP]))
        for _ in range(2):
            assert agent.quarantined == ()
            assert any('time limit' in stage.note for stage in agent.decide(STATE).trace)
        assert len(agent.quarantined) == 1
        assert any('in quarantine' in stage.note for stage in agent.decide(STATE).trace)
        agent.update(FunctionUpdate(action='remove', name='hostile_keepout'))
        assert agent.quarantined == ()
        assert not any(stage.note for stage in agent.decide(STATE).trace)
    finally:
        agent.close()


TEXTS = {
    'brackets': 'x = ' + '(' * 50_000 + ')' * 50_000,
    'signs': 'x = ' + '-' * 90_000 + '1',
    'additions': 'x = ' + '1+' * 40_000 + '1',
    'indices': 'x = a' + '[0]' * 30_000,
    'blocks': ''.join(' ' * i + 'if 1:\n' for i in range(120)),
    'zero byte': 'x = 1\0',
    'much': 'x = 1\n' * 2_000_000,
    'no end': 'x = """',
    'odd characters': 'x = "\u202e\u2066"; \u0435val("1")',
    'other encoding': '# coding: rot13\nvzcbeg bf',
}


@pytest.mark.parametrize('text', TEXTS)
def test_a_text_that_is_made_to_break_the_reader_is_refused_in_one_sentence(text, agent):
    message = update('return cells', 'False')
    with pytest.raises(LdAgentError, match=r'hostile_keepout.* is refused') as caught:
        agent.update(message.model_copy(update={'source': message.source + '\n' + TEXTS[text]}))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize('rule', ['not ' * 20_000 + 'True', '(' * 5_000, '\0', '9 ** 9 ** 9'])
def test_a_rule_that_is_made_to_break_the_reader_is_refused(rule, agent):
    message = update('return cells', 'False')
    source = message.source.replace("closed_area == 'hostile'", rule)
    with pytest.raises(LdAgentError, match='is refused'):
        agent.update(message.model_copy(update={'source': source}))
