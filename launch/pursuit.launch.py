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
"""The pursuit: simulator, decision, emergency, visualiser, recorder."""

from dataclasses import fields

from launch.actions import DeclareLaunchArgument, EmitEvent, OpaqueFunction, RegisterEventHandler
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode, Node
from launch_ros.substitutions import FindPackageShare
from ld_agent.graph import pursuit_graph, PursuitOptions
from ld_agent.methods import NAMES

from launch import LaunchDescription

DESCRIPTIONS = {
    'method': f'who decides: one of {NAMES}',
    'episodes': 'episodes to play',
    'seed': 'seed of the first episode',
    'evader': 'random, flee, adversary, hide or llm',
    'board': 'WIDTHxHEIGHT in cells',
    'moves': 'exact or up_to',
    'model': 'student: smollm2, a folder, a .gguf file or a Hugging Face id',
    'adapter': 'LoRA adapter: default for the shipped one, or its folder',
    'provider': 'where the student runs: auto, cpu or cuda',
    'function_base': 'folder of a function base; empty: the shipped one',
    'guard': 'on: replace illegal moves; count: let them out as violations',
    'abstain_below': 'least margin of a selection, nats; below it the guard gives the moves',
    'scenario': 'name in config/scenarios or a YAML file; empty: none',
    'deadline': 'seconds to wait for a decision',
    'rate': 'steps a second; 0: lock-step',
    'record': 'folder for the bag; empty: record nothing',
    'retriever': 'none: the student sees all functions of a stage; dpr: what is retrieved',
    'top_k': 'functions that dpr retrieves',
}
OTHERS = {
    'namespace': ('', 'namespace of all nodes'),
    'params_file': ('', 'YAML file with ROS parameters; empty: none'),
    'use_sim_time': ('false', 'nodes take their time from /clock'),
    'rviz': ('false', 'start RViz with config/pursuit.rviz'),
}


def _nodes(context):
    """Turn the graph into actions, with the arguments' values."""
    chosen = {
        field.name: type(field.default)(LaunchConfiguration(field.name).perform(context))
        for field in fields(PursuitOptions)
    }
    extra = LaunchConfiguration('params_file').perform(context)
    clock = LaunchConfiguration('use_sim_time').perform(context).lower() == 'true'
    actions = []
    for spec in pursuit_graph(PursuitOptions(**chosen)):
        parameters = [{**spec.parameters, 'use_sim_time': clock}]
        common = {
            'package': 'ld_agent',
            'executable': spec.name,
            'name': spec.name,
            'namespace': LaunchConfiguration('namespace'),
            'output': 'screen',
        }
        action = LifecycleNode if spec.lifecycle else Node
        node = action(parameters=parameters + ([extra] if extra else []), **common)
        actions.append(node)
        if spec.name == 'simulator':
            ended = OnProcessExit(target_action=node, on_exit=[EmitEvent(event=Shutdown())])
            actions.append(RegisterEventHandler(ended))
    return actions


def generate_launch_description():
    """Declare the arguments and start the graph."""
    defaults = {field.name: str(field.default) for field in fields(PursuitOptions)}
    arguments = [
        DeclareLaunchArgument(name, default_value=defaults[name], description=text)
        for name, text in DESCRIPTIONS.items()
    ] + [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in OTHERS.items()
    ]
    share = FindPackageShare('ld_agent')
    rviz = Node(
        package='rviz2',
        executable='rviz2',
        arguments=['-d', PathJoinSubstitution([share, 'config', 'pursuit.rviz'])],
        condition=IfCondition(LaunchConfiguration('rviz')),
    )
    return LaunchDescription([*arguments, OpaqueFunction(function=_nodes), rviz])
