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
"""The tables are played once a seed, the same each time, and go on where they stopped."""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

from ld_agent.episodes import play as play_episode
from ld_agent.errors import LdAgentError
from ld_agent.messages import Decision
from ld_agent.players import find_task, make_agent
from ld_agent.share import share_path
from ld_agent.student.prepare import prepare
from ld_agent.tables import worker
from ld_agent.tables.check import check_tables, sample
from ld_agent.tables.engines import LocalEngine, make_engine
from ld_agent.tables.plan import choose, Row, TABLES
from ld_agent.tables.run import play_tables, Standing
from ld_agent.tables.store import Store
from ld_agent.worlds import open_world
from processes import children
import pytest
from tabling import Inline, plan, play, record, Told

BOTH = plan('random', 'reference')
PATIENCE = 250.0
PAGE = '<!-- tables:table1 --><!-- /tables:table1 -->'


@pytest.fixture(scope='module')
def played(tmp_path_factory):
    """Both methods played once."""
    store = Store(tmp_path_factory.mktemp('played'))
    return store, play(BOTH, store)


def lasting(results):
    return [[record.lasting for record in result.records] for result in results]


def test_the_same_seeds_give_the_same_play(played, tmp_path):
    _, results = played
    assert lasting(play(BOTH, Store(tmp_path))) == lasting(results)


def test_other_processes_and_other_chunks_give_the_same_play(played, tmp_path):
    _, results = played
    with LocalEngine(2) as engine:
        again = play_tables([BOTH], engine, Store(tmp_path))[BOTH.name]
    assert lasting(again) == lasting(results)
    assert {record.processes for result in again for record in result.records} == {2}


def test_episodes_are_judged_and_timed(played):
    _, (random, reference) = played
    assert [r.seed for r in reference.records] == list(reference.row.seeds)
    assert all(r.agreed == r.judged > 0 for r in reference.records)
    assert any(r.agreed < r.judged for r in random.records)
    for episode in (*random.records, *reference.records):
        assert episode.outcome == 'success'
        assert len(episode.step_ms) == episode.steps
        assert len(episode.selection_ms) == episode.judged
        assert set(episode.made_from) == {'version', 'function_base'}


def test_an_episode_is_the_one_that_its_seed_names(played):
    """The worker's episodes are those that the player plays outside the tables."""
    _, (random, _) = played
    world = open_world('pursuit', 'flee', '20x20', 'exact', '', '')
    for kept in random.records[::-1][:2]:
        agent = make_agent('random', guard='count', seed=kept.seed)
        steps = sum(1 for _ in play_episode(agent, world, kept.seed))
        agent.close()
        assert (steps, world.outcome()['outcome']) == (kept.steps, kept.outcome)


def test_filters_of_an_emergency_are_judged_too(tmp_path):
    (result,) = play(plan('reference', episodes=1, scenario='u_trap'), Store(tmp_path))
    (episode,) = result.records
    assert episode.agreed == episode.judged == len(episode.selection_ms)
    assert 'scenario' in episode.made_from


def test_what_is_stored_is_not_played_again(played):
    store, results = played
    before = store.file(BOTH, BOTH.rows[0]).read_bytes()
    with Inline() as engine:
        again = play_tables([BOTH], engine, store)[BOTH.name]
    assert again == results
    assert all(job.seeds == () for job in engine.jobs)
    assert store.file(BOTH, BOTH.rows[0]).read_bytes() == before


def test_more_seeds_are_added_to_those_that_are_there(tmp_path):
    store = Store(tmp_path)
    play(plan('reference', episodes=3), store)
    told = Told()
    (result,) = play(plan('reference', episodes=5), store, watch=told)
    assert [r.seed for r in result.records] == list(range(1_000_000, 1_000_005))
    assert told.counts[0] == ('small', 'reference-flee', 3, 5)
    assert told.counts[-1] == ('small', 'reference-flee', 5, 5)
    (result,) = play(plan('reference', episodes=2), store)
    assert len(result.records) == 2


def test_a_stop_in_the_middle_loses_nothing_that_was_played(tmp_path):
    store, table = Store(tmp_path), plan('random', episodes=15)

    def interrupt(jobs):
        if jobs == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play_tables([table], Inline(after=interrupt), store)
    kept = store.read(table, table.rows[0])
    assert len(kept) == 10
    with Inline() as engine:
        (result,) = play_tables([table], engine, store)[table.name]
    assert [job.seeds for job in engine.jobs[1:]] == [tuple(range(1_000_010, 1_000_015))]
    assert [r.seed for r in result.records] == list(table.rows[0].seeds)


