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
"""Short names of larger students, and the numbers that their training takes from them."""

from __future__ import annotations

from ld_agent.errors import ModelError
from ld_agent.share import share_path
from ld_agent.student import known
from ld_agent.student.fetch import fetch_model
from ld_agent.student.known import known_student
import pytest

NAMES = sorted(file.stem for file in share_path('config', 'students').glob('*.yaml'))


def test_the_three_of_the_documentation_are_known():
    assert NAMES == ['glm-4-9b', 'llama-3-8b', 'qwen2.5-7b']
    page = share_path('config').parent / 'docs' / 'larger-students.md'
    for name in NAMES:
        student = known_student(name)
        assert student.training.rank > 0
        assert f'| `{name}` | {student.model} ' in page.read_text(encoding='utf-8')


@pytest.mark.parametrize('name', ['smollm2', 'Qwen/Qwen2.5-7B-Instruct', '../students/glm-4-9b'])
def test_other_models_have_no_short_name(name):
    assert known_student(name) is None


def test_a_short_name_is_fetched_as_its_hub_id(monkeypatch):
    monkeypatch.setenv('HF_HUB_OFFLINE', '1')
    with pytest.raises(ModelError, match=r'Qwen/Qwen2\.5-7B-Instruct'):
        fetch_model('qwen2.5-7b')


@pytest.mark.parametrize(
    ('text', 'said'),
    [('model: a/b', 'training: Field required'), ('model: [', 'it is no YAML')],
)
def test_a_file_that_is_not_valid_is_refused_with_its_name(tmp_path, monkeypatch, text, said):
    (tmp_path / 'mine.yaml').write_text(text)
    monkeypatch.setattr(known, 'share_path', lambda *parts: tmp_path)
    with pytest.raises(ModelError, match=said) as caught:
        known_student('mine')
    assert str(tmp_path / 'mine.yaml') in str(caught.value)


def test_training_takes_the_numbers_of_the_student():
    pytest.importorskip('torch', reason='training needs the extra .[train]')
    from ld_agent.cli.train import _training

    _, plan = _training('qwen2.5-7b')
    assert (plan().rank, plan(rank=4).rank, plan().learning_rate) == (16, 4, 2e-4)
    _, plan = _training('smollm2')
    assert (plan().rank, plan().learning_rate) == (8, 1e-3)
