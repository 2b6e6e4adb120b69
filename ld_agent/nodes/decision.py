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
"""The decision node: a state comes in, a decision with its trace goes out.

A lifecycle node: `configure` loads the model and the function base, `cleanup` releases them. A
state that comes again gets the same decision again; one of a finished episode gets none, nor one
that a later state has overtaken. A state that comes before `activate` waits for it, and a listener
that comes late gets the last decision.
"""

from __future__ import annotations

import time

from ld_agent.errors import LdAgentError
from ld_agent.messages import Decision, FunctionUpdate, State
from ld_agent.methods import WITH_STUDENT
from ld_agent.nodes import topics
from ld_agent.nodes.common import Health, publish_json, run
from ld_agent.nodes.joining import Joining, listeners, SETTLE_SECONDS
from ld_agent.nodes.listener import listen_json
from ld_agent.nodes.parameters import DecisionParameters, declare
from ld_agent.player import Player
from ld_agent.players import make_agent
from rclpy.event_handler import PublisherEventCallbacks, QoSPublisherMatchedInfo
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from std_msgs.msg import String


class DecisionNode(LifecycleNode):
    """Decides with one player."""

    def __init__(self) -> None:
        super().__init__('decision')
        self.settings = declare(self, DecisionParameters)
        self._agent: Player | None = None
        self._last: tuple[State, Decision] | None = None
        self._waiting: State | None = None
        self._pending: list[State] = []
        self._taking = False
        self._episode: int | None = None
        self._ended: int | None = None
        if self.settings.autostart:
            if self.trigger_configure() != TransitionCallbackReturn.SUCCESS:
                raise LdAgentError('the decision node could not be configured, see above')
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Join the graph and load the model and the function base, which takes longer."""
        p = self.settings
        self._join()
        try:
            self._agent = make_agent(
                p.method,
                p.task,
                model=p.model,
                adapter=p.adapter,
                provider=p.provider,
                function_base=p.function_base or None,
                guard=p.guard,
                abstain_below=p.abstain_below,
                seed=p.seed,
                retriever=p.retriever,
                top_k=p.top_k,
                progress=lambda text, done: self.get_logger().info(f'preparing: {text}'),
            )
        except LdAgentError as error:
            self.get_logger().fatal(str(error))
            self._leave()
            return TransitionCallbackReturn.FAILURE
        self.get_logger().info(f'ready: method {p.method}, guard {p.guard}')
        return TransitionCallbackReturn.SUCCESS

    def _join(self) -> None:
        p = self.settings
        self._health = Health(self)
        self._health.tell(method=p.method, model=p.model if p.method in WITH_STUDENT else 'none')
        self._publisher = self.create_lifecycle_publisher(
            String,
            topics.DECISION.name,
            topics.DECISION.qos,
            event_callbacks=PublisherEventCallbacks(matched=self._on_listener),
        )
        self._functions = listen_json(
            self, topics.FUNCTIONS, FunctionUpdate, self._on_function, self._health
        )
        self._listeners = [self._functions]
        self._joining = Joining(self, p.wait_for, self._met, [self._publisher], self._joined)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to decide, with the state that is waiting, if one is."""
        result = super().on_activate(state)
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._decide(waiting)
        return result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything that `configure` made."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Release everything that `configure` made."""
        self._release()
        return TransitionCallbackReturn.SUCCESS

    def _release(self) -> None:
        if self._agent is None:
            return
        self._leave()
        self.close()
        self._last = self._waiting = None

    def _leave(self) -> None:
        self._joining.stop()
        for listener in self._listeners:
            listener.destroy()
        self.destroy_lifecycle_publisher(self._publisher)
        self._health.stop()

    def close(self) -> None:
        """End the sandbox."""
        if self._agent is not None:
            self._agent.close()
            self._agent = None

    def _met(self) -> set[str]:
        found = self.get_publishers_info_by_topic(topics.FUNCTIONS.name)
        return {info.node_name for info in found} | listeners(self, topics.DECISION.name)

    def _joined(self, missing: list[str]) -> None:
        """Listen to `state`, now that the functions in force are known and all listeners met."""
        if missing:
            self._health.fault(f'not seen: {", ".join(missing)}; deciding without')
        self._settled = time.monotonic() + SETTLE_SECONDS
        self._states = listen_json(self, topics.STATE, State, self._on_state, self._health)
        self._listeners.append(self._states)

    def _on_state(self, state: State) -> None:
        """Decide, unless a later state of the episode has arrived too: then this one is past."""
        if self._agent is None:
            return
        self._functions.take_waiting()  # what was published before the state holds for it
        self._pending = [
            other for other in self._pending
            if other.episode != state.episode or (other.step > state.step and not state.done)
        ]  # fmt: skip
        if state.done:
            self._forget(state.episode)
        else:
            self._pending.append(state)
        if self._taking:
            return
        self._taking = True
        try:
            self._states.take_waiting()
        finally:
            self._taking = False
        pending, self._pending = self._pending, []
        for waiting in pending:
            self._decide(waiting)

    def _decide(self, state: State) -> None:
        if not self._publisher.is_activated:
            self._waiting = state
            return
        if self._last is not None and self._last[0] == state:
            publish_json(self._publisher, self._last[1])
            return
        if state.episode != self._episode:
            # Who counts from 0 again was started again; the areas of the hunt are still closed.
            known = self._episode
            if known is not None and known != self._ended and state.episode > known:
                self._forget(known)
            self._episode = state.episode
        try:
            decision = self._agent.decide(state)
        except LdAgentError as error:
            self._health.fault(str(error))
            return
        self._last = (state, decision)
        for stage in decision.trace:
            if stage.note:
                self._health.fault(f'step {state.step}, stage {stage.stage}: {stage.note}')
        publish_json(self._publisher, decision)
        self._health.tell(
            step_ms=f'{decision.step_ms:.1f}',
            guarded=len(decision.guarded),
            quarantined='; '.join(self._agent.quarantined) or 'none',
        )

    def _forget(self, episode: int) -> None:
        """Forget the areas of an episode that is over.

        Those of the next one may have come before its end was heard, as topics have no order among
        them: what no decision has used yet is kept, and who closed it lifts it if it is past. Who
        has just joined may be shown the end of the episode before; what it knows of areas belongs
        to the present one.
        """
        if self._agent is not None and time.monotonic() > self._settled:
            self._agent.reset(keep_waiting=True)
            self._ended = episode

    def _on_listener(self, matched: QoSPublisherMatchedInfo) -> None:
        """Say the last decision again: who came in the middle of a step has missed it."""
        if matched.current_count_change > 0 and self._last is not None:
            publish_json(self._publisher, self._last[1])

    def _on_function(self, update: FunctionUpdate) -> None:
        if self._agent is None:
            return
        try:
            self._agent.update(update)
        except LdAgentError as error:
            self._health.fault(str(error))
            return
        self.get_logger().info(f'function {update.name!r}: {update.action} ({update.origin})')


NODE = DecisionNode


def main(args: list[str] | None = None) -> None:
    """Run the node."""
    run(DecisionNode, args)


if __name__ == '__main__':
    main()
