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
"""A listener hears what was latched before it, though its first subscription missed it."""

from __future__ import annotations

import time

import pytest

pytest.importorskip('rclpy', reason='ROS 2 is not there; the extra .[ros] brings it')

from ld_agent.nodes.listener import AGAIN_SECONDS, Listener, TRIES
from ld_agent.nodes.qos import LATCHED, LATCHED_ALL, STREAM
from running import meddler
from std_msgs.msg import String

TOPIC = 'told'


@pytest.fixture
def test():
    with meddler() as test:
        yield test


def deaf(node, monkeypatch, most):
    """Let the first subscriptions miss what is latched, as volatile ones do."""
    create, made = node.create_subscription, []

    def instead(kind, name, callback, qos, **more):
        made.append(name)
        return create(kind, name, callback, STREAM if len(made) <= most else qos, **more)

    monkeypatch.setattr(node, 'create_subscription', instead)
    return made


@pytest.mark.parametrize('raw', [False, True])
def test_what_the_first_subscriptions_missed_is_heard_once_and_in_order(test, monkeypatch, raw):
    publisher = test.node.create_publisher(String, TOPIC, LATCHED_ALL)
    for number in range(3):
        publisher.publish(String(data=str(number)))
    deaf(test.node, monkeypatch, 2)
    heard = []
    take = (lambda message, info: heard.append(message)) if raw else heard.append
    Listener(test.node, String, TOPIC, take, LATCHED_ALL, raw)
    test.until(lambda: len(heard) == 3, 'what was latched')
    publisher.publish(String(data='3'))
    test.until(lambda: len(heard) > 3, 'what is published now')
    test.wait(2 * AGAIN_SECONDS)
    if not raw:
        assert [message.data for message in heard] == ['0', '1', '2', '3']
    assert len(heard) == 4


def test_who_has_heard_or_hears_of_no_publisher_does_not_ask_again(test, monkeypatch):
    publisher = test.node.create_publisher(String, TOPIC, LATCHED)
    publisher.publish(String(data='now'))
    made = deaf(test.node, monkeypatch, 0)
    heard = []
    Listener(test.node, String, TOPIC, heard.append, LATCHED)
    Listener(test.node, String, 'nobody', heard.append, LATCHED)
    test.wait(2.5 * AGAIN_SECONDS)
    assert (made.count(TOPIC), made.count('nobody')) == (1, 1)
    assert [message.data for message in heard] == ['now']


def test_a_publisher_that_has_told_nothing_is_asked_a_few_times(test, monkeypatch):
    publisher = test.node.create_publisher(String, TOPIC, LATCHED)
    made = deaf(test.node, monkeypatch, 0)
    heard = []
    Listener(test.node, String, TOPIC, heard.append, LATCHED)
    test.wait((TRIES + 2.5) * AGAIN_SECONDS)
    assert made.count(TOPIC) == TRIES + 1
    publisher.publish(String(data='late'))
    test.until(lambda: heard, 'what is told late')


def test_what_has_arrived_can_be_taken_at_once(test):
    publisher = test.node.create_publisher(String, TOPIC, LATCHED_ALL)
    heard = []
    listener = Listener(test.node, String, TOPIC, heard.append, LATCHED_ALL)
    test.until(publisher.get_subscription_count, 'the listener')
    for number in range(3):
        publisher.publish(String(data=str(number)))
    time.sleep(0.5)
    assert not heard
    listener.take_waiting()
    assert len(heard) == 3
    listener.destroy()
    test.wait(AGAIN_SECONDS)
    assert publisher.get_subscription_count() == 0
