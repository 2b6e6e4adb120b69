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
"""What is derived from the code, and shipped as files, still says the same."""

from __future__ import annotations

import json

from ld_agent.graph import twenty_one_graph, TwentyOneOptions
from ld_agent.messages import Decision, FunctionUpdate, Result, State
from ld_agent.share import share_path
import pytest
import yaml

MODELS = {'state': State, 'decision': Decision, 'functions': FunctionUpdate, 'result': Result}


def _parameter_files():
    return [share_path('config', f'{name}.yaml').read_text() for name in ('pursuit', 'vessels')]


def test_the_shipped_schemas_are_those_of_the_models():
    folder = share_path('config', 'schema')
    shipped = {path.name: json.loads(path.read_text()) for path in folder.iterdir()}
    assert shipped == {
        f'{topic}.schema.json': model.model_json_schema() for topic, model in MODELS.items()
    }


def test_a_schema_says_what_must_be_there():
    schema = json.loads(share_path('config', 'schema', 'state.schema.json').read_text())
    assert set(schema['required']) == {
        'task', 'episode', 'seed', 'step', 'stamp', 'deadline', 'observation',
    }  # fmt: skip
    assert schema['properties']['step'] == {'minimum': 0, 'title': 'Step', 'type': 'integer'}


def test_the_shipped_parameters_are_the_declared_ones_with_their_defaults():
    parameters = pytest.importorskip('ld_agent.nodes.parameters')
    shipped = {name: part for text in _parameter_files() for name, part in
               yaml.safe_load(text).items()}  # fmt: skip
    assert shipped == {
        f'/**/{node}': {'ros__parameters': {n: f.default for n, f in model.model_fields.items()}}
        for node, model in parameters.NODE_PARAMETERS.items()
    }


def test_the_parameters_of_21_points_differ_from_the_defaults_where_its_graph_says():
    parameters = pytest.importorskip('ld_agent.nodes.parameters')
    shipped = yaml.safe_load(share_path('config', 'twenty_one.yaml').read_text())
    graph = {n.name: n.parameters for n in twenty_one_graph(TwentyOneOptions(record='bags/x'))}
    assert set(shipped) == {f'/**/{node}' for node in graph}
    for node, given in graph.items():
        model = parameters.NODE_PARAMETERS[node]
        wanted = {name: field.default for name, field in model.model_fields.items()}
        wanted |= {name: v for name, v in given.items() if name not in ('wait_for', 'path')}
        if node == 'recorder':
            wanted['path'] = 'bags/twenty_one'
        assert shipped[f'/**/{node}'] == {'ros__parameters': wanted}


def test_every_shipped_parameter_has_a_comment_with_its_description_and_bounds():
    parameters = pytest.importorskip('ld_agent.nodes.parameters')
    text = ''.join(_parameter_files())
    for node, model in parameters.NODE_PARAMETERS.items():
        section = text.split(f'/**/{node}:')[1].split('/**/')[0].splitlines()
        for name, field in model.model_fields.items():
            at = next(i for i, line in enumerate(section) if line.startswith(f'    {name}:'))
            comment = section[at - 1]
            assert comment.startswith(f'    # {field.description} (')
            for bound in field.metadata:
                limit = next(getattr(bound, b) for b in ('ge', 'gt', 'le') if hasattr(bound, b))
                assert str(limit) in comment
