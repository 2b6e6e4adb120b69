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
"""The panel in a real headless browser: a bag is scrubbed, a hunt is watched and acted upon."""

from __future__ import annotations

from collections.abc import Callable
import json
import os
from pathlib import Path
import signal
import statistics
import subprocess
import sys
import time
import urllib.request

from ld_agent.bags import read_episodes
from ld_agent.panel.view import rectangle
from ld_agent.summary import mean_interval
from ld_agent_sim.areas import polygon_cells
from ld_agent_sim.pursuit import Board
import pytest

pytest.importorskip('nicegui', reason='needs the extra panel')

from browsing import area_cells, browser, drag, free_port, needs_chromium, seen_at, WAIT_MS
from recorded import record

pytestmark = needs_chromium
LD_AGENT = Path(sys.executable).with_name('ld-agent')
FIRST_PAINT_MS = 2000
PAIRS = int(os.environ.get('LD_AGENT_PANEL_PAIRS', '0'))
SETTLED, WINDOW = 1.0, 5.0
CELL = 1.6
"""Edge of a cell of the robots' sea, m."""
SLOWER = 1.05
SECONDS = 60


def wait_for_answer(url: str, lives: Callable[[], bool] = lambda: True) -> None:
    """Return once the panel answers at its address."""
    end = time.monotonic() + SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=SECONDS).close()
            return
        except OSError:
            assert lives() and time.monotonic() < end, f'no answer at {url}'


