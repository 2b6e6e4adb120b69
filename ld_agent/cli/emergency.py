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
"""`ld-agent emergency`: what a sentence would close, without a graph."""

from __future__ import annotations

from typing import Annotated

from ld_agent.board_text import region_text
from ld_agent.cli.common import AsJson, console, errors_as_sentences, print_json, show_step
from ld_agent.cli.options import Adapter, Model
from ld_agent.emergency_desk import Desk, Outcome
from ld_agent.errors import LdAgentError
from ld_agent.players import find_task
from ld_agent.sentences.author import open_author
from ld_agent.student.prepare import DEFAULT_MODEL
from ld_agent_sim.pursuit import Board
import typer


def emergency(
    sentence: Annotated[str, typer.Argument(help='The sentence, in English.')],
    board: Annotated[str, typer.Option(help='WIDTHxHEIGHT in cells.')] = '20x20',
    resolution: Annotated[float, typer.Option(help='Metres that a cell measures.')] = 1.0,
    step: Annotated[int, typer.Option(help='Present step, for a time.', min=0)] = 0,
    model: Model = DEFAULT_MODEL,
    adapter: Adapter = 'default',
    json: AsJson = False,
) -> None:
    """Write the filter function of a sentence and check it, as the emergency node does."""
    with errors_as_sentences():
        try:
            chart = Board.parse(board)
        except ValueError as error:
            raise LdAgentError(str(error)) from None
        if not resolution > 0:
            raise LdAgentError(f'resolution {resolution} is no length; give metres above 0')
        author = open_author(model, adapter, progress=show_step)
        desk = Desk(find_task(None), (chart.width, chart.height), resolution, author)
        try:
            outcome = desk.sentence(sentence, step)
        finally:
            desk.close()
    if json:
        print_json(_as_json(outcome))
        return
    _show(outcome)


def _as_json(outcome: Outcome) -> dict[str, object]:
    accepted = outcome.status == 'accepted'
    cells = [list(cell) for cell in sorted(outcome.cells)]
    return {
        'status': outcome.status,
        'action': outcome.action if accepted else '',
        'cells': cells if accepted else [],
        'name': outcome.name,
        'source': outcome.source,
        'manual': outcome.manual,
        'checks': outcome.checks,
        'expires_at_step': outcome.expires_at_step,
        'reason': outcome.reason,
        'fail_safe_cells': [] if accepted else cells,
        'ms': outcome.ms,
    }


def _show(outcome: Outcome) -> None:
    said = region_text(sorted(outcome.cells)) or 'nothing'
    if outcome.status == 'refused':
        console.print(outcome.reason, highlight=False, markup=False)
        return
    verb = 'closes' if outcome.action == 'close' else 'lifts what contains one of'
    out = type(console)()
    out.print(f'{verb} {said} ({len(outcome.cells)} cells), {outcome.ms:.0f} ms', highlight=False)
    for name, found in outcome.checks.items():
        out.print(f'  {name}: {found}', highlight=False, markup=False)
    out.print(outcome.source, highlight=False, markup=False)