def command(folder, *arguments):
    """Start the command line on a page and a results folder of its own."""
    (folder / 'page.md').write_text(PAGE)
    code = 'from ld_agent.cli import main; main()'
    options = ['--out', str(folder / 'results'), '--docs', str(folder / 'page.md')]
    return subprocess.Popen(
        [sys.executable, '-c', code, 'tables', 'table1', *options, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def until(done, what):
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, f'waited in vain: {what}'
        time.sleep(0.02)


def alive(pid):
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


def whole_lines(file):
    return file.read_bytes().split(b'\n')[:-1] if file.exists() else []


@pytest.mark.timeout(600)
@pytest.mark.parametrize('how', [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_goes_on_where_it_stopped_and_leaves_no_process(tmp_path, how):
    results = tmp_path / 'results'
    file = results / 'table1' / 'random-flee.jsonl'
    run = command(tmp_path, '--methods', 'random', '--seeds', '150', '--processes', '2')
    try:
        until(lambda: whole_lines(file), 'an episode')
        workers = children(run.pid)
        assert len(workers) >= 2
        run.send_signal(how)
        said = run.communicate(timeout=PATIENCE)[0]
    finally:
        run.kill()
    assert run.returncode == (130 if how == signal.SIGINT else -how)
    assert 'Traceback' not in said
    assert ('the same command goes on' in said) == (how == signal.SIGINT)
    until(lambda: not any(map(alive, workers)), 'the end of the processes')
    assert (tmp_path / 'page.md').read_text() == PAGE

    kept = whole_lines(file)
    assert 5 <= len(kept) < 150
    more = len(kept) + 5
    with Inline() as engine:
        rows = play_tables(
            choose(TABLES, ['table1'], episodes=more), engine, Store(results), ['random']
        )['table1']
    (result,) = [row for row in rows if row.row.method == 'random']
    there = {json.loads(line)['seed'] for line in kept}
    assert there.isdisjoint(seed for job in engine.jobs for seed in job.seeds)
    assert whole_lines(file)[: len(kept)] == kept
    uninterrupted = play(plan('random', episodes=more), Store(tmp_path / 'uninterrupted'))
    assert lasting([result]) == lasting(uninterrupted)


def test_results_of_something_else_are_set_aside_and_said(tmp_path):
    store, table = Store(tmp_path), plan('reference', episodes=2)
    row = table.rows[0]
    play(table, store)
    old = [
        r.model_copy(update={'made_from': {**r.made_from, 'function_base': 'older'}})
        for r in store.read(table, row).values()
    ]
    store.file(table, row).unlink()
    store.append(table, row, old)
    told = Told()
    (result,) = play(table, store, watch=told)
    assert all(r.made_from['function_base'] != 'older' for r in result.records)
    assert len(result.records) == 2
    (said,) = told.sentences
    assert 'function_base older, now' in said
    assert 'begins anew' in said
    aside = store.file(table, row).with_suffix('.old1.jsonl')
    assert aside.exists() and str(aside) in said
    assert len(aside.read_text().splitlines()) == 2


def test_a_changed_function_is_something_else(tmp_path):
    base = tmp_path / 'pursuit'
    shutil.copytree(share_path('function_base', 'pursuit'), base)
    row = Row('reference', episodes=1, options={'function_base': str(base)})
    before = worker.work(worker.Job('t', row, (), 1)).made_from
    file = base / 'approach.py'
    file.write_text(file.read_text() + '\n')
    # Another row in between, so that the agent is made again.
    worker.work(worker.Job('t', Row('random'), (), 1))
    after = worker.work(worker.Job('t', row, (), 1)).made_from
    assert before['function_base'] != after['function_base']


def test_a_method_that_is_not_configured_stays_in_the_table_with_its_reason(tmp_path):
    told = Told()
    missing, reference = play(plan('oracle', 'reference', episodes=1), Store(tmp_path), watch=told)
    assert missing.standing is Standing.NOT_CONFIGURED
    assert "method 'oracle' is unknown" in missing.reason
    assert missing.records == ()
    assert len(reference.records) == 1
    assert told.sentences == [f'small oracle-flee: not configured: {missing.reason}']


def test_a_method_that_does_not_say_what_it_is_made_from_is_not_played(tmp_path, monkeypatch):
    def make(row, seed):
        agent = make_agent('reference', guard='count')
        agent.made_from = None
        return agent

    monkeypatch.setattr(worker, '_make', make)
    (result,) = play(plan('reference', variant='silent', episodes=1), Store(tmp_path))
    assert result.standing is Standing.NOT_CONFIGURED
    assert 'does not say what it is made from' in result.reason


def test_a_row_that_fails_in_the_middle_stops_and_the_others_go_on(tmp_path, monkeypatch):
    class Failing:
        task = find_task(None)
        made_from = {}
        asked = 0

        def decide(self, state):
            Failing.asked += 1
            if Failing.asked > 30:
                raise LdAgentError('the endpoint answers no more; try again later')
            moves = agent.decide(state).moves
            return Decision(task='pursuit', episode=0, step=state.step, moves=moves)

        def update(self, update):
            pass

        def reset(self):
            pass

        def close(self):
            pass

    agent = make_agent('reference', guard='count')
    real = worker._make
    monkeypatch.setattr(
        worker, '_make', lambda row, seed: Failing() if row.variant else real(row, seed)
    )
    table = plan('reference', episodes=15, variant='remote')
    other = plan('reference', episodes=1, name='other')
    told = Told()
    store = Store(tmp_path)
    with Inline() as engine:
        results = play_tables([table, other], engine, store, watch=told)
    agent.close()
    (stopped,), (whole,) = results.values()
    assert stopped.standing is Standing.STOPPED
    assert 'the endpoint answers no more' in stopped.reason
    assert 0 < len(stopped.records) < 5
    assert stopped.records[0].judged == 0
    assert len(engine.jobs) == 4
    assert (whole.standing, len(whole.records)) == (Standing.PLAYED, 1)
    assert len(told.sentences) == 1


def test_rows_that_are_not_selected_are_returned_as_stored(played):
    store, results = played
    random, reference = play(BOTH, store, methods=['random'])
    assert random == results[0]
    assert reference.standing is Standing.NOT_SELECTED
    assert reference.records == results[1].records


def test_a_check_plays_a_sample_again_and_finds_it_the_same(played):
    store, _ = played
    with Inline() as engine:
        report = check_tables([BOTH], engine, store)
    assert (report.same, report.differences, report.unchecked) == (10, (), ())


def test_a_check_names_what_came_out_otherwise(played, tmp_path):
    _, (_, reference) = played
    table, store = plan('reference', 'random', episodes=2), Store(tmp_path)
    first, second = reference.records[:2]
    lie = second.model_copy(update={'steps': second.steps + 1})
    store.append(table, table.rows[0], [first, lie])
    with Inline() as engine:
        report = check_tables([table], engine, store)
    assert report.same == 1
    assert report.differences == (
        f'small reference-flee, seed {second.seed}: steps {lie.steps}, now {second.steps}',
    )
    assert report.unchecked == ('small random-flee: nothing is stored',)


def test_a_check_says_that_the_stored_play_is_of_something_else(tmp_path):
    table, store = plan('reference', episodes=2), Store(tmp_path)
    store.append(table, table.rows[0], [record(1_000_000), record(1_000_001)])
    with Inline() as engine:
        report = check_tables([table], engine, store)
    assert report.same == 0
    (found,) = report.differences
    assert 'has other parts (version 0, now' in found


def test_a_sample_is_spread_over_the_seeds():
    assert sample(range(1000)) == [0, 249, 499, 749, 999]
    assert sample([3, 4]) == [3, 4]
    assert sample([]) == []


def test_an_unknown_engine_is_named():
    with pytest.raises(LdAgentError, match="engine 'slurm' is unknown; use local or ray"):
        make_engine('slurm', None)


def test_a_process_that_dies_is_one_sentence(tmp_path):
    table, store = plan('random', episodes=200), Store(tmp_path)

    class Killer(Told):
        def progress(self, key, done, total):
            if done:
                os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)

    with pytest.raises(LdAgentError, match='a process that played ended by itself'):
        with LocalEngine(1) as engine:
            play_tables([table], engine, store, watch=Killer())
    assert len(store.read(table, table.rows[0])) == 5


def test_the_student_plays_and_its_folder_is_known(student, tmp_path):
    table = plan('ld', episodes=2)
    (result,) = play(table, Store(tmp_path))
    assert [r.outcome for r in result.records] == ['success', 'success']
    assert all(r.judged > 0 and r.agreed / r.judged > 0.9 for r in result.records)
    made_from = result.records[0].made_from
    assert made_from['student'] == student.name == prepare().name
    assert len(made_from['student_files']) == 12


def test_what_is_remembered_is_what_would_be_scored_and_is_not_timed(
    student, tmp_path, monkeypatch
):
    monkeypatch.setattr(worker, '_kept', [])
    (result,) = play(plan('ld', episodes=2), Store(tmp_path))
    world = open_world('pursuit', 'flee', '20x20', 'exact', '', '')
    traces = {}
    for remember in (False, True):
        agent = make_agent('ld', guard='count', remember=remember)
        traces[remember] = [
            [t for d in play_episode(agent, world, kept.seed) for t in d.trace]
            for kept in result.records
        ]
        agent.close()
    for scored, kept, episode in zip(*traces.values(), result.records, strict=True):
        assert [t.scores for t in scored] == [t.scores for t in kept]
        assert not any(t.remembered for t in scored)
        computed = sum(len(t.candidates) > 1 and not t.remembered for t in kept)
        assert computed == len(episode.selection_ms) <= len(episode.prompts) < episode.judged
