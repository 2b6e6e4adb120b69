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


def watch(result: list, state: dict) -> list[list[float]]:
    """Expect an opponent that stands early against low cards and late against one who stood.

    Stage: model
    When to use: the record is long and the habit is watchful
    Rule: record == 'long' and habit == 'watchful'
    Example:
        >>> [row[0] for row in watch([], {})[:5]]
        [12, 12.6, 12.6, 12, 12.6]
    """
    one = [
        (12, 18), (12.6, 18), (12.6, 19), (12, 19), (12.6, 19),
        (18, 18), (18, 19), (17, 20), (16.7, 19), (18, 19),
    ]  # fmt: skip
    drawn = [
        (12, 18), (12, 18), (12, 19), (15, 18), (15, 19), (14.8, 19), (13.7, 19), (13.7, 19),
        (14.5, 19), (14.6, 19), (16.5, 19), (17.8, 19), (18.8, 19), (19.7, 20), (20.5, 21),
        (12, 12), (12, 18), (12, 18),
    ]  # fmt: skip
    stood = [
        (13, 13), (13, 14), (14, 15), (14, 16), (18, 18), (18, 18), (19, 19), (18.5, 20),
        (18, 19.7), (18, 19), (18, 19), (18, 19), (18, 19), (18, 19), (19, 19), (20, 20),
        (21, 21), (12, 12), (18, 18), (18, 18),
    ]  # fmt: skip
    return [_below(limit, soft) for limit, soft in one + drawn + stood]
