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
"""The page about the hunt without a model says nothing that the measured tables do not."""

from __future__ import annotations

from pathlib import Path
import re

DOCS = Path(__file__).parent.parent / 'docs'
PAGE = (DOCS / 'no-model.md').read_text(encoding='utf-8')
MEASURED = (DOCS / 'benchmarks.md').read_text(encoding='utf-8')
NUMBER = re.compile(r'\d+(?:,\d{3})*(?:\.\d+)?')


def test_every_figure_stands_in_the_benchmarks():
    costs = PAGE.partition('## What the language model adds')[2]
    figures = set(NUMBER.findall(costs))
    assert len(figures) >= 8
    assert figures <= set(NUMBER.findall(MEASURED))


def test_the_page_fits_on_one():
    assert len(PAGE.splitlines()) <= 110
