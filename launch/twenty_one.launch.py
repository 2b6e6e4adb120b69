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
"""Plays a match of 21 points: `ros2 launch ld_agent twenty_one.launch.py opponent:=stand_17`."""

from ld_agent.graph import twenty_one_graph, TwentyOneOptions
from ld_agent.launching import arguments, nodes

from launch import LaunchDescription

DESCRIPTIONS = {'opponent': 'random, stand_17, optimal or llm; the agent is not told'}


def generate_launch_description():
    """Declare the arguments and start the graph."""
    return LaunchDescription(
        [*arguments(TwentyOneOptions, DESCRIPTIONS), nodes(TwentyOneOptions, twenty_one_graph)]
    )
