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
"""The page: one picture, redrawn at most ten times a second, and the actions of a person.

Every action asks first whether whoever acts may; see `door.py`. Built anew for each visitor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
import os
from pathlib import Path
import time
from typing import Literal, Protocol

from ld_agent.errors import LdAgentError
from ld_agent.function_base import Task
from ld_agent.messages import Cell
from ld_agent.panel.board import cell_at, EDGE, ground, size_of, vessels
from ld_agent.panel.door import Door
from ld_agent.panel.recorded import views_of
from ld_agent.panel.view import rectangle, View
from ld_agent.panel.words import emergencies_html, headline, tally_html, trace_html
from nicegui import events, run, ui

REDRAW_SECONDS = 0.1
SHARED_REDRAW_SECONDS = 0.25
"""The same for a browser on this machine, if it has few cores: what it draws with is what the
decisions are made with."""
FEW_CORES = 4
DETAIL_SECONDS = 0.5
"""How often the words beside the board change while it does; nobody reads ten tables a second."""
ANSWER_SECONDS = 5.0
"""How long a service has to answer."""
STYLE = """
.nicegui-content {max-width: 1500px; font-size: 14px}
.trace {border-collapse: collapse} .trace td, .trace th {padding: 1px 10px; text-align: left}
.trace .selected {font-weight: bold; background: #d9edd9} .trace .result {color: #666}
.fault {color: #c10015} pre {font-size: 12px; background: #f4f4f4; padding: 6px; margin: 4px 0}
"""


class Live(Protocol):
    """A running hunt, as the panel sees it and acts on it."""

    commands: Sequence[str]
    """What it can be told to do, such as `pause`."""

    def view(self) -> View:
        """Return the present picture."""

    def say(self, sentence: str) -> None:
        """Publish an emergency."""

    def restrict(self, corners: Sequence[tuple[float, float]]) -> None:
        """Publish a restricted area, corners in cells.

        Raises:
            LdAgentError: it cannot be put in metres yet.
        """

    def command(self, name: str) -> Future[str]:
        """Call the service of one of `commands`; the future is what it answers.

        Raises:
            LdAgentError: nobody offers it.
        """


@dataclass(frozen=True)
class Panel:
    """What is served: a running hunt, a bag, or both; at least one of them."""

    task: Task
    door: Door
    live: Live | None = None
    bag: str = ''


def redraw_seconds(address: str) -> float:
    """Return how often the page of a visitor from this address is drawn."""
    shared = address in ('127.0.0.1', '::1') and (os.cpu_count() or 1) <= FEW_CORES
    return SHARED_REDRAW_SECONDS if shared else REDRAW_SECONDS


class Page:
    """What one visitor sees."""

    def __init__(self, panel: Panel, token: str) -> None:
        self._panel = panel
        self._may_act = panel.door.admits(token)
        self._recorded: list[View] = []
        self._size: tuple[int, int] | None = None
        self._drawn: View | None = None
        self._told: View | None = None
        self._told_at = 0.0
        self._drawn_sketch: tuple[Cell, Cell] | None = None
        self._sketch: tuple[Cell, Cell] | None = None

    def build(self) -> None:
        """Lay the page out."""
        ui.add_css(STYLE)
        with ui.row().classes('items-start no-wrap'):
            with ui.column().style('width: 500px'):
                self._head = ui.label().props('id=headline').classes('text-bold')
                self._frame = ui.element()
                self._notice = ui.label().props('id=notice').classes('fault')
                self._build_actions()
                self._build_scrubber()
                ui.label('Emergencies in force').classes('text-bold')
                self._emergencies = ui.html('').props('id=emergencies')
            with ui.column():
                self._tally = ui.html('').props('id=tally')
                ui.label('The step, function by function').classes('text-bold')
                self._trace = ui.html('').props('id=trace')
        self._redraw()
        ui.timer(redraw_seconds(ui.context.client.ip), self._redraw)

    def _build_actions(self) -> None:
        if not self._may_act:
            ui.label('Watching only: open the address with its token to act.')
        if self._panel.live is None:
            return
        with ui.row().classes('items-center'):
            for name in self._panel.live.commands:
                ui.button(name, on_click=lambda name=name: self._act(self._command, name)).props(
                    f'id={name} dense no-caps'
                )
            sentence = ui.input('an emergency, such as: keep out of (3, 4) to (6, 8)')
            sentence.props('for=emergency').style('width: 26em')
            sentence.on('keydown.enter', lambda: self._act(self._say, sentence))
            ui.button('publish', on_click=lambda: self._act(self._say, sentence)).props(
                'id=publish dense no-caps'
            )
        ui.label('Draw a rectangle on the board to close it.').classes('text-grey')

    def _build_scrubber(self) -> None:
        with ui.row().classes('items-center'):
            path = ui.input('folder of a bag', value=self._panel.bag)
            path.props('for=bag').style('width: 20em')
            ui.button('open', on_click=lambda: self._act(self._open, path)).props(
                'id=open dense no-caps'
            )
            if self._panel.live is not None:
                ui.button('live', on_click=self._go_live).props('id=live dense no-caps')
        self._slider = ui.slider(min=0, max=1, value=0).props('id=scrub').style('width: 36em')
        self._slider.set_visibility(False)
        if self._panel.bag:
            ui.timer(0, lambda: self._show_bag(self._panel.bag), once=True)

    async def _act(self, action: Callable[..., Awaitable[None]], *arguments: object) -> None:
        """Do what a person asks for, if the person may."""
        if not self._may_act:
            _tell('no action without the token', 'negative')
            return
        try:
            await action(*arguments)
        except LdAgentError as error:
            _tell(str(error), 'negative')

    async def _command(self, name: str) -> None:
        answer = asyncio.wrap_future(self._live.command(name))
        try:
            _tell(await asyncio.wait_for(answer, ANSWER_SECONDS))
        except asyncio.TimeoutError:
            raise LdAgentError(
                f'{name!r} was not answered within {ANSWER_SECONDS:.0f} s; look at the simulator'
            ) from None

    async def _say(self, field: ui.input) -> None:
        sentence = (field.value or '').strip()
        if sentence:
            self._live.say(sentence)
            _tell('published')
            field.value = ''

    async def _open(self, field: ui.input) -> None:
        await self._show_bag((field.value or '').strip())

    async def _show_bag(self, path: str) -> None:
        try:
            found = await run.io_bound(views_of, Path(path), self._panel.task)
        except LdAgentError as error:
            _tell(str(error), 'negative')
            return
        if not found:  # the server is ending
            return
        self._recorded = found
        self._slider.props(f'max={len(self._recorded) - 1}').value = 0
        self._slider.set_visibility(True)

    def _go_live(self) -> None:
        self._recorded = []
        self._slider.set_visibility(False)

    @property
    def _live(self) -> Live:
        if self._panel.live is None:
            raise LdAgentError('a bag is shown, no hunt runs; start one with --panel')
        return self._panel.live

    def _view(self) -> View | None:
        if self._recorded:
            return self._recorded[min(int(self._slider.value), len(self._recorded) - 1)]
        return self._panel.live.view() if self._panel.live else None

    async def _on_mouse(self, event: events.MouseEventArguments) -> None:
        view = self._view()
        size = size_of(view) if view and not self._recorded else None
        if size is None or not self._may_act or self._panel.live is None:
            return
        cell = cell_at((event.image_x, event.image_y), size)
        if event.type == 'mousedown':
            self._sketch = (cell, cell)
        elif self._sketch is not None and event.type == 'mousemove':
            self._sketch = (self._sketch[0], cell) if event.buttons else None
        elif self._sketch is not None:
            first, self._sketch = self._sketch[0], None
            await self._act(self._restrict, first, cell)

    async def _restrict(self, first: Cell, last: Cell) -> None:
        self._live.restrict(rectangle(first, last))
        _tell(f'published: closed from {first} to {last}')

    def _fit(self, size: tuple[int, int]) -> None:
        """Put a new picture in its frame where the size of the board has changed."""
        if size == self._size:
            return
        self._size = size
        across, up = (side * EDGE for side in size)
        self._frame.clear()
        with self._frame:
            self._board = ui.interactive_image(
                size=(across, up), on_mouse=self._on_mouse, sanitize=False,
                events=['mousedown', 'mousemove', 'mouseup'],
            )  # fmt: skip
        # A layer of its own, so that a browser paints what moves and not the whole board again.
        self._vessels = self._board.add_layer()
        self._board.props('id=board').style(f'width: {across}px; height: {up}px')

    def _redraw(self) -> None:
        """Show what has changed since the last time: the board at once, words now and then."""
        view = self._view()
        if view is None:
            return
        moved = view is not self._drawn or self._sketch != self._drawn_sketch
        if moved:
            self._draw(view)
        now = time.monotonic()
        if view is not self._told and (not moved or now - self._told_at >= DETAIL_SECONDS):
            self._told, self._told_at = view, now
            self._tally.content = tally_html(view)
            self._trace.content = trace_html(view)
            self._emergencies.content = emergencies_html(view)

    def _draw(self, view: View) -> None:
        self._drawn, self._drawn_sketch = view, self._sketch
        size = size_of(view)
        if size is not None:
            self._fit(size)
            self._board.content = ground(view)
            self._vessels.content = vessels(view, self._sketch)
        self._head.text = headline(view)
        self._notice.text = view.notice


def _tell(sentence: str, kind: Literal['info', 'negative'] = 'info') -> None:
    ui.notify(sentence, type=kind, position='top-right', multi_line=True)
