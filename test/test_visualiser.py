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
"""What RViz and Foxglove show: markers and frames in the bag, read back by its own schemas.

The reader is `mcap` with `mcap-ros2-support`, which knows no message type but those that the
file describes, as Foxglove.
"""

from __future__ import annotations

from pathlib import Path
import time

from ld_agent.bag_writer import BagWriter, typestore
from ld_agent.bags import read_episodes
import pytest
import yaml

mcap_reader = pytest.importorskip('mcap.reader', reason='needs the extra test')
decoder = pytest.importorskip('mcap_ros2.decoder', reason='needs the extra test')

CONFIG = Path(__file__).parent.parent / 'config' / 'pursuit.rviz'
RESOLUTION = 0.5
ADD, DELETE = 0, 2
SCENARIO = """
board: {width: 9, height: 7, walls: [[[8, 6], [8, 6]]]}
pursuers: [[0, 0], [1, 0], [0, 1]]
evader: [7, 5]
events:
  - {step: 1, area: {name: whirlpool, rectangle: [[3, 2], [5, 4]]}}
"""
WALLS = {(8, 6)}
WHIRLPOOL = {(x, y) for x in (3, 4, 5) for y in (2, 3, 4)}
DRAWN = {(0, 5), (0, 6), (1, 5), (1, 6)}
"""What a person closes, which the simulator's truth does not know."""
LATE = ['walls', 'areas', 'functions']
"""What is drawn anew when the truth comes after its state."""
TRANSFORM = 'geometry_msgs/msg/TransformStamped'
TF = 'tf2_msgs/msg/TFMessage'


def decoded(bag: Path) -> list:
    """Return (topic, schema, message) of all messages of an MCAP bag, in order."""
    with next(bag.glob('*.mcap')).open('rb') as file:
        reader = mcap_reader.make_reader(file, decoder_factories=[decoder.DecoderFactory()])
        return [(c.topic, s, m) for s, c, _, m in reader.iter_decoded_messages()]


@pytest.fixture(scope='module')
def hunt(tmp_path_factory):
    """Two recorded episodes with an area, and all that the bag holds."""
    pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')
    from ld_agent.nodes import topics
    from ld_agent.nodes.joining import listeners
    from running import cast, listen, meddler, polygon, WAIT_SECONDS

    folder = tmp_path_factory.mktemp('visualiser')
    bag, scenario = folder / 'bag', folder / 'whirlpool.yaml'
    scenario.write_text(SCENARIO)
    edge = RESOLUTION
    with cast() as nodes, meddler() as test:
        results = listen(test.node, topics.RESULT)
        nodes.start('recorder', path=bag)
        nodes.start('visualiser', trail=3, wait_for='recorder')
        nodes.start('decision', method='reference', wait_for='recorder visualiser')
        nodes.start('emergency')
        nodes.start(
            'simulator', method='reference', scenario=scenario, deadline=60.0, episodes=2,
            resolution=edge, exit_when_done=False, wait_for='recorder emergency meddler',
            rate=5.0,
        )  # fmt: skip
        areas = test.node.create_publisher(
            topics.RESTRICTED_AREA.type, 'restricted_area', topics.RESTRICTED_AREA.qos
        )
        states = listen(test.node, topics.STATE)
        # The simulator waits for the meddler, and the meddler until all see each other.
        end = time.monotonic() + WAIT_SECONDS
        while not (
            'visualiser' in listeners(test.node, topics.STATE.name)
            and test.node.count_publishers(topics.STATE.name)
        ):
            assert time.monotonic() < end, 'waited in vain: visualiser, recorder and simulator'
            time.sleep(0.05)
        time.sleep(0.5)
        test.until(lambda: states, 'the first state')
        areas.publish(
            polygon((0, 5 * edge), (2 * edge, 5 * edge), (2 * edge, 7 * edge), (0, 7 * edge))
        )
        test.until(lambda: len(results) == 2, 'two results')
        nodes.stop('visualiser')
        assert 'Traceback' not in nodes.stop('recorder')
    return read_episodes(bag), decoded(bag)


def centre(position) -> list[int]:
    return [round(position.x / RESOLUTION - 0.5), round(position.y / RESOLUTION - 0.5)]


def drawn(messages) -> dict:
    """Return (episode, step) → all markers of the state, by namespace.

    A truth that comes after its state is drawn with the state's stamp when it comes.
    """
    found: dict = {}
    for topic, _, message in messages:
        if topic == '/markers' and len(message.markers) > len(LATE):
            by_name: dict = {}
            for marker in message.markers:
                by_name.setdefault(marker.ns, []).append(marker)
            words = by_name['selected'][0].text.replace(',', '').replace(':', '').split()
            found[int(words[1]), int(words[3])] = by_name
        elif topic == '/markers' and [m.ns for m in message.markers] == LATE:
            found[list(found)[-1]] |= {m.ns: [m] for m in message.markers}
    return found


