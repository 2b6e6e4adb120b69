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
"""`ld-agent prepare`: make a student ready to run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from ld_agent.cli.common import AsJson, errors_as_sentences, print_json, show_step
from ld_agent.retrieval.prepare import prepare_encoders, shipped_adapter
from ld_agent.student.cache import read_manifest
from ld_agent.student.prepare import DEFAULT_MODEL
from ld_agent.student.prepare import prepare as prepare_student
import typer


def prepare(
    model: Annotated[
        str, typer.Option(help='smollm2, a folder, a .gguf file, or a Hugging Face id.')
    ] = DEFAULT_MODEL,
    adapter: Annotated[
        Path | None, typer.Option(help='LoRA adapter in PEFT format; default: the shipped one.')
    ] = None,
    untuned: Annotated[bool, typer.Option('--untuned', help='Merge no adapter.')] = False,
    force: Annotated[bool, typer.Option('--force', help='Prepare again, from the start.')] = False,
    retriever: Annotated[
        bool, typer.Option('--retriever', help="Prepare the retriever's encoders instead.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Fetch a model, merge its adapter, write the 8-bit ONNX graph, verify and store it.

    An interrupted preparation goes on where it stopped; a damaged student is prepared again.
    """
    with errors_as_sentences():
        if retriever:
            tuned = None if untuned else (adapter or shipped_adapter())
            folder = prepare_encoders(tuned, show_step, force)
        else:
            chosen = None if untuned else (adapter or 'default')
            folder = prepare_student(model, chosen, show_step, force)
    if json:
        print_json({'folder': str(folder), **read_manifest(folder)})
    else:
        typer.echo(str(folder))
