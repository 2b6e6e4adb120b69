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
"""How many steps a hunt takes, beside plain greed, a search that knows the evader, and bounds.

The function base plays by the method `reference`, which selects as the manual's rules say; a
student that reads the manual rightly plays the same moves. Needs no model and no ROS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
import itertools
import multiprocessing
import os
from typing import Any

from ld_agent.episodes import play
from ld_agent.errors import LdAgentError
from ld_agent.player import Player
from ld_agent.players import make_agent
from ld_agent.summary import mean_interval
from ld_agent.tables.plan import FIRST_SEED
from ld_agent_sim.bound import EvaderKind, lower_bound
from ld_agent_sim.evaders import EVADERS
from ld_agent_sim.pursuit import Board, manhattan, Outcome, pursuer_moves, Pursuit
from ld_agent_sim.search import KNOWN_EVADERS, Searcher
from ld_agent_sim.worlds import PursuitWorld
import numpy as np

EPISODES = 200
CHUNK = 10
METHODS = ('greedy', 'reference', 'search')
BOUNDS: dict[str, EvaderKind] = {'any_evader': 'helpful', 'optimal_evader': 'optimal'}
MEANING = {
    'greedy': 'each pursuer minimises its Manhattan distance, the smallest cell of equal ones',
    'reference': 'the function base, selected by the rules of its manual',
    'search': 'best found: beam search that is told the evader; not proven best',
    'any_evader': 'least steps against any evader, these included; not tight',
    'optimal_evader': 'least steps to surely catch an evader that plays best; no bound for these',
}


def steps_report(
    episodes: int = EPISODES,
    first_seed: int = FIRST_SEED,
    board: Board | None = None,
    workers: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> dict[str, Any]:
    """Play the same seeds by every method against each evader that the search knows.

    Args:
        board: without restricted areas; default 20 x 20.
        workers: processes; default one a core.

    Returns:
        For each evader, for each method and bound: `mean` steps and its 95 % interval `low`,
        `high` (Student's t), and `not_captured`, the episodes without a capture, which count
        with the steps played. `reference_over_search` is the ratio of the means. `markdown`
        holds the rows of a table.

    Raises:
        LdAgentError: fewer than two episodes, from which no interval follows.
    """
    if episodes < 2:
        raise LdAgentError(f'{episodes} episodes give no interval; use 2 or more')
    chart = board or Board()
    seeds = range(first_seed, first_seed + episodes)
    chunks = [seeds[start : start + CHUNK] for start in range(0, episodes, CHUNK)]
    jobs = list(itertools.product(KNOWN_EVADERS, chunks))
    rows: dict[str, list[dict[str, int]]] = {evader: [] for evader in KNOWN_EVADERS}
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(workers or len(os.sched_getaffinity(0)), context) as pool:
        played = pool.map(partial(_play_chunk, chart), *zip(*jobs, strict=True))
        for done, ((evader, _), found) in enumerate(zip(jobs, played, strict=True)):
            rows[evader] += found
            if progress is not None:
                progress('counting steps', (done + 1) / len(jobs))
    evaders = {evader: _summary(found) for evader, found in rows.items()}
    return {
        'board': f'{chart.width}x{chart.height}',
        'seeds': [seeds[0], seeds[-1]],
        'meaning': MEANING,
        'evaders': evaders,
        'markdown': _markdown(evaders),
    }


def greedy_moves(game: Pursuit) -> list[tuple[int, int]]:
    """Return each pursuer's move that ends nearest to the evader."""
    state = game.state
    return [
        min(
            pursuer_moves(state.board, pursuer, state.restricted) or [pursuer],
            key=lambda cell: (manhattan(cell, state.evader), cell),
        )
        for pursuer in state.pursuers
    ]


def _play_chunk(board: Board, evader: str, seeds: Sequence[int]) -> list[dict[str, int]]:
    agent, searcher = make_agent('reference'), Searcher(board, evader)
    found = [_play_seed(board, evader, seed, agent, searcher) for seed in seeds]
    agent.close()
    return found


def _play_seed(
    board: Board, evader: str, seed: int, agent: Player, searcher: Searcher
) -> dict[str, int]:
    """Return the steps of each method, negative without a capture, and the bounds."""
    start = Pursuit(board, seed=seed, evader=EVADERS[evader]).state
    world = PursuitWorld(board, EVADERS[evader])
    for _ in play(agent, world, seed):
        pass
    rng = np.random.default_rng([seed, 1])  # Not the game's own stream: no search may see that.
    row = {
        'greedy': _steps_of(_finish(board, evader, seed, greedy_moves)),
        'reference': _steps_of(world.game),
        'search': _steps_of(
            _finish(board, evader, seed, lambda game: searcher.moves(game.state, rng))
        ),
    }
    for name, kind in BOUNDS.items():
        bound = lower_bound(board, start.pursuers, start.evader, kind)
        row[name] = -1 if bound is None else bound
    return row


def _finish(
    board: Board, evader: str, seed: int, decide: Callable[[Pursuit], list[tuple[int, int]]]
) -> Pursuit:
    game = Pursuit(board, seed=seed, evader=EVADERS[evader])
    while game.state.outcome is None:
        game.step(decide(game))
    return game


def _steps_of(game: Pursuit) -> int:
    captured = game.state.outcome is Outcome.SUCCESS
    return game.state.step if captured else -game.state.step


def _summary(rows: Sequence[dict[str, int]]) -> dict[str, Any]:
    summary: dict[str, Any] = {}
    for name in (*METHODS, *BOUNDS):
        steps = np.array([row[name] for row in rows])
        mean, low, high = mean_interval(np.abs(steps).tolist())
        summary[name] = {'mean': mean, 'low': low, 'high': high}
        summary[name]['not_captured'] = int((steps < 0).sum())
    ratio = summary['reference']['mean'] / summary['search']['mean']
    return {**summary, 'reference_over_search': ratio}


def _markdown(evaders: dict[str, dict[str, Any]]) -> list[str]:
    rows = ['| mean steps (95 % interval) | ' + ' | '.join(evaders) + ' |']
    rows.append('| --- |' + ' --- |' * len(evaders))
    for name in (*METHODS, *BOUNDS):
        cells = [
            f'{found[name]["mean"]:.2f} ({found[name]["low"]:.2f} to {found[name]["high"]:.2f})'
            for found in evaders.values()
        ]
        rows.append(f'| {name}: {MEANING[name]} | ' + ' | '.join(cells) + ' |')
    return rows
