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
"""The doctor's look at ROS 2: found or not, which RMW, who hears the graph, message types."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
import os
from pathlib import Path

from ld_agent.doctor.finding import Finding, Standing

MESSAGES = (
    'std_msgs', 'geometry_msgs', 'nav_msgs', 'visualization_msgs', 'diagnostic_msgs', 'std_srvs',
    'rosgraph_msgs', 'lifecycle_msgs',
)  # fmt: skip
"""The packages whose messages the nodes use."""
FRAMES = 'tf2_msgs'
RANGES = ('LOCALHOST', 'SUBNET', 'OFF', 'SYSTEM_DEFAULT')
HIGHEST_DOMAIN = 232
BUFFER_LIMIT = Path('/proc/sys/net/core/rmem_max')
BUFFER = 4 * 1024 * 1024
"""Bytes that the sockets of `config/fastdds.xml` ask for."""
GET_ROS = (
    'source your ROS 2 installation (`source /opt/ros/jazzy/setup.bash`), or install the wheels '
    'with `pip install "ld_agent[ros]"`'
)


def look_at_ros() -> list[Finding]:
    """Return the findings about ROS 2; without ROS only that it is not there."""
    try:
        rclpy = import_module('rclpy')
        implementation = import_module('rclpy.utilities').get_rmw_implementation_identifier()
    except Exception as error:
        # A half-sourced installation fails in many ways, ImportError is only one of them.
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        missing = Finding(
            'ROS 2', Standing.MISSING, f'not usable: {said}',
            ('the nodes do not start; evaluate, replay, compare and export work without.',
             f'{GET_ROS}.'),
        )  # fmt: skip
        return [missing]
    place = str(rclpy.__file__).rpartition('/rclpy/')[0]
    distribution = _distribution()
    return [
        Finding('ROS 2', Standing.OK, f'{distribution}, in {place}',
                details={'distribution': distribution, 'place': place}),
        Finding('RMW', Standing.OK, implementation, details={'implementation': implementation}),
        _discovery(),
        *_buffers(),
        _messages(),
    ]  # fmt: skip


def _distribution() -> str:
    named = os.environ.get('ROS_DISTRO')
    if named:
        return named
    try:
        return f'wheels of rclpy {version("ros-rclpy")}'
    except PackageNotFoundError:
        return 'unnamed (ROS_DISTRO is not set)'


def _discovery() -> Finding:
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    reach = os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') or 'SUBNET'
    if os.environ.get('ROS_LOCALHOST_ONLY') == '1':
        reach = 'LOCALHOST'
    details = {'domain': domain, 'range': reach}
    found = f'range {reach}, domain {domain}'
    if not domain.isdecimal() or int(domain) > HIGHEST_DOMAIN:
        return Finding(
            'discovery', Standing.MISSING, f'ROS_DOMAIN_ID is {domain!r}',
            ('no node starts with it.',
             f'set ROS_DOMAIN_ID to a number from 0 to {HIGHEST_DOMAIN}, or unset it.'), details,
        )  # fmt: skip
    if reach not in RANGES:
        return Finding(
            'discovery', Standing.MISSING, f'ROS_AUTOMATIC_DISCOVERY_RANGE is {reach!r}',
            ('ROS does not know this range.', f'set it to one of {", ".join(RANGES)}.'), details,
        )  # fmt: skip
    if reach == 'OFF':
        return Finding(
            'discovery', Standing.MISSING, found,
            ('no node finds another one.',
             'set ROS_AUTOMATIC_DISCOVERY_RANGE to LOCALHOST or SUBNET.'), details,
        )  # fmt: skip
    if reach != 'LOCALHOST':
        return Finding(
            'discovery', Standing.NOTE, found,
            ('nodes of other machines in this domain hear the graph, and speak to it; '
             '`ld-agent pursuit` keeps to this machine by itself where nothing is set.',
             'for `ros2 launch`, set ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST or a ROS_DOMAIN_ID '
             'of your own.'), details,
        )  # fmt: skip
    return Finding('discovery', Standing.OK, found, details=details)


def _buffers() -> list[Finding]:
    """Tell whether sockets may have the buffers that nodes meet without loss by; Linux alone."""
    try:
        limit = int(BUFFER_LIMIT.read_text())
    except (OSError, ValueError):
        return []
    found, details = f'{limit // 1024} KiB at most', {'limit': limit, 'asked': BUFFER}
    if limit >= BUFFER:
        return [Finding('receive buffers', Standing.OK, found, details=details)]
    return [
        Finding(
            'receive buffers', Standing.NOTE, found,
            ('they may overflow while nodes meet, and one that is started again may take a second '
             'longer.',
             f'run `sudo sysctl -w net.core.rmem_max={BUFFER}`.'), details,
        )
    ]  # fmt: skip


def _messages() -> Finding:
    there = {name: find_spec(name) is not None for name in (*MESSAGES, FRAMES)}
    missing = [name for name in MESSAGES if not there[name]]
    found = f'{sum(there[name] for name in MESSAGES)} of {len(MESSAGES)} packages'
    if missing:
        packages = ' '.join(name.replace('_', '-') for name in missing)
        return Finding(
            'message types', Standing.MISSING, f'{found}; not there: {", ".join(missing)}',
            ('the nodes that use them do not start.',
             f'install ros-DISTRO-… for {packages}, or `pip install "ld_agent[ros]"`.'),
            there,
        )  # fmt: skip
    if not there[FRAMES]:
        return Finding(
            'message types', Standing.NOTE, f'{found}, without {FRAMES}',
            ('frames go out on `transforms` one by one, which Foxglove reads and RViz does not; '
             'the markers do not need them.',
             'for `tf`, use a ROS 2 installation or build tf2_msgs, which is no Python wheel.'),
            there,
        )  # fmt: skip
    return Finding('message types', Standing.OK, f'{found}, and {FRAMES}', details=there)
