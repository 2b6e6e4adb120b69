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
"""Invocation rules: the `Rule:` line of a manual, as an expression over facts.

Only names of facts, strings, `==`, `!=`, `in`, `not in`, `and`, `or`, `not`. Used to label
training examples and to score selections; nothing at run time consults it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

_ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.Compare, ast.Eq,
    ast.NotEq, ast.In, ast.NotIn, ast.Name, ast.Load, ast.Constant, ast.Tuple,
)  # fmt: skip


def identifier(fact: str) -> str:
    """Return the name by which a rule calls `fact`."""
    return fact.replace(' ', '_')


class Rule:
    """A checked condition.

    Raises:
        ValueError: `text` is not such an expression, or names a fact not in `facts`.
    """

    def __init__(self, text: str, facts: tuple[str, ...]):
        known = {identifier(fact) for fact in facts}
        try:
            tree = ast.parse(text, mode='eval')
        except SyntaxError:
            raise ValueError(f'the rule {text!r} is not an expression') from None
        for node in ast.walk(tree):
            if not isinstance(node, _ALLOWED):
                raise ValueError(
                    f'the rule {text!r} uses {type(node).__name__}; only facts, strings, ==, !=, '
                    'in, and, or, not are allowed'
                )
            if isinstance(node, ast.Constant) and not isinstance(node.value, str | bool):
                raise ValueError(f'the rule {text!r} uses {node.value!r}; values are strings')
            if isinstance(node, ast.Compare) and any(
                isinstance(operator, ast.In | ast.NotIn) and not isinstance(values, ast.Tuple)
                for operator, values in zip(node.ops, node.comparators)
            ):
                raise ValueError(
                    f'the rule {text!r} has `in` without values in brackets; write them as '
                    "('a', 'b'), a single one as ('a',)"
                )
            if isinstance(node, ast.Name) and node.id not in known:
                raise ValueError(
                    f'the rule {text!r} names {node.id!r}, which is no fact of the stage '
                    f'({", ".join(sorted(known))})'
                )
        self.text = text
        self._facts = {identifier(fact): fact for fact in facts}
        self._body = tree.body
        self._code = compile(tree, '<rule>', 'eval')

    def holds(self, facts: Mapping[str, str]) -> bool:
        """Tell whether the condition holds; `facts` maps each fact's name to its value."""
        return bool(
            eval(self._code, {'__builtins__': {}}, {identifier(k): v for k, v in facts.items()})
        )

    def impossible(self, values: Mapping[str, Sequence[str]]) -> list[str]:
        """Return a sentence for each value that the fact it is compared with never has.

        Args:
            values: of each fact; one in angle brackets stands for any.
        """
        said = []
        for node in ast.walk(self._body):
            if not isinstance(node, ast.Compare):
                continue
            parts = list(ast.walk(node))
            told = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
            for fact in [self._facts[part.id] for part in parts if isinstance(part, ast.Name)]:
                if any(value.startswith('<') for value in values[fact]):
                    continue
                said += [
                    f'the rule {self.text!r} compares {fact!r} with {value!r}, which it never '
                    f'is; its values are {", ".join(values[fact])}'
                    for value in told if value not in values[fact]
                ]  # fmt: skip
        return said

    def equalities(self) -> list[tuple[str, str]]:
        """Return the `fact == value` that the rule joins by `and`.

        Raises:
            ValueError: the rule is of another form.
        """
        joined = isinstance(self._body, ast.BoolOp) and isinstance(self._body.op, ast.And)
        parts = self._body.values if joined else [self._body]
        found = []
        for part in parts:
            match part:
                case ast.Compare(ast.Name(name), [ast.Eq()], [ast.Constant(value)]):
                    found.append((self._facts[name], str(value)))
                case _:
                    raise ValueError(f'the rule {self.text!r} does not join equalities by `and`')
        return found
