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
"""Logic Distillation, one step: function by function (the paper's algorithm 1).

    for each stage: candidates = functions of the stage, active emergency functions among them,
                                 or a shortlist of them where a retriever is used
                    f = student.select(candidates);  o = f(o, state)
    the last o is the decision, and the guard has the last word on it.

An agent holds the task with its active functions and one way to select; it knows no ROS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import time
from typing import Any

from ld_agent.clock import ms_since
from ld_agent.closed_areas import dropped_cells
from ld_agent.errors import FunctionFailed, LdAgentError, MessageError
from ld_agent.executor import Executor
from ld_agent.function_base import (
    MAX_REPEATS,
    read_function,
    run_examples,
    Stage,
    Task,
    with_function,
    without_function,
)
from ld_agent.function_file import Function
from ld_agent.guard import guard, GuardMode
from ld_agent.messages import Cell, Decision, FunctionUpdate, StageTrace, State
from ld_agent.selector import Selection
from ld_agent.shortlist import Shortlist
from ld_agent_sim.worlds import find_world

Select = Callable[[Stage, Sequence[Function], dict[str, str]], Selection]


class Agent:
    """Decides the steps of one task.

    Args:
        select: chooses a function for a stage, given the candidates and the facts.
        method: name under which decisions go out.
        abstain_below: smallest margin of a selection (difference of log-probabilities, nats) that
            is acted upon; below it the step gets the guard's safe moves. 0: always act.
        made_from: what the selections depend on beside code and function base, such as the
            student; None where that was not said, so that results cannot be told from stale ones.
        shortlist: picks the candidates of a stage; without one they are all its functions.
    """

    def __init__(
        self,
        task: Task,
        select: Select,
        method: str,
        guard: GuardMode,
        abstain_below: float = 0.0,
        made_from: Mapping[str, str] | None = None,
        shortlist: Shortlist | None = None,
    ) -> None:
        self.task = task
        self.method = method
        self.made_from = made_from
        self._base = task
        self._select = select
        self._guard = guard
        self._abstain_below = abstain_below
        self._shortlist = shortlist
        self._rules = find_world(task.name).rules
        self._executor = Executor(task.tools)
        self._areas: dict[str, frozenset[Cell]] = {}
        self._waiting: dict[str, FunctionUpdate] = {}

    def decide(self, state: State) -> Decision:
        """Return the decision for `state`.

        A function that fails ends the step's stages, and so does a selection with too small a
        margin; the guard then gives safe moves, and the trace says why.

        Raises:
            MessageError: the state is of another task, or its observation is not readable.
        """
        begun = time.perf_counter()
        if state.task != self.task.name:
            raise MessageError(
                f"'state' is of task {state.task!r}, this agent plays {self.task.name!r}"
            )
        try:
            trace: list[StageTrace] = []
            self._settle(state, trace)
            view = {**state.observation, 'areas': self._area_cells()}
            result = self._run_stages(view, trace)
            restricted = frozenset().union(*self._areas.values())
            abstained = bool(trace) and trace[-1].abstained
            mode = GuardMode.ON if abstained else self._guard
            sent, remarks = guard(self._rules, state.observation, restricted, result, mode)
        except (LookupError, TypeError, ValueError) as error:
            raise MessageError(
                f"'state': the observation is not readable ({type(error).__name__}: {error}); "
                'no decision was made'
            ) from None
        return Decision(
            task=state.task,
            episode=state.episode,
            step=state.step,
            method=self.method,
            trace=trace,
            guarded=remarks,
            step_ms=ms_since(begun),
            **{self.task.decision: sent},
        )

    def update(self, update: FunctionUpdate) -> None:
        """Add or remove a function; in force from the next step on.

        Raises:
            LdAgentError: the function is refused; nothing has changed.
        """
        known = [stage.name for stage in self.task.stages]
        if update.stage not in known:
            raise LdAgentError(
                f'function {update.name!r} is refused: its stage {update.stage!r} is none of '
                f'{", ".join(known)}'
            )
        if update.action == 'remove':
            waiting = self._waiting.pop(update.name, None)
            active = self.task.stage(update.stage).functions.get(update.name)
            for function in (update, waiting, active):
                if function is not None:
                    self._executor.release(function.source)
            self._remove(update.stage, update.name)
            return
        self._read(update)
        self._waiting[update.name] = update

    def reset(self, keep_waiting: bool = False) -> None:
        """Forget what emergencies brought.

        Args:
            keep_waiting: not what was told since the last decision: it is for the next one.
        """
        self.task, self._areas = self._base, {}
        if not keep_waiting:
            self._waiting = {}

    def close(self) -> None:
        """End the sandbox."""
        self._executor.close()

    @property
    def restricted(self) -> dict[str, frozenset[Cell]]:
        """The active restricted areas: function name → cells."""
        return dict(self._areas)

    @property
    def quarantined(self) -> tuple[str, ...]:
        """Why each function in quarantine is there."""
        return self._executor.quarantined

    def _run_stages(self, state: dict[str, Any], trace: list[StageTrace]) -> Any:
        result: Any = []
        for stage in self.task.stages:
            for _ in range(MAX_REPEATS if stage.repeat else 1):
                begun = time.perf_counter()
                facts: dict[str, str] = {}
                candidates: list[Function] = []
                try:
                    facts = self.task.see(stage, result, state, self._executor)
                    candidates = self._candidates(stage, facts)
                    chosen = self._select(stage, candidates, facts)
                    if chosen.margin is not None and chosen.margin < self._abstain_below:
                        trace.append(_abstained(stage, facts, chosen, self._abstain_below))
                        return None
                    running = time.perf_counter()
                    function = stage.functions[chosen.selected]
                    result = self._executor.run(function, stage.gives, result, state)
                except FunctionFailed as error:
                    trace.append(_failed(stage, facts, candidates, str(error), ms_since(begun)))
                    return None
                trace.append(
                    StageTrace(
                        stage=stage.name,
                        facts=facts,
                        candidates=list(chosen.candidates),
                        scores=list(chosen.scores),
                        probabilities=list(chosen.probabilities),
                        margin=chosen.margin,
                        selected=chosen.selected,
                        result=result,
                        ms=chosen.ms,
                        run_ms=ms_since(running),
                        remembered=chosen.remembered,
                    )
                )
                if chosen.selected == stage.closing:
                    break
        return result

    def _candidates(self, stage: Stage, facts: dict[str, str]) -> list[Function]:
        if self._shortlist is None:
            return list(stage.functions.values())
        return self._shortlist.candidates(stage, facts)

    def _read(self, update: FunctionUpdate) -> Function:
        task = self.task
        if update.name not in self._base.stage(update.stage).functions:
            task = without_function(task, update.stage, update.name)
        function, faults = read_function(
            task, update.source, update.name, update.origin, False, update.expires_at_step
        )
        if function is not None and function.stage != update.stage:
            faults = [f'its manual says stage {function.stage!r}, the message {update.stage!r}']
        if function is not None and not faults:
            faults = run_examples(task, function, self._executor)
        if function is None or faults:
            raise LdAgentError(f'function {update.name!r} is refused: {"; ".join(faults)}')
        return function

    def _settle(self, state: State, trace: list[StageTrace]) -> None:
        """Let waiting functions in, and expired ones out; one that fails is dropped."""
        for name in list(self._waiting):
            update = self._waiting.pop(name)
            stage = self.task.stage(update.stage)
            try:
                function = self._read(update)
                if stage.repeat:
                    seen = state.observation
                    size = (seen['width'], seen['height'])
                    self._areas[name] = dropped_cells(self._executor, function, stage.gives, size)
            except LdAgentError as error:
                trace.append(_failed(stage, {}, [], f'{name} was dropped: {error}', 0.0))
                continue
            self.task = with_function(
                without_function(self.task, function.stage, function.name), function
            )
        for stage in self.task.stages:
            for name, function in stage.functions.items():
                if function.expires_at_step is not None and state.step >= function.expires_at_step:
                    self._remove(stage.name, name)
        if self._shortlist is not None:
            self._shortlist.follow(self.task)

    def _remove(self, stage: str, name: str) -> None:
        self._areas.pop(name, None)
        if name not in self._base.stage(stage).functions:
            self.task = without_function(self.task, stage, name)

    def _area_cells(self) -> dict[str, list[list[int]]]:
        """Return label → cells; the label is the first word of the function's name."""
        return {
            name.partition('_')[0]: [list(cell) for cell in sorted(cells)]
            for name, cells in self._areas.items()
        }


def _failed(
    stage: Stage, facts: dict[str, str], candidates: list[Function], note: str, ms: float
) -> StageTrace:
    return StageTrace(
        stage=stage.name, facts=facts, candidates=[f.name for f in candidates], scores=[],
        selected='', ms=ms, note=note,
    )  # fmt: skip


def _abstained(stage: Stage, facts: dict[str, str], chosen: Selection, least: float) -> StageTrace:
    return StageTrace(
        stage=stage.name, facts=facts, candidates=list(chosen.candidates),
        scores=list(chosen.scores), probabilities=list(chosen.probabilities),
        margin=chosen.margin, selected=chosen.selected, ms=chosen.ms, abstained=True,
        note=f'abstained: the margin {chosen.margin:.2f} is below {least:g}',
    )  # fmt: skip
