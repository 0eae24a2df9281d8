"""Conditions of a BPMN: a small, allow-listed language over declared facts."""

import ast
from collections.abc import Mapping
from functools import lru_cache
from types import CodeType

from medcontrol.errors import InvalidInput

_ALLOWED = (
    ast.Expression,
    ast.BoolOp,
    ast.And,
    ast.Or,
    ast.UnaryOp,
    ast.Not,
    ast.Compare,
    ast.Eq,
    ast.NotEq,
    ast.Lt,
    ast.LtE,
    ast.Gt,
    ast.GtE,
    ast.In,
    ast.NotIn,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.Tuple,
)
MAX_LENGTH = 500


def names(condition: str) -> frozenset[str]:
    """Return the facts that a condition reads.

    Raises:
        InvalidInput: the condition uses anything but names, constants, comparisons, ``and``,
            ``or``, ``not`` and tuples, or is longer than ``MAX_LENGTH``.
    """
    return _compiled(condition)[1]


def holds(condition: str, facts: Mapping[str, object]) -> bool:
    """Return whether a condition holds for these facts.

    >>> holds("no_shows >= 2 and lane in ('red', 'orange')", {"no_shows": 2, "lane": "red"})
    True

    Raises:
        InvalidInput: the condition is not allowed, reads a fact that is not there, or compares
            what can't be compared.
    """
    code, _ = _compiled(condition)
    try:
        return bool(eval(code, {"__builtins__": {}}, facts))  # noqa: S307 - the AST is allow-listed
    except (NameError, TypeError) as problem:
        raise InvalidInput(f"condition {condition!r}: {problem}", field="condition") from None


@lru_cache(maxsize=4096)
def _compiled(condition: str) -> tuple[CodeType, frozenset[str]]:
    if len(condition) > MAX_LENGTH:
        raise InvalidInput("the condition is too long", field="condition")
    try:
        tree = ast.parse(condition.strip(), mode="eval")
    except (SyntaxError, ValueError) as problem:
        raise InvalidInput(f"condition {condition!r}: {problem}", field="condition") from None
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise InvalidInput(
                f"condition {condition!r}: {type(node).__name__} is not allowed", field="condition"
            )
    found = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    return compile(tree, "<condition>", "eval"), found
