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

from launch.actions import DeclareLaunchArgument
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare
from ld_agent.graph import vessels_graph, VesselsOptions
from ld_agent.launching import arguments, nodes

from launch import LaunchDescription

DESCRIPTIONS = {
    'evader': 'random, flee or adversary',
    'board': 'WIDTHxHEIGHT in cells',
    'kind': 'surface_vessel or differential_drive',
    'scenario': 'name in config/scenarios or a YAML file; empty: none',
    'speed': 'simulated seconds a second, at most',
    'driver': 'direct: cmd_vel of each vessel; nav2: goal_pose of each vessel',
    'retries': 'how often a node that dies is started again',
    'panel': 'true or false: serve the web panel',
}


def generate_launch_description():
    """Declare the arguments and start the graph."""
    world = DeclareLaunchArgument(
        'world',
        default_value='true',
        description='start the simulated sea; false: robots or another simulator are there',
    )
    shown = DeclareLaunchArgument(
        'rviz', default_value='false', description='start RViz with config/pursuit.rviz'
    )
    share = FindPackageShare('ld_agent')
    rviz = Node(
        package='rviz2',
        executable='rviz2',
        arguments=['-d', PathJoinSubstitution([share, 'config', 'pursuit.rviz'])],
        condition=IfCondition(LaunchConfiguration('rviz')),
    )
    return LaunchDescription(
        [
            *arguments(VesselsOptions, DESCRIPTIONS),
            world,
            shown,
            nodes(VesselsOptions, vessels_graph),
            rviz,
        ]
    )
