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
"""A base distilled from a scripted teacher: what is sent back, kept, resumed, and left behind."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
from zlib import crc32

from ld_agent.distill.run import Distillation
from ld_agent.errors import FunctionBaseError, LdAgentError, TeacherError
from ld_agent.executor import Executor
from ld_agent.function_base import load_task
from ld_agent.teacher import Endpoint, Teacher
from ld_agent.training import manuals
from ld_agent.training.packing import pack
from ld_agent.training.report import contrastive_pairs
import pytest
import scripted_base as script
from test_teacher import fails, says, scripted

pytest.importorskip('openai', reason='the client comes with the extra .[large]')

WAIT_SECONDS = 140
PRICES = {'prompt_price': 1.0, 'completion_price': 10.0}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch) -> Path:
    """A folder of its own for each test, with the rules of the task in it."""
    monkeypatch.setenv('LD_AGENT_CACHE', str(tmp_path / 'cache'))
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'RULES.md').write_text(script.RULES)
    return tmp_path


def distil(url: str, out: Path = Path('bases/ferry'), repairs: int = 3, **options) -> dict:
    """Run a distillation against a scripted server."""
    teacher = Teacher(Endpoint(url, 'm', 'secret', **PRICES), first_wait=0.01, attempts=1)
    settings = {'task': 'ferry', 'repairs': repairs, 'reply_tokens': 4096, **options}
    try:
        run = Distillation(
            Path('RULES.md'), out, teacher=teacher, tell=lambda text: None, **settings
        )
        return run.run()
    finally:
        teacher.close()


def distilled(replies: list[str], **options) -> tuple[dict, list[dict]]:
    with scripted(*map(says, replies)) as (url, asked):
        return distil(url, **options), asked


def last(question: dict) -> str:
    return question['messages'][-1]['content']


def test_faulty_replies_go_back_with_their_faults_until_the_base_is_whole(monkeypatch):
    inside = []
    call = Executor.call

    def watched(self, source, name, trusted, *arguments, **more):
        inside.append(trusted)
        return call(self, source, name, trusted, *arguments, **more)

    monkeypatch.setattr(Executor, 'call', watched)
    report, asked = distilled(script.BADLY)
    assert report['outcome'] == 'whole', report['why']
    assert inside and not any(inside), 'nothing that a teacher wrote runs outside the sandbox'
    assert not list(Path().rglob('MARKER'))
    assert len(asked) == len(script.BADLY)
    told = {n: last(asked[n]) for n in (1, 3, 5, 6, 8, 10)}
    assert 'its JSON is not valid' in told[1]
    assert 'list_berths: line' in told[3] and 'not valid Python' in told[3]
    assert 'gives 5, the manual says 4' in told[5] and "imports 'os'" in told[5]
    assert 'Accepted and kept: dash.' in told[5] and 'Accepted and kept: dash, ease_in' in told[6]
    assert 'shelter: the example' in told[6] and 'failed in the sandbox' in told[6]
    assert 'exactly one must' in told[8]
    assert 'it has 1 clauses, 8 are needed' in told[10]


def test_the_report_counts_what_was_asked_accepted_repaired_and_paid():
    report, _ = distilled(script.BADLY)
    totals = report['totals']
    assert {k: totals[k] for k in ('asked', 'accepted', 'repaired', 'rejected', 'cached')} == {
        'asked': 11, 'accepted': 7, 'repaired': 6, 'rejected': 0, 'cached': 0
    }  # fmt: skip
    assert (totals['prompt_tokens'], totals['completion_tokens']) == (440, 110)
    assert totals['cost'] == pytest.approx((440 * 1 + 110 * 10) / 1e6)
    work = Path('bases/ferry.distill')
    assert json.loads((work / 'report.json').read_text()) == report
    page = (work / 'report.md').read_text()
    assert 'Outcome: **whole**' in page and '- shelter: accepted, repaired' in page
    assert sorted(p.name for p in work.iterdir()) == ['journal.jsonl', 'report.json', 'report.md']


def test_the_base_loads_untrusted_and_its_manual_says_the_rules_in_the_words_of_the_facts():
    distilled(script.WELL)
    task = load_task(Path('bases/ferry'))
    functions = task.stage('choose').functions
    assert sorted(functions) == ['dash', 'ease_in', 'shelter']
    assert not task.trusted_facts
    assert not any(f.trusted for stage in task.stages for f in stage.functions.values())
    assert functions['dash'].manual.when_to_use == 'the way is long and the wind is calm'
    assert functions['dash'].manual.rule == "way == 'long' and wind == 'calm'"
    assert task.stage('list').functions['list_berths'].manual.when_to_use == 'a step begins'
    assert (Path('bases/ferry') / 'RULES.md').read_text() == script.RULES
    written = json.loads((Path('bases/ferry') / 'teacher.json').read_text())
    assert (written['model'], written['asked']) == ('m', 5)


def test_the_base_decides_with_every_function_in_the_sandbox():
    distilled(script.WELL)
    task = load_task(Path('bases/ferry'))
    executor = Executor(task.tools)
    state = {'position': 1, 'target': 9, 'wind': 'strong'}
    result: list | int = []
    for stage in task.stages:
        facts = task.see(stage, result, state, executor)
        (chosen,) = [f for f in stage.functions.values() if f.rule.holds(facts)]
        result = executor.run(chosen, stage.gives, result, state)
    executor.close()
    assert (facts, result) == ({'wind': 'strong', 'way': 'long'}, 1)
    assert executor._compiled == {}


def test_training_reads_the_base_with_its_own_rewordings():
    distilled(script.WELL)
    task = load_task(Path('bases/ferry'))
    purposes = {f.manual.purpose: f for s in task.stages for f in s.functions.values()}
    answers = set()
    for made in itertools.islice(manuals.stream(task, 1, 6), 40):
        for example in made.examples:
            names = {fact.replace(' ', '_'): value for fact, value in example.facts.items()}
            fit = [
                e.name for e in made.entries if eval(purposes[e.purpose].manual.rule, {}, names)
            ]
            assert fit == [example.answer]
            answers.add(example.answer)
        packed = pack(made, lambda text: [crc32(word.encode()) for word in text.split(' ')], bos=1)
        assert packed.examples == len(made.examples)
    assert {'dash', 'ease_in', 'shelter'} <= answers
    said = {
        clause
        for held in itertools.islice(manuals.stream(task, 1, 1, held_out=True), 60)
        for entry in held.entries
        for clause in re.split(r',? and | while ', entry.when_to_use)
    }
    assert said == {c for vs in script.CLAUSES.values() for cs in vs.values() for c in cs[-3:]}
    assert len(list(contrastive_pairs(task))) == 3


def test_a_base_without_rewordings_is_told_before_training():
    distilled(script.WELL)
    Path('bases/ferry/rewordings.yaml').unlink()
    with pytest.raises(LdAgentError, match='rewordings.yaml: there is no such file; training on'):
        next(manuals.stream(load_task(Path('bases/ferry')), 1, 1))


def test_a_function_that_is_never_mended_is_rejected_and_the_base_goes_on_without_it():
    rules = {'dash': "way == 'long'", 'ease_in': "way == 'short'"}
    way = script.FACTS[script.FACTS.index('def way') :]
    replies = [
        script.STAGES, script.code(script.LIST_BERTHS),
        script.code(script.DASH, script.EASE_IN, script.HOSTILE), script.code(script.ENDLESS),
        script.rules_reply(rules, {'way': ['short', 'long']}, way),
        script.as_json({'way': script.CLAUSES['way']}),
    ]  # fmt: skip
    report, asked = distilled(replies, repairs=1)
    assert (report['outcome'], report['totals']['rejected'], len(asked)) == ('whole', 1, 6)
    (step,) = [step for step in report['steps'] if step['step'] == 'functions of choose']
    assert step['rejected'] == ['shelter']
    assert sorted(load_task(Path('bases/ferry')).stage('choose').functions) == ['dash', 'ease_in']


@pytest.mark.parametrize(
    ('replies', 'sentence'),
    [
        ([script.WRONG_JSON], 'after 2 replies not accepted: stages: its JSON is not valid'),
        (['I cannot do that.'], 'it holds no JSON object'),
        ([script.STAGES, 'Sorry.'], 'functions of list: after 2 replies not accepted'),
        ([script.STAGES, script.code(script.LIST_BERTHS), script.code(script.DASH)],
         'the last stage has a single function'),
        ([*script.WELL[:3], script.GAP], 'exactly one must'),
    ],
    ids=['wrong JSON', 'no JSON', 'no code', 'no choice', 'gap'],
)  # fmt: skip
def test_what_is_never_mended_leaves_a_reason_and_no_base(replies, sentence):
    report, _ = distilled(replies, repairs=1)
    assert report['outcome'] == 'failed' and sentence in report['why']
    assert [path.name for path in Path('bases').iterdir()] == ['ferry.distill']
    assert sentence in Path('bases/ferry.distill/report.md').read_text()


def test_wherever_it_breaks_off_it_goes_on_with_nothing_asked_twice(monkeypatch):
    for broken in range(len(script.BADLY)):
        out = Path(f'at_{broken}/ferry')
        monkeypatch.setenv('LD_AGENT_CACHE', str(Path.cwd() / f'cache_{broken}'))
        with scripted(*map(says, script.BADLY[:broken]), fails(401)) as (url, asked):
            with pytest.raises(TeacherError):
                distil(url, out)
        first = [question['messages'] for question in asked]
        stopped = json.loads((out.parent / 'ferry.distill/report.json').read_text())
        assert (stopped['outcome'], stopped['totals']['asked']) == ('interrupted', broken)
        assert not out.exists()
        monkeypatch.setenv('LD_AGENT_CACHE', str(Path.cwd() / f'other_cache_{broken}'))
        with scripted(*map(says, script.BADLY[broken:])) as (url, asked):
            report = distil(url, out)
        assert (report['outcome'], report['totals']['asked']) == ('whole', len(script.BADLY))
        assert len(asked) == len(script.BADLY) - broken
        assert asked[0]['messages'] == first[-1]


def test_a_run_that_is_killed_goes_on_and_nothing_accepted_is_lost(tmp_path, monkeypatch):
    killed_at = 7
    command = [sys.executable, '-c', 'from ld_agent.cli import main; main()', 'distill',
               'RULES.md', '--out', 'bases/ferry']  # fmt: skip
    running: list[subprocess.Popen] = []

    def kills(handler) -> None:
        running[0].send_signal(signal.SIGKILL)

    def environment(url: str, cache: str) -> dict[str, str]:
        named = {'BASE_URL': url, 'MODEL': 'm'}
        return {
            **os.environ,
            **{f'LD_AGENT_LARGE_{name}': value for name, value in named.items()},
            'LD_AGENT_CACHE': str(tmp_path / cache),
        }

    with scripted(*map(says, script.BADLY[: killed_at - 1]), kills) as (url, asked):
        running.append(
            subprocess.Popen(command, env=environment(url, 'one'), stderr=subprocess.DEVNULL)
        )
        assert running[0].wait(WAIT_SECONDS) == -signal.SIGKILL
    assert len(asked) == killed_at
    assert [path.name for path in Path('bases').iterdir()] == ['ferry.distill']
    with scripted(*map(says, script.BADLY[killed_at - 1 :])) as (url, asked):
        done = subprocess.run(
            [*command, '--json'], env=environment(url, 'two'), capture_output=True, text=True,
            timeout=WAIT_SECONDS,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report['outcome'], report['totals']['accepted']) == ('whole', 7)
    assert (len(asked), report['totals']['asked']) == (len(script.BADLY) - killed_at + 1, 11)
    assert report['totals']['cost'] is None, 'no price was given'
    load_task(Path('bases/ferry'))


def test_a_journal_line_that_broke_off_is_asked_again():
    with (
        scripted(*map(says, script.WELL[:2]), fails(401)) as (url, _),
        pytest.raises(TeacherError),
    ):
        distil(url)
    journal = Path('bases/ferry.distill/journal.jsonl')
    whole = journal.read_bytes()
    journal.write_bytes(whole[: whole.rindex(b'"functions of list", "number": 0, "accepted"')])
    report, asked = distilled(script.WELL[2:])
    assert (report['outcome'], len(asked)) == ('whole', 3)


def test_fewer_repairs_lose_nothing_that_was_accepted():
    with scripted(*map(says, script.BADLY[:4]), fails(401)) as (url, _):
        with pytest.raises(TeacherError):
            distil(url)
    report, asked = distilled(script.WELL[2:], repairs=0)
    assert (report['outcome'], report['totals']['repaired'], len(asked)) == ('whole', 2, 3)


def test_two_runs_do_not_share_a_journal():
    with scripted(says(script.STAGES), fails(401)) as (url, _):
        teacher = Teacher(Endpoint(url, 'm'))
        arguments = (Path('RULES.md'), Path('bases/ferry'), 'ferry', teacher)
        first = Distillation(*arguments, repairs=1, reply_tokens=64, tell=print)
        with pytest.raises(TeacherError, match='another run writes here'):
            Distillation(*arguments, repairs=1, reply_tokens=64, tell=print)
        with pytest.raises(TeacherError, match='refuses the question'):
            first.run()
        Distillation(*arguments, repairs=1, reply_tokens=64, tell=print)


def test_more_repairs_let_a_failed_run_go_on():
    replies = [script.STAGES, script.TRUNCATED]
    report, asked = distilled(replies, repairs=0)
    assert (report['outcome'], len(asked)) == ('failed', 2)
    report, asked = distilled([script.code(script.LIST_BERTHS), *script.WELL[2:]], repairs=1)
    assert (report['outcome'], len(asked)) == ('whole', 4)


def test_other_rules_or_another_model_need_another_journal():
    with scripted(says(script.STAGES), fails(401)) as (url, _), pytest.raises(TeacherError):
        distil(url)
    Path('RULES.md').write_text('Other rules.')
    with pytest.raises(TeacherError, match='was begun with another rules_sha256; remove'):
        distil('http://127.0.0.1:1/v1')


def test_what_is_at_out_is_not_touched(place):
    (place / 'ferry').mkdir()
    (place / 'ferry' / 'mine.txt').write_text('mine')
    with pytest.raises(FunctionBaseError, match='there is something already'):
        distil('http://127.0.0.1:1/v1', Path('ferry'))
    assert [p.name for p in (place / 'ferry').iterdir()] == ['mine.txt']
    assert not (place / 'ferry.distill').exists()


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'rules': 'missing.md'}, 'missing.md: cannot be read'),
        ({'rules': 'empty.md'}, 'empty.md: has 0 characters'),
        ({'out': 'Ferry!'}, "'Ferry!' is no name of a base"),
        ({'task': '../x'}, "'../x' is no name of a base"),
    ],
)
def test_bad_arguments_are_told_in_a_sentence(change, sentence, place):
    (place / 'empty.md').write_text('\n')
    teacher = Teacher(Endpoint('http://127.0.0.1:1/v1', 'm'))
    given = {'rules': 'RULES.md', 'out': 'ferry', 'task': 'ferry', **change}
    with pytest.raises(LdAgentError, match=re.escape(sentence)):
        Distillation(
            Path(given['rules']), Path(given['out']), given['task'], teacher, repairs=1,
            reply_tokens=64, tell=print,
        )  # fmt: skip
    assert sorted(p.name for p in place.iterdir()) == ['RULES.md', 'empty.md']
