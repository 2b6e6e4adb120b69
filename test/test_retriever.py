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
"""The retriever in an agent: candidates, emergencies, and the same game as without it."""

from __future__ import annotations

from dataclasses import replace
import sys

from ld_agent.agent import Agent
from ld_agent.emergency import area_function
from ld_agent.episodes import play
from ld_agent.errors import LdAgentError
from ld_agent.function_base import with_function
from ld_agent.guard import GuardMode
from ld_agent.messages import FunctionUpdate, State
from ld_agent.players import find_task, make_agent, reference_select
from ld_agent.retrieval.prepare import open_encoders, shipped_adapter
from ld_agent.retrieval.words import render_document, render_query
from ld_agent.retriever import Retriever
from ld_agent.shortlist import Shortlist
from ld_agent.worlds import open_world
import pytest

pytest.importorskip('faiss', reason='needs the extra retriever')
TASK = find_task(None)
CHOOSE = TASK.stage('choose')
SQUARE = [(4.0, 4.0), (8.0, 4.0), (8.0, 8.0), (4.0, 8.0)]


@pytest.fixture(scope='module')
def encoders():
    return open_encoders(shipped_adapter())


@pytest.fixture
def retriever(encoders) -> Retriever:
    return Retriever(encoders)


def state(step: int = 0) -> State:
    seen = {'width': 20, 'height': 20, 'moves': 'exact', 'evader': [12, 12], 'walls': [],
            'pursuers': [[3, 3], [2, 3], [9, 2]]}  # fmt: skip
    return State(task='pursuit', episode=0, seed=1, step=step, stamp=0.0, deadline=2.0,
                 observation=seen)  # fmt: skip


def agent(retriever: Retriever, top_k: int) -> Agent:
    return Agent(
        TASK,
        reference_select,
        'reference',
        GuardMode.COUNT,
        shortlist=Shortlist(retriever, TASK, top_k),
    )


def published(task, name: str = 'one') -> FunctionUpdate:
    taken = set(task.stage('filter').functions)
    return area_function(task, SQUARE, (20, 20), taken, name)


def test_a_stage_holds_its_own_functions_alone(retriever):
    retriever.fill('a', {'left': 'turn left: Turn left.', 'right': 'turn right: Turn right.'})
    retriever.fill('b', {'left': 'shift left: Shift the bits to the left.'})
    assert [hit.name for hit in retriever.retrieve('a', 'turn right', 1)] == ['right']
    assert [hit.name for hit in retriever.retrieve('b', 'turn right', 5)] == ['left']
    retriever.add('b', 'right', 'turn right: Turn right.')
    with pytest.raises(LdAgentError, match="'right' is in the index already"):
        retriever.add('b', 'right', 'again')
    retriever.remove('a', 'right')
    assert [hit.name for hit in retriever.retrieve('a', 'turn right', 5)] == ['left']
    assert [hit.name for hit in retriever.retrieve('b', 'turn right', 1)] == ['right']
    with pytest.raises(LdAgentError, match="stage 'c' is unknown .*, which has a, b"):
        retriever.retrieve('c', 'anything', 1)


def test_the_right_function_of_every_state_is_among_three(retriever):
    for stage in TASK.stages[1:]:
        retriever.fill(stage.name, {e.name: render_document(e) for e in stage.entries})
        for facts in stage.fact_combinations():
            right = next(f.name for f in stage.functions.values() if f.rule.holds(facts))
            found = retriever.retrieve(stage.name, render_query(stage.rules, facts), 3)
            assert right in [hit.name for hit in found], facts


def test_an_emergency_function_can_be_retrieved_at_once_and_not_when_it_is_lifted(retriever):
    shortlist = Shortlist(retriever, TASK)
    playing = Agent(TASK, reference_select, 'reference', GuardMode.COUNT, shortlist=shortlist)
    update = published(TASK)
    query = render_query(
        TASK.stage('filter').rules, {'closed area': 'kestrel', 'pocket': 'absent'}
    )
    playing.update(update)
    playing.decide(state())
    assert retriever.retrieve('filter', query, 1)[0].name == update.name
    playing.update(FunctionUpdate(action='remove', name=update.name))
    playing.decide(state(1))
    assert update.name not in [h.name for h in retriever.retrieve('filter', query, 9)]
    playing.update(update)
    playing.decide(state(2))
    playing.reset()
    playing.decide(state(3))
    playing.close()
    assert update.name not in [h.name for h in retriever.retrieve('filter', query, 9)]


def test_candidates_are_what_is_retrieved_with_emergencies_and_the_closing_function(retriever):
    playing = agent(retriever, top_k=1)
    update = published(TASK)
    playing.update(update)
    trace = playing.decide(state()).trace
    playing.close()
    filters = [set(entry.candidates) for entry in trace if entry.stage == 'filter']
    assert all({update.name, 'keep_all'} <= names for names in filters)
    (choose,) = [entry for entry in trace if entry.stage == 'choose']
    assert len(choose.candidates) == len(choose.scores) == 1


def test_a_changed_manual_is_retrieved_by_its_new_words(retriever):
    shortlist = Shortlist(retriever, TASK, 2)
    function = CHOOSE.functions['trap']
    manual = replace(function.manual, when_to_use='the moon is full')
    shortlist.follow(with_function(TASK, replace(function, manual=manual)))
    assert retriever.retrieve('choose', 'the moon is full', 1)[0].name == 'trap'


@pytest.mark.parametrize('scenario', ['', 'several'])
def test_an_episode_with_the_retriever_has_the_selections_of_one_without(retriever, scenario):
    played = []
    for playing in (make_agent('reference', guard='count'), agent(retriever, top_k=3)):
        world = open_world('pursuit', 'flee', '20x20', 'exact', scenario, '')
        decisions = list(play(playing, world, 11))
        playing.close()
        played.append([[(s.stage, s.selected) for s in d.trace] for d in decisions])
    assert played[0] == played[1]
    sizes = {len(s.candidates) for d in decisions for s in d.trace if s.stage == 'choose'}
    assert sizes == {3}


def test_the_student_selects_the_same_from_what_is_retrieved():
    chosen = []
    for retriever in ('none', 'dpr'):
        playing = make_agent('ld', guard='count', retriever=retriever, top_k=5)
        trace = playing.decide(state()).trace
        playing.close()
        chosen.append([entry.selected for entry in trace])
    assert chosen[0] == chosen[1]
    assert len(trace[-1].candidates) == 5


def test_bad_options_are_refused_in_one_sentence(retriever, monkeypatch):
    with pytest.raises(LdAgentError, match="retriever 'bm25' is unknown; use one of none, dpr"):
        make_agent('reference', retriever='bm25')
    with pytest.raises(LdAgentError, match='top_k is 0; retrieve at least one function'):
        Shortlist(retriever, TASK, 0)
    monkeypatch.setitem(sys.modules, 'faiss', None)
    with pytest.raises(LdAgentError, match=r'needs FAISS .*use retriever none'):
        make_agent('reference', retriever='dpr')
