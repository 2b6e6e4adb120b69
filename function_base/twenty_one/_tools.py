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
"""Shared by the functions of 21 points.

Cards are names (`A`, `2`, ..., `10`, `J`, `Q`, `K`), values are 1 (ace) to 10. `state` is the
observation: `hand` (the first card is face down), `face_up` and `stood` of `agent` and
`opponent`, `played` (who did what in this game, in order), and the match so far: `games` and
`record`, the opponent's face-up total -> how often it hit and stood there.

What the stages hand on is a list of rows. Rows 0 to 47 say how the opponent plays, one row for
each total that the agent shows: rows 0 to 9 for its first card alone (2 to 11), rows 10 to 27 once
it has drawn (4 to 21), rows 28 to 47 once it has stood (2 to 21). Such a row is a total, the same
where an ace counts 11, and the chances that the opponent hits below that total and from it on;
with a total of 12.6 it hits six times in ten at 12. The last but one row holds the weight of each
value (1 to 10) as the opponent's hidden card, the last one how many cards of each are unseen.
"""

NAMES = ('A', '2', '3', '4', '5', '6', '7', '8', '9', '10', 'J', 'Q', 'K')


def _value(card):
    return min(NAMES.index(card) + 1, 10)


def _points(hard, aces):
    """Return a total from the points with aces as 1; one ace counts 11 where that fits."""
    return hard + 10 if aces and hard <= 11 else hard


def _total(cards):
    values = [_value(card) for card in cards]
    return _points(sum(values), values.count(1))


def _below(limit, soft):
    """Return a row that hits below a total, and below another where an ace counts 11."""
    return [limit, soft, 1.0, 0.0]


def _chance(row, hard, aces):
    """Return the chance that the opponent hits with these points; over 21 it does not."""
    points = _points(hard, aces)
    if points > 21:
        return 0.0
    below = row[1 if points > hard else 0] - points
    return row[3] + (row[2] - row[3]) * min(max(below, 0.0), 1.0)


def _row(shown, drawn, stood):
    """Return which row says how the opponent plays."""
    if stood:
        return shown + 26
    return shown + 6 if drawn else shown - 2


def _unseen(state):
    """Return how many cards of each value, from 1 to 10, the agent has not seen."""
    left = [2.0] * 9 + [8.0]
    for card in state['hand'] + state['face_up']['opponent']:
        left[_value(card) - 1] -= 1.0
    return left


def _weighed(rows, state, counted):
    """Return the weight of each value as the hidden card, from what the opponent did.

    `counted` are the actions that count, of `hit` and `stand`.
    """
    weights = [1.0] * 10
    mine, theirs, stood = 1, 1, False
    for who, action in state['played']:
        if who == 'agent':
            mine += action == 'hit'
            stood = stood or action == 'stand'
            continue
        if action not in counted:
            continue
        shown = [_value(card) for card in state['face_up']['opponent'][:theirs]]
        row = rows[_row(_total(state['face_up']['agent'][:mine]), mine > 1, stood)]
        for number in range(10):
            chance = _chance(row, sum(shown) + number + 1, (shown + [number + 1]).count(1))
            weights[number] *= chance if action == 'hit' else 1 - chance
        theirs += action == 'hit'
    shown = [_value(card) for card in state['face_up']['opponent']]
    for number in range(10):
        if _points(sum(shown) + number + 1, (shown + [number + 1]).count(1)) > 21:
            weights[number] = 0.0
    return weights


def _fitting(weights, unseen):
    """Return the weights, or even ones where no unseen card fits, with 1 as the largest."""
    largest = max(w if n else 0.0 for w, n in zip(weights, unseen))
    return [w / largest for w in weights] if largest else [1.0] * 10


def _counted(rows, state, counted):
    """Return the rows with the weights and the unseen cards behind them."""
    unseen = _unseen(state)
    return rows + [_fitting(_weighed(rows, state, counted), unseen), unseen]


