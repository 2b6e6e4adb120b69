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
"""Perception: when a step begins, what its state shows, and how an episode ends."""

from __future__ import annotations

from ld_agent.messages import Decision
from ld_agent.perception import Patience, Perception
from ld_agent_sim.lanes import make_lanes
from ld_agent_sim.pursuit import Board, MAX_STEPS, MAX_VIOLATIONS, Outcome
from ld_agent_sim.sea import NAMES
from ld_agent_sim.vessels import Pose
import pytest

LANES = make_lanes(Board(9, 7, walls=frozenset({(4, 3)})), 'surface_vessel')
START = [(0, 0), (2, 0), (4, 0), (6, 5)]


class Seen:
    """A perception that is shown poses, a second at a time."""

    def __init__(self, cells=START, **patience):
        self.game = Perception(LANES, Patience(**patience), episode=2, seed=7)
        self.cells = list(cells)
        self.now = 0.0
        self.speed = 0.0
        self.states = []

    def look(self, seconds=2.0, clock=None):
        for _ in range(round(seconds)):
            self.now += 1.0
            poses = {
                name: Pose(*LANES.berth(lane, cell), surge=self.speed)
                for lane, (name, cell) in enumerate(zip(NAMES, self.cells))
            }
            state = self.game.look(poses, self.now, self.now if clock is None else clock)
            if state is not None:
                self.states.append(state)
        return self.states[-1] if self.states else None

    def decide(self, *moves, step=None, episode=2):
        step = self.game.step if step is None else step
        decision = Decision(task='pursuit', episode=episode, step=step, moves=list(moves))
        return self.game.decide(decision, self.now)


def test_a_state_shows_the_cells_that_the_poses_are_in():
    state = Seen().look()
    assert (state.episode, state.seed, state.step, state.done) == (2, 7, 0, False)
    seen = state.observation
    assert seen['pursuers'] == [[0, 0], [2, 0], [4, 0]]
    assert seen['evader'] == [6, 5]
    assert (seen['width'], seen['height'], seen['moves']) == (9, 7, 'exact')
    assert seen['walls'] == [[4, 3]]
    assert seen['walls_block'] is False


def test_nothing_is_asked_while_somebody_moves_or_is_not_seen():
    seen = Seen()
    seen.speed = 0.3
    assert seen.look(5) is None
    assert seen.game.look({NAMES[0]: Pose(1.0, 1.0)}, 9.0, 9.0) is None


def test_a_step_is_asked_once():
    seen = Seen(deadline=100.0)
    seen.look(20)
    assert len(seen.states) == 1


def test_a_step_ends_when_the_pursuers_arrived_and_the_target_has_moved():
    seen = Seen()
    seen.look()
    assert seen.decide((0, 2), (2, 2), (4, 2)) == [(0, 2), (2, 2), (4, 2)]
    assert seen.game.sailing == [(0, 2), (2, 2), (4, 2)]
    seen.look(5)
    seen.cells[:3] = [(0, 2), (2, 2), (4, 2)]
    seen.look(5)
    assert len(seen.states) == 1
    seen.cells[3] = (6, 6)
    state = seen.look(5)
    assert (state.step, state.observation['evader_track']) == (1, [[6, 5]])


def test_a_target_that_stays_is_waited_for_only_so_long():
    seen = Seen(target=10.0)
    seen.look()
    seen.decide((0, 2), (2, 2), (4, 2))
    seen.cells[:3] = [(0, 2), (2, 2), (4, 2)]
    seen.look(6)
    assert len(seen.states) == 1
    assert seen.look(10).step == 1


def test_pursuers_that_never_arrive_are_waited_for_only_so_long():
    seen = Seen(stuck=20.0, target=5.0, deadline=100.0)
    seen.look()
    seen.decide((0, 2), (2, 2), (4, 2))
    seen.look(15)
    assert len(seen.states) == 1
    assert seen.look(30).step == 1


def test_a_missed_deadline_is_a_lost_turn_and_a_late_decision_counts_no_more():
    seen = Seen(deadline=3.0)
    seen.look(8)
    assert seen.decide((0, 2), (2, 2), (4, 2)) is None
    seen.cells[3] = (6, 6)
    assert seen.look(3).step == 1
    assert seen.game.lost_turns == 1


@pytest.mark.parametrize('wrong', [{'step': 1}, {'episode': 1}])
def test_a_decision_for_another_step_changes_nothing(wrong):
    seen = Seen()
    seen.look()
    assert seen.decide((0, 2), (2, 2), (4, 2), **wrong) is None
    assert seen.decide((0, 2), (2, 2), (4, 2)) is not None
    assert seen.decide((0, 1), (2, 1), (4, 1)) is None


def test_a_move_that_is_none_is_a_violation_and_that_pursuer_stays():
    seen = Seen()
    seen.look()
    assert seen.decide((0, 3), (2, 2), (4, 2)) == [(0, 0), (2, 2), (4, 2)]
    assert seen.game.violations == 1


def test_a_caught_target_ends_the_episode():
    seen = Seen(cells=[(5, 5), (6, 4), (6, 5), (6, 5)])
    state = seen.look()
    assert state.done
    assert seen.game.outcome is Outcome.SUCCESS
    assert seen.game.result() == {
        'outcome': 'success', 'steps': 0, 'violations': 0, 'lost_turns': 0,
    }  # fmt: skip
    assert seen.look(20) is state


def test_too_many_steps_and_too_many_violations_end_it_too():
    late, wrong = Seen(), Seen()
    late.game.step = MAX_STEPS
    wrong.game.violations = MAX_VIOLATIONS + 1
    assert late.look().done and wrong.look().done
    assert late.game.outcome is Outcome.FAILURE_WITHOUT_VIOLATION
    assert wrong.game.outcome is Outcome.FAILURE_WITH_VIOLATION


def test_a_state_is_that_of_the_board_game():
    from ld_agent_sim.worlds import PursuitWorld

    assert set(Seen().look().observation) == set(PursuitWorld(LANES.board).observation())
