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
"""Starts a graph on a machine without `ros2 launch`: a process a node, or all in one.

The end of the world's node, or Ctrl-C, ends the others in order, the recorder last. A node that
dies is started again as often as its spec says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import importlib
import logging
import os
import random
import subprocess
import sys
import time
from typing import Any

from ld_agent.errors import LdAgentError
from ld_agent.graph import NodeSpec
from ld_agent.share import share_path

_log = logging.getLogger(__name__)
STOP_SECONDS = 5.0
POLL_SECONDS = 0.05
NEEDED = ('decision', 'emergency', 'recorder')
RANGE = 'ROS_AUTOMATIC_DISCOVERY_RANGE'
PEERS = 'ROS_STATIC_PEERS'
PROFILES = 'FASTDDS_DEFAULT_PROFILES_FILE'
OLD_PROFILES = 'FASTRTPS_DEFAULT_PROFILES_FILE'
"""Of Fast DDS 2, which the distributions before Kilted have."""
REFUSED = 2
"""Status of a node that cannot start at all; starting it again would not help."""


def isolate() -> None:
    """Keep the graph on this machine, in a domain of its own, unless the user chose otherwise."""
    os.environ.setdefault(RANGE, 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.SystemRandom().randrange(1, 100)))


def local_discovery() -> dict[str, str]:
    """Return the variables by which nodes that stay on this machine use `config/fastdds.xml`.

    None where the user chose another range or profiles, or another middleware runs. The range that
    they set is the file's, which stays on this machine as well.
    """
    from rclpy.utilities import get_rmw_implementation_identifier

    fast = get_rmw_implementation_identifier().startswith('rmw_fastrtps')
    older = os.environ.get('ROS_DISTRO') in ('humble', 'iron', 'jazzy')
    chosen = [name for name in (PROFILES, OLD_PROFILES, PEERS) if name in os.environ]
    if not fast or older or chosen or os.environ.get(RANGE) != 'LOCALHOST':
        return {}
    return {PROFILES: str(share_path('config', 'fastdds.xml')), RANGE: 'SYSTEM_DEFAULT'}


def require_ros() -> None:
    """Raise unless rclpy can be imported.

    Raises:
        LdAgentError: it cannot; says how to get it.
    """
    try:
        importlib.import_module('rclpy')
    except ImportError as error:
        raise LdAgentError(
            f'ROS 2 is not there ({error}); source your ROS 2 installation, or install the wheels '
            'with `pip install "ld_agent[ros]"`'
        ) from None


def node_arguments(spec: NodeSpec, prefix: str = '') -> list[str]:
    """Return the ROS arguments that give a node its parameters.

    Args:
        prefix: the node's name and a colon, where other nodes read the same arguments.
    """
    arguments = ['--ros-args']
    for name, value in spec.parameters.items():
        if value != '':
            arguments += ['-p', f'{prefix}{name}:={_yaml(value)}']
    return arguments


def _yaml(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)


def run_processes(graph: Sequence[NodeSpec], poll: Callable[[], None] = lambda: None) -> int:
    """Run each node as a process until the world's ends; return its exit status.

    Args:
        poll: called about 20 times a second meanwhile.

    Raises:
        LdAgentError: a node that is needed ended by itself, once more than it may.
    """
    (world,) = (spec.name for spec in graph if spec.world)
    running: dict[str, subprocess.Popen] = {}
    deaths = dict.fromkeys((spec.name for spec in graph), 0)
    try:
        for spec in graph:
            running[spec.name] = _start(spec)
        while running[world].poll() is None:
            for spec in graph:
                status = running[spec.name].poll()
                if status is None:
                    continue
                deaths[spec.name] += 1
                if status != REFUSED and deaths[spec.name] <= spec.retries:
                    _log.warning('the node %s ended with status %d; it is started again, %d of %d',
                                 spec.name, status, deaths[spec.name], spec.retries)  # fmt: skip
                    running[spec.name] = _start(spec)
                elif spec.retries or spec.name in NEEDED:
                    raise LdAgentError(
                        f'the node {spec.name} ended with status {status}; its message '
                        'stands above'
                    )
            poll()
            time.sleep(POLL_SECONDS)
        return running[world].returncode
    finally:
        recorder = running.pop('recorder', None)
        _stop(list(running.values()))
        _stop([recorder] if recorder is not None else [])


def _start(spec: NodeSpec) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, '-m', spec.module, *node_arguments(spec)],
        start_new_session=True,
        env={**os.environ, **local_discovery()},
    )


def _stop(processes: Sequence[subprocess.Popen]) -> None:
    """End processes together; a slow one is killed, and so it is at a second Ctrl-C.

    SIGTERM ends a node quietly even while it is importing, where SIGINT leaves a traceback.
    """
    for process in processes:
        process.terminate()
    end = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.0, end - time.monotonic()))
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            process.kill()
            process.wait()


def run_composed(graph: Sequence[NodeSpec]) -> int:
    """Run all nodes in this process until the simulator ends.

    Raises:
        KeyboardInterrupt: it was told to end before.
    """
    import rclpy
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

    arguments = [a for spec in graph for a in node_arguments(spec, f'{spec.name}:')]
    with rclpy.init(args=arguments):
        executor = SingleThreadedExecutor()
        nodes = []
        try:
            for spec in graph:
                module = importlib.import_module(spec.module)
                nodes.append(module.NODE())
                executor.add_node(nodes[-1])
            executor.spin()
        except ExternalShutdownException:
            # The simulator's own end; a signal shuts the context down as well.
            if not rclpy.ok():
                raise KeyboardInterrupt from None
        finally:
            for node in reversed(nodes):
                close = getattr(node, 'close', None)
                if close is not None:
                    close()
    return 0
