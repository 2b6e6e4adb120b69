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
"""Every recorded move is refereed again; shares, times and agreement follow from the bag."""

from __future__ import annotations

import json
import subprocess
import sys

from ld_agent.bags import read_episodes
from ld_agent.cli.evaluate import evaluate as evaluate_verb
from ld_agent.errors import BagError, FunctionBaseError
from ld_agent.evaluate import evaluate_bags, evaluate_episodes
from ld_agent.function_base import read_function, Stage, Task
from ld_agent_sim.pursuit import Board
import pytest
from recorded import record, Recording
import typer
from typer.testing import CliRunner

BOARD = Board(13, 9)
FIELDS = [
    'method', 'task', 'episodes', 'success', 'failure_without_violation',
    'failure_with_violation', 'mean_steps', 'agreement', 'selection_ms', 'step_ms', 'seeds',
]  # fmt: skip


def rewrite(path, out_path, change):
    """Copy the JSON messages of a bag, each changed by `change(topic, message)`."""
    from ld_agent.bag_writer import typestore
    from rosbags.rosbag2 import Reader

    out = Recording(out_path)
    with Reader(path) as reader:
        for connection, stamp, raw in reader.messages():
            if connection.msgtype == 'std_msgs/msg/String':
                text = typestore().deserialize_cdr(raw, connection.msgtype).data
                message = change(connection.topic.strip('/'), json.loads(text))
                out.now = stamp
                if message is not None:
                    out.put(connection.topic.strip('/'), message)
    out.close()
    return out_path


def test_played_episodes_are_refereed_without_a_disagreement(tmp_path):
    bag = record(tmp_path / 'bag', range(10), board=BOARD)
    (report,) = evaluate_bags([bag])
    assert report.disagreements == ()
    assert report.episodes == 10
    assert report.seeds == tuple(range(10))
    total = (
        report.outcomes['success'].value
        + report.outcomes['failure_without_violation'].value
        + report.outcomes['failure_with_violation'].value
    )
    assert total == pytest.approx(1.0)
    steps = [e.result.steps for e in read_episodes(bag) if e.result.outcome == 'success']
    assert report.mean_steps == pytest.approx(sum(steps) / len(steps))


def test_ten_of_ten_has_the_wilson_interval_of_the_textbook(tmp_path):
    (report,) = evaluate_bags([record(tmp_path / 'bag', range(10), board=Board(9, 7))])
    assert report.outcomes['success'].value == 1.0
    assert report.outcomes['success'].low == pytest.approx(0.7225, abs=1e-3)
    assert report.outcomes['success'].high == pytest.approx(1.0)


def test_the_json_object_has_the_agreed_fields_first(tmp_path):
    (report,) = evaluate_bags([record(tmp_path / 'bag', [1], board=BOARD)])
    data = json.loads(json.dumps(report.as_json()))
    assert list(data)[: len(FIELDS)] == FIELDS
    assert set(data['step_ms']) == set(data['selection_ms']) == {'median', 'p99'}
    assert data['step_ms']['median'] >= 80.0
    # Of the stages' times (21 to 26 ms), the one with a single candidate is no selection.
    assert data['selection_ms']['median'] == pytest.approx(23.0)


def test_a_lie_in_the_result_is_found(tmp_path):
    bag = record(tmp_path / 'bag', [1], board=BOARD)

    def lie(topic, message):
        return {**message, 'steps': message['steps'] + 1} if topic == 'result' else message

    (report,) = evaluate_bags([rewrite(bag, tmp_path / 'lie', lie)])
    assert len(report.disagreements) == 1
    assert 'the result says steps' in report.disagreements[0]


def test_a_pursuer_that_jumped_further_than_decided_is_found(tmp_path):
    bag = record(tmp_path / 'bag', [1], board=BOARD)

    def cheat(topic, message):
        if topic == 'decision' and message['step'] == 1:
            return {**message, 'moves': [[0, 0], [0, 0], [0, 0]]}
        return message

    (report,) = evaluate_bags([rewrite(bag, tmp_path / 'cheat', cheat)])
    assert any('step 1: by the rules the pursuers end at' in f for f in report.disagreements)


def test_a_missing_state_is_found(tmp_path):
    bag = record(tmp_path / 'bag', [1], board=BOARD)

    def lose(topic, message):
        return None if topic == 'state' and message['step'] == 2 else message

    (report,) = evaluate_bags([rewrite(bag, tmp_path / 'gap', lose)])
    assert any('states of steps 2 to 2 are missing' in f for f in report.disagreements)


def test_illegal_choices_are_counted_and_eight_end_the_episode(tmp_path):
    def illegal(_step, decision):
        return {**decision, 'moves': [decision['moves'][0], [99, 0], [0, 99]]}

    (report,) = evaluate_bags([record(tmp_path / 'bag', [1, 2], board=BOARD, hook=illegal)])
    assert report.outcomes['failure_with_violation'].value == 1.0
    assert report.violations == 16
    assert report.mean_steps is None
    assert report.disagreements == ()


