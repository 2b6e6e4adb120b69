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
"""Vessels that hunt: the sea, drivers, perception, decision, emergency, visualiser, recorder."""

from dataclasses import fields

from launch.actions import DeclareLaunchArgument, EmitEvent, OpaqueFunction, RegisterEventHandler
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode, Node
from launch_ros.substitutions import FindPackageShare
from ld_agent.graph import vessels_graph, VesselsOptions
from ld_agent.methods import NAMES

from launch import LaunchDescription

DESCRIPTIONS = {
    'method': f'who decides: one of {NAMES}',
    'episodes': 'episodes to play',
    'seed': 'seed of the first episode',
    'evader': 'random, flee or adversary',
    'board': 'WIDTHxHEIGHT in cells',
    'kind': 'surface_vessel or differential_drive',
    'model': 'student: smollm2, a folder, a .gguf file or a Hugging Face id',
    'adapter': 'LoRA adapter: default for the shipped one, or its folder',
    'provider': 'where the student runs: auto, cpu or cuda',
    'function_base': 'folder of a function base; empty: the shipped one',
    'scenario': 'name in config/scenarios or a YAML file; empty: none',
    'deadline': 'seconds to wait for a decision',
    'speed': 'simulated seconds a second, at most',
    'driver': 'direct: cmd_vel of each vessel; nav2: goal_pose of each vessel',
    'record': 'folder for the bag; empty: record nothing',
    'retries': 'how often a node that dies is started again',
    'panel': 'true or false: serve the web panel',
}
OTHERS = {
    'world': ('true', 'start the simulated sea; false: robots or another simulator are there'),
    'namespace': ('', 'namespace of all nodes'),
    'params_file': ('', 'YAML file with ROS parameters; empty: none'),
    'rviz': ('false', 'start RViz with config/pursuit.rviz'),
}
RESPAWN_SECONDS = 0.1


def _true(context, name):
    return LaunchConfiguration(name).perform(context).lower() == 'true'


def _nodes(context):
    """Turn the graph into actions, with the arguments' values."""
    chosen = {
        field.name: type(field.default)(LaunchConfiguration(field.name).perform(context))
        for field in fields(VesselsOptions)
    }
    extra = LaunchConfiguration('params_file').perform(context)
    actions = []
    for spec in vessels_graph(VesselsOptions(**chosen)):
        if spec.world and not _true(context, 'world'):
            continue
        action = LifecycleNode if spec.lifecycle else Node
        again = {
            'respawn': True,
            'respawn_delay': RESPAWN_SECONDS,
            'respawn_max_retries': spec.retries,
        }
        node = action(
            package='ld_agent',
            executable=spec.name,
            name=spec.name,
            namespace=LaunchConfiguration('namespace'),
            parameters=[spec.parameters] + ([extra] if extra else []),
            output='screen',
            **(again if spec.retries else {}),
        )
        actions.append(node)
        if spec.world:
            ended = OnProcessExit(target_action=node, on_exit=[EmitEvent(event=Shutdown())])
            actions.append(RegisterEventHandler(ended))
    return actions


def generate_launch_description():
    """Declare the arguments and start the graph."""
    defaults = {field.name: str(field.default) for field in fields(VesselsOptions)}
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