class Serving:
    """`ld-agent panel BAG` as a process, at a free port."""

    def __init__(self, *arguments: object) -> None:
        self.port = free_port()
        self.url = f'http://127.0.0.1:{self.port}/'
        command = [str(LD_AGENT), 'panel', *map(str, arguments)]
        self.process = subprocess.Popen(
            [*command, '--port', str(self.port)], stderr=subprocess.PIPE, text=True
        )
        self.said = self.process.stderr.readline()
        wait_for_answer(self.url, lambda: self.process.poll() is None)

    def stop(self) -> str:
        """End it as Ctrl-C does; return what it said."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.said + self.process.communicate(timeout=SECONDS)[1]


@pytest.fixture(scope='module')
def bag(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('panel') / 'bag'
    return record(path, [1, 2], board=Board(9, 7), area=[(4, 4), (4, 3)])


@pytest.fixture(scope='module')
def shown(bag):
    serving = Serving(bag)
    yield serving
    assert 'Traceback' not in serving.stop()


def expect(page, selector: str, text: str) -> None:
    page.locator(selector).filter(has_text=text).wait_for()


def test_a_bag_is_scrubbed(shown, bag):
    with browser() as page:
        page.goto(shown.url)
        expect(page, '#headline', 'episode 0 (seed 1), step 0')
        page.locator('#board .pursuer').first.wait_for()
        assert page.locator('#board .pursuer').count() == 3
        evader = read_episodes(bag)[0].states[0].observation['evader']
        assert seen_at(page, '.evader', height=7) == tuple(evader)
        assert area_cells(page, 7) == {(4, 4), (4, 3)}
        expect(page, '#trace .selected', 'keep_all')
        assert page.locator('#trace tr').filter(has_text='approach').count() == 1
        page.locator('#scrub [tabindex]').press('ArrowRight')
        expect(page, '#headline', 'step 1')
        slider = page.locator('#scrub').bounding_box()
        middle = slider['y'] + slider['height'] / 2
        page.mouse.click(slider['x'] + slider['width'] - 1, middle)
        expect(page, '#headline', 'episode 1')
        expect(page, '#headline', 'the end')
        expect(page, '#tally', 'episodes ended: 2 (2 success)')


def test_another_bag_is_opened_and_what_is_none_is_refused_in_a_sentence(shown, tmp_path):
    other = record(tmp_path / 'other', [9], board=Board(5, 6))
    with browser() as page:
        page.goto(shown.url)
        expect(page, '#headline', 'seed 1')
        page.fill('#bag', str(tmp_path))
        page.click('#open')
        expect(page, '.q-notification', 'is no bag')
        page.fill('#bag', str(other))
        page.click('#open')
        expect(page, '#headline', 'seed 9')
        assert page.locator('#board').bounding_box()['width'] == 5 * 24


def test_the_first_paint_comes_within_two_seconds(shown):
    times = []
    for _ in range(3):
        with browser() as page:
            page.goto(shown.url)
            page.locator('#board .pursuer').first.wait_for()
            times.append(page.evaluate("performance.getEntriesByName('first-paint')[0].startTime"))
    assert statistics.median(times) <= FIRST_PAINT_MS, times


def test_with_a_token_nobody_without_it_opens_a_bag(bag, tmp_path):
    token = 'sixteen letters or more'
    other = record(tmp_path / 'other', [9], board=Board(5, 6))
    serving = Serving(bag, '--token', token)
    try:
        with browser() as page:
            for url, may in ((f'{serving.url}?token=guess', False),
                             (f'{serving.url}?token={token}', True)):  # fmt: skip
                page.goto(url)
                expect(page, '#headline', 'seed 1')
                page.fill('#bag', str(other))
                page.click('#open')
                if may:
                    expect(page, '#headline', 'seed 9')
                else:
                    expect(page, '.q-notification', 'no action without the token')
                    expect(page, '#headline', 'seed 1')
    finally:
        said = serving.stop()
    assert 'token=sixteen+letters+or+more' in said


HUNT = {'method': 'reference', 'seed': 5, 'episodes': 500, 'exit_when_done': False}


@pytest.fixture
def hunt():
    """A hunt with a panel, paused before its first step; a node of the test's own, a page."""
    pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')
    from ld_agent.nodes import topics
    from running import cast, listen, meddler

    port = free_port()
    with cast() as nodes, meddler() as test:
        functions = listen(test.node, topics.FUNCTIONS)
        decisions = listen(test.node, topics.DECISION)
        states = listen(test.node, topics.STATE)

        def start(**more):
            nodes.start('panel', port=port, **more.pop('panel', {}))
            nodes.start('emergency', sentences=more.pop('sentences', False))
            nodes.start(
                'simulator', **HUNT, **more, deadline=30.0, wait_for='meddler panel emergency'
            )
            test.until(lambda: test.node.get_publishers_info_by_topic('state'), 'the simulator')

        yield nodes, test, f'http://127.0.0.1:{port}/', start, functions, decisions, states
        said = nodes.stop('panel')
        assert 'Traceback' not in said, said


def test_a_sentence_that_is_typed_becomes_an_area_that_the_hunt_keeps_out_of(hunt):
    nodes, test, url, start, functions, decisions, states = hunt
    start(sentences=True)
    with browser() as page:
        _goto(page, url, test)
        page.click('#pause')
        expect(page, '.q-notification', 'held before step 0')
        nodes.start('decision', method='reference')
        expect(page, '#headline', 'step 0')
        page.locator('#trace .selected').first.wait_for()
        test.until(lambda: decisions, 'the first decision')
        (x0, x1), (y0, y1) = ahead(_read(decisions[0])['moves'][0])
        sentence = f'a whirlpool has formed between ({x0}, {y0}) and ({x1}, {y1}); keep out'
        page.fill('#emergency', sentence)
        page.press('#emergency', 'Enter')
        page.locator('#board .area').first.wait_for(timeout=2 * WAIT_MS)
        whirlpool = {(x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1)}
        assert area_cells(page, 20) == whirlpool
        expect(page, '#emergencies', sentence)
        expect(page, '#emergencies', 'def kestrel_keepout')
        page.click('#step')
        expect(page, '#headline', 'step 1')
        expect(page, '#trace .selected', 'kestrel_keepout')
        page.click('#resume')
        test.until(lambda: any(json.loads(m.data)['done'] for m in states), 'the end')
    later = [d for d in map(_read, decisions) if (d['episode'], d['step']) > (0, 0)]
    moves = {tuple(cell) for d in later if d['episode'] == 0 for cell in d['moves']}
    assert moves and not moves & whirlpool


