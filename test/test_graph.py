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
"""The graph names nodes that exist, with parameters that they declare."""

from __future__ import annotations

import ast
from dataclasses import fields, replace
import importlib.util
from pathlib import Path
import re

from ld_agent.errors import LdAgentError
from ld_agent.graph import (
    play_graph,
    PlayOptions,
    pursuit_graph,
    PursuitOptions,
    twenty_one_graph,
    TwentyOneOptions,
    vessels_graph,
    VesselsOptions,
)
from ld_agent.players import make_agent
from ld_agent.runner import node_arguments
from ld_agent.worlds import open_world
import pytest

ROOT = Path(__file__).parent.parent
PLAIN = pursuit_graph(PursuitOptions())
RECORDED = pursuit_graph(PursuitOptions(record='bags/one'))
SHOWN = pursuit_graph(PursuitOptions(panel=True))
VESSELS = vessels_graph(VesselsOptions(record='bags/one'))


def declared() -> dict:
    return pytest.importorskip('ld_agent.nodes.parameters').NODE_PARAMETERS


def test_every_node_is_a_module_that_declares_its_parameters():
    for node in [*RECORDED, *SHOWN, *VESSELS]:
        assert importlib.util.find_spec(node.module) is not None
        assert set(node.parameters) <= set(declared()[node.name].model_fields)
    assert {node.name for node in [*RECORDED, *SHOWN, *VESSELS]} == set(declared())


def test_the_recorder_comes_first_and_only_where_a_bag_is_wanted():
    assert [node.name for node in RECORDED][0] == 'recorder'
    assert [node.name for node in RECORDED][1:] == [node.name for node in PLAIN]


def test_the_decision_node_alone_has_a_lifecycle():
    for graph in (RECORDED, VESSELS):
        assert [node.name for node in graph if node.lifecycle] == ['decision']


def test_one_node_is_the_world_and_ends_the_graph():
    assert [node.name for node in RECORDED if node.world] == ['simulator']
    assert [node.name for node in VESSELS if node.world] == ['vessels']


def test_every_node_that_decides_or_drives_is_started_again_a_bounded_number_of_times():
    again = {n.name: n.retries for n in vessels_graph(VesselsOptions(retries=2)) if n.retries}
    assert again == dict.fromkeys(
        ('visualiser', 'emergency', 'decision', 'driver', 'perception'), 2
    )


def test_the_defaults_of_the_graph_are_those_of_the_nodes():
    for node in [*SHOWN, *vessels_graph(VesselsOptions())]:
        model = declared()[node.name]
        defaults = {name: field.default for name, field in model.model_fields.items()}
        given = {n: v for n, v in node.parameters.items() if n != 'wait_for'}
        assert given == {name: defaults[name] for name in given}


def test_what_the_graph_gives_a_node_has_the_type_that_it_declares():
    for node in [*RECORDED, *SHOWN, *VESSELS]:
        model = declared()[node.name]
        assert (
            model(**node.parameters).model_dump() | node.parameters
            == model(**node.parameters).model_dump()
        )
        for name, value in node.parameters.items():
            assert type(value) is type(model.model_fields[name].default)


def test_the_panel_is_there_only_where_it_is_wanted():
    assert {node.name for node in SHOWN} - {node.name for node in PLAIN} == {'panel'}


def test_every_option_of_a_launch_file_is_described():
    for name, options in (
        ('pursuit', PursuitOptions), ('twenty_one', TwentyOneOptions), ('vessels', VesselsOptions)
    ):  # fmt: skip
        described = told(ROOT / 'ld_agent' / 'launching.py') | told(
            ROOT / 'launch' / f'{name}.launch.py'
        )
        assert {field.name for field in fields(options)} <= described, name


