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
"""Plays any task: `ros2 launch ld_agent play.launch.py task:=twenty_one`."""

from ld_agent.graph import play_graph, PlayOptions
from ld_agent.launching import arguments, nodes

from launch import LaunchDescription

DESCRIPTIONS = {
    'task': 'the task: a module of sim/ with a world, and a folder of function_base/',
    'opponent': "whom the agent plays against; empty: the world's first",
}


def generate_launch_description():
    """Declare the arguments and start the graph."""
    return LaunchDescription(
        [*arguments(PlayOptions, DESCRIPTIONS), nodes(PlayOptions, play_graph)]
    )