def test_a_rectangle_that_is_drawn_is_published_and_kept_out_of(hunt):
    nodes, test, url, start, functions, _, states = hunt
    start(board='9x7')
    with browser() as page:
        _goto(page, url, test)
        page.click('#pause')
        expect(page, '.q-notification', 'held before step 0')
        nodes.start('decision', method='reference')
        page.locator('#trace .selected').first.wait_for()
        drag(page, (5, 1), (4, 3), height=7)
        page.locator('#board .area').first.wait_for()
        assert area_cells(page, 7) == polygon_cells(rectangle((4, 1), (5, 3)), Board(9, 7))
        test.until(lambda: functions, 'a function')
        assert 'polygon [[3.5, 0.5], [5.5, 0.5], [5.5, 3.5], [3.5, 3.5]]' in functions[0].data
        for step in (1, 2):
            page.click('#step')
            expect(page, '#headline', f'step {step}')
        test.until(lambda: any(_read(m)['step'] == 2 for m in states), 'two steps')


@pytest.mark.skipif(not PAIRS, reason='a figure; LD_AGENT_PANEL_PAIRS=40 measures it')
@pytest.mark.timeout(1800)
def test_what_an_open_panel_costs_the_decisions(hunt):
    nodes, test, url, start, _, decisions, _ = hunt
    start(rate=10.0)
    nodes.start('decision', method='ld')
    test.until(lambda: decisions, 'a decision')
    process = nodes.processes['panel']
    ratios, followed = [], 0
    with browser() as page:
        _goto(page, url, test)
        page.locator('#board .pursuer').first.wait_for()
        for number in range(PAIRS):
            medians = {}
            for follows in (True, False) if number % 2 else (False, True):
                process.send_signal(signal.SIGCONT if follows else signal.SIGSTOP)
                test.wait(SETTLED)
                before = len(decisions)
                test.wait(WINDOW)
                medians[follows] = statistics.median(
                    _read(message)['step_ms'] for message in decisions[before:]
                )
                followed += follows * (len(decisions) - before)
            ratios.append(medians[True] / medians[False])
        process.send_signal(signal.SIGCONT)
    mean, low, high = mean_interval(ratios)
    print(f'{PAIRS} pairs of {WINDOW:.0f} s: a decision takes {mean:.3f} [{low:.3f}, {high:.3f}] '
          'times as long while the panel and its page follow '
          f'{followed / PAIRS / WINDOW:.1f} steps a second')  # fmt: skip
    assert mean <= SLOWER


@pytest.fixture
def sea(tmp_path):
    """Vessels that hunt with a panel; a node of the test's own, what it hears, the page."""
    pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')
    from ld_agent.nodes import topics
    from nav_msgs.msg import Odometry
    from running import cast, listen, meddler

    odometry, port = {}, free_port()

    def moved(message):
        odometry.setdefault(message.child_frame_id, []).append(message)

    with cast() as nodes, meddler() as test:
        for number in range(3):
            odom = topics.odom(f'pursuer_{number}')
            test.node.create_subscription(Odometry, odom.name, moved, odom.qos)
        heard = {t.name: listen(test.node, t) for t in (topics.DECISION, topics.RESULT)}
        nodes.start('panel', port=port, world='vessels')
        with (tmp_path / 'said').open('w') as said:
            hunt = subprocess.Popen(
                [str(LD_AGENT), 'vessels', '--method', 'reference', '--kind', 'differential_drive',
                 '--episodes', '50', '--speed', '10', '--record', str(tmp_path / 'bag')],
                stdout=said, stderr=said,
            )  # fmt: skip
            try:
                yield test, odometry, heard, f'http://127.0.0.1:{port}/', hunt
            finally:
                hunt.send_signal(signal.SIGINT)
                hunt.wait(SECONDS)
        assert 'Traceback' not in nodes.stop('panel')
        assert 'closed cell' not in (tmp_path / 'said').read_text()


