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
"""A bag as a row of pictures to scrub through: one a recorded state, in the order of time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ld_agent.bags import Episode, read_bag
from ld_agent.function_base import Task
from ld_agent.messages import FunctionUpdate
from ld_agent.panel.view import View, Watch


def views_of(bag: Path, task: Task) -> list[View]:
    """Return a picture for each state of the bag, with the decision that it got.

    Raises:
        BagError: there is no bag, it cannot be read, or it holds no `state`.
    """
    recorded = read_bag(bag)
    watch = Watch(task)
    if recorded.dropped:
        watch.notice(f'{len(recorded.dropped)} messages do not fit: {recorded.dropped[0]}')
    try:
        return [view for episode in recorded.episodes for view in _views(watch, episode)]
    finally:
        watch.close()


def _views(watch: Watch, episode: Episode) -> Sequence[View]:
    made = []
    for state in episode.states:
        active = episode.active_functions(state.step)
        known = watch.view().emergencies
        for name, update in known.items():
            if active.get(name) != update:
                watch.hear(FunctionUpdate(action='remove', name=name))
        for name, update in active.items():
            if known.get(name) != update:
                watch.hear(update)
        watch.hear_truth(episode.closed_cells(state.step))
        watch.hear(state)
        if state.step in episode.decisions:
            watch.hear(episode.decisions[state.step])
        if state.done and episode.result is not None:
            watch.hear(episode.result)
        made.append(watch.view())
    return made
