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
"""The words that invented manuals are made of: names, actors, rules, labels, numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Count:
    """A fact whose value is a number, compared with a threshold."""

    name: str
    noun: str
    highest: int

    @property
    def things(self) -> str:
        """What is counted, where the number is one of things."""
        lead = 'the number of '
        return self.noun.removeprefix(lead) if self.noun.startswith(lead) else ''


COUNTS = (
    Count('distance', 'the distance', 40),
    Count('depth', 'the depth', 90),
    Count('boats in sight', 'the number of boats in sight', 12),
    Count('crates left', 'the number of crates left', 30),
    Count('speed', 'the speed', 50),
    Count('battery percent', 'the battery percentage', 100),
    Count('minutes left', 'the number of minutes left', 60),
    Count('visitors', 'the number of visitors', 80),
    Count('queue', 'the length of the queue', 25),
    Count('temperature', 'the temperature', 99),
    Count('score', 'the score', 40),
    Count('errors', 'the number of errors', 15),
    Count('altitude', 'the altitude', 99),
    Count('load', 'the load', 60),
    Count('sheep', 'the number of sheep', 50),
    Count('bids', 'the number of bids', 20),
    Count('rungs left', 'the number of rungs left', 18),
    Count('litres', 'the number of litres', 75),
    Count('noise level', 'the noise level', 95),
    Count('age', 'the age', 85),
    Count('parcels waiting', 'the number of parcels waiting', 40),
    Count('clearance', 'the clearance', 35),
    Count('seats taken', 'the number of seats taken', 60),
    Count('thickness', 'the thickness', 25),
    Count('retries', 'the number of retries', 10),
    Count('range', 'the range', 70),
    Count('cars ahead', 'the number of cars ahead', 15),
    Count('humidity', 'the humidity', 99),
    Count('nests', 'the number of nests', 12),
    Count('gap', 'the width of the gap', 30),
    Count('points behind', 'the number of points behind', 24),
    Count('voltage', 'the voltage', 48),
)

VERBS = tuple(
    'hoist lower turn hold push pull sweep scan mark drop lift shift guard follow circle split '
    'join wait signal anchor drift climb dive brake swing count sort pack seal open close send '
    'fetch load trim flush charge park rest hunt chase trap block cross pass skip jump roll '
    'slide press bend fold wrap paint clean test check weigh measure draw read write call ring '
    'light shade cool warm fill drain mix cut bind tie free release patrol escort shadow track '
    'probe sample launch dock berth tow steer row paddle sail fly hover land taxi dig drill '
    'plough plant reap graze herd feed water build raise carry deliver collect store stack '
    'rotate tilt zoom focus record replay pause resume reset retry vote bid trade buy sell '
    'pay save spend deal bluff fold raise attack defend retreat advance flank rally scatter '
    'gather merge rank filter select reject accept delay hurry slow stop start swap copy '
    'move reverse tighten loosen calm alert warn greet guide teach search rescue repair'.split()
)
NOUNS = tuple(
    'sail rope boat crane crate door gate pump valve lamp flag buoy net line chain wheel arm '
    'camera sensor map log table list row file path lane track bridge tower fence field barn '
    'herd flock truck train wagon drone rotor wing engine motor brake belt drum tank pipe '
    'cable switch panel signal horn bell siren card deck pile stack hand token ball team '
    'market price order ticket parcel letter desk shelf box pallet forklift robot gripper '
    'tool blade drill saw filter fan heater cooler battery cell beacon anchor hull deck mast '
    'convoy escort scout party squad guard patrol perimeter corner edge centre left right '
    'reserve supply stock depot port dock pier channel reef shore'.split()
)
PLACES = ('', '', '', ' at once', ' slowly', ' by one unit', ' to the side', ' for a while',
          ' as far as possible', ' near the border', ' with full power',
          ' along the line')  # fmt: skip
ACTORS = ('a tug', 'a drone', 'a pursuer', 'a robot', 'a crew', 'the controller', 'a scout',
          'a trader', 'a player', 'a machine', 'a guard', 'a team of vessels', 'the operator',
          'a shepherd', 'an engine', 'a rover')  # fmt: skip
RULES = (
    'The manual lists what {actor} can do. Choose the function that fits the state.',
    'Task of {actor}: read the state, then pick one function by its manual.',
    '{Actor} works in stages. In this stage exactly one function fits.',
    'Decide what {actor} does next. Each line tells when a function is used.',
    'Select one function for {actor}. The state decides.',
    'Rules: {actor} follows the manual below and nothing else.',
    '{Actor} must choose how to go on.',
    'Stage {noun}: choose how {actor} handles the {noun}.',
)
OTHERWISE = (
    'none of the other cases applies', 'in every other case', 'nothing else fits',
    'no other condition holds', 'all other conditions fail', 'the rest of the manual does not fit',
    'no other function is called for', 'otherwise',
)  # fmt: skip


LABEL_KINDS = ('area entered', 'target', 'next stop', 'beacon', 'channel', 'caller', 'ship seen',
               'zone', 'sender', 'reef ahead', 'route', 'leader')  # fmt: skip
LABELS = tuple(
    'alpha bravo amber cedar maple willow copper silver cobalt onyx topaz ruby jade coral comet '
    'meteor saturn venus orion vega delta sigma lambda omega lisbon oslo kyoto quito dover cork '
    'baker mason potter sailor piper fisher badger otter weasel bison camel tiger panther cobra '
    'lotus tulip daisy iris violet clover ginger saffron pepper basil mango cherry lemon olive '
    'harvest thunder whisper velvet marble granite cotton linen canvas ribbon lantern '
    'candle'.split()
)

MORE_LABELS = (
    *LABELS,
    *(
        'falcon osprey hawk sparrow starling thrush plover curlew bunting linnet cuckoo grebe '
        'marlin herring salmon trout perch bream sprat hake lynx mink stoat marten beaver jackal '
        'hyena gecko viper adder newt toad moth hornet cricket beetle mantis birch alder poplar '
        'rowan hazel walnut elder aspen basalt flint slate quartz agate garnet pearl amethyst '
        'zinc nickel tungsten mercury neptune pluto titan rhea ganymede gemini aries pisces '
        'malta crete samos naxos bergen turin genoa porto malaga odessa tromso harry oscar '
        'victor sierra tango quebec romeo zulu kilo winter summer autumn frost storm breeze '
        'ember spark anvil hammer kettle barrel saddle'.split()
    ),
)
"""For sets with many names, see `shapes.labelled`."""