def _speed(odometry) -> float:
    return max((abs(all_[-1].twist.twist.linear.x) for all_ in odometry.values()), default=0.0)


def test_vessels_are_stopped_and_sail_on_from_the_page(sea):
    test, odometry, _, url, _ = sea
    with browser() as page:
        _goto(page, url, test)
        assert page.locator('#pause').count() == 0
        test.until(lambda: _speed(odometry) > 0.05, 'a vessel under way')
        page.click('#stop')
        expect(page, '#headline', ': stopped')
        test.until(lambda: _speed(odometry) < 0.01, 'rest')
        page.click('#resume')
        test.until(lambda: _speed(odometry) > 0.05, 'a vessel under way again')
        page.locator('#headline').filter(has_not_text=': stopped').wait_for()


def test_a_sentence_that_is_typed_at_sea_becomes_an_area_that_the_vessels_keep_out_of(sea):
    test, odometry, heard, url, hunt = sea
    with browser() as page:
        _goto(page, url, test)
        test.until(lambda: _speed(odometry) > 0.05, 'a vessel under way')
        page.click('#stop')
        expect(page, '#headline', ': stopped')
        (x0, x1), (y0, y1) = ahead(_read(heard['decision'][-1])['moves'][0])
        page.fill('#emergency', f'a storm rages between ({x0}, {y0}) and ({x1}, {y1}); keep out')
        page.press('#emergency', 'Enter')
        page.locator('#board .area').first.wait_for(timeout=2 * WAIT_MS)
        storm = {(x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1)}
        assert area_cells(page, 20) == storm
        began = {name: len(all_) for name, all_ in odometry.items()}
        page.click('#resume')
        test.until(lambda: heard['result'], 'the end of the hunt', seconds=240)
        assert hunt.poll() is None
    passed = {
        (int(m.pose.pose.position.x // CELL), int(m.pose.pose.position.y // CELL))
        for name, all_ in odometry.items()
        for m in all_[began[name] :]
    }
    assert len(passed) > 5 and not passed & storm


def test_without_the_token_nothing_that_a_person_does_reaches_the_hunt(hunt):
    from ld_agent.nodes import topics
    from running import listen

    nodes, test, url, start, _, _, states = hunt
    sentences = listen(test.node, topics.EMERGENCY)
    areas = listen(test.node, topics.RESTRICTED_AREA)
    token = 'sixteen-letters-or-more'
    start(board='9x7', panel={'token': token})
    nodes.start('decision', method='reference')
    test.until(lambda: states, 'a state')
    with browser() as page:
        _goto(page, url, test)
        page.locator('#board .pursuer').first.wait_for()
        page.click('#pause')
        expect(page, '.q-notification', 'no action without the token')
        drag(page, (5, 1), (4, 3), height=7)
        page.fill('#emergency', 'without')
        page.press('#emergency', 'Enter')
        page.goto(f'{url}?token={token}')
        page.fill('#emergency', 'with')
        page.press('#emergency', 'Enter')
        test.until(lambda: sentences, 'a sentence')
    assert [message.data for message in sentences] == ['with']
    assert areas == []


def ahead(cell: list[int]) -> list[list[int]]:
    """Return the spans of a square that begins at a diagonal neighbour, towards the middle."""
    return [sorted((c + 1, c + 3) if c < 10 else (c - 1, c - 3)) for c in cell]


def _read(message) -> dict:
    return json.loads(message.data)


def _goto(page, url: str, test) -> None:
    """Open the page once the panel answers; it is seen in the graph just before."""
    test.until(lambda: 'panel' in test.node.get_node_names(), 'the panel')
    wait_for_answer(url)
    page.goto(url)
    page.locator('#resume').wait_for()
