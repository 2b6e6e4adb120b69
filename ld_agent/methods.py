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
"""The names of the methods that can play in the same harness, for all who offer a choice.

`ld` is the paper's method; `large`, `small` and `kd` are its baselines (section 4.1), `small`
in two forms; `reference` and `random` are ours. Pure data.
"""

METHODS = {
    'ld': 'the tuned student selects functions',
    'reference': "the manual's rules executed as code",
    'random': 'functions by chance',
    'small_free': 'the untuned student writes the moves',
    'small_pick': 'the untuned student picks among the listed moves',
    'kd': 'a student tuned on the moves of a teacher writes the moves',
    'large': 'a large model behind an API writes the moves',
}
WITH_STUDENT = ('ld', 'small_free', 'small_pick', 'kd')
BY_FUNCTIONS = ('ld', 'reference', 'random')
NAMES = ', '.join(METHODS)
