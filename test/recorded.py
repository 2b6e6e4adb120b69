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
"""Test data: bags of played episodes, written as the recorder writes them.

Plays the real world with a greedy policy; the traces say what a student could have said. Only
tests use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
import json
import math
from pathlib import Path

from ld_agent.bag_writer import BagWriter, TopicQos, typestore
from ld_agent_sim.evaders import EVADERS
from ld_agent_sim.pursuit import Board, pursuer_moves, Pursuit
import numpy as np

STRING = 'std_msgs/msg/String'
GRID = 'nav_msgs/msg/OccupancyGrid'
STEP_NS = 200_000_000


class Recording:
    """A bag with the graph's topics, fed with JSON texts."""

    def __init__(self, path: Path, namespace: str = ''):
        self.now = 1_000_000_000
        self._namespace = namespace
        self._bag = BagWriter(path)
        for topic in ('state', 'decision', 'functions', 'result'):
            self._bag.add_topic(f'{namespace}/{topic}', STRING, TopicQos(latched=True))
        self._bag.add_topic(f'{namespace}/truth', GRID, TopicQos(latched=True))

    def put(self, topic: str, message: dict | str) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        store = typestore()
        raw = store.serialize_cdr(store.types[STRING](data=text), STRING)
        self._write(topic, bytes(raw))

    def put_truth(self, board: Board, closed: Iterable[tuple[int, int]]) -> None:
        types = typestore().types
        data = np.zeros(board.width * board.height, dtype=np.int8)
        for x, y in closed:
            data[y * board.width + x] = 100
        time = types['builtin_interfaces/msg/Time'](sec=0, nanosec=0)
        point = types['geometry_msgs/msg/Point'](x=0.0, y=0.0, z=0.0)
        turn = types['geometry_msgs/msg/Quaternion'](x=0.0, y=0.0, z=0.0, w=1.0)
        grid = types[GRID](
            header=types['std_msgs/msg/Header'](stamp=time, frame_id='map'),
            info=types['nav_msgs/msg/MapMetaData'](
                map_load_time=time,
                resolution=1.0,
                width=board.width,
                height=board.height,
                origin=types['geometry_msgs/msg/Pose'](position=point, orientation=turn),
            ),
            data=data,
        )
        self._write('truth', bytes(typestore().serialize_cdr(grid, GRID)))

    def _write(self, topic: str, raw: bytes) -> None:
        self.now += 1_000_000
        self._bag.write(f'{self._namespace}/{topic}', raw, self.now)

    def close(self) -> None:
        self._bag.close()


Hook = Callable[[int, dict], 'dict | None']
"""Given the step and the decision about to be sent; returns what is sent, None for nothing."""


def record(
    path: Path,
    seeds: Iterable[int],
    *,
    board: Board | None = None,
    method: str = 'ld',
    namespace: str = '',
    hook: Hook = lambda _step, decision: decision,
    area: Iterable[tuple[int, int]] = (),
    max_steps: int = 100,
) -> Path:
    """Play an episode a seed with a greedy policy and write the bag.

    `area` are cells restricted in truth from the start.
    """
    board = board or Board()
    area = frozenset(area)
    out = Recording(path, namespace)
    out.put_truth(board, board.walls | area)
    for number, seed in enumerate(seeds):
        world = Pursuit(board, seed=seed, evader=EVADERS['flee'], max_steps=max_steps)
        if area:
            world.restrict(area)
        while True:
            state = world.state
            ids = {'task': 'pursuit', 'episode': number, 'step': state.step}
            out.put('state', {**ids, 'seed': seed, 'done': state.outcome is not None,
                              'stamp': state.step * 0.2, 'deadline': 2.0,
                              'observation': observation(state)})  # fmt: skip
            if state.outcome is not None:
                break
            decision = hook(state.step, {**ids, 'method': method, **decide(state)})
            if decision is not None:
                out.put('decision', decision)
            out.now += STEP_NS
            world.step(None if decision is None else [tuple(m) for m in decision['moves']])
        end = world.state
        out.put('result', {'task': 'pursuit', 'method': method, 'episode': number, 'seed': seed,
                           'outcome': end.outcome.value, 'steps': end.step,
                           'violations': end.violations, 'lost_turns': end.lost_turns,
                           'evader': 'flee'})  # fmt: skip
    out.close()
    return path


def observation(state) -> dict:
    board = state.board
    return {
        'width': board.width,
        'height': board.height,
        'moves': board.moves,
        'pursuers': [list(cell) for cell in state.pursuers],
        'evader': list(state.evader),
        'walls': sorted(list(cell) for cell in board.walls),
        'walls_block': board.walls_block,
    }


def decide(state) -> dict:
    """Return the greedy moves, and a trace as four stages would have given it."""
    cells = [
        pursuer_moves(state.board, cell, state.restricted) or [cell] for cell in state.pursuers
    ]
    measured = [[[*c, _distance(c, state.evader)] for c in listed] for listed in cells]
    moves = [min(rows, key=lambda row: row[2])[:2] for rows in measured]
    far = max(_distance(p, state.evader) for p in state.pursuers)
    reach = 'far' if far > 12 else 'near' if far > 8 else 'close'
    choose = {'far': 'approach', 'near': 'encircle', 'close': 'converge'}[reach]
    listed = [[list(c) for c in row] for row in cells]
    trace = [
        _stage('list', {}, ['list_moves'], 'list_moves', listed),
        _stage(
            'filter',
            {'closed area': 'none', 'pocket': 'absent'},
            ['drop_pockets', 'keep_all'],
            'keep_all',
            listed,
        ),
        _stage(
            'measure',
            {'straight way': 'open', 'jumping': 'allowed'},
            ['jump_distance', 'path_distance', 'straight_distance'],
            'straight_distance',
            measured,
        ),
        _stage(
            'choose',
            {'evader': reach, 'heading': 'unsteady', 'formation': 'spread'},
            ['approach', 'converge', 'encircle', 'intercept', 'square_up', 'trap'],
            choose,
            moves,
        ),
    ]
    return {'moves': moves, 'trace': trace, 'step_ms': 80.0 + state.step}


def _stage(stage: str, facts: dict, candidates: list[str], selected: str, result) -> dict:
    others = max(len(candidates) - 1, 1)
    sure = 0.97 if len(candidates) > 1 else 1.0
    shares = [sure if c == selected else 0.03 / others for c in candidates]
    return {
        'stage': stage,
        'facts': facts,
        'candidates': candidates,
        'scores': [math.log(share) for share in shares],
        'probabilities': shares,
        'margin': math.log(0.97 * others / 0.03) if len(candidates) > 1 else None,
        'selected': selected,
        'result': result,
        'ms': 20.0 + len(candidates),
    }


def _distance(a, b) -> int:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])
