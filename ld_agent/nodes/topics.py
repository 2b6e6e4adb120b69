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
"""The topics of the graph, each with its type and quality of service: one list for all nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import (
    PolygonStamped,
    PoseArray,
    PoseStamped,
    TransformStamped,
    Twist,
)
from ld_agent.nodes.qos import LATCHED, LATCHED_ALL, LATCHED_FEW, LATCHED_LOG, NEWEST, STREAM
from nav_msgs.msg import OccupancyGrid, Odometry
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Bool, String
from visualization_msgs.msg import MarkerArray

try:
    from tf2_msgs.msg import TFMessage
except ImportError:
    TFMessage = None


@dataclass(frozen=True)
class Topic:
    """A topic: relative name (or absolute for `/clock`), type, what its publishers offer.

    `heard` is what its listeners ask for, the recorder excepted; default the same.
    """

    name: str
    type: Any
    qos: QoSProfile
    heard: QoSProfile | None = None


STATE = Topic('state', String, LATCHED_LOG, heard=LATCHED_FEW)
DECISION = Topic('decision', String, LATCHED_LOG, heard=STREAM)
FUNCTIONS = Topic('functions', String, LATCHED_ALL)
KEPT_FUNCTIONS = Topic('kept_functions', String, LATCHED_ALL)
RESULT = Topic('result', String, LATCHED_LOG)
EMERGENCY = Topic('emergency', String, STREAM)
RESTRICTED_AREA = Topic('restricted_area', PolygonStamped, STREAM)
GRID = Topic('grid', OccupancyGrid, LATCHED)
TRUTH = Topic('truth', OccupancyGrid, LATCHED)
PURSUERS = Topic('pursuers', PoseArray, STREAM)
MOVES = Topic('moves', PoseArray, STREAM)
EVADER = Topic('evader', PoseStamped, STREAM)
STOPPED = Topic('stopped', Bool, LATCHED)
MARKERS = Topic('markers', MarkerArray, STREAM)
DIAGNOSTICS = Topic('diagnostics', DiagnosticArray, STREAM)
CLOCK = Topic('/clock', Clock, STREAM)
FRAMES = (
    Topic('transforms', TransformStamped, STREAM)
    if TFMessage is None
    else Topic('tf', TFMessage, STREAM)
)
"""The Python wheels of ROS lack tf2_msgs; single transforms are what Foxglove also reads."""

MIRRORS = (GRID, TRUTH, PURSUERS, MOVES, EVADER, RESTRICTED_AREA, EMERGENCY)
"""What the simulator publishes of a world with a board."""
RECORDED = (STATE, DECISION, FUNCTIONS, RESULT, EMERGENCY, GRID, TRUTH, PURSUERS, MOVES, EVADER,
            STOPPED, MARKERS, FRAMES, DIAGNOSTICS, CLOCK, RESTRICTED_AREA)  # fmt: skip
"""In the order of subscribing; who listens to the last is seen to listen to all."""


def odom(vessel: str) -> Topic:
    """Return the topic of a vessel's odometry."""
    return Topic(f'{vessel}/odom', Odometry, NEWEST)


def cmd_vel(vessel: str) -> Topic:
    """Return the topic of a vessel's commands."""
    return Topic(f'{vessel}/cmd_vel', Twist, NEWEST)


def goal_pose(vessel: str) -> Topic:
    """Return the topic of a vessel's next goal, for nav2 and the like."""
    return Topic(f'{vessel}/goal_pose', PoseStamped, STREAM)