def test_every_schema_in_the_bag_is_a_ros2_message_definition(hunt):
    schemas = {topic: schema for topic, schema, _ in hunt[1]}
    assert {s.encoding for s in schemas.values()} == {'ros2msg'}
    assert schemas['/markers'].name == 'visualization_msgs/msg/MarkerArray'
    assert b'MSG: visualization_msgs/Marker' in schemas['/markers'].data
    frames = [s.name for topic, s in schemas.items() if topic in ('/tf', '/transforms')]
    assert frames in ([TF], [TRANSFORM])


def test_each_state_is_drawn_where_it_is(hunt):
    episodes, messages = hunt
    pictures = drawn(messages)
    seen = {(e.number, s.step): s.observation for e in episodes for s in e.states}
    assert len(pictures) >= len(seen) - 1
    for key, picture in pictures.items():
        pursuers = [centre(m.pose.position) for m in picture['pursuers']]
        assert pursuers == seen[key]['pursuers']
        assert centre(picture['evader'][0].pose.position) == seen[key]['evader']
        (board,) = picture['board']
        assert (board.scale.x, board.scale.y) == (9 * RESOLUTION, 7 * RESOLUTION)
        assert {m.header.frame_id for markers in picture.values() for m in markers} == {'map'}


def drawn_alone(messages, name) -> list:
    """Return the markers of a namespace that came without those of a state."""
    arrays = [m.markers for topic, _, m in messages if topic == '/markers']
    return [array[0] for array in arrays if [marker.ns for marker in array] == [name]]


def cells(markers) -> set:
    """Return the cells of a list of cubes."""
    (marker,) = markers
    assert marker.action == (ADD if marker.points else DELETE)
    return {tuple(centre(point)) for point in marker.points}


def test_walls_areas_and_what_a_person_closes_are_drawn_and_end_with_their_episode(hunt):
    episodes, messages = hunt
    pictures = drawn(messages)
    last = {e.number: max(s.step for s in e.states) for e in episodes}
    for (episode, step), picture in pictures.items():
        assert cells(picture['walls']) == WALLS
        assert cells(picture['areas']) == (WHIRLPOOL if step > 1 else set())
        closed = cells(picture['functions'])
        assert closed <= DRAWN | (WHIRLPOOL if step <= 1 else set())
        if step in (0, last[episode]):
            assert not closed & DRAWN
    shown = [key for key, picture in pictures.items() if cells(picture['functions']) == DRAWN]
    assert len(shown) > 2 and {episode for episode, _ in shown} == {0}


def test_a_truth_that_comes_late_is_drawn_at_once_and_one_that_comes_early_with_its_state():
    pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')
    from ld_agent.messages import State
    from ld_agent.nodes import convert, topics
    from ld_agent.nodes.common import publish_json
    from ld_agent.nodes.joining import listeners
    from running import cast, listen, meddler
    from std_msgs.msg import Header

    def truth(closed, stamp):
        header = Header(stamp=convert.time_of(stamp), frame_id='map')
        return convert.to_grid((9, 7), closed, header, RESOLUTION)

    def state(step, stamp):
        seen = {'pursuers': [[0, 0]], 'evader': [7, 5], 'walls': []}
        return State(
            task='pursuit', episode=0, seed=0, step=step, done=False, stamp=stamp, deadline=1.0,
            observation=seen,
        )  # fmt: skip

    with cast() as nodes, meddler() as test:
        shown = listen(test.node, topics.MARKERS)
        states, truths = (
            test.node.create_publisher(t.type, t.name, t.qos) for t in (topics.STATE, topics.TRUTH)
        )
        nodes.start('visualiser', wait_for='meddler')
        test.until(lambda: 'visualiser' in listeners(test.node, topics.STATE.name), 'a visualiser')

        def areas():
            drawn = [m for array in shown for m in array.markers if m.ns == 'areas']
            return [cells([marker]) for marker in drawn]

        def tell(publish, count):
            publish()
            test.until(lambda: len(areas()) == count, f'picture {count}')
            return areas()[-1]

        truths.publish(truth(set(), 1.0))
        test.wait(0.5)
        assert tell(lambda: publish_json(states, state(0, 1.0)), 1) == set()
        assert tell(lambda: publish_json(states, state(1, 2.0)), 2) == set()
        assert tell(lambda: truths.publish(truth(WHIRLPOOL, 2.0)), 3) == WHIRLPOOL
        truths.publish(truth(set(), 4.0))
        test.wait(0.5)
        assert len(areas()) == 3
        assert tell(lambda: publish_json(states, state(2, 3.0)), 4) == WHIRLPOOL
        assert tell(lambda: publish_json(states, state(3, 4.0)), 5) == set()


