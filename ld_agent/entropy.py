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
"""How undecided a student is when it selects, picks or writes (paper, section 3.5).

The predictive entropy of every choice that a decision takes, in nats, for the same states of
episodes that nothing was tuned on. A selection is a choice among K candidates, at most log K; a
written token is one among the vocabulary V, so at most log |V|. What is measured is each
method's own way to the decision: `small_pick` and `small_free` are the same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
import itertools
import math
from typing import Any

from ld_agent.agent import Agent
from ld_agent.board_text import listed_moves
from ld_agent.episodes import state_of
from ld_agent.errors import ModelError
from ld_agent.function_base import Task
from ld_agent.guard import GuardMode
from ld_agent.messages import Decision
from ld_agent.players import kd_adapter, reference_select
from ld_agent.selector import Selector
from ld_agent.small import free_phrase, kd_phrase, MOST_TOKENS, Picking, Writing
from ld_agent.student.prepare import open_student
from ld_agent.student.writer import open_writer, Writer
from ld_agent_sim.worlds import PursuitWorld
import numpy as np

SEED = 3_000_000
"""Of the first episode; far from every seed that training draws from."""


@dataclass(frozen=True)
class Choice:
    """One choice among `options`, with its entropy in nats."""

    entropy: float
    options: int

    @property
    def bound(self) -> float:
        """The entropy of knowing nothing: log of the number of options."""
        return math.log(self.options)


Situation = tuple[dict[str, Any], Decision]
"""An observation, and the decision of the reference, whose trace has the facts of each stage."""


def entropy_of(logs: np.ndarray) -> float:
    """Return the entropy, nats, of log-probabilities, which need not be normalised."""
    shifted = np.asarray(logs, dtype=np.float64) - np.max(logs)
    weights = np.exp(shifted)
    total = weights.sum()
    return max(0.0, float(np.log(total) - (weights * shifted).sum() / total))


def situations(task: Task, count: int, seed: int = SEED) -> list[Situation]:
    """Return the first `count` steps of episodes that the reference plays on the open board."""
    agent = Agent(task, reference_select, 'reference', GuardMode.COUNT)
    try:
        return list(itertools.islice(_steps(agent, seed), count))
    finally:
        agent.close()


def selection_choices(selector: Selector, task: Task, situation: Situation) -> list[Choice]:
    """Return the choices of `ld`: one a stage with several candidates."""
    choices = []
    for trace in situation[1].trace:
        stage = task.stage(trace.stage)
        entries = [stage.functions[name].entry for name in trace.candidates]
        if len(entries) > 1:
            scores = selector.select(stage.rules, entries, trace.facts).scores
            choices.append(Choice(entropy_of(np.array(scores)), len(entries)))
    return choices


def picking_choices(picking: Picking, situation: Situation) -> list[Choice]:
    """Return the choices of `small_pick`: one a pursuer that has several cells to go to."""
    view = situation[0]
    picked = [
        picking.pick(view, number) for number, cells in enumerate(listed_moves(view)) if cells
    ]
    return [
        Choice(entropy_of(np.array(p.scores)), len(p.candidates))
        for p in picked
        if len(p.candidates) > 1
    ]


def writing_choices(writer: Writer, writing: Writing, situation: Situation) -> list[Choice]:
    """Return the choices of a method that writes: one a token, the end of the line included."""
    past, ids = writing.prompt(situation[0])
    tokens = writer.greedy(ids, past, len(past), MOST_TOKENS, writer.line_ends)
    return [Choice(entropy_of(logits), len(logits)) for _, logits in tokens]


def summary(decisions: Sequence[Sequence[Choice]]) -> dict[str, float]:
    """Return the means over the choices of all decisions, and over the decisions.

    Returns:
        `per_choice` and `bound_per_choice`, `per_decision` and `bound_per_decision` (sums of a
        decision's choices), nats; `choices_per_decision`; `share_of_bound`: entropy over bound.
    """
    entropies = [sum(choice.entropy for choice in choices) for choices in decisions]
    bounds = [sum(choice.bound for choice in choices) for choices in decisions]
    count = sum(map(len, decisions))
    return {
        'decisions': len(decisions),
        'choices_per_decision': count / len(decisions),
        'per_choice': sum(entropies) / count,
        'bound_per_choice': sum(bounds) / count,
        'per_decision': float(np.mean(entropies)),
        'bound_per_decision': float(np.mean(bounds)),
        'share_of_bound': sum(entropies) / sum(bounds),
    }


def measure_entropy(
    task: Task,
    model: str,
    decisions: int,
    seed: int = SEED,
    progress: Callable[[str], None] = lambda method: None,
) -> dict[str, Any]:
    """Measure `ld`, `small_pick`, `small_free` and, where its adapter is there, `kd`.

    Args:
        decisions: how many states.
        progress: told the method that is measured next.

    Returns:
        `seed`, `decisions`, `vocabulary`, `log_vocabulary`; `methods`: a `summary` each;
        `left_out`: method → why it was not measured.

    Raises:
        ModelError: the model cannot be prepared.
    """
    states = situations(task, decisions, seed)
    methods: dict[str, dict[str, float]] = {}
    left_out: dict[str, str] = {}

    def measure(method: str, choices: Callable[[Situation], list[Choice]]) -> None:
        progress(method)
        methods[method] = summary([choices(state) for state in states])

    selector = Selector(open_student(model))
    measure('ld', lambda state: selection_choices(selector, task, state))
    writer = open_writer(model)
    picking, free = Picking(writer, task.rules), Writing(writer, free_phrase(task.rules))
    measure('small_pick', lambda state: picking_choices(picking, state))
    measure('small_free', lambda state: writing_choices(writer, free, state))
    try:
        tuned = open_writer(model, kd_adapter(model))
        kd = Writing(tuned, kd_phrase)
        measure('kd', lambda state: writing_choices(tuned, kd, state))
    except ModelError as error:
        left_out['kd'] = str(error)
    size = writer.tokenizer.get_vocab_size()
    return {
        'seed': seed,
        'decisions': len(states),
        'vocabulary': size,
        'log_vocabulary': math.log(size),
        'methods': methods,
        'left_out': left_out,
    }


def _steps(agent: Agent, seed: int) -> Iterator[Situation]:
    for number in itertools.count(seed):
        world = PursuitWorld()
        world.reset(number)
        while not world.done:
            state = state_of(world, number)
            decision = agent.decide(state)
            yield state.observation, decision
            world.apply({'moves': decision.moves})
