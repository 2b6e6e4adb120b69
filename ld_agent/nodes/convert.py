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
"""Cells to ROS messages and back: metres, frame `map`; cell (0, 0) is centred at half a cell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
import math

from builtin_interfaces.msg import Time
from geometry_msgs.msg import (
    Point32,
    PolygonStamped,
    Pose,
    PoseArray,
    PoseStamped,
    Quaternion,
    TransformStamped,
    Twist,
)
from ld_agent.messages import Cell
from ld_agent_sim import vessels
from ld_agent_sim.lanes import Lanes, make_lanes
from ld_agent_sim.pursuit import Board
from nav_msgs.msg import OccupancyGrid, Odometry
from std_msgs.msg import Header

CLOSED = 100
"""Value of a closed cell in an OccupancyGrid."""


def time_of(seconds: float) -> Time:
    """Return a time message, to the nearest nanosecond."""
    whole, nano = divmod(round(seconds * 1e9), 10**9)
    return Time(sec=whole, nanosec=nano)


def seconds_of(stamp: Time) -> float:
    """Return a time message in seconds."""
    return stamp.sec + stamp.nanosec * 1e-9


def to_odometry(pose: vessels.Pose, header: Header, child: str) -> Odometry:
    """Return where a body is and how it moves; the velocities are in its own frame `child`."""
    message = Odometry(header=header, child_frame_id=child)
    where, twist = message.pose.pose, message.twist.twist
    where.position.x, where.position.y = pose.x, pose.y
    where.orientation = to_quaternion(pose.yaw)
    twist.linear.x, twist.linear.y, twist.angular.z = pose.surge, pose.sway, pose.turn
    return message


def from_odometry(message: Odometry) -> vessels.Pose:
    """Return the pose of a body.

    Raises:
        ValueError: a number in it is not finite.
    """
    where, twist = message.pose.pose, message.twist.twist
    q = where.orientation
    yaw = math.atan2(2 * (q.w * q.z + q.x * q.y), 1 - 2 * (q.y * q.y + q.z * q.z))
    numbers = (
        where.position.x, where.position.y, yaw, twist.linear.x, twist.linear.y, twist.angular.z
    )  # fmt: skip
    _check_finite(*numbers)
    return vessels.Pose(*numbers)


def from_twist(message: Twist) -> tuple[float, float]:
    """Return the surge, m/s, and the rate of turn, rad/s, of a command.

    Raises:
        ValueError: a number in it is not finite.
    """
    _check_finite(message.linear.x, message.angular.z)
    return message.linear.x, message.angular.z


def _check_finite(*numbers: float) -> None:
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError('a number in it is not finite')


def to_quaternion(yaw: float) -> Quaternion:
    """Return the rotation about the vertical."""
    return Quaternion(z=math.sin(yaw / 2), w=math.cos(yaw / 2))


def closed_cells(grid: OccupancyGrid) -> frozenset[Cell]:
    """Return the cells that a grid shows as closed."""
    width = grid.info.width
    return frozenset((i % width, i // width) for i, v in enumerate(grid.data) if v == CLOSED)


def lanes_of(grid: OccupancyGrid, kind: str) -> Lanes:
    """Return the lanes of the board that a grid shows, for vessels of a kind.

    Raises:
        ValueError: no board can have this chart, or its cells are too small for the kind.
    """
    board = Board(grid.info.width, grid.info.height, walls=closed_cells(grid))
    return make_lanes(board, kind, grid.info.resolution)


def check_grid(grid: OccupancyGrid) -> None:
    """Check that a grid is a chart.

    Raises:
        ValueError: it has not as many cells as it says, or no edge of a cell.
    """
    width, height, edge = grid.info.width, grid.info.height, grid.info.resolution
    if not width * height == len(grid.data) > 0:
        raise ValueError(
            f'{width} x {height} cells are said to be there, and {len(grid.data)} are'
        )
    if not (math.isfinite(edge) and edge > 0.0):
        raise ValueError(f'the edge of a cell is {edge} m')


def from_moves(message: PoseArray, resolution: float) -> list[Cell]:
    """Return the cells that hold the poses.

    Raises:
        ValueError: a number in it is not finite.
    """
    _check_finite(*(n for p in message.poses for n in (p.position.x, p.position.y)))
    return [
        (math.floor(pose.position.x / resolution), math.floor(pose.position.y / resolution))
        for pose in message.poses
    ]


def to_metres(cell: Sequence[float], resolution: float) -> tuple[float, float]:
    """Return the centre of a cell in metres."""
    return (cell[0] + 0.5) * resolution, (cell[1] + 0.5) * resolution


def to_pose(cell: Sequence[float], resolution: float) -> Pose:
    """Return a pose at the centre of a cell, facing east."""
    pose = Pose()
    pose.position.x, pose.position.y = to_metres(cell, resolution)
    pose.orientation.w = 1.0
    return pose


def to_pose_array(cells: Iterable[Cell], header: Header, resolution: float) -> PoseArray:
    """Return one pose a cell."""
    return PoseArray(header=header, poses=[to_pose(cell, resolution) for cell in cells])


def to_pose_stamped(cell: Cell, header: Header, resolution: float) -> PoseStamped:
    """Return the pose of one cell."""
    return PoseStamped(header=header, pose=to_pose(cell, resolution))


def to_transform(
    name: str, cell: Sequence[float], header: Header, resolution: float
) -> TransformStamped:
    """Return the frame `name` at the centre of a cell, facing east."""
    out = TransformStamped(header=header, child_frame_id=name)
    x, y = to_metres(cell, resolution)
    out.transform.translation.x, out.transform.translation.y = x, y
    out.transform.rotation.w = 1.0
    return out


def to_grid(
    size: tuple[int, int], closed: Collection[Cell], header: Header, resolution: float
) -> OccupancyGrid:
    """Return a grid with 100 in closed cells and 0 elsewhere."""
    grid = OccupancyGrid(header=header)
    grid.info.map_load_time = header.stamp
    grid.info.width, grid.info.height = size
    grid.info.resolution = resolution
    grid.info.origin.orientation.w = 1.0
    closed = frozenset(closed)
    grid.data = [CLOSED if (x, y) in closed else 0 for y in range(size[1]) for x in range(size[0])]
    return grid


def to_polygon(
    corners: Iterable[tuple[float, float]], header: Header, resolution: float
) -> PolygonStamped:
    """Return a polygon in metres from corners in cells."""
    message = PolygonStamped(header=header)
    for corner in corners:
        x, y = to_metres(corner, resolution)
        message.polygon.points.append(Point32(x=x, y=y, z=0.0))
    return message


def from_polygon(message: PolygonStamped, grid: OccupancyGrid) -> list[tuple[float, float]]:
    """Return the corners in cells of a polygon in metres, given the grid it lies on.

    Coordinates are rounded to a thousandth of a cell, which float32 metres do not resolve.
    """
    origin, resolution = grid.info.origin.position, grid.info.resolution
    return [
        (
            round((point.x - origin.x) / resolution - 0.5, 3),
            round((point.y - origin.y) / resolution - 0.5, 3),
        )
        for point in message.polygon.points
    ]
