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

The end of the simulator, or Ctrl-C, ends the others in order, the recorder last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import importlib
import os
import random
import signal
import subprocess
import sys
import time

from ld_agent.errors import LdAgentError
from ld_agent.graph import NodeSpec

STOP_SECONDS = 5.0
POLL_SECONDS = 0.05


def isolate() -> None:
    """Keep the graph on this machine, in a domain of its own, unless the user chose otherwise."""
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(random.SystemRandom().randrange(1, 100)))


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


def node_arguments(spec: NodeSpec) -> list[str]:
    """Return the ROS arguments that give a node its parameters."""
    arguments = ['--ros-args']
    for name, value in spec.parameters.items():
        if value != '':
            shown = f"'{value}'" if isinstance(value, str) else value
            arguments += ['-p', f'{name}:={shown}']
    return arguments


def run_processes(graph: Sequence[NodeSpec], poll: Callable[[], None] = lambda: None) -> int:
    """Run each node as a process until the simulator ends; return its exit status.

    Args:
        poll: called about 20 times a second meanwhile.

    Raises:
        LdAgentError: a node that is needed ended by itself.
    """
    running: dict[str, subprocess.Popen] = {}
    try:
        for spec in graph:
            running[spec.name] = subprocess.Popen(
                [sys.executable, '-m', spec.module, *node_arguments(spec)],
                start_new_session=True,
            )
        while running['simulator'].poll() is None:
            for name in ('decision', 'recorder'):
                process = running.get(name)
                if process is not None and process.poll() is not None:
                    raise LdAgentError(
                        f'the node {name} ended with status {process.returncode}; its message '
                        'stands above'
                    )
            poll()
            time.sleep(POLL_SECONDS)
        return running['simulator'].returncode
    finally:
        for name in sorted(running, key=lambda name: name == 'recorder'):
            _stop(running[name])


def _stop(process: subprocess.Popen) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run_composed(graph: Sequence[NodeSpec]) -> int:
    """Run all nodes in this process until the simulator ends."""
    import rclpy
    from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

    arguments = ['--ros-args']
    for spec in graph:
        for name, value in spec.parameters.items():
            if value != '':
                shown = f"'{value}'" if isinstance(value, str) else value
                arguments += ['-p', f'{spec.name}:{name}:={shown}']
    with rclpy.init(args=arguments):
        executor = SingleThreadedExecutor()
        nodes = []
        try:
            for spec in graph:
                module = importlib.import_module(spec.module)
                nodes.append(module.NODE())
                executor.add_node(nodes[-1])
            executor.spin()
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        finally:
            for node in reversed(nodes):
                close = getattr(node, 'close', None)
                if close is not None:
                    close()
    return 0
