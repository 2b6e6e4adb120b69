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
"""The pursuit with emergencies: a scenario publishes restricted areas while the hunt runs.

All arguments of pursuit.launch.py are passed on, such as `method:=reference evader:=hide`.
"""

from pathlib import Path

from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration

from launch import LaunchDescription

HERE = Path(__file__).resolve().parent
ARGUMENTS = {
    'scenario': ('table2', 'name in config/scenarios or a YAML file'),
    'params_file': (
        str(HERE.parent / 'config' / 'pursuit_emergency.yaml'),
        'YAML file with ROS parameters',
    ),
}
"""What differs from the pursuit without emergencies."""


def generate_launch_description():
    """Start the pursuit with other defaults."""
    arguments = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    pursuit = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(HERE / 'pursuit.launch.py')),
        launch_arguments={name: LaunchConfiguration(name) for name in ARGUMENTS}.items(),
    )
    return LaunchDescription([*arguments, pursuit])
