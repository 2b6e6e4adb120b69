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
"""How well a student reads a task: on states, words and functions that training never saw.

The prepared student is measured, as it runs, not the one in training. Needs no torch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as default
import itertools
import random
from typing import Any

from ld_agent.agent import Agent
from ld_agent.emergency import CALL_SIGNS
from ld_agent.episodes import play
from ld_agent.function_base import Stage, Task
from ld_agent.guard import GuardMode
from ld_agent.players import reference_select
from ld_agent.probe import calibration_error
from ld_agent.prompt import Entry
from ld_agent.selector import Selector
from ld_agent.training import manuals, reading
from ld_agent.training.examples import Example, ExampleSet
from ld_agent.training.vocabulary import vocabularies
from ld_agent.worlds import open_world
from ld_agent_sim.worlds import find_world, SpatialWorld
import numpy as np

SEED = 7_000_000
"""Far from every seed that training draws from."""
EPISODES = 8
SETS = 60
STATES = 8
SITUATIONS = ('', 'rectangle', 'several', 'u_trap', 'wall_gap', 'on_top')


@dataclass
class _Answers:
    """Answers of one kind: whether right, and how sure."""

    right: list[bool] = default(default_factory=list)
    sure: list[float] = default(default_factory=list)

    def figures(self) -> dict[str, float]:
        right = np.array(self.right, dtype=float)
        return {
            'answers': len(right),
            'accuracy': float(right.mean()),
            'ece': calibration_error(np.array(self.sure), right),
        }


def played_sets(task: Task, seed: int = SEED, episodes: int = EPISODES) -> Iterator[ExampleSet]:
    """Yield every selection of episodes that the reference plays, labelled by the rules.

    Against all opponents of the world; one with a board is played in all scenarios too.
    """
    agent = Agent(task, reference_select, 'reference', GuardMode.COUNT)
    opponents = list(find_world(task.name).opponents)
    world = open_world(task.name, opponents[0], '20x20', 'exact', '', '')
    situations = SITUATIONS if isinstance(world, SpatialWorld) else ('',)
    for situation, number in itertools.product(situations, range(episodes)):
        opponent = opponents[number % len(opponents)]
        world = open_world(task.name, opponent, '20x20', 'exact', situation, '')
        for decision in play(agent, world, seed + number):
            for trace in decision.trace:
                if len(trace.candidates) < 2:
                    continue
                stage = task.stage(trace.stage)
                entries = [
                    stage.functions[name].entry if name in stage.functions else _keepout(name)
                    for name in trace.candidates
                ]
                example = Example(trace.facts, trace.selected)
                yield ExampleSet(stage.rules, tuple(entries), (example,), stage.name)
    agent.close()


def contrastive_pairs(task: Task, seed: int = SEED) -> Iterator[ExampleSet]:
    """Yield pairs of states that differ in one fact and want different functions: all there are.

    Where a fact holds a label, two filter functions with labels unseen in training are there.
    """
    rng = random.Random(seed)
    for stage in task.stages:
        if len(stage.functions) < 2:
            continue
        labels = rng.sample(CALL_SIGNS, 2) if stage.labelled else []
        entries = stage.entries
        entries += [_keepout(f'{label}_keepout') for label in labels]
        answers: dict[tuple[str, ...], str] = {}
        for facts in stage.fact_combinations():
            right = next(f.name for f in stage.functions.values() if f.rule.holds(facts))
            answers[tuple(facts.values())] = right
            for label in labels:
                answers[tuple({**facts, stage.labelled[0]: label}.values())] = f'{label}_keepout'
        for (a, name_a), (b, name_b) in itertools.combinations(answers.items(), 2):
            if name_a != name_b and sum(x != y for x, y in zip(a, b, strict=True)) == 1:
                examples = (_example(stage, a, name_a), _example(stage, b, name_b))
                yield ExampleSet(stage.rules, tuple(entries), examples, stage.name)


def task_report(
    selector: Selector, task: Task, seed: int = SEED, sets: int = SETS
) -> dict[str, Any]:
    """Measure a student on a task and on reading in general.

    Args:
        seed: where states, words and invented functions come from.
        sets: sets of `STATES` answers for each of `reworded` and what follows it.

    Returns:
        `stages`: accuracy and calibration on the states of unseen episodes, stage by stage;
        `agreement`, `ece`: over all of them; `contrastive_pairs`: share of pairs with both
        right; `reworded`: every manual line in a wording never trained on; `renamed`: names
        drawn anew; `unseen_labels`: emergency filters; `unseen_facts`, `unseen_wordings`:
        invented functions about facts, or in words, that training never saw, at the hard level;
        `unseen_facts_literal`: the same where the manual has the words of the facts;
        `unseen_facts_near`: such facts, each function about one of them, in words near to theirs.
    """
    stages: dict[str, _Answers] = defaultdict(_Answers)
    every = _Answers()
    labels = _Answers()
    for example_set in played_sets(task, seed):
        _answer(selector, example_set, stages[example_set.kind], every)
        if example_set.examples[0].answer.endswith('_keepout'):
            labels.right.append(every.right[-1])
            labels.sure.append(every.sure[-1])
    pairs = []
    for example_set in contrastive_pairs(task, seed):
        both = _Answers()
        _answer(selector, example_set, both)
        pairs.append(all(both.right))
    words = vocabularies()
    others = {
        'reworded': manuals.stream(task, seed, STATES, held_out=True),
        'renamed': manuals.stream(task, seed + 1, STATES),
        'unseen_facts': reading.stream(words['unseen facts'], seed, STATES),
        'unseen_facts_literal': reading.stream(words['unseen facts, literal'], seed, STATES),
        'unseen_facts_near': reading.stream(
            words['unseen facts, near wordings'], seed, STATES, level='apart'
        ),
        'unseen_wordings': reading.stream(words['unseen wordings'], seed, STATES),
    }
    return {
        'agreement': every.figures()['accuracy'],
        'ece': every.figures()['ece'],
        'answers': len(every.right),
        'stages': {name: answers.figures() for name, answers in sorted(stages.items())},
        'contrastive_pairs': {'pairs': len(pairs), 'both_right': float(np.mean(pairs))},
        **({'unseen_labels': labels.figures()} if labels.right else {}),
        **{name: _measure(selector, itertools.islice(s, sets)) for name, s in others.items()},
    }


def _measure(selector: Selector, sets: Iterable[ExampleSet]) -> dict[str, float]:
    answers = _Answers()
    for example_set in sets:
        _answer(selector, example_set, answers)
    return answers.figures()


def _answer(selector: Selector, example_set: ExampleSet, *books: _Answers) -> None:
    for example in example_set.examples:
        chosen = selector.select(example_set.rules, example_set.entries, example.facts)
        for book in books:
            book.right.append(chosen.selected == example.answer)
            book.sure.append(max(chosen.probabilities))


def _keepout(name: str) -> Entry:
    return manuals.keepout('closed area', name.partition('_')[0])


def _example(stage: Stage, values: tuple[str, ...], answer: str) -> Example:
    return Example(dict(zip(stage.facts, values, strict=True)), answer)
