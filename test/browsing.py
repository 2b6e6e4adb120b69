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
"""A browser on the panel: the chromium of this machine, led by playwright. Only tests use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import shutil
import socket

import pytest

sync_api = pytest.importorskip('playwright.sync_api', reason='needs the extra test')
CHROMIUM = shutil.which('chromium') or shutil.which('google-chrome')
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason='no chromium on this machine (Debian: apt-get install chromium)'
)
WAIT_MS = 30_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


@contextmanager
def browser() -> Iterator:
    """Yield a page; an error in it fails the test."""
    errors: list = []
    with sync_api.sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox'])
        page = chromium.new_page(viewport={'width': 1400, 'height': 900})
        page.set_default_timeout(WAIT_MS)
        page.on('pageerror', lambda error: errors.append(error))
        try:
            yield page
        finally:
            chromium.close()
    assert errors == []


def drag(page, first: tuple[int, int], last: tuple[int, int], height: int) -> None:
    """Draw a rectangle between two cells of the board."""
    edge = 24
    box = page.locator('#board').bounding_box()
    (x0, y0), (x1, y1) = (
        (box['x'] + (x + 0.5) * edge, box['y'] + (height - y - 0.5) * edge)
        for x, y in (first, last)
    )
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2)
    page.mouse.move(x1, y1)
    page.mouse.up()


def area_cells(page, height: int) -> set[tuple[int, int]]:
    """Return the cells that the board shows as closed."""
    drawn = page.locator('#board .area').evaluate_all(
        '(all) => all.map((r) => [r.x.baseVal.value, r.y.baseVal.value])'
    )
    return {(round(x / 24), height - 1 - round(y / 24)) for x, y in drawn}


def seen_at(page, kind: str, height: int) -> tuple[int, int]:
    """Return the cell of the board on which the browser really shows something."""
    board, seen = (page.locator(s).bounding_box() for s in ('#board', f'#board {kind}'))
    x = seen['x'] + seen['width'] / 2 - board['x']
    y = seen['y'] + seen['height'] / 2 - board['y']
    return int(x // 24), height - 1 - int(y // 24)
