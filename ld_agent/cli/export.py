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
"""`ld-agent export BAG...`: the recorded steps as a CSV or Parquet table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ld_agent.cli.common import AsJson, errors_as_sentences, one_of, print_json
from ld_agent.export import export_bags, FORMATS
import typer


def export(
    bags: Annotated[list[Path], typer.Argument(help='Bag folders.')],
    out: Annotated[Path, typer.Option(help='File to write.')],
    form: Annotated[
        str,
        typer.Option('--format', help=f'{" or ".join(FORMATS)}.', autocompletion=one_of(*FORMATS)),
    ] = 'csv',
    json: AsJson = False,
) -> None:
    """Write bags as a table, one row a step: state, moves, trace stage by stage."""
    with errors_as_sentences():
        rows = export_bags(bags, form, out)
    if json:
        print_json({'out': str(out), 'format': form, 'rows': rows})
    else:
        typer.echo(f'{rows} steps: {out}')
