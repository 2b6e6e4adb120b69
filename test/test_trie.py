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
"""A name's score comes from the branching nodes on its way alone."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st
from ld_agent.trie import branches
import pytest


def scores_of(names, weight):
    """Return the log-probability of each name, `weight(prefix, token)` as the logits."""
    scores = dict.fromkeys(names, 0.0)
    for branch in branches(names):
        total = math.log(sum(math.exp(weight(branch.prefix, t)) for t in branch.children))
        for token, below in branch.children.items():
            for name in below:
                scores[name] += weight(branch.prefix, token) - total
    return scores


@given(
    st.sets(st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple), min_size=1),
    st.integers(0, 2**32),
)
def test_the_scores_of_all_names_sum_to_one(words, seed):
    names = {f'n{i}': (*word, 9) for i, word in enumerate(sorted(words))}
    logits: dict = {}
    rng = random.Random(seed)
    scores = scores_of(names, lambda prefix, t: logits.setdefault((prefix, t), rng.gauss(0, 3)))
    assert sum(math.exp(score) for score in scores.values()) == pytest.approx(1.0)


def test_names_that_differ_at_once_branch_once_at_the_root():
    (root,) = branches({'b': [5, 6, 7], 'a': [4, 6, 7]})
    assert root.prefix == ()
    assert root.children == {4: ('a',), 5: ('b',)}


def test_names_that_share_their_first_tokens_branch_where_they_part():
    names = {'keep_all': [1, 2, 9], 'keep_none': [1, 3, 9], 'drop': [4, 9]}
    root, below = branches(names)
    assert root.children == {4: ('drop',), 1: ('keep_all', 'keep_none')}
    assert (below.prefix, below.children) == ((1,), {2: ('keep_all',), 3: ('keep_none',)})


def test_a_start_that_all_names_share_costs_no_branch():
    (only,) = branches({'x': [1, 1, 2, 9], 'y': [1, 1, 3, 9]})
    assert only.prefix == (1, 1)


def test_a_name_that_is_the_start_of_another_is_told_apart_by_its_end_mark():
    (only,) = branches({'keep': [1, 9], 'keep_all': [1, 2, 9]})
    assert only.children == {9: ('keep',), 2: ('keep_all',)}


def test_a_single_name_has_nothing_to_choose():
    assert branches({'alone': [1, 2, 9]}) == []


def test_names_with_the_same_tokens_are_refused():
    with pytest.raises(ValueError, match='the names a, b have the same tokens'):
        branches({'a': [1, 9], 'b': [1, 9]})


def test_the_order_in_which_names_come_changes_nothing():
    names = {'a': [1, 2, 9], 'b': [1, 3, 9], 'c': [2, 9]}
    assert branches(names) == branches(dict(reversed(names.items())))
