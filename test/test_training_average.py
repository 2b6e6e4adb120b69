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
"""The mean of adapters."""

from __future__ import annotations

import json

from ld_agent.errors import LdAgentError
from ld_agent.student.adapter import CONFIG, TENSORS
from ld_agent.student.weights import read_safetensors
from ld_agent.training.average import average_adapters
import numpy as np
import pytest
from safetensors.numpy import save_file

NAME = 'base_model.model.layer.lora_A.weight'


@pytest.fixture
def adapter(tmp_path):
    def write(name, value, alpha=16, shape=(2, 3)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / CONFIG).write_text(
            json.dumps({'r': 8, 'lora_alpha': alpha, 'peft_type': 'LORA'})
        )
        save_file({NAME: np.full(shape, value, np.float16)}, folder / TENSORS)
        return folder

    return write


def test_every_weight_is_the_mean_of_all(adapter, tmp_path):
    average_adapters([adapter('a', 1.0), adapter('b', 2.0), adapter('c', 6.0)], tmp_path / 'mean')
    assert (tmp_path / 'mean' / CONFIG).read_text() == (tmp_path / 'a' / CONFIG).read_text()
    ((name, array),) = read_safetensors(tmp_path / 'mean' / TENSORS)
    assert name == NAME and np.array_equal(array, np.full((2, 3), 3.0))


@pytest.mark.parametrize('other', [{'alpha': 32}, {'shape': (2, 4)}])
def test_legs_that_do_not_fit_together_are_refused(adapter, tmp_path, other):
    a, b = adapter('a', 1.0), adapter('b', 2.0, **other)
    with pytest.raises(LdAgentError, match='differ in layers, rank or scale'):
        average_adapters([a, b], tmp_path / 'mean')
    assert not (tmp_path / 'mean').exists()