def test_entering_a_restricted_area_is_a_violation_by_the_recorded_truth(tmp_path):
    area = [(x, y) for x in range(4, 9) for y in range(2, 7)]

    def blind(step, decision):
        if step > 2:
            return decision
        return {**decision, 'moves': [[5, 4], *decision['moves'][1:]]}

    bag = record(tmp_path / 'bag', [5], board=BOARD, hook=blind, area=area)
    (report,) = evaluate_bags([bag])
    assert report.violations == 3
    assert report.disagreements == ()


def test_a_missing_decision_is_a_lost_turn(tmp_path):
    def lose(step, decision):
        return None if step in (1, 3) else decision

    (report,) = evaluate_bags([record(tmp_path / 'bag', [1], board=BOARD, hook=lose)])
    assert report.lost_turns == 2
    assert report.disagreements == ()


def test_a_decision_that_came_after_the_deadline_is_a_lost_turn(tmp_path):
    late = {}

    def hold(step, decision):
        if step == 1:
            late.update(decision)
            return None
        return decision

    bag = record(tmp_path / 'bag', [1], board=BOARD, hook=hold)

    def insert(topic, message):
        return message

    out = rewrite(bag, tmp_path / 'late', insert)
    episode = read_episodes(out)[0]
    assert 1 not in episode.decisions
    writer = Recording(tmp_path / 'with_late')
    for state in episode.states:
        writer.put('state', state.model_dump(mode='json'))
        if state.step == 2:
            writer.put('decision', late)
        if state.step in episode.decisions:
            writer.put('decision', episode.decisions[state.step].model_dump(mode='json'))
    writer.put('result', episode.result.model_dump(mode='json'))
    writer.close()
    (report,) = evaluate_bags([tmp_path / 'with_late'])
    assert report.lost_turns == 1
    assert report.disagreements == ()


def test_a_recording_that_breaks_off_counts_as_unfinished(tmp_path):
    bag = record(tmp_path / 'bag', [1, 2], board=BOARD)

    def cut(_topic, message):
        return None if message['episode'] == 1 and message.get('step', 99) > 2 else message

    (report,) = evaluate_bags([rewrite(bag, tmp_path / 'cut', cut)])
    assert (report.episodes, report.unfinished) == (1, 1)
    assert report.seeds == (1,)


def test_time_running_out_is_a_failure_without_violation(tmp_path):
    bag = record(tmp_path / 'bag', [1], board=Board(20, 15), max_steps=3)
    (report,) = evaluate_bags([bag])
    assert report.outcomes['failure_without_violation'].value == 1.0
    assert report.disagreements == ()


def test_bags_of_one_method_are_merged_and_others_stand_apart(tmp_path):
    paths = [
        record(tmp_path / 'a', [1, 2], board=BOARD),
        record(tmp_path / 'b', [3], board=BOARD),
        record(tmp_path / 'c', [1], board=BOARD, method='random'),
    ]
    ld, random = evaluate_bags([*paths, paths[0]])
    assert (ld.method, ld.episodes, ld.seeds) == ('ld', 3, (1, 2, 3))
    assert (random.method, random.episodes) == ('random', 1)


def test_a_task_without_a_referee_is_named(tmp_path):
    out = Recording(tmp_path / 'bag')
    out.put('state', {'task': 'chess', 'episode': 0, 'seed': 1, 'step': 0, 'stamp': 0.0,
                      'deadline': 1.0, 'observation': {'hand': ['A']}})  # fmt: skip
    out.close()
    with pytest.raises(BagError, match="'chess', which has no referee"):
        evaluate_bags([tmp_path / 'bag'])


def function_text(name: str, rule: str) -> str:
    return f'''def {name}(result: list, state: dict) -> list:
    """Do it.

    Stage: choose
    When to use: as the rule says
    Rule: {rule}
    Example:
        >>> {name}([], {{}})
        []
    """
    return result
'''


def choosing_task(**rules: str) -> Task:
    facts = {
        'evader': ('far', 'near', 'close', 'walled off'),
        'heading': ('steady', 'unsteady'),
        'formation': ('bunched', 'spread'),
    }
    stage = Stage('choose', 'Choose.', 'list', 'list', facts, None)
    task = Task('pursuit', '', 'moves', (stage,), '', '', False)
    for name, rule in rules.items():
        function, faults = read_function(task, function_text(name, rule), name, 'test')
        assert not faults
        stage.functions[name] = function
    return task


RULES = {
    'approach': "evader == 'far'",
    'encircle': "evader == 'near'",
    'converge': "evader == 'close'",
    'intercept': "heading == 'steady'",
    'square_up': "evader == 'walled off'",
    'trap': "formation == 'bunched'",
}


