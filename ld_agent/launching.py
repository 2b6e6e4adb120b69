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
"""Turns a graph into launch_ros actions, for the files in `launch/`. Needs ROS 2's `launch`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from launch.actions import DeclareLaunchArgument, EmitEvent, OpaqueFunction, RegisterEventHandler
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode, Node
from launch_ros.substitutions import FindPackageShare
from ld_agent.graph import NodeSpec
from ld_agent.methods import NAMES

DESCRIPTIONS = {
    'method': f'who decides: one of {NAMES}',
    'episodes': 'episodes to play',
    'seed': 'seed of the first episode',
    'model': 'student: smollm2, a folder, a .gguf file or a Hugging Face id',
    'adapter': 'LoRA adapter: default for the shipped one, or its folder',
    'provider': 'where the student runs: auto, cpu or cuda',
    'function_base': 'folder of a function base; empty: the shipped one',
    'guard': 'on: replace what breaks a rule; count: let it out as a violation',
    'abstain_below': 'least margin of a selection, nats; below it the guard decides',
    'deadline': 'seconds to wait for a decision',
    'record': 'folder for the bag; empty: record nothing',
    'retriever': 'none: the student sees all functions of a stage; dpr: what is retrieved',
    'top_k': 'functions that dpr retrieves',
}
"""Of the options that most graphs have."""
OTHERS = {
    'namespace': ('', 'namespace of all nodes'),
    'params_file': ('', 'YAML file with ROS parameters; empty: none'),
    'use_sim_time': ('false', 'nodes take their time from /clock'),
}
RESPAWN_SECONDS = 0.1


def arguments(options: Any, more: Mapping[str, str]) -> list[DeclareLaunchArgument]:
    """Declare an argument an option, with its default, and those of every graph.

    Args:
        options: the class of the graph's options.
        more: descriptions of the task's own options.
    """
    told = {**DESCRIPTIONS, **more}
    return [
        DeclareLaunchArgument(f.name, default_value=str(f.default), description=told[f.name])
        for f in fields(options)
    ] + [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in OTHERS.items()
    ]


def nodes(options: Any, graph: Callable[[Any], list[NodeSpec]]) -> OpaqueFunction:
    """Start the graph with the arguments' values; the end of its world ends all.

    With an argument `world` that is false the world is not started: another one is there.
    """

    def start(context: Any) -> list[Any]:
        defaults: dict[str, Any] = {field.name: field.default for field in fields(options)}
        chosen = {
            name: _read(default, LaunchConfiguration(name).perform(context))
            for name, default in defaults.items()
        }
        extra = LaunchConfiguration('params_file').perform(context)
        clock = _read(False, LaunchConfiguration('use_sim_time').perform(context))
        world = _read(True, LaunchConfiguration('world', default='true').perform(context))
        actions: list[Any] = []
        for spec in graph(options(**chosen)):
            if spec.world and not world:
                continue
            parameters: list[Any] = [{**spec.parameters, 'use_sim_time': clock}]
            again = {
                'respawn': True,
                'respawn_delay': RESPAWN_SECONDS,
                'respawn_max_retries': spec.retries,
            }
            action = LifecycleNode if spec.lifecycle else Node
            node = action(
                package='ld_agent',
                executable=spec.name,
                name=spec.name,
                namespace=LaunchConfiguration('namespace'),
                output='screen',
                parameters=parameters + ([extra] if extra else []),
                **(again if spec.retries else {}),
            )
            actions.append(node)
            if spec.world:
                ended = OnProcessExit(target_action=node, on_exit=[EmitEvent(event=Shutdown())])
                actions.append(RegisterEventHandler(ended))
        return actions

    return OpaqueFunction(function=start)


def rviz() -> list[Any]:
    """Return the argument `rviz`, and RViz with the shipped configuration where it is true."""
    config = PathJoinSubstitution([FindPackageShare('ld_agent'), 'config', 'pursuit.rviz'])
    return [
        DeclareLaunchArgument(
            'rviz', default_value='false', description='start RViz with config/pursuit.rviz'
        ),
        Node(
            package='rviz2',
            executable='rviz2',
            arguments=['-d', config],
            # So that it forgets the frames of the run before when time begins anew.
            parameters=[{'use_sim_time': True}],
            condition=IfCondition(LaunchConfiguration('rviz')),
        ),
    ]


def _read(default: Any, text: str) -> Any:
    """Return an argument with the type of its option's default."""
    return text.lower() == 'true' if isinstance(default, bool) else type(default)(text)