def told(file: Path) -> set[str]:
    """Return the keys of a file's DESCRIPTIONS, without the packages that the file needs."""
    for node in ast.parse(file.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == 'DESCRIPTIONS':
            return {key.value for key in node.value.keys}
    return set()


@pytest.mark.parametrize('option', [f.name for f in fields(PursuitOptions) if f.name != 'panel'])
def test_every_option_reaches_a_node(option):
    value = getattr(PursuitOptions(), option)
    other = value + 1 if isinstance(value, int | float) else f'{value}other'
    changed = pursuit_graph(replace(PursuitOptions(), **{option: other}))
    before = {(n.name, p): v for n in PLAIN for p, v in n.parameters.items()}
    after = {(n.name, p): v for n in changed for p, v in n.parameters.items()}
    assert other in [v for key, v in after.items() if before.get(key) != v]


@pytest.mark.parametrize('option', [f.name for f in fields(VesselsOptions) if f.name != 'panel'])
def test_every_option_of_the_vessels_reaches_a_node(option):
    value = getattr(VesselsOptions(), option)
    other = value + 1 if isinstance(value, int | float) else f'{value}other'
    changed = vessels_graph(replace(VesselsOptions(), **{option: other}))
    plain = {(n.name, p): v for n in VESSELS[1:] for p, v in n.parameters.items()}
    after = {(n.name, p): v for n in changed for p, v in n.parameters.items()}
    retries = [n.retries for n in changed]
    assert other in [v for key, v in after.items() if plain.get(key) != v] or other in retries


CARDS = twenty_one_graph(TwentyOneOptions(record='bags/one'))


def test_21_points_goes_through_the_same_nodes():
    assert [node.name for node in CARDS] == ['recorder', 'decision', 'simulator']
    for node in CARDS:
        model = declared()[node.name]
        assert set(node.parameters) <= set(model.model_fields)
        model(**node.parameters)
        assert node.parameters.get('task', 'twenty_one') == 'twenty_one'


@pytest.mark.parametrize('option', [field.name for field in fields(TwentyOneOptions)])
def test_every_option_of_21_points_reaches_a_node(option):
    value = getattr(TwentyOneOptions(record='bags/one'), option)
    other = value + 1 if isinstance(value, int | float) else f'{value}other'
    changed = twenty_one_graph(replace(TwentyOneOptions(record='bags/one'), **{option: other}))
    before = {(n.name, p): v for n in CARDS for p, v in n.parameters.items()}
    after = {(n.name, p): v for n in changed for p, v in n.parameters.items()}
    assert other in [v for key, v in after.items() if before.get(key) != v]


def test_any_task_goes_through_the_nodes_of_21_points():
    options = PlayOptions(task='twenty_one', opponent='stand_17', record='bags/one')
    assert play_graph(options) == CARDS
    assert [node.name for node in CARDS if node.world] == ['simulator']


def test_without_an_opponent_the_agent_plays_against_the_worlds_first():
    played = {n.name: n.parameters for n in play_graph(PlayOptions(task='twenty_one'))}
    assert played['simulator']['evader'] == 'random'


def test_a_task_without_a_world_gives_one_sentence():
    for task in ('', 'chess', 'no task'):
        with pytest.raises(LdAgentError, match='there is no world for the task'):
            play_graph(PlayOptions(task=task))


def test_node_arguments_keep_the_type_of_a_text_that_looks_like_another():
    (decision,) = [n for n in pursuit_graph(PursuitOptions(guard='on')) if n.name == 'decision']
    arguments = node_arguments(decision)
    assert arguments[0] == '--ros-args'
    assert "guard:='on'" in arguments
    assert not any(re.fullmatch(r'function_base:=.*', a) for a in arguments)


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (
            {'evader': 'ghost'},
            "evader 'ghost' is unknown; use one of random, flee, adversary, hide, llm",
        ),
        ({'board': '9'}, "the board '9' is not WIDTHxHEIGHT, such as 20x20"),
        ({'board': '1x9'}, 'a board of 1x9 is too small; use 2x2 or more'),
        ({'moves': 'far'}, "moves is 'far'; use 'exact' or 'up_to'"),
        (
            {'task': 'chess'},
            "there is no world for the task 'chess'; use 'pursuit', or a module of sim/ with a "
            "WORLD, such as 'twenty_one'",
        ),
    ],
)
def test_a_name_the_world_does_not_know_gives_one_sentence(change, sentence):
    wanted = {'task': 'pursuit', 'evader': 'flee', 'board': '20x20', 'moves': 'exact'}
    with pytest.raises(LdAgentError) as caught:
        open_world(**{**wanted, 'scenario': '', 'model': 'smollm2', **change})
    assert str(caught.value) == sentence


def test_an_opponent_that_21_points_does_not_know_gives_one_sentence():
    with pytest.raises(LdAgentError) as caught:
        open_world('twenty_one', 'flee', '20x20', 'exact', '', 'smollm2')
    assert str(caught.value) == (
        "opponent 'flee' is unknown; use one of random, stand_17, optimal, llm"
    )


def test_a_method_that_gives_moves_has_no_place_at_21_points():
    with pytest.raises(LdAgentError, match="'kd' gives moves, and the task 'twenty_one'"):
        make_agent('kd', 'twenty_one')


def test_a_scenario_that_is_unknown_gives_one_sentence_with_those_that_are_there():
    with pytest.raises(LdAgentError, match="scenario 'sun' is unknown; use one of .*several"):
        open_world('pursuit', 'flee', '20x20', 'exact', 'sun', '')


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (
            {'method': 'magic'},
            "method 'magic' is unknown; use one of ld, reference, random, small_free, small_pick, "
            'kd, large',
        ),
        (
            {'method': 'small'},
            "method 'small' is unknown; use one of ld, reference, random, small_free, small_pick, "
            'kd, large',
        ),
        ({'guard': 'off'}, "guard 'off' is unknown; use 'on' or 'count'"),
    ],
)
def test_a_method_or_guard_that_is_unknown_gives_one_sentence(change, sentence):
    with pytest.raises(LdAgentError) as caught:
        make_agent(**{'method': 'random', **change})
    assert str(caught.value) == sentence
