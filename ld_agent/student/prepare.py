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
"""Makes a student ready to run: fetch, merge the adapter, write, quantise, verify, store.

The result is a folder of the cache with a manifest of hashes. It appears whole or not at all;
what an interrupted run had finished is used by the next; of several processes that want the
same student one prepares it and the others wait. No torch, no transformers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import hashlib
import logging
from pathlib import Path
import shutil

from ld_agent.errors import ModelError
from ld_agent.student.adapter import CONFIG, merge_adapter, read_temperature, TEMPERATURE, TENSORS
from ld_agent.student.cache import (
    cache_folder,
    damaged_files,
    locked,
    read_manifest,
    sha256,
    write_manifest,
)
from ld_agent.student.fetch import DEFAULT_MODEL, fetch_model, local_model, Progress, silent
from ld_agent.student.session import Student
from ld_agent.student.tokenizer import read_tokenizer
from ld_agent.student.verify import Verify, verify
from ld_agent.student.weights import architecture_of, read_weights, WRITTEN_ARCHITECTURES

_log = logging.getLogger(__name__)
ADAPTERS = Path(__file__).parent.parent / 'adapters'
_FORMAT = 3
"""Raised whenever the written graph changes, so that older folders are not used."""


def default_adapter(model: str) -> Path | None:
    """Return the adapter that ships for `model`, if any."""
    folder = ADAPTERS / model
    shipped = model == Path(model).name and (folder / TENSORS).exists()
    return folder if shipped else None


def prepared_folder(model: str = DEFAULT_MODEL, adapter: str | Path | None = 'default') -> Path:
    """Return where `prepare` stores this student, whether it did so or not.

    Raises:
        ModelError: the model or the adapter cannot be read.
    """
    return _folder(model, _adapter(model, adapter))


def open_student(
    model: str = DEFAULT_MODEL,
    adapter: str | Path | None = 'default',
    provider: str = 'auto',
    progress: Progress | None = None,
    check: Verify = verify,
) -> Student:
    """Open a student, preparing it first if that was not done.

    Args:
        model: `smollm2`, a .gguf file, a folder, or a Hugging Face id.
        adapter: `default` for the shipped one, a folder in PEFT's format, or None for none.
        provider: `auto` (CUDA where ONNX Runtime has it, else CPU), `cpu` or `cuda`.
        progress: told what is done if it must be prepared.
        check: compares the 8-bit graph with fp32 then.

    Raises:
        ModelError: the model is unknown, unreadable, or fails its verification.
    """
    folder = prepare(model, adapter, progress, check=check)
    return Student(folder, read_manifest(folder)['bos'], provider)


def prepare(
    model: str = DEFAULT_MODEL,
    adapter: str | Path | None = 'default',
    progress: Progress | None = None,
    force: bool = False,
    check: Verify = verify,
) -> Path:
    """Prepare a student and return its folder; returns soon where that was done.

    One whose files are damaged is prepared again, which the log and `progress` say.

    Args:
        force: prepare it again in any case, from the start.
        check: as in `open_student`.

    Raises:
        ModelError: as in `open_student`.
    """
    tell = progress or silent
    chosen = _adapter(model, adapter)
    folder = _folder(model, chosen)
    work = folder.with_name(f'.{folder.name}.part')
    if _is_whole(folder) and not force:
        return folder
    with locked(
        folder.with_name(f'.{folder.name}.lock'),
        lambda: tell('waiting for another process that prepares the same student', 0.0),
    ):
        if _is_whole(folder) and not force:
            return folder
        if folder.exists() and not force:
            said = f'{folder} is damaged ({", ".join(damaged_files(folder))}), preparing it again'
            _log.warning(said)
            tell(said, 0.0)
        source = fetch_model(model, tell)
        if force:
            shutil.rmtree(work, ignore_errors=True)
        work.mkdir(exist_ok=True)
        try:
            _build(model, source, chosen, work, tell, check)
        except (OSError, ModelError):
            shutil.rmtree(work, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
    tell(f'stored in {folder}', 1.0)
    return folder


def _is_whole(folder: Path) -> bool:
    return folder.exists() and not damaged_files(folder)


def _build(
    model: str, source: Path, adapter: Path | None, work: Path, tell: Progress, check: Verify
) -> None:
    tokenizer, bos = read_tokenizer(source)
    write = graph_writer(source, adapter)
    if not (work / 'model.onnx').exists():
        tell('writing the 8-bit graph', 0.1)
        (work / 'tokenizer.json').write_text(tokenizer.to_str(), encoding='utf-8')
        write(work / 'model.onnx', 8)
    tell('writing the fp32 graph to verify it', 0.3)
    exact = work / 'fp32'
    shutil.rmtree(exact, ignore_errors=True)
    exact.mkdir()
    write(exact / 'model.onnx', None)
    del write  # and the weights, which it holds
    shutil.copy(work / 'tokenizer.json', exact)
    verified = check(
        Student(work, bos, 'cpu'),
        Student(exact, bos, 'cpu'),
        lambda share: tell('verifying it', 0.4 + 0.5 * share),
    )
    shutil.rmtree(exact)
    tell('hashing', 0.95)
    if adapter is not None and (adapter / TEMPERATURE).exists():
        shutil.copy(adapter / TEMPERATURE, work)
    write_manifest(
        work,
        {
            'model': model,
            'adapter': None if adapter is None else sha256(adapter / TENSORS),
            'bos': bos,
            'verified': verified,
        },
    )


def graph_writer(source: Path, adapter: Path | None) -> Callable[[Path, int | None], None]:
    """Return what writes the graph to a path, in 8 bits or in fp32 (None).

    The weights are read once, however often it is called.

    Raises:
        ModelError: the model or its adapter is unreadable.
    """
    # What writes graphs loads onnx, which a prepared student does without.
    if architecture_of(source) in WRITTEN_ARCHITECTURES:
        from ld_agent.student.graph import write_graph

        weights = read_weights(source)
        return partial(
            write_graph, weights if adapter is None else merge_adapter(weights, adapter)
        )
    from ld_agent.student.optimum_graph import export_graph

    return partial(export_graph, source, adapter)


def _adapter(model: str, adapter: str | Path | None) -> Path | None:
    if adapter != 'default':
        return None if adapter is None else Path(adapter).expanduser()
    shipped = default_adapter(model)
    if shipped is None:
        _log.warning('no adapter ships for the model %s; it is used untuned', model)
    return shipped


def _folder(model: str, adapter: Path | None) -> Path:
    """Return where a student is kept; another model, adapter or format has another folder."""
    path = local_model(model)
    parts = [str(_FORMAT), model if path is None else str(path.resolve())]
    if path is not None:
        files = [path] if path.is_file() else sorted(f for f in path.iterdir() if f.is_file())
        parts += [f'{f.name}:{f.stat().st_size}:{f.stat().st_mtime_ns}' for f in files]
    if adapter is not None:
        try:
            parts += [sha256(adapter / TENSORS), sha256(adapter / CONFIG)]
            if (adapter / TEMPERATURE).exists():
                parts.append(str(read_temperature(adapter)))
        except OSError as error:
            raise ModelError(
                f'{adapter}: no adapter in PEFT format ({error}); give the folder that holds '
                f'{TENSORS} and {CONFIG}'
            ) from None
    name = model.replace('/', '--') if path is None else path.stem
    tuned = 'untuned' if adapter is None else 'tuned'
    key = hashlib.sha256('|'.join(parts).encode()).hexdigest()[:12]
    return cache_folder() / 'students' / f'{name}-{tuned}-{key}'
