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
"""What the student writes for a sentence: one small Python function with its manual entry.

`closed(x, y)` is true on the cells that the sentence closes (or, for a lift, names). The student
writes its docstring, which says for how long and what the area is, and its return expression;
`GRAMMAR` admits nothing else. The functions that an expression may call are `TOOLS`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
import re
from typing import Literal

from ld_agent.errors import AreaError

HEAD = 'def closed(x, y):\n    """'
"""What the prompt ends with; the student goes on from here."""
SHAPES = (
    'a band', 'a cell', 'a disc', 'a half-plane', 'a line', 'a line with a gap', 'a polygon',
    'a rectangle', 'a ring', 'a square', 'everything', 'everything outside', 'several areas',
    'some cells', 'some lines',
)  # fmt: skip
TOOLS = {
    'between': """
def _between(v, a, b):
    return min(a, b) <= v <= max(a, b)
""",
    'rectangle': """
def _rectangle(x, y, ax, ay, bx, by):
    return min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by)
""",
    'cell': """
def _cell(x, y, a, b):
    return x == a and y == b
""",
    'manhattan': """
def _manhattan(x, y, a, b):
    return abs(x - a) + abs(y - b)
""",
    'euclid': """
def _euclid(x, y, a, b):
    return ((x - a) ** 2 + (y - b) ** 2) ** 0.5
""",
    'chebyshev': """
def _chebyshev(x, y, a, b):
    return max(abs(x - a), abs(y - b))
""",
    'polygon': """
def _polygon(x, y, *corners):
    inside = False
    for i in range(len(corners)):
        (ax, ay), (bx, by) = corners[i - 1], corners[i]
        cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if abs(cross) < 1e-6 and min(ax, bx) - 1e-6 <= x <= max(ax, bx) + 1e-6:
            if min(ay, by) - 1e-6 <= y <= max(ay, by) + 1e-6:
                return True
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
    return inside
""",
    'metres': """
def _metres(v):
    return round(v / {resolution}, 6)
""",
}
"""Name → source; `metres` turns metres into cells."""

_SHAPES = ' | '.join(f'"{shape}"' for shape in SHAPES)
GRAMMAR = rf"""
start: unclear | written
unclear: "Unclear." "\"\"\"\n"
written: ("Closed" time? | "Open again") ": " shape "." "\"\"\"\n    return " expr "\n"
time: " until step " WHOLE | " through step " WHOLE | " for " WHOLE " steps"
shape: {_SHAPES}
expr: "True" | term (" or " term)*
term: factor (" and " factor)*
factor: "not (" expr ")" | "(" expr ")" | "not "? test
test: axis compare num
    | axis " in (" num (", " num)+ ")" | axis " not in (" num (", " num)+ ")"
    | "between(" (axis | length) ", " num ", " num ")"
    | length within num (" / 2")?
    | "rectangle(x, y, " num ", " num ", " num ", " num ")"
    | "cell(x, y, " num ", " num ")"
    | "polygon(x, y" corner corner corner corner* ")"
corner: ", (" num ", " num ")"
length: measure "(x, y, " num ", " num ")"
measure: "manhattan" | "euclid" | "chebyshev"
axis: "x" | "y"
compare: " == " | " != " | within
within: " <= " | " < " | " >= " | " > "
num: NUMBER | "metres(" NUMBER ")"
NUMBER: /-?[0-9]{{1,4}}(\.[0-9]{{1,3}})?/
WHOLE: /[0-9]{{1,6}}/
"""
"""In the Lark notation that llguidance reads."""

_CALL = re.compile(rf'\b({"|".join(TOOLS)})\(')
_WRITTEN = re.compile(
    r'(?P<kind>Closed|Open again)'
    r'(?: (?P<until>until step|through step|for) (?P<number>\d+)(?: steps)?)?'
    r': (?P<shape>[a-z -]+)\."""\n    return (?P<code>[^\n]+)\n'
)


