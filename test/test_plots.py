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
"""Pictures are drawn from bags, on boards that are not square too, without a display."""

from __future__ import annotations

from ld_agent.bags import read_episodes
from ld_agent.errors import BagError
from ld_agent.plots import choose_episodes, draw_episode_card, draw_trace, draw_trajectories
from ld_agent_sim.pursuit import Board
import matplotlib.image
import pytest
from recorded import record


@pytest.fixture(scope='module')
def episodes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('plots')
    board = Board(14, 9, walls=frozenset((6, y) for y in range(2, 6)))
    plain = read_episodes(record(folder / 'plain', [1, 2], board=Board(20, 12)))
    hard = read_episodes(
        record(folder / 'hard', [3], board=board, area=[(2, 2), (2, 3)], method='random')
    )
    return [*plain, *hard]


def has_colour(path, red: float, green: float, blue: float) -> bool:
    """Tell whether an area, not only the rim of a letter, has the colour."""
    image = matplotlib.image.imread(path)[..., :3]
    return bool((abs(image - [red, green, blue]).max(axis=-1) < 0.02).sum() > 300)


def test_trajectories_of_several_bags_stand_side_by_side(episodes, tmp_path):
    draw_trajectories(episodes[:1], tmp_path / 'one.png')
    draw_trajectories(episodes, tmp_path / 'three.png')
    one = matplotlib.image.imread(tmp_path / 'one.png')
    three = matplotlib.image.imread(tmp_path / 'three.png')
    assert three.shape[1] > 2.5 * one.shape[1]
    assert has_colour(tmp_path / 'one.png', 0.902, 0.380, 0.0)  # the evader
    assert has_colour(tmp_path / 'three.png', 0.357, 0.404, 0.439)  # the wall
    assert not has_colour(tmp_path / 'one.png', 0.357, 0.404, 0.439)


def test_a_step_is_drawn_function_by_function(episodes, tmp_path):
    draw_trace(episodes[2], 0, tmp_path / 'trace.png')
    assert has_colour(tmp_path / 'trace.png', 0.165, 0.435, 0.592)  # the selected bar


def test_the_card_shows_an_episode(episodes, tmp_path):
    draw_episode_card(episodes[0], tmp_path / 'card.png')
    assert has_colour(tmp_path / 'card.png', 0.165, 0.435, 0.592)


def test_a_step_without_a_trace_is_named(episodes, tmp_path):
    with pytest.raises(BagError, match='no trace at step 99; traces are there for 0 to'):
        draw_trace(episodes[0], 99, tmp_path / 'trace.png')


def test_a_place_that_cannot_be_written_is_named(episodes, tmp_path):
    with pytest.raises(BagError, match='cannot be written'):
        draw_trajectories(episodes[:1], tmp_path / 'no' / 'such' / 'folder.png')


def test_episodes_are_chosen_by_number_from_every_bag(episodes):
    plain, hard = episodes[:2], episodes[2:]
    assert choose_episodes([plain, hard]) == [plain[0], hard[0]]
    assert choose_episodes([plain, hard], [1]) == [plain[1]]
    with pytest.raises(BagError, match='no bag holds an episode 9; there are 0 to 1'):
        choose_episodes([plain, hard], [9])
