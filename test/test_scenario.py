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
from ld_agent_sim.pursuit import Board, manhattan, pursuer_moves
from ld_agent_sim.scenario_file import load_scenario
from ld_agent_sim.worlds import make_world, PursuitWorld
import pytest

FOLDER = Path(__file__).parent.parent / 'config' / 'scenarios'
SHIPPED = sorted(FOLDER.glob('*.yaml'))


def block(west, south, east, north):
    return {(x, y) for x in range(west, east + 1) for y in range(south, north + 1)}


def row(y, west, east):
    return block(west, y, east, y)


EVENTS = {
    'hiding': [(0, 'reef', block(8, 4, 11, 15))],
    'moving': [
        (1, 'iceberg', block(3, 8, 6, 11)),
        (3, 'iceberg', set()),
        (3, 'iceberg', block(6, 8, 9, 11)),
        (5, 'iceberg', set()),
        (5, 'iceberg', block(9, 8, 12, 11)),
        (7, 'iceberg', set()),
        (7, 'iceberg', block(12, 8, 15, 11)),
        (9, 'iceberg', set()),
    ],
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
    'table2': [],
    'told': [
        (1, 'whirlpool', block(6, 8, 9, 11)),
        (2, 'mines', {(x, y) for x, y in block(0, 0, 19, 19) if manhattan((x, y), (14, 6)) < 3}),
        (4, 'channel', block(4, 0, 4, 19) - {(4, 9)}),
        (6, 'whirlpool', set()),
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
    found = [(e.step, e.name, set(e.cells(scenario.board))) for e in scenario.events]
    assert scenario.name == path.stem
    assert found == EVENTS[path.stem]


@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_can_be_played(path):
    world = make_world('pursuit', evader=flee, scenario=load_scenario(path))
    world.reset(3)
    events, closed = EVENTS[path.stem], {}
    published = []
    for step in range(10):
        published += [event.name for event in world.announcements()]
        for when, name, cells in events:
            if when == step - 1 and cells:
                closed[name] = cells
            elif when == step and not cells:
                del closed[name]
        if events:
            assert world.truth() == world.chart().union(*closed.values()), step
        world.apply(None)
    assert published[: len(events)] == [name for _, name, _ in events]
    assert not set(world.actors()['evader']) & world.chart()


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


def test_the_lifts_of_the_moving_area_name_a_cell_that_is_open_then():
    scenario = load_scenario(FOLDER / 'moving.yaml')
    lifts = [event for event in scenario.events if event.lifts]
    assert [event.sentence for event in lifts] == [
        'the area around (4, 9) is open again',
        'the area around (7, 9) is open again',
        'the area around (10, 9) is open again',
        'the area around (13, 9) is open again',
    ]


def test_a_lift_names_a_cell_of_no_other_area_and_opens_only_the_cells_of_no_other(tmp_path):
    text = (
        'board: {width: 9, height: 6}\n'
        'events:\n'
        '  - {step: 0, area: {name: a, rectangle: [[1, 1], [5, 2]]}}\n'
        '  - {step: 0, area: {name: b, rectangle: [[2, 1], [7, 4]]}}\n'
        '  - {step: 2, lift: a}\n'
    )
    world = PursuitWorld(scenario=load_scenario(written(tmp_path, text)))
    world.announcements()
    world.apply(None)
    assert world.truth() == block(1, 1, 5, 2) | block(2, 1, 7, 4)
    world.apply(None)
    (lift,) = world.announcements()
    assert lift.sentence == 'the area around (1, 1) is open again'
    assert world.truth() == block(2, 1, 7, 4)


def test_a_sentence_closes_the_cells_that_its_author_states(tmp_path):
    text = (
        'board: {width: 9, height: 6}\n'
        'events:\n'
        '  - {step: 0, area: {name: a, sentence: row 2 is closed, cells: [[3, 2], [4, 2]]}}\n'
        '  - {step: 0, area: {name: b, sentence: keep out, rectangle: [[6, 1], [7, 2]]}}\n'
    )
    world = PursuitWorld(scenario=load_scenario(written(tmp_path, text)))
    assert [e.sentence for e in world.announcements()] == ['row 2 is closed', 'keep out']
    world.apply(None)
    assert world.truth() == row(2, 3, 4) | block(6, 1, 7, 2)


def test_a_drawn_rectangle_follows_the_seed_and_never_shuts_anybody_in():
    scenario = load_scenario(FOLDER / 'table2.yaml')
    world = PursuitWorld(scenario=scenario)
    seen = set()
    for seed in range(300):
        world.reset(seed)
        evader = world.game.state.evader
        (event,) = scenario.events_of(seed, evader)
        assert scenario.events_of(seed, evader) == [event]
        cells = event.cells(scenario.board)
        width, height = (len({cell[axis] for cell in cells}) for axis in (0, 1))
        assert 2 <= min(width, height) <= 4 <= max(width, height) <= 10
        assert 1 <= event.step <= 3
        assert min(manhattan(cell, evader) for cell in cells) > event.step + 1
        assert all(pursuer_moves(scenario.board, cell, cells) for cell in cells)
        seen.add(event)
    assert len(seen) > 290


def test_a_board_without_room_for_a_drawn_rectangle_is_named(tmp_path):
    text = (
        'board: {width: 8, height: 6}\n'
        'drawn: [{name: a, steps: [3, 3], short: [2, 2], long: [6, 6]}]\n'
    )
    with pytest.raises(ValueError, match=r"area 'a': the board has no room for .*2.* cells away"):
        PursuitWorld(scenario=load_scenario(written(tmp_path, text)))


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
        ('events: [{step: 1}]\n', 'event at step 1: give one of area and lift'),
        ('events: [{step: 1, lift: ice}]\n', "lift of 'ice' at step 1: no area of that name"),
        (
            area('rectangle: [[1, 1], [2, 2]]').replace('}}]', '}}, {step: 1, lift: ice}]'),
            "lift of 'ice' at step 1: no area of that name is in force",
        ),
        (
            'events:\n'
            '  - {step: 1, area: {name: a, rectangle: [[1, 1], [2, 2]]}}\n'
            '  - {step: 1, area: {name: b, rectangle: [[0, 0], [3, 3]]}}\n'
            '  - {step: 2, lift: a}\n',
            "lift of 'a' at step 2: all its cells are in other areas too",
        ),
        (
            'events:\n'
            '  - {step: 1, area: {name: a, rectangle: [[1, 1], [2, 2]]}}\n'
            '  - {step: 2, area: {name: a, rectangle: [[5, 5], [6, 6]]}}\n',
            "area 'a' is published twice without a lift between",
        ),
        (area('cells: [[1, 1]]'), "area 'ice': cells say what a sentence closes: give both"),
        (area('cells: [[1, 30]], sentence: shut'), "area 'ice': the cell (1, 30) is not on the"),
        (
            'drawn: [{name: a, steps: [3, 1], short: [2, 4], long: [4, 9]}]\n',
            "drawn area 'a': steps must go up, not 3 to 1",
        ),
        (
            'drawn: [{name: a, steps: [1, 3], short: [2, 5], long: [4, 9]}]\n',
            "drawn area 'a': short goes up to 5; with more than 4 a pursuer could be shut in",
        ),
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
    fault = fault_of(written(tmp_path, 'evader: [1, x]\nevents: [{step: x}]\nname: a\n'))
    assert all(field in fault for field in ('evader.1', 'events.0.step', 'name'))


def test_a_missing_file_and_one_that_is_no_text_are_named(tmp_path):
    assert 'cannot be read (No such file' in fault_of(tmp_path / 'none.yaml')
    (tmp_path / 'picture.yaml').write_bytes(b'\xff\xd8\xff\xe0')
    assert fault_of(tmp_path / 'picture.yaml').startswith(f'{tmp_path / "picture.yaml"}: ')


def test_an_unknown_task_has_no_world():
    with pytest.raises(ValueError, match="no world for the task 'chess'"):
        make_world('chess', evader=flee)