@dataclass(frozen=True)
class Written:
    """A function that the student wrote.

    Attributes:
        kind: whether its cells are closed, or what holds there is lifted.
        shape: what the manual calls the area.
        code: the return expression, over `x`, `y` and `TOOLS`.
        until: how `number` counts: up to a step, through it, or for so many steps from now.
        number: steps; None where the area holds until it is lifted.
    """

    kind: Literal['close', 'lift']
    shape: str
    code: str
    until: str = ''
    number: int | None = None

    @property
    def manual(self) -> str:
        """The line that the student wrote in the docstring."""
        time = f' {self.until} {self.number}' if self.number is not None else ''
        steps = ' steps' if self.until == 'for' else ''
        return f'{"Closed" if self.kind == "close" else "Open again"}{time}{steps}: {self.shape}.'

    @property
    def text(self) -> str:
        """What the student wrote, after `HEAD`."""
        return f'{self.manual}"""\n    return {self.code}\n'

    def expires_at(self, step: int) -> int | None:
        """Return the first step in which it no longer holds, said in step `step`."""
        if self.number is None:
            return None
        return self.number + {'until step': 0, 'through step': 1, 'for': step}[self.until]

    def source(self, resolution: float = 1.0) -> str:
        """Return `_closed` and the tools that it calls, as Python.

        Args:
            resolution: metres that a cell measures.
        """
        used = [name for name in TOOLS if re.search(rf'\b{name}\(', self.code)]
        tools = [TOOLS[name].replace('{resolution}', repr(resolution)) for name in used]
        code = _CALL.sub(r'_\1(', self.code)
        closed = f'\ndef _closed(x, y):\n    """{self.manual}"""\n    return {code}\n'
        return '\n'.join([closed, *tools])


UNCLEAR = 'Unclear."""\n'
"""What the student writes where it cannot tell."""


def read_written(text: str) -> Written | None:
    """Return what a text of the grammar says; None for `UNCLEAR`.

    Raises:
        AreaError: the text is not one of the grammar.
    """
    if text == UNCLEAR:
        return None
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise AreaError(
            f'the student wrote {text[:80]!r}, which is no function; say it in another way'
        )
    number = match['number']
    return Written(
        'close' if match['kind'] == 'Closed' else 'lift',
        match['shape'],
        match['code'],
        match['until'] or '',
        None if number is None else int(number),
    )


def numbers_of(code: str) -> list[tuple[str, float]]:
    """Return the numbers of an expression in their order, each with what it is compared to.

    That is `x` or `y` for a coordinate, `r` for a distance; the 2 of a diameter is no number.
    """
    return _numbers(ast.parse(code, mode='eval').body, '')


def _numbers(node: ast.AST, axis: str) -> list[tuple[str, float]]:
    if isinstance(node, ast.Constant) and not isinstance(node.value, bool):
        return [(axis, float(node.value))]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return [(axis, -value) for axis, value in _numbers(node.operand, axis)]
    if isinstance(node, ast.BinOp):
        return _numbers(node.left, axis)
    if isinstance(node, ast.Compare):
        left, right = node.left, node.comparators[0]
        axis = left.id if isinstance(left, ast.Name) else 'r'
        return _numbers(left, axis) + _numbers(right, axis)
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ''
        if name == 'metres':
            return _numbers(node.args[0], axis)
        if name == 'between':
            first = node.args[0]
            axis = first.id if isinstance(first, ast.Name) else 'r'
            return [found for argument in node.args for found in _numbers(argument, axis)]
        found = []
        plain = [a for a in node.args[2:] if not isinstance(a, ast.Tuple)]
        for number, argument in enumerate(plain):
            found += _numbers(argument, 'xy'[number % 2])
        for corner in (a for a in node.args[2:] if isinstance(a, ast.Tuple)):
            found += _numbers(corner.elts[0], 'x') + _numbers(corner.elts[1], 'y')
        return found
    return [found for child in ast.iter_child_nodes(node) for found in _numbers(child, axis)]
