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
"""The PettingZoo environment passes PettingZoo's own tests and plays the simulator's game."""

from __future__ import annotations

import importlib
import subprocess
import sys

from ld_agent_sim.evaders import flee
from ld_agent_sim.pursuit import Board, Pursuit
from ld_agent_sim.scenario import Event, Scenario
import numpy as np
import pytest

pytest.importorskip('pettingzoo')

from ld_agent_sim.pursuit_env import PursuitEnv  # noqa: E402
from pettingzoo.test import parallel_api_test, parallel_seed_test  # noqa: E402

AGENTS = ['pursuer_0', 'pursuer_1', 'pursuer_2']
STARTS = ((0, 0), (4, 2), (4, 2))
EIGHT = {(2, 0), (-2, 0), (0, 2), (0, -2), (1, 1), (1, -1), (-1, 1), (-1, -1)}
ICE = Event(1, 'ice', ((0, 2), (1, 2), (1, 4), (0, 4)))
WALLED = Board(11, 6, 'up_to', frozenset({(5, 1), (5, 2)}), walls_block=True)


def placed(board=None, pursuers=STARTS, evader=(8, 5), events=(), seed=7):
    """Return an environment that starts from these cells, and its first answer."""
    scenario = Scenario('', board or Board(11, 6), events, pursuers, evader)
    env = PursuitEnv(scenario=scenario)
    return env, env.reset(seed=seed)


def actions(env, *offsets):
    return {agent: env.offsets.index(o) for agent, o in zip(env.agents, offsets, strict=True)}


def plane(observations, agent, number):
    return {
        (x, y): n for (y, x), n in np.ndenumerate(observations[agent]['observation'][number]) if n
    }


@pytest.mark.filterwarnings('error')
@pytest.mark.parametrize('board', [Board(7, 5), WALLED])
def test_it_passes_the_parallel_api_test(board):
    parallel_api_test(PursuitEnv(board), num_cycles=250)


@pytest.mark.filterwarnings('error')
def test_it_passes_the_parallel_seed_test():
    parallel_seed_test(lambda: PursuitEnv(WALLED), num_cycles=120)


def test_the_actions_are_the_offsets_of_the_move_set():
    exact, up_to = PursuitEnv(Board(11, 6)), PursuitEnv(Board(2, 3, 'up_to'))
    assert set(exact.offsets) == EIGHT
    assert set(up_to.offsets) == EIGHT | {(1, 0), (-1, 0), (0, 1), (0, -1), (0, 0)}
    assert [exact.action_space(a).n for a in AGENTS] == [8] * 3
    assert [up_to.action_space(a).n for a in AGENTS] == [13] * 3


@pytest.mark.parametrize('board', [Board(11, 6), WALLED])
def test_observations_and_masks_are_in_their_spaces_and_masked_actions_are_legal(board):
    env = PursuitEnv(board)
    observations, _ = env.reset(seed=3)
    rng = np.random.default_rng(0)
    while env.agents:
        chosen = {}
        for agent in env.agents:
            assert env.observation_space(agent).contains(observations[agent])
            chosen[agent] = int(rng.choice(np.flatnonzero(observations[agent]['action_mask'])))
        observations, *_, infos = env.step(chosen)
    assert infos['pursuer_0']['violations'] == 0
    assert infos['pursuer_0']['step'] > 3


def test_every_action_outside_the_mask_is_a_violation():
    env, (observations, _) = placed(WALLED, ((4, 1), (0, 0), (10, 5)))
    for action in np.flatnonzero(observations['pursuer_0']['action_mask'] == 0):
        env, _ = placed(WALLED, ((4, 1), (0, 0), (10, 5)))
        stay = env.offsets.index((0, 0))
        *_, infos = env.step({'pursuer_0': action, 'pursuer_1': stay, 'pursuer_2': stay})
        assert infos['pursuer_0']['violations'] == 1
    asked = zip(env.offsets, observations['pursuer_0']['action_mask'], strict=True)
    assert {offset for offset, bit in asked if not bit} == {(1, 0), (2, 0), (1, 1), (0, -2)}


def test_planes_show_self_others_evader_and_closed_cells_by_row_and_column():
    env, (observations, _) = placed(WALLED)
    assert env.observation_space('pursuer_0')['observation'].shape == (4, 6, 11)
    assert plane(observations, 'pursuer_0', 0) == {(0, 0): 1}
    assert plane(observations, 'pursuer_0', 1) == {(4, 2): 2}
    assert plane(observations, 'pursuer_2', 0) == {(4, 2): 1}
    assert plane(observations, 'pursuer_2', 1) == {(0, 0): 1, (4, 2): 1}
    assert plane(observations, 'pursuer_1', 2) == {(8, 5): 1}
    assert plane(observations, 'pursuer_1', 3) == {(5, 1): 1, (5, 2): 1}


def test_an_episode_is_the_simulators_episode_with_the_same_seed():
    env = PursuitEnv(Board(11, 6))
    game = Pursuit(Board(11, 6), seed=21, evader=flee)
    observations, infos = env.reset(seed=21)
    rng = np.random.default_rng(1)
    for _ in range(12):
        for number, agent in enumerate(AGENTS):
            assert plane(observations, agent, 0) == {game.state.pursuers[number]: 1}
        assert plane(observations, 'pursuer_0', 2) == {game.state.evader: 1}
        assert infos['pursuer_1']['violations'] == game.state.violations
        if not env.agents:
            break
        chosen = {agent: int(rng.integers(8)) for agent in AGENTS}
        ends = [
            (x + env.offsets[a][0], y + env.offsets[a][1])
            for (x, y), a in zip(game.state.pursuers, chosen.values(), strict=True)
        ]
        game.step(ends)
        observations, *_, infos = env.step(chosen)
    assert game.state.violations > 0