def test_agreement_is_the_share_of_selections_that_the_rules_choose_too(tmp_path):
    episodes = read_episodes(record(tmp_path / 'bag', [1, 2], board=Board(20, 14)))
    report = evaluate_episodes(episodes, choosing_task(**RULES))
    assert report.agreement == 1.0
    assert report.judged == sum(len(episode.decisions) for episode in episodes)
    selections = [d.trace[3].selected for e in episodes for d in e.decisions.values()]
    swapped = {**RULES, 'approach': RULES['encircle'], 'encircle': RULES['approach']}
    wrong = evaluate_episodes(episodes, choosing_task(**swapped))
    assert wrong.agreement == pytest.approx(selections.count('converge') / len(selections))


def test_an_emergency_function_among_the_candidates_is_judged_by_its_own_rule(tmp_path):
    episodes = read_episodes(record(tmp_path / 'played', [1], board=BOARD))
    first = episodes[0].decisions[0]
    trace = first.trace[3].model_copy(update={'candidates': ['approach', 'avoid_reef'],
                                              'selected': 'avoid_reef', 'scores': [-1.0, -0.5],
                                              'probabilities': [0.4, 0.6]})  # fmt: skip
    out = Recording(tmp_path / 'bag')
    out.put('functions', {'action': 'add', 'name': 'avoid_reef', 'stage': 'choose',
                          'source': function_text('avoid_reef', "evader != 'far'")})  # fmt: skip
    out.put('state', episodes[0].states[0].model_dump(mode='json'))
    out.put('decision', first.model_copy(update={'trace': [trace]}).model_dump(mode='json'))
    done = episodes[0].states[1].model_copy(update={'done': True})
    out.put('state', done.model_dump(mode='json'))
    out.close()
    (episode,) = read_episodes(tmp_path / 'bag')
    reach = trace.facts['evader']
    report = evaluate_episodes([episode], choosing_task(approach="evader == 'far'"))
    assert (report.agreement, report.judged) == (float(reach != 'far'), 1)


def test_without_traces_there_is_no_agreement_and_no_time(tmp_path):
    def bare(_step, decision):
        return {key: decision[key] for key in ('task', 'episode', 'step', 'method', 'moves')}

    episodes = read_episodes(record(tmp_path / 'bag', [1], board=BOARD, hook=bare))
    report = evaluate_episodes(episodes, choosing_task(**RULES))
    assert report.agreement is None
    assert report.as_json()['selection_ms'] == {'median': None, 'p99': None}


def test_a_function_base_that_does_not_load_is_named(tmp_path, monkeypatch):
    bag = record(tmp_path / 'bag', [1], board=BOARD)
    with pytest.raises(FunctionBaseError, match=r'task\.yaml'):
        evaluate_bags([bag], tmp_path)
    monkeypatch.setattr('ld_agent.function_base.share_path', lambda *_parts: tmp_path)
    (report,) = evaluate_bags([bag])
    assert report.agreement is None
    assert 'the function base does not load' in report.agreement_note


@pytest.fixture
def command():
    app = typer.Typer()
    app.command()(evaluate_verb)
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


def test_the_command_prints_one_object_for_one_method_and_a_list_for_two(tmp_path, command):
    one = record(tmp_path / 'one', [1], board=BOARD)
    two = record(tmp_path / 'two', [1], board=BOARD, method='random')
    assert json.loads(command(one, '--json').stdout)['method'] == 'ld'
    assert [o['method'] for o in json.loads(command(one, two, '--json').stdout)] == [
        'ld',
        'random',
    ]


def test_the_command_prints_a_table_and_draws(tmp_path, command):
    bag = record(tmp_path / 'one', [1], board=BOARD)
    ran = command(bag, '--png', tmp_path / 't.png', '--trace-png', tmp_path / 's.png')
    assert ran.exit_code == 0
    assert '100.0% [20.7%, 100.0%]' in ran.stdout
    assert (tmp_path / 't.png').stat().st_size > 10_000
    assert (tmp_path / 's.png').stat().st_size > 10_000


def test_the_command_names_what_is_no_bag(tmp_path, command):
    ran = command(tmp_path / 'nothing')
    assert ran.exit_code == 2
    assert 'is no bag' in ran.output


def test_evaluating_loads_neither_ros_nor_torch_nor_matplotlib():
    for module, absent in (
        ('ld_agent.evaluate', ('rclpy', 'torch', 'onnxruntime', 'matplotlib')),
        ('ld_agent.cli.evaluate', ('rclpy', 'torch', 'matplotlib')),
    ):
        program = f'import sys, {module}; print([m for m in {absent} if m in sys.modules])'
        out = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
        assert out.stdout.strip() == '[]', out.stderr
