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
"""What the tests share: the shipped student, prepared once, and a ROS domain for each test."""

from __future__ import annotations

from functools import cache
from itertools import cycle
import os
from pathlib import Path
import re

os.environ.setdefault('HF_HUB_OFFLINE', '1')

from ld_agent.student.prepare import open_student
from ld_agent.student.session import Student
import pytest

_WATCHES_TIME = re.compile(
    r'^from (running|processes|browsing|hostile)\b|rclpy|ld-agent|ld_agent\.sandbox', re.MULTILINE
)
"""Modules whose tests start nodes or commands, or hold code to a time limit."""


@cache
def _watches_time(module: Path) -> bool:
    return bool(_WATCHES_TIME.search(module.read_text(encoding='utf-8')))


def pytest_itemcollected(item):
    """Let one worker run what watches time, one test after another, and the others the rest."""
    if _watches_time(item.path):
        item.add_marker(pytest.mark.xdist_group('time'))


def pytest_collection_modifyitems(items):
    """Begin with what watches time, which takes longest."""
    items.sort(key=lambda item: not _watches_time(item.path))


@pytest.fixture(scope='session')
def student() -> Student:
    """Return the default student with the shipped adapter."""
    return open_student()


_DOMAINS = cycle((os.getpid() + number) % 100 + 1 for number in range(100))


@pytest.fixture(autouse=True)
def domain(monkeypatch):
    """Give a test a ROS domain of its own.

    So what a killed node leaves behind reaches no other test.
    """
    monkeypatch.setenv('ROS_DOMAIN_ID', str(next(_DOMAINS)))