def test_later_episodes_follow_from_the_first_seed_and_tell_their_own():
    def seeds(first):
        env = PursuitEnv(Board(11, 6))
        return [env.reset(seed=s)[1]['pursuer_0']['seed'] for s in (first, None, None)]

    assert seeds(4) == seeds(4) != seeds(5)
    assert len(set(seeds(4))) == 3
    env = PursuitEnv(Board(11, 6))
    env.reset(seed=4)
    later, _ = env.reset()
    again, _ = PursuitEnv(Board(11, 6)).reset(seed=seeds(4)[1])
    assert plane(later, 'pursuer_0', 0) == plane(again, 'pursuer_0', 0)


def test_capture_rewards_all_and_terminates():
    env, _ = placed(pursuers=((8, 2), (6, 4), (9, 3)))
    _, rewards, terminated, truncated, infos = env.step(actions(env, (0, 2), (1, 1), (0, 2)))
    assert all(terminated.values())
    assert rewards == dict.fromkeys(AGENTS, pytest.approx(1 - 0.01))
    assert not any(truncated.values())
    assert (infos['pursuer_2']['outcome'], infos['pursuer_2']['step']) == ('success', 1)
    assert env.agents == []
    assert env.step({}) == ({}, {}, {}, {}, {})


def test_an_illegal_action_keeps_the_place_and_costs_and_the_eighth_terminates():
    env, _ = placed()
    swing = [((0, -2), (0, 2), (0, 2)), ((0, -2), (0, -2), (0, -2))]
    for step in range(7):
        observations, rewards, terminated, _, infos = env.step(actions(env, *swing[step % 2]))
        assert plane(observations, 'pursuer_0', 0) == {(0, 0): 1}
        assert rewards['pursuer_1'] == pytest.approx(-0.11)
        assert infos['pursuer_0']['violations'] == step + 1
        assert not any(terminated.values())
    _, _, terminated, truncated, infos = env.step(actions(env, *swing[1]))
    assert all(terminated.values()) and not any(truncated.values())
    assert infos['pursuer_0']['outcome'] == 'failure_with_violation'


def test_the_hundredth_step_truncates():
    env, _ = placed(pursuers=((0, 0), (1, 0), (2, 0)))
    for step in range(100):
        assert env.agents == AGENTS
        offset = (-2, 0) if step % 2 else (2, 0)
        _, rewards, terminated, truncated, infos = env.step(actions(env, *[offset] * 3))
    assert all(truncated.values()) and not any(terminated.values())
    assert infos['pursuer_0']['outcome'] == 'failure_without_violation'
    assert rewards['pursuer_0'] == pytest.approx(-0.01)


def test_a_published_area_shows_at_once_and_closes_the_mask_one_step_later():
    env, (observations, _) = placed(events=(ICE,))
    north = env.offsets.index((0, 2))
    assert plane(observations, 'pursuer_0', 3) == {}
    observations, *_ = env.step(actions(env, (1, 1), (0, 2), (0, 2)))
    cells = {(x, y): 1 for x in (0, 1) for y in (2, 3, 4)}
    assert plane(observations, 'pursuer_0', 3) == cells
    assert observations['pursuer_0']['action_mask'][north] == 1
    observations, *_ = env.step(actions(env, (-1, -1), (0, -2), (0, -2)))
    assert plane(observations, 'pursuer_0', 3) == cells
    assert observations['pursuer_0']['action_mask'][north] == 0


def test_a_pursuer_with_no_legal_move_stays_whatever_its_action():
    board = Board(11, 6, walls=frozenset({(2, 0), (0, 2), (1, 1)}))
    env, (observations, _) = placed(board)
    assert observations['pursuer_0']['action_mask'].tolist() == [1] * 8
    observations, *_, infos = env.step(actions(env, (-2, 0), (0, 2), (0, 2)))
    assert plane(observations, 'pursuer_0', 0) == {(0, 0): 1}
    assert infos['pursuer_0']['violations'] == 0


@pytest.mark.parametrize(
    ('given', 'words'),
    [
        ({'pursuer_0': 0, 'pursuer_2': 0}, 'pursuer_1 has no action'),
        ({'pursuer_0': 0, 'pursuer_1': 8, 'pursuer_2': 0}, 'action 8 of pursuer_1 is not one of'),
        ({'pursuer_0': 0, 'pursuer_1': 0, 'pursuer_2': -1}, 'action -1 of pursuer_2'),
    ],
)
def test_a_missing_or_unknown_action_is_named(given, words):
    env, _ = placed()
    with pytest.raises(ValueError, match=words):
        env.step(given)


def test_a_board_and_a_scenario_together_are_refused():
    with pytest.raises(ValueError, match='not both'):
        PursuitEnv(Board(), scenario=Scenario('', Board()))


@pytest.mark.parametrize('missing', ['pettingzoo', 'gymnasium'])
def test_without_pettingzoo_one_sentence_says_what_to_install(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, 'ld_agent_sim.pursuit_env')
    with pytest.raises(ImportError, match=rf"{missing} is missing.*'ld_agent\[gym\]'"):
        importlib.import_module('ld_agent_sim.pursuit_env')


def test_the_rest_of_the_simulator_does_not_need_it():
    code = (
        'import sys; sys.modules["pettingzoo"] = sys.modules["gymnasium"] = None\n'
        'import ld_agent_sim, ld_agent_sim.worlds, ld_agent_sim.evaders, ld_agent_sim.scenario\n'
    )
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
