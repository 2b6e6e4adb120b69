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

from ld_agent.graph import pursuit_graph, PursuitOptions
from ld_agent.launching import arguments, nodes, rviz

from launch import LaunchDescription

DESCRIPTIONS = {
    'evader': 'random, flee, adversary, hide or llm',
    'board': 'WIDTHxHEIGHT in cells',
    'moves': 'exact or up_to',
    'scenario': 'name in config/scenarios or a YAML file; empty: none',
    'rate': 'steps a second; 0: lock-step',
    'sentences': 'true or false: understand emergencies that are published as sentences',
    'panel': 'true or false: serve the web panel',
}


def generate_launch_description():
    """Declare the arguments and start the graph."""
    return LaunchDescription(
        [
            *arguments(PursuitOptions, DESCRIPTIONS),
            nodes(PursuitOptions, pursuit_graph),
            *rviz(),
        ]
    )
