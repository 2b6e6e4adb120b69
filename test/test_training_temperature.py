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
"""The temperature of a student, found on facts of no training."""

from __future__ import annotations

import json

from ld_agent.selector import Selector
from ld_agent.student.adapter import read_temperature
from ld_agent.training import temperature
import pytest


def test_it_makes_the_right_answers_likelier_and_is_found_again(student, tmp_path, monkeypatch):
    monkeypatch.setattr(temperature, 'SETS', 3)
    found = temperature.set_temperature(Selector(student), tmp_path)
    assert found['answers'] == 2 * 3 * temperature.STATES
    assert temperature.LEAST < found['temperature'] < temperature.MOST
    assert found['after'] <= found['before']
    assert json.loads((tmp_path / 'temperature.json').read_text()) == found
    assert read_temperature(tmp_path) == found['temperature']
    monkeypatch.setattr(student, 'temperature', 2.0)
    again = temperature.set_temperature(Selector(student), tmp_path)
    assert again['temperature'] == pytest.approx(found['temperature'], abs=0.01)
