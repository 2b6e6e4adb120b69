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
from ld_agent.student.adapter import CONFIG, lora_scale, TENSORS
from ld_agent.student.weights import read_safetensors
from ld_agent.training.average import average_adapters
import numpy as np
import pytest
from safetensors.numpy import save_file

NAME = 'base_model.model.layer.lora_{}.weight'


@pytest.fixture
def adapter(tmp_path):
    def write(name, seed, rank=2, scale=2, width=9):
        folder = tmp_path / name
        folder.mkdir()
        config = {'r': rank, 'lora_alpha': scale * rank, 'peft_type': 'LORA'}
        (folder / CONFIG).write_text(json.dumps(config))
        rng = np.random.default_rng(seed)
        pair = {'A': rng.normal(size=(rank, width)), 'B': rng.normal(size=(12, rank))}
        save_file(
            {NAME.format(s): a.astype(np.float16) for s, a in pair.items()}, folder / TENSORS
        )
        return folder

    return write


def added(folder):
    tensors = dict(read_safetensors(folder / TENSORS))
    return lora_scale(folder) * tensors[NAME.format('B')] @ tensors[NAME.format('A')]


def test_what_is_added_is_the_mean_of_what_each_adds(adapter, tmp_path):
    low, high = adapter('a', 1, rank=2), adapter('b', 2, rank=6)
    rank_of_both = adapter('c', 3, rank=9)
    legs = [low, high, rank_of_both]
    assert average_adapters(legs, tmp_path / 'mean') < 1e-6
    assert added(tmp_path / 'mean') == pytest.approx(sum(map(added, legs)) / 3, abs=0.05)


def test_a_rank_that_is_too_low_for_all_loses_what_it_returns(adapter, tmp_path):
    legs = [adapter('a', 1), adapter('b', 2)]
    lost = average_adapters(legs, tmp_path / 'mean')
    exact = sum(map(added, legs)) / 2
    assert lost > 0.05
    assert np.square(added(tmp_path / 'mean') - exact).sum() == pytest.approx(
        lost * np.square(exact).sum(), rel=0.05
    )


def test_one_alone_is_cut_to_a_lower_rank_and_never_to_a_higher(adapter, tmp_path):
    leg = adapter('a', 1, rank=4)
    assert 0 < average_adapters([leg], tmp_path / 'cut', rank=2) < 1
    assert average_adapters([leg], tmp_path / 'whole', rank=9) < 1e-6
    for name, rank in (('cut', 2), ('whole', 4)):
        assert json.loads((tmp_path / name / CONFIG).read_text())['r'] == rank
    assert added(tmp_path / 'whole') == pytest.approx(added(leg), abs=0.05)


@pytest.mark.parametrize('other', [{'scale': 4}, {'width': 10}])
def test_legs_that_do_not_fit_together_are_refused(adapter, tmp_path, other):
    a, b = adapter('a', 1), adapter('b', 2, **other)
    with pytest.raises(LdAgentError, match='differ in layers or scale'):
        average_adapters([a, b], tmp_path / 'mean')
    assert not (tmp_path / 'mean').exists()
