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
"""Compares two recorded bags pair by pair: the same seed from the same start, by two methods.

Every episode is refereed again; what cannot be paired is listed with the reason. Needs no ROS and
no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ld_agent.bags import Episode, read_bag
from ld_agent.errors import BagError
from ld_agent.referee import referee, Verdict
from ld_agent.summary import mean_interval, sign_test
from ld_agent_sim.pursuit import Outcome


@dataclass(frozen=True)
class Side:
    """One of the two bags: who decided in it, and what came of the paired episodes."""

    bag: str
    method: str
    episodes: int
    successes: int
    violations: int
    lost_turns: int
    disagreements: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """Mean of the paired differences, second minus first, with its Student 95 % interval.

    Attributes:
        low, high: None where fewer than two pairs give no interval.
    """

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Pair:
    """The same episode in both bags."""

    seed: int
    outcomes: tuple[str, str]
    steps: tuple[int, int]


@dataclass(frozen=True)
class Comparison:
    """What two bags say of each other.

    Attributes:
        both, only_first, only_second, neither: pairs by who had a success.
        p_value: of McNemar's exact test that a success is as likely in both; 1 where no pair
            differs.
        steps: over the pairs where both had a success; None without one.
        unpaired: episodes without a partner, a sentence each.
    """

    first: Side
    second: Side
    pairs: tuple[Pair, ...]
    both: int
    only_first: int
    only_second: int
    neither: int
    p_value: float
    steps: Difference | None
    unpaired: tuple[str, ...]


@dataclass(frozen=True)
class _Bag:
    path: Path
    episodes: dict[int, tuple[Episode, Verdict]]
    unusable: tuple[str, ...]


def compare_bags(first: Path, second: Path) -> Comparison:
    """Compare the bag folders `first` and `second`.

    Raises:
        BagError: one cannot be read, holds several methods or another task than pursuit, or no
            episode of one has a partner in the other.
    """
    a, b = _read(first), _read(second)
    unpaired = [*a.unusable, *b.unusable]
    pairs: list[tuple[tuple[Episode, Verdict], tuple[Episode, Verdict]]] = []
    for bag, other in ((a, b), (b, a)):
        for seed in bag.episodes.keys() - other.episodes.keys():
            unpaired.append(f'{bag.path}: seed {seed} is not in {other.path}')
    for seed in sorted(a.episodes.keys() & b.episodes.keys()):
        why = _unlike(a.episodes[seed][0], b.episodes[seed][0])
        if why:
            unpaired.append(f'seed {seed}: {why}')
        else:
            pairs.append((a.episodes[seed], b.episodes[seed]))
    if not pairs:
        raise BagError(
            f'no episode of {first} has a partner in {second} ({"; ".join(unpaired[:3])}); record '
            'both with the same seed, board, evader and scenario'
        )
    return _compared(a.path, b.path, pairs, tuple(unpaired))


def _read(path: Path) -> _Bag:
    episodes = read_bag(path).episodes
    methods = sorted({episode.method for episode in episodes})
    if len(methods) > 1:
        raise BagError(
            f'{path} holds the methods {", ".join(methods)}; a comparison needs one a bag'
        )
    usable: dict[int, tuple[Episode, Verdict]] = {}
    unusable: list[str] = []
    for episode in episodes:
        if episode.task != 'pursuit':
            raise BagError(f'{path} records the task {episode.task!r}; only pursuit is compared')
        verdict = referee(episode)
        where = f'{path}: episode {episode.number} (seed {episode.seed})'
        if verdict.outcome is None:
            unusable.append(f'{where} breaks off')
        elif episode.seed in usable:
            unusable.append(f'{where} repeats a seed')
        else:
            usable[episode.seed] = (episode, verdict)
    return _Bag(path, usable, tuple(unusable))


def _unlike(a: Episode, b: Episode) -> str:
    """Return why two episodes of a seed are not the same problem; '' if they are."""
    if a.states[0].observation != b.states[0].observation:
        return 'the two start differently (another board or other places)'
    for name in ('evader', 'scenario'):
        here, there = getattr(a.result, name, ''), getattr(b.result, name, '')
        if here != there:
            return f'{name} {here or "none"} in the first, {there or "none"} in the second'
    return ''


def _compared(
    first: Path,
    second: Path,
    pairs: Sequence[tuple[tuple[Episode, Verdict], tuple[Episode, Verdict]]],
    unpaired: tuple[str, ...],
) -> Comparison:
    won = [tuple(v.outcome == Outcome.SUCCESS for _, v in pair) for pair in pairs]
    only_first, only_second = won.count((True, False)), won.count((False, True))
    steps = [
        b[1].steps - a[1].steps
        for (a, b), both in zip(pairs, won, strict=True)
        if both == (True, True)
    ]
    return Comparison(
        first=_side(first, [pair[0] for pair in pairs]),
        second=_side(second, [pair[1] for pair in pairs]),
        pairs=tuple(
            Pair(a[0].seed, (_outcome(a[1]), _outcome(b[1])), (a[1].steps, b[1].steps))
            for a, b in pairs
        ),
        both=won.count((True, True)),
        only_first=only_first,
        only_second=only_second,
        neither=won.count((False, False)),
        p_value=sign_test(only_first, only_second),
        steps=difference(steps) if steps else None,
        unpaired=unpaired,
    )


def _side(path: Path, played: Sequence[tuple[Episode, Verdict]]) -> Side:
    verdicts = [verdict for _, verdict in played]
    return Side(
        bag=str(path),
        method=played[0][0].method,
        episodes=len(played),
        successes=sum(verdict.outcome == Outcome.SUCCESS for verdict in verdicts),
        violations=sum(verdict.violations for verdict in verdicts),
        lost_turns=sum(verdict.lost_turns for verdict in verdicts),
        disagreements=tuple(fault for verdict in verdicts for fault in verdict.disagreements),
    )


def _outcome(verdict: Verdict) -> str:
    return verdict.outcome or 'unfinished'


def difference(values: Sequence[float]) -> Difference:
    """Return the mean of some differences with its Student 95 % interval."""
    mean, low, high = mean_interval(values)
    return Difference(mean, low, high) if len(values) > 1 else Difference(mean, None, None)
