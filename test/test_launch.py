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
"""The launch file, run by the real `launch` and `launch_ros`."""

from contextlib import suppress
import os
from pathlib import Path
import re
import signal
import subprocess
import time

from ld_agent.evaluate import evaluate_bags
import pytest

pytest.importorskip(
    'launch_pytest', reason='launch_pytest comes with ROS 2 and is not in the Python registry'
)

LAUNCH_FILES = Path(__file__).parent.parent / 'launch'
START_SECONDS = 60
HUNT = ('method:=reference', 'board:=9x7', 'seed:=3')


def _launch(*arguments, file='pursuit.launch.py'):
    return subprocess.Popen(
        ['ros2', 'launch', str(LAUNCH_FILES / file), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize('more', [(), ('namespace:=fleet',), ('use_sim_time:=true',)])
def test_a_launched_pursuit_ends_by_itself_with_a_whole_bag(tmp_path, more):
    bag = tmp_path / 'bag'
    hunt = _launch(*HUNT, 'episodes:=2', f'record:={bag}', *more)
    out, _ = hunt.communicate(timeout=START_SECONDS)
    assert hunt.returncode == 0, out
    (report,) = evaluate_bags([bag])
    assert (report.episodes, report.unfinished, report.disagreements) == (2, 0, ()), out


def test_parameters_of_a_file_win(tmp_path):
    file = tmp_path / 'mine.yaml'
    file.write_text('simulator:\n  ros__parameters:\n    episodes: 1\n', encoding='utf-8')
    bag = tmp_path / 'bag'
    hunt = _launch(*HUNT, 'episodes:=2', f'record:={bag}', f'params_file:={file}')
    out, _ = hunt.communicate(timeout=START_SECONDS)
    (report,) = evaluate_bags([bag])
    assert report.episodes == 1, out


def test_an_unknown_method_ends_with_a_sentence(tmp_path):
    hunt = _launch('method:=guess', 'episodes:=1')
    try:
        out = _until(hunt, "method 'guess' is unknown")
    finally:
        hunt.send_signal(signal.SIGINT)
        rest, _ = hunt.communicate(timeout=START_SECONDS)
    assert 'Traceback' not in out + rest


def _until(process, text):
    seen = ''
    while text not in seen:
        line = process.stdout.readline()
        assert line, f'{text!r} was never said: {seen}'
        seen += line
    return seen


def test_a_pursuit_with_emergencies_plays_its_scenario(tmp_path):
    bag = tmp_path / 'bag'
    hunt = _launch(
        'method:=reference', 'episodes:=1', 'scenario:=on_top', f'record:={bag}',
        file='pursuit_emergency.launch.py',
    )  # fmt: skip
    out, _ = hunt.communicate(timeout=2 * START_SECONDS)
    assert hunt.returncode == 0, out
    (report,) = evaluate_bags([bag])
    assert (report.episodes, report.violations, report.disagreements) == (1, 0, ()), out
    assert "area 'squall'" in out


def _hunt_at_sea(tmp_path, *more):
    return _launch(
        'method:=reference', 'kind:=differential_drive', 'episodes:=1', 'seed:=3', 'speed:=20.0',
        f'record:={tmp_path / "bag"}', *more,
        file='vessels.launch.py',
    )  # fmt: skip


def test_launched_vessels_hunt_and_end_with_the_sea_and_no_panel_is_there_unasked(tmp_path):
    hunt = _hunt_at_sea(tmp_path)
    out, _ = hunt.communicate(timeout=4 * START_SECONDS)
    assert hunt.returncode == 0, out
    (report,) = evaluate_bags([tmp_path / 'bag'])
    assert (report.episodes, report.violations, report.disagreements) == (1, 0, ()), out
    assert '[vessels-' in out and '[panel-' not in out


def test_the_sea_is_left_out_where_another_one_is_there_and_the_panel_comes_when_asked(tmp_path):
    hunt = _hunt_at_sea(tmp_path, 'world:=false', 'panel:=true')
    try:
        out = _until(hunt, 'http://')
    finally:
        hunt.send_signal(signal.SIGINT)
        rest, _ = hunt.communicate(timeout=START_SECONDS)
    assert '[panel-' in out and '[perception-' in out
    assert '[vessels-' not in out + rest


def test_a_launched_node_that_dies_is_started_again_a_bounded_number_of_times(tmp_path):
    started = re.compile(r'\[driver-\d+\]: process started with pid \[(\d+)\]')
    hunt = _hunt_at_sea(tmp_path, 'retries:=1', 'episodes:=50')
    seen = ''
    try:
        while len(found := started.findall(seen)) < 2:
            if len(found) == 1 and 'step 2' in seen:
                with suppress(ProcessLookupError):
                    os.kill(int(found[0]), signal.SIGKILL)
            seen += hunt.stdout.readline()
        seen += _until(hunt, 'step ')
        os.kill(int(found[1]), signal.SIGKILL)
        seen += _until(hunt, 'process has died')
        time.sleep(3.0)
    finally:
        hunt.send_signal(signal.SIGINT)
        rest, _ = hunt.communicate(timeout=START_SECONDS)
    assert len(started.findall(seen + rest)) == 2
    assert 'Traceback' not in seen + rest
