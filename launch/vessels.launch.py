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
from ld_agent.graph import vessels_graph, VesselsOptions
from ld_agent.launching import arguments, nodes, rviz

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
    return LaunchDescription(
        [
            *arguments(VesselsOptions, DESCRIPTIONS),
            world,
            nodes(VesselsOptions, vessels_graph),
            *rviz(),
        ]
    )
