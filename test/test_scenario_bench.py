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

from __future__ import annotations

from ld_agent.scenario_bench import scenario_report, SETTINGS
from ld_agent.share import share_path


def test_every_shipped_scenario_is_measured():
    shipped = {path.stem for path in share_path('config', 'scenarios').glob('*.yaml')}
    assert set(SETTINGS) == shipped


def test_a_report_compares_the_same_seeds_and_tells_what_no_play_could_capture(tmp_path):
    lost = tmp_path / 'lost.yaml'
    lost.write_text(
        'board: {width: 11, height: 7}\n'
        'pursuers: [[0, 0], [8, 2], [9, 3]]\n'
        'evader: [9, 5]\n'
        'events: [{step: 0, area: {name: ice, rectangle: [[4, 0], [6, 6]]}}]\n'
    )
    settings = {'rectangle': 'flee', str(lost): 'flee'}
    report = scenario_report(2, 31, settings, workers=1)
    assert report['seeds'] == [31, 32]
    found, hopeless = report['scenarios'].values()
    assert (found['captured'], found['violations'], found['missed']) == (2, 0, 0)
    assert found['knowing_captured'] == 2
    assert found['over_knowing'] == found['mean_steps'] / found['knowing_mean_steps']
    assert (hopeless['captured'], hopeless['missed']) == (0, 0)
    assert hopeless['proven_impossible'] == hopeless['proven_hopeless'] == 2
    assert hopeless['mean_steps'] is None
