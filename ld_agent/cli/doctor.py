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
"""`ld-agent doctor`: what a hunt finds on this machine, and what to do."""

from __future__ import annotations

from ld_agent.cli.common import AsJson, print_json
from ld_agent.doctor import examine
from ld_agent.doctor.finding import Finding, Standing
from rich.console import Console
from rich.table import Table
from rich.text import Text
import typer

STYLES = {Standing.OK: 'green', Standing.NOTE: 'yellow', Standing.MISSING: 'bold red'}


def doctor(json: AsJson = False) -> None:
    """Say what is here and what is missing; status 1 when something needed is missing."""
    findings = examine()
    missing = [f.matter for f in findings if f.standing is Standing.MISSING]
    if json:
        print_json({'missing': missing, 'findings': [f.as_json() for f in findings]})
    else:
        Console().print(_table(findings))
    raise typer.Exit(1 if missing else 0)


def _table(findings: list[Finding]) -> Table:
    table = Table(title='ld-agent doctor', show_lines=True)
    for name in ('matter', '', 'found, and what to do'):
        table.add_column(name, overflow='fold')
    for finding in findings:
        told = Text(finding.found)
        for line in finding.advice:
            told.append(f'\n{line}', 'cyan')
        style = STYLES[finding.standing]
        table.add_row(finding.matter, Text(finding.standing.value, style), told)
    return table