def _search(given, state, over):
    """Return the chances to win after standing and after a hit, by looking at all that may come.

    The agent plays its best, the opponent by its rows; `over`: the opponent has stood.
    """
    rows = given[:-2]
    hidden = _value(state['hand'][0])
    drawn_on = len(state['hand']) > 2
    known = {}

    def after(rest, number):
        return rest[:number] + (rest[number] - 1.0,) + rest[number + 1 :]

    def shares(mine, weights, rest):
        # How likely each card that does not end the game comes next, given what may be hidden.
        held = sum(n * w for n, w in zip(rest, weights))
        every = held * (sum(rest) - 1.0)
        return [n * (held - w) / every for n, w in zip(rest[: 21 - mine[0]], weights)]

    def expected(mine, theirs, stood):
        # The chance of a hit with each hidden card.
        shown = _points(mine[0] - hidden, mine[1] - (hidden == 1))
        number = _row(shown, drawn_on or mine != place[0], stood)
        key = ('expected', theirs, number)
        if key not in known:
            known[key] = [
                _chance(rows[number], theirs[0] + n + 1, theirs[1] + (n == 0)) for n in range(10)
            ]
        return known[key]

    def settled(mine, theirs, weights, rest):
        won = sum(
            n * w
            for number, (n, w) in enumerate(zip(rest, weights))
            if _points(theirs[0] + number + 1, theirs[1] + (number == 0)) < mine
        )
        return won / sum(n * w for n, w in zip(rest, weights))

    def stand(mine, theirs, weights, rest, over):
        if over:
            return settled(_points(mine[0], mine[1]), theirs, weights, rest)
        return turn(mine, theirs, weights, rest, True)

    def hit(mine, theirs, weights, rest, over):
        worth = 0.0
        for number, share in enumerate(shares(mine, weights, rest)):
            if share > 0.0:
                more = (mine[0] + number + 1, mine[1] + (number == 0))
                left = after(rest, number)
                if over:
                    worth += share * best(more, theirs, weights, left, True)
                else:
                    worth += share * turn(more, theirs, weights, left, False)
        return worth

    def best(mine, theirs, weights, rest, over):
        key = ('best', mine, theirs, weights, rest, over)
        if key not in known:
            if mine[0] <= 11 and not over and _points(mine[0], mine[1]) <= 11:
                known[key] = hit(mine, theirs, weights, rest, over)
            else:
                worth = stand(mine, theirs, weights, rest, over)
                if worth < sum(shares(mine, weights, rest)):
                    worth = max(worth, hit(mine, theirs, weights, rest, over))
                known[key] = worth
        return known[key]

    def turn(mine, theirs, weights, rest, stood):
        key = ('turn', mine, theirs, weights, rest, stood)
        if key in known:
            return known[key]
        chances = expected(mine, theirs, stood)
        held = sum(n * w for n, w in zip(rest, weights))
        worth = 0.0
        standing = tuple(w * (1.0 - c) for w, c in zip(weights, chances))
        part = sum(n * w for n, w in zip(rest, standing))
        if part > 0.0:
            most = max(standing)
            standing = tuple(w / most for w in standing)
            if stood:
                value = settled(_points(mine[0], mine[1]), theirs, standing, rest)
            else:
                value = best(mine, theirs, standing, rest, True)
            worth += part * value
        hitting = tuple(w * c for w, c in zip(weights, chances))
        if max(n * w for n, w in zip(rest, hitting)) > 0.0:
            worth += drawn(mine, theirs, hitting, rest, stood)
        known[key] = worth / held
        return known[key]

    def drawn(mine, theirs, weights, rest, stood):
        worth, others = 0.0, sum(rest) - 1.0
        held = [n * w for n, w in zip(rest, weights)]
        for number in range(10):
            if rest[number] <= 0.0:
                continue
            more = (theirs[0] + number + 1, theirs[1] + (number == 0))
            open_, part = [0.0] * 10, 0.0
            for card in range(10):
                here = held[card] * (rest[number] - (card == number)) / others
                if here <= 0.0:
                    continue
                if _points(more[0] + card + 1, more[1] + (card == 0)) > 21:
                    worth += here
                else:
                    part += here
                    open_[card] = weights[card]
            if part > 0.0:
                left, most = after(rest, number), max(open_)
                open_ = tuple(w / most for w in open_)
                if stood:
                    worth += part * turn(mine, more, open_, left, True)
                else:
                    worth += part * best(mine, more, open_, left, False)
        return worth

    mine = [_value(card) for card in state['hand']]
    theirs = [_value(card) for card in state['face_up']['opponent']]
    place = (
        (sum(mine), mine.count(1)),
        (sum(theirs), theirs.count(1)),
        tuple(given[-2]),
        tuple(given[-1]),
        over,
    )
    return [stand(*place), hit(*place)]
