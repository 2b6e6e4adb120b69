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
"""The shipped scenarios load and can be played; a broken file says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from ld_agent_sim.areas import polygon_cells
from ld_agent_sim.evaders import flee
from ld_agent_sim.pursuit import Board
from ld_agent_sim.scenario import load_scenario
from ld_agent_sim.worlds import make_world, PursuitWorld
import pytest

FOLDER = Path(__file__).parent.parent / 'config' / 'scenarios'
SHIPPED = sorted(FOLDER.glob('*.yaml'))


def block(west, south, east, north):
    return {(x, y) for x in range(west, east + 1) for y in range(south, north + 1)}


def row(y, west, east):
    return block(west, y, east, y)


EVENTS = {
    'on_top': [(0, 'squall', block(4, 4, 8, 8))],
    'rectangle': [(2, 'whirlpool', block(8, 8, 11, 11))],
    'several': [
        (1, 'whirlpool', block(3, 4, 6, 8)),
        (2, 'wreck', block(13, 5, 15, 7) | {(12, 6), (16, 6), (14, 4), (14, 8)}),
        (
            4,
            'ice',
            row(13, 8, 14) | row(14, 9, 13) | row(15, 10, 12) | row(16, 11, 11) | {(11, 17)},
        ),
    ],
    'u_trap': [
        (0, 'north_arm', block(6, 13, 12, 14)),
        (0, 'south_arm', block(6, 5, 12, 6)),
        (0, 'bottom', block(11, 5, 13, 14)),
    ],
    'wall_gap': [],
}


def written(folder, text):
    path = folder / 'broken.yaml'
    path.write_text(text, encoding='utf-8')
    return path


def fault_of(path):
    with pytest.raises(ValueError) as caught:
        load_scenario(path)
    return str(caught.value)


def test_every_shipped_scenario_is_checked_here():
    assert [path.stem for path in SHIPPED] == sorted(EVENTS)


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_closes_the_cells_that_it_says(path):
    scenario = load_scenario(path)
    found = [
        (e.step, e.name, set(polygon_cells(e.corners, scenario.board))) for e in scenario.events
    ]
    assert scenario.name == path.stem
    assert found == EVENTS[path.stem]


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_can_be_played(path):
    world = make_world('pursuit', evader=flee, scenario=load_scenario(path))
    world.reset(3)
    published = []
    for _ in range(8):
        published += [event.name for event in world.announcements()]
        world.apply(None)
    assert published == [name for _, name, _ in EVENTS[path.stem]]
    closed = set().union(*(cells for _, _, cells in EVENTS[path.stem]))
    assert world.truth() == world.chart() | closed
    assert not set(world.actors()['evader']) & (world.truth() - closed)


def test_the_wall_with_a_gap_has_one_gap_and_cannot_be_jumped():
    board = load_scenario(FOLDER / 'wall_gap.yaml').board
    assert board.walls == {(10, y) for y in range(20) if y not in (9, 10)}
    assert board.walls_block


def test_start_cells_come_from_the_file_or_from_the_seed():
    world = PursuitWorld(scenario=load_scenario(FOLDER / 'on_top.yaml'))
    world.reset(5)
    assert world.actors() == {'pursuers': [(5, 5), (15, 4), (3, 15)], 'evader': [(16, 16)]}
    drawn = PursuitWorld(scenario=load_scenario(FOLDER / 'rectangle.yaml'))
    starts = []
    for seed in (5, 6, 5):
        drawn.reset(seed)
        starts.append(drawn.actors())
    assert starts[0] == starts[2] != starts[1]


def test_an_area_is_published_once_and_in_force_one_step_later(tmp_path):
    world = PursuitWorld(
        scenario=load_scenario(
            written(
                tmp_path,
                'board: {width: 9, height: 6}\n'
                'pursuers: [[0, 0], [4, 0], [6, 0]]\n'
                'evader: [8, 5]\n'
                'events: [{step: 1, area: {name: ice, rectangle: [[0, 2], [0, 4]]}}]\n',
            )
        )
    )
    others = [(4, 2), (6, 2)], [(4, 0), (6, 0)]
    assert world.announcements() == []
    world.apply({'moves': [(1, 1), *others[0]]})
    (event,) = world.announcements()
    assert (event.name, world.announcements(), world.truth()) == ('ice', [], frozenset())
    world.apply({'moves': [(0, 2), *others[1]]})
    assert world.outcome()['violations'] == 0
    assert world.truth() == {(0, 2), (0, 3), (0, 4)}
    world.apply({'moves': [(0, 4), *others[0]]})
    assert world.outcome()['violations'] == 1
    assert world.actors()['pursuers'][0] == (0, 2)
    assert world.observation()['walls'] == []


def test_a_corner_may_lie_between_cells(tmp_path):
    area = '{name: a, disc: {centre: [2.5, 2.5], radius: 0.8}}'
    (event,) = load_scenario(written(tmp_path, f'events: [{{step: 0, area: {area}}}]')).events
    assert polygon_cells(event.corners, Board()) == block(2, 2, 3, 3)


def area(shape):
    return f'events: [{{step: 1, area: {{name: ice, {shape}}}}}]'


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('', 'the file must hold fields with values'),
        ('- a\n- b\n', 'the file must hold fields with values'),
        ('board: {width: 5\nevader: [1, 1]\n', 'line 2 is not valid YAML'),
        ('evnts: []\n', 'unknown field evnts'),
        ('board: {size: 20}\n', 'unknown field board.size'),
        ('board: {width: wide}\n', 'board.width: Input should be a valid integer'),
        ('board: {width: 1}\n', '1x20 is too small'),
        ('board: {moves: jump}\n', "board.moves: Input should be 'exact' or 'up_to'"),
        ('board: {walls: [[[3, 3], [3, 25]]]}\n', 'board.walls: (3, 25) is not on the board'),
        ('board: {walls: [[[0, 0], [19, 19]]]}\n', 'fewer than four free cells'),
        ('pursuers: [[1, 2], [3, 4]]\n', 'pursuers.2 is missing'),
        ('pursuers: [[1, 2], [3, 4], [5]]\n', 'pursuers.2.1 is missing'),
        ('evader: [1.5, 2]\n', 'evader.0: Input should be a valid integer'),
        ('evader: [20, 2]\n', 'the start cell (20, 2) is in a wall or not on the board'),
        (
            'board: {walls: [[[3, 3], [3, 5]]]}\npursuers: [[3, 4], [0, 0], [1, 1]]\n',
            'the start cell (3, 4) is in a wall or not on the board',
        ),
        ('events: [{step: 1}]\n', 'events.0.area is missing'),
        ('events: [{step: -1, area: {name: a, polygon: []}}]\n', 'events.0.step: Input should be'),
        (area('square: [1, 2]'), 'unknown field events.0.area.square'),
        (area('polygon: [[1, 2], [3, 4]]'), "area 'ice': a polygon needs three corners or more"),
        (area('polygon: [[1, 2], [3, .nan], [5, 2]]'), 'polygon.1.1: Input should be a finite'),
        (
            area('polygon: [[0, 0], [4, 4], [4, 0], [0, 4]]'),
            "area 'ice': the edges of the polygon",
        ),
        (area('disc: {centre: [1, 2], radius: 0}'), 'disc.radius: Input should be greater than 0'),
        (area('rectangle: [[1, 2]]'), 'events.0.area.rectangle.1 is missing'),
        (
            area('rectangle: [[1, 2], [3, 4]], disc: {centre: [1, 2], radius: 1}'),
            "area 'ice': give one of rectangle, disc and polygon",
        ),
        ('events: [{step: 1, area: {name: a}}]\n', "area 'a': give one of rectangle, disc"),
    ],
)
def test_a_broken_file_gives_one_sentence_with_the_file_and_the_field(tmp_path, text, words):
    path = written(tmp_path, text)
    fault = fault_of(path)
    assert fault.startswith(f'{path}: ')
    assert words in fault
    assert '\n' not in fault


def test_all_faults_of_a_file_are_told_at_once(tmp_path):
    fault = fault_of(written(tmp_path, 'evader: [1, x]\nevents: [{step: 1}]\nname: a\n'))
    assert all(field in fault for field in ('evader.1', 'events.0.area', 'name'))


def test_a_missing_file_and_one_that_is_no_text_are_named(tmp_path):
    assert 'cannot be read (No such file' in fault_of(tmp_path / 'none.yaml')
    (tmp_path / 'picture.yaml').write_bytes(b'\xff\xd8\xff\xe0')
    assert fault_of(tmp_path / 'picture.yaml').startswith(f'{tmp_path / "picture.yaml"}: ')


def test_an_unknown_task_has_no_world():
    with pytest.raises(ValueError, match="no world for the task 'chess'"):
        make_world('chess', evader=flee)
