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
"""Makes the encoders ready to run: fetch MiniLM, merge an adapter each, write, verify, store.

The result is a folder of the cache with a manifest of hashes, as for a student. No torch.
"""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
import shutil

from ld_agent.errors import ModelError
from ld_agent.retrieval import minilm
from ld_agent.retrieval.encoder import Encoders
from ld_agent.student.adapter import CONFIG, merge_adapter, TENSORS
from ld_agent.student.cache import cache_folder, damaged_files, locked, sha256, write_manifest
from ld_agent.student.fetch import silent
from ld_agent.student.wheel import Progress
import numpy as np

_log = logging.getLogger(__name__)
SIDES = ('query', 'function')
EXPECTED = 'expected.json'
"""In an adapter's folder: texts, and the scores that the training saw for them."""
TOLERANCE = 2e-3
_FORMAT = 1
"""Raised whenever the written graph changes, so that older folders are not used."""


def shipped_adapter() -> Path:
    """Return the folder of the adapters that ship."""
    return Path(__file__).parent.parent / 'adapters' / 'minilm-dpr'


def open_encoders(
    adapter: Path | None, progress: Progress | None = None, threads: int = 2
) -> Encoders:
    """Open the encoders, preparing them first if that was not done.

    Args:
        adapter: folder that `ld-agent train dpr` wrote; None for MiniLM untuned on both sides.
        progress: told what is done if they must be prepared.

    Raises:
        ModelError: MiniLM cannot be fetched, or the adapter is unreadable or of another model.
    """
    return Encoders(prepare_encoders(adapter, progress), threads)


def prepare_encoders(
    adapter: Path | None, progress: Progress | None = None, force: bool = False
) -> Path:
    """Prepare the encoders and return their folder; returns soon where that was done.

    Encoders whose files are damaged are prepared again, which the log and `progress` say.

    Raises:
        ModelError: as in `open_encoders`, or the prepared encoders fail their verification.
    """
    tell = progress or silent
    folder = _folder(adapter)
    if not force and folder.exists() and not damaged_files(folder):
        return folder
    work = folder.with_name(f'.{folder.name}.part')
    with locked(
        folder.with_name(f'.{folder.name}.lock'),
        lambda: tell('waiting for another process that prepares the same encoders', 0.0),
    ):
        if folder.exists() and not force:
            damaged = damaged_files(folder)
            if not damaged:
                return folder
            said = f'{folder} is damaged ({", ".join(damaged)}), preparing it again'
            _log.warning(said)
            tell(said, 0.0)
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        try:
            _build(adapter, work, tell)
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)
        work.rename(folder)
    tell(f'stored in {folder}', 1.0)
    return folder


def _build(adapter: Path | None, work: Path, tell: Progress) -> None:
    # What writes graphs loads onnx, which prepared encoders do without.
    from ld_agent.retrieval.graph import write_encoder

    source, tokenizer = minilm.fetch_minilm(tell)
    weights = minilm.read_minilm(source)
    shutil.copy(tokenizer, work / 'tokenizer.json')
    for number, side in enumerate(SIDES):
        tell(f'writing the {side} encoder', 0.3 + 0.2 * number)
        tuned = weights if adapter is None else merge_adapter(weights, adapter / side)
        write_encoder(tuned, work / f'{side}.onnx')
    difference = None
    if adapter is not None:
        tell('verifying the scores', 0.8)
        difference = _verify(Encoders(work), adapter / EXPECTED)
    write_manifest(work, {'model': minilm.PACKAGE, 'largest_difference': difference})


def _verify(encoders: Encoders, file: Path) -> float:
    """Return the largest difference from the scores that the training saw.

    Raises:
        ModelError: it is too large.
    """
    try:
        expected = json.loads(file.read_text(encoding='utf-8'))
        queries = np.stack([encoders.query(text) for text in expected['queries']])
        scores = queries @ encoders.functions(expected['functions']).T
        difference = float(np.abs(scores - np.array(expected['scores'])).max())
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f'{file}: no readable scores to verify the encoders by ({error}); give a folder that '
            '`ld-agent train dpr` wrote'
        ) from None
    if not difference <= TOLERANCE:
        raise ModelError(
            f'the prepared encoders give scores that differ by {difference:.4f} from those of the '
            f'training in {file}; train the adapter again, or use another ONNX Runtime'
        )
    return difference


def _folder(adapter: Path | None) -> Path:
    """Return where the encoders are kept; another adapter or format has another folder."""
    parts = [str(_FORMAT), minilm.PACKAGE]
    if adapter is not None:
        files = [adapter / s / f for s in SIDES for f in (TENSORS, CONFIG)]
        try:
            parts += [sha256(file) for file in (*files, adapter / EXPECTED)]
        except OSError as error:
            raise ModelError(
                f"{adapter}: no retriever's adapter ({error}); give a folder that "
                '`ld-agent train dpr` wrote'
            ) from None
    key = hashlib.sha256('|'.join(parts).encode()).hexdigest()[:12]
    tuned = 'untuned' if adapter is None else 'dpr'
    return cache_folder() / 'encoders' / f'minilm-{tuned}-{key}'