def test_what_a_person_closes_is_drawn_at_once(hunt):
    alone = [cells([marker]) for marker in drawn_alone(hunt[1], 'functions')]
    assert DRAWN in alone


def test_trails_follow_and_a_new_episode_clears_them(hunt):
    episodes, messages = hunt
    for (episode, step), picture in drawn(messages).items():
        if step == 0:
            assert {line.action for line in picture['trails']} == {DELETE}
            continue
        for number, line in enumerate(picture['trails']):
            passed = [s.observation['pursuers'][number] for s in episodes[episode].states]
            assert line.action == ADD
            assert [centre(p) for p in line.points] == passed[max(step - 3, 0) : step + 1]


def test_the_chosen_functions_stand_there_as_text(hunt):
    episodes, messages = hunt
    told = [marker.text for marker in drawn_alone(messages, 'selected')]
    decisions = {(e.number, step): d for e in episodes for step, d in e.decisions.items()}
    possible = {
        f'episode {number}, step {step}: ' + ' > '.join(s.selected for s in decision.trace)
        for (number, step), decision in decisions.items()
    }
    assert told
    assert set(told) <= possible


def test_the_frames_of_all_stand_where_they_are(hunt):
    episodes, messages = hunt
    heard: dict = {}
    for topic, _, message in messages:
        if topic in ('/tf', '/transforms'):
            for frame in getattr(message, 'transforms', None) or [message]:
                heard.setdefault(frame.child_frame_id, []).append(
                    (frame.header.stamp.sec, centre(frame.transform.translation))
                )
    assert set(heard) == {'pursuer_0', 'pursuer_1', 'pursuer_2', 'evader'}
    for name, places in heard.items():
        for stamp, place in places:
            (seen,) = [s.observation for e in episodes for s in e.states if s.stamp == stamp]
            wanted = seen['evader'] if name == 'evader' else seen['pursuers'][int(name[-1])]
            assert place == wanted


def test_a_stamp_is_the_nearest_nanosecond_and_the_same_after_a_way_back():
    pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')
    from ld_agent.nodes.convert import seconds_of, time_of

    for tick in range(0, 72_000, 7):
        stamp = time_of(tick * 0.05)
        assert stamp.sec * 10**9 + stamp.nanosec == tick * 50_000_000
        assert time_of(seconds_of(stamp)) == stamp


def test_tf_is_recorded_with_its_schema(tmp_path):
    store = typestore()
    header = store.types['std_msgs/msg/Header'](
        stamp=store.types['builtin_interfaces/msg/Time'](sec=3, nanosec=0), frame_id='map'
    )
    transform = store.types['geometry_msgs/msg/Transform'](
        translation=store.types['geometry_msgs/msg/Vector3'](x=1.5, y=2.5, z=0.0),
        rotation=store.types['geometry_msgs/msg/Quaternion'](x=0.0, y=0.0, z=0.0, w=1.0),
    )
    frame = store.types[TRANSFORM](header=header, child_frame_id='evader', transform=transform)
    with BagWriter(tmp_path / 'bag') as bag:
        bag.add_topic('/tf', TF)
        bag.write('/tf', bytes(store.serialize_cdr(store.types[TF](transforms=[frame]), TF)), 1)
    ((topic, schema, message),) = decoded(tmp_path / 'bag')
    assert (topic, schema.name, schema.encoding) == ('/tf', TF, 'ros2msg')
    (read,) = message.transforms
    assert (read.child_frame_id, read.header.frame_id) == ('evader', 'map')
    assert (read.transform.translation.x, read.transform.translation.y) == (1.5, 2.5)


def test_rviz_shows_what_is_published():
    topics = pytest.importorskip('ld_agent.nodes.topics', reason='ROS 2 is not there')
    published = {t.name: t for t in vars(topics).values() if isinstance(t, topics.Topic)}
    manager = yaml.safe_load(CONFIG.read_text(encoding='utf-8'))['Visualization Manager']
    assert manager['Global Options']['Fixed Frame'] == 'map'
    shown = {}
    for display in manager['Displays']:
        shown[display['Class'].rpartition('/')[2]] = display
        if 'Topic' in display:
            topic = published[display['Topic']['Value'].strip('/')]
            assert topic.type.__name__ == display['Class'].rpartition('/')[2]
    assert {'MarkerArray', 'PoseArray', 'TF'} <= set(shown)
    wanted = ['board', 'walls', 'areas', 'functions', 'trails', 'pursuers', 'evader', 'selected']
    assert list(shown['MarkerArray']['Namespaces']) == wanted
