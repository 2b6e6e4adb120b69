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
"""Data-parallel training: the processes that `torchrun` starts share the sets of every step.

Two processes of one thread each are faster than one of two threads, since the matrices of a small
model are too small to be split. Without `torchrun` there is one process.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from ld_agent.errors import ModelError
import torch
from torch import distributed

PATIENCE = timedelta(days=1)
"""So long the others wait for the first, which plays and measures for all."""


class Workers:
    """The processes of a training and which of them this is.

    Attributes:
        rank: 0 for the one that logs, measures and saves.
        number: how many there are.
    """

    def __init__(self) -> None:
        """Join the others, where `torchrun` started this process.

        Raises:
            ModelError: there is a GPU, which several processes would share.
        """
        self.rank, self.number = 0, 1
        if not distributed.is_torchelastic_launched():
            return
        if torch.cuda.is_available():
            raise ModelError('torchrun is for training on processors; with a GPU train without it')
        if not distributed.is_initialized():
            distributed.init_process_group('gloo', timeout=PATIENCE)
        self.rank, self.number = distributed.get_rank(), distributed.get_world_size()

    def sum_gradients(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        """Add up the gradients of all processes, in place."""
        if self.number == 1:
            return
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        distributed.all_reduce(flat)
        for parameter, part in zip(
            parameters, flat.split([p.numel() for p in parameters]), strict=True
        ):
            parameter.grad = part.view_as(parameter)

    def gather(self, mine: Any) -> list[Any]:
        """Return what every process has, by rank."""
        if self.number == 1:
            return [mine]
        every: list[Any] = [None] * self.number
        distributed.all_gather_object(every, mine)
        return every

    def mine(self, items: Iterable[Any]) -> list[Any]:
        """Return the share of this process."""
        return [item for n, item in enumerate(items) if n % self.number == self.rank]
