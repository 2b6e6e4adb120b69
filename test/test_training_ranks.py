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
"""A training that goes on from an adapter of another rank."""

from __future__ import annotations

from ld_agent.errors import ModelError
from ld_agent.student.adapter import merge_adapter
from ld_agent.student.weights import read_weights
import numpy as np
import pytest
import tiny_model

pytestmark = pytest.mark.train


@pytest.fixture
def lora():
    pytest.importorskip('torch', reason='the extra .[train] brings torch')
    pytest.importorskip('peft', reason='the extra .[train] brings peft')
    from ld_agent.training import lora

    return lora


def test_a_lower_rank_goes_on_with_what_it_adds(lora, tmp_path):
    model = tiny_model.write_folder(tmp_path / 'model')
    start = tiny_model.write_adapter(tmp_path / 'start', rank=2)
    plan = lora.Plan(rank=4, alpha=16, threads=1)
    lora.Trainee(model, plan, start).save(tmp_path / 'wider')
    base = read_weights(model)
    one, other = (merge_adapter(base, a) for a in (start, tmp_path / 'wider'))
    for name in base.tensors:
        assert np.allclose(one.tensor(name), other.tensor(name), atol=1e-4), name


@pytest.mark.parametrize(('rank', 'alpha', 'why'), [(1, 4, 'higher rank'), (4, 4, 'its scale is')])
def test_a_higher_rank_and_another_scale_are_refused(lora, tmp_path, rank, alpha, why):
    model = tiny_model.write_folder(tmp_path / 'model')
    start = tiny_model.write_adapter(tmp_path / 'start', rank=2)
    with pytest.raises(ModelError, match=why):
        lora.Trainee(model, lora.Plan(rank=rank, alpha=alpha, threads=1), start)
