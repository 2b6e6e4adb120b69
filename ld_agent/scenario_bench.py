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
"""The scenarios, played by the function base and by a policy that knows the truth from the start.

The function base plays by the method `reference`, which selects as the manual's rules say, and
learns of an area when it is published. Needs no model and no ROS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
import itertools
import multiprocessing
import os
from typing import Any

from ld_agent.emergency_desk import Desk
from ld_agent.episodes import desk_for, play
from ld_agent.player import Player
from ld_agent.players import make_agent
from ld_agent.summary import wilson
from ld_agent.tables.plan import FIRST_SEED, PAPER_SETTING, SCENARIOS
from ld_agent.worlds import scenario_file
from ld_agent_sim.evaders import EVADERS
from ld_agent_sim.known_truth import capture_possible, path_moves, truth_of
from ld_agent_sim.pursuit import Outcome, PursuitState
from ld_agent_sim.scenario_file import load_scenario
from ld_agent_sim.worlds import PursuitWorld
import numpy as np

CHUNK = 10
SETTINGS: dict[str, str] = {PAPER_SETTING: 'flee', **SCENARIOS}


@dataclass(frozen=True)
class _Played:
    """An episode of the function base, beside one of the policy that knows the truth.

    Attributes:
        possible: False where it is proven that nobody can capture from the start cells.
        hopeless: it is proven that nobody could from where everybody stood when the last area
            came in force, of which the agent had not been told when it went there.
    """

    captured: bool
    steps: int
    violations: int
    possible: bool
    hopeless: bool
    knowing_captured: bool
    knowing_steps: int


def scenario_report(
    episodes: int,
    first_seed: int = FIRST_SEED,
    settings: Mapping[str, str] | None = None,
    workers: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> dict[str, Any]:
    """Play the same seeds of each scenario by the function base and by `path_moves`.

    Args:
        settings: scenario → evader; default the paper's setting and all scenarios of the tables.
        workers: processes; default one a core.

    Returns:
        For each scenario: `captured` with its Wilson 95 % interval, `violations`, `mean_steps` of
        the captures, the same of the policy that knows, `over_knowing` (ratio of the means over
        the seeds that both captured), `proven_impossible` (no play could capture from the start)
        and `proven_hopeless` (none could once the last area was in force).
    """
    chosen = dict(SETTINGS if settings is None else settings)
    seeds = range(first_seed, first_seed + episodes)
    chunks = [seeds[start : start + CHUNK] for start in range(0, episodes, CHUNK)]
    jobs = [(*pair, chunk) for pair, chunk in itertools.product(chosen.items(), chunks)]
    rows: dict[str, list[_Played]] = {scenario: [] for scenario in chosen}
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(workers or len(os.sched_getaffinity(0)), context) as pool:
        played = pool.map(_play_chunk, *zip(*jobs, strict=True))
        for done, ((scenario, _, _), found) in enumerate(zip(jobs, played, strict=True)):
            rows[scenario] += found
            if progress is not None:
                progress('playing the scenarios', (done + 1) / len(jobs))
    return {
        'seeds': [seeds[0], seeds[-1]],
        'scenarios': {
            scenario: {'evader': chosen[scenario], **_summary(found)}
            for scenario, found in rows.items()
        },
    }


def _play_chunk(scenario: str, evader: str, seeds: Sequence[int]) -> list[_Played]:
    setting = load_scenario(scenario_file(scenario))
    agent = make_agent('reference', guard='count')
    world, knowing = (PursuitWorld(evader=EVADERS[evader], scenario=setting) for _ in range(2))
    desk = desk_for(agent, scenario)
    found = [_play_seed(agent, world, knowing, seed, desk) for seed in seeds]
    agent.close()
    if desk is not None:
        desk.close()
    return found


def _play_seed(
    agent: Player, world: PursuitWorld, knowing: PursuitWorld, seed: int, desk: Desk | None
) -> _Played:
    knowing.reset(seed)
    start, truth = knowing.game.state, truth_of(knowing.events, knowing.game.state.board)
    while not knowing.done:
        knowing.announcements()
        knowing.apply({'moves': path_moves(knowing.game.state, truth)})
    told = max((event.step + 1 for event in knowing.events), default=0)
    then: PursuitState = start
    for _ in play(agent, world, seed, desk=desk):
        if world.step == told:
            then = world.game.state
    ended = world.game.state
    captured = ended.outcome is Outcome.SUCCESS
    return _Played(
        captured=captured,
        steps=ended.step,
        violations=ended.violations,
        possible=captured or capture_possible(start, truth),
        hopeless=not captured and not capture_possible(then, truth),
        knowing_captured=knowing.game.state.outcome is Outcome.SUCCESS,
        knowing_steps=knowing.step,
    )


def _summary(rows: Sequence[_Played]) -> dict[str, Any]:
    captured = [row for row in rows if row.captured]
    both = [row for row in captured if row.knowing_captured]
    share = wilson(len(captured), len(rows))
    return {
        'episodes': len(rows),
        'captured': len(captured),
        'captured_interval': [share.low, share.high],
        'violations': sum(row.violations for row in rows),
        'mean_steps': _mean([row.steps for row in captured]),
        'knowing_captured': sum(row.knowing_captured for row in rows),
        'knowing_mean_steps': _mean([row.knowing_steps for row in rows if row.knowing_captured]),
        'over_knowing': _mean([row.steps for row in both], [row.knowing_steps for row in both]),
        'proven_impossible': sum(not row.possible for row in rows),
        'proven_hopeless': sum(row.hopeless for row in rows),
        'missed': sum(not row.captured and row.possible and not row.hopeless for row in rows),
    }


def _mean(values: Sequence[int], over: Sequence[int] | None = None) -> float | None:
    """Return the mean of `values`, divided by that of `over`; None where there are none."""
    if not values:
        return None
    return float(np.mean(values)) / (float(np.mean(over)) if over else 1.0)
