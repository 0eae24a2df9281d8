"""Reads one cell of a rule table from plain data; nothing is evaluated, nothing is guessed."""

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from selectivity.cells import AbsentCell, Cell, CodeCell, FlagCell, IntervalCell, Missing
from selectivity.registry import Feature, FeatureKind

MAX_NUMBER = 2**53
"""Numbers beyond this lose digits in JSON readers; money of a fund never gets there."""

CodeLists = Mapping[str, frozenset[str]]
"""Versioned lists of codes, by "name@version"."""

_NEGATED = {"not_in": "in", "not_in_list": "in_list", "not_prefix": "prefix"}
_BOUNDS = frozenset({"ge", "gt", "le", "lt"})
_ALLOWED = {
    FeatureKind.CODE: frozenset({"in", "in_list", "prefix", *_NEGATED}),
    FeatureKind.CODES: frozenset({"in", "in_list", "prefix", *_NEGATED}),
    FeatureKind.INTEGER: _BOUNDS | {"outside"},
    FeatureKind.DATE: _BOUNDS | {"outside"},
    FeatureKind.FLAG: frozenset({"is"}),
}


class CellFault(ValueError):
    """The cell can't be read; ``code`` is the kind of fault."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def fold_word(word: str, feature: Feature) -> str:
    """Return a word as it is compared: NFC, and upper case where the list of words is open."""
    folded = unicodedata.normalize("NFC", word)
    return folded if feature.domain is not None else folded.upper()


def parse_cell(data: Any, feature: Feature, lists: CodeLists) -> Cell:
    """Return the cell that plain data describe for this feature.

    Args:
        data: e.g. ``{"in": ["ald"]}``, ``{"ge": 100000, "lt": 500000}``, ``{"missing": "only"}``.
        feature: the column; its kind says which words are allowed.
        lists: the named lists of the rule set.

    Raises:
        CellFault: unknown or mixed operators, wrong type, empty interval, unknown list, or a
            negation that does not say what a missing value means.
    """
    if not isinstance(data, Mapping):
        raise CellFault("bad_cell", "a cell is a mapping such as {in: [A, B]}")
    operators = set(data) - {"missing"}
    missing = _missing(data)
    if not operators:
        if missing is not Missing.ONLY:
            raise CellFault("bad_cell", "the cell says nothing; leave it out to accept everything")
        return AbsentCell()
    if missing is Missing.ONLY:
        raise CellFault("bad_cell", "'missing: only' stands alone, it matches no value")
    unknown = sorted(map(str, operators - _ALLOWED[feature.kind]))
    if unknown:
        allowed = ", ".join(sorted(_ALLOWED[feature.kind]))
        raise CellFault(
            "bad_operator",
            f"'{unknown[0]}' does not go with a {feature.kind} (allowed: {allowed}, missing)",
        )
    if operators & {*_NEGATED, "outside"} and "missing" not in data:
        raise CellFault("negation_without_missing", "a negation must say 'missing: no' or 'yes'")
    if feature.kind is FeatureKind.FLAG:
        return FlagCell(_flag(data["is"]), missing)
    if feature.kind in (FeatureKind.CODE, FeatureKind.CODES):
        return _code_cell(data, operators, feature, lists, missing)
    return _interval_cell(data, operators, feature, missing)


def _missing(data: Mapping[str, Any]) -> Missing:
    word = data.get("missing", "no")
    try:
        return Missing(word)
    except ValueError:
        raise CellFault("bad_missing", f"missing is no, yes or only, not {word!r}") from None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise CellFault("bad_value", f"'is' takes true or false, not {value!r}")
    return value


def _code_cell(
    data: Mapping[str, Any],
    operators: set[str],
    feature: Feature,
    lists: CodeLists,
    missing: Missing,
) -> CodeCell:
    negated = bool(operators & set(_NEGATED))
    if negated and operators & set(_NEGATED.values()):
        raise CellFault("bad_operator", "one cell can't both name and exclude words")
    plain = {_NEGATED.get(operator, operator): data[operator] for operator in operators}
    names = tuple(_texts(plain.get("in_list", []), "in_list"))
    codes = {fold_word(word, feature) for word in _texts(plain.get("in", []), "in")}
    for name in names:
        if name not in lists:
            raise CellFault("unknown_list", f"there is no list {name!r}")
        codes |= {fold_word(word, feature) for word in lists[name]}
    prefixes = {fold_word(word, feature) for word in _texts(plain.get("prefix", []), "prefix")}
    if not codes and not prefixes:
        raise CellFault("empty_set", "the cell names no word")
    return CodeCell(frozenset(codes), frozenset(prefixes), names, negated, missing)


def _texts(value: Any, operator: str) -> list[str]:
    words = value if isinstance(value, list) else [value]
    for word in words:
        if not isinstance(word, str) or not word.strip():
            raise CellFault("bad_value", f"'{operator}' takes words, not {word!r}")
    return words


def _interval_cell(
    data: Mapping[str, Any], operators: set[str], feature: Feature, missing: Missing
) -> IntervalCell:
    negated = "outside" in operators
    if negated and len(operators) > 1:
        raise CellFault("bad_operator", "'outside' stands alone")
    bounds = data["outside"] if negated else {name: data[name] for name in operators}
    if not isinstance(bounds, Mapping) or not bounds or set(bounds) - _BOUNDS:
        raise CellFault("bad_value", "'outside' takes ge, gt, le or lt")
    if {"ge", "gt"} <= set(bounds) or {"le", "lt"} <= set(bounds):
        raise CellFault("bad_operator", "an interval has one lower and one upper end at most")
    ends = {name: _whole(value, feature) for name, value in bounds.items()}
    low = ends.get("ge", ends["gt"] + 1 if "gt" in ends else None)
    high = ends.get("lt", ends["le"] + 1 if "le" in ends else None)
    cell = IntervalCell(low, high, negated, missing)
    if cell.is_empty:
        raise CellFault("empty_interval", "no value lies between the two ends")
    return cell


def _whole(value: Any, feature: Feature) -> int:
    if feature.kind is FeatureKind.DATE:
        try:
            return date.fromisoformat(value).toordinal()
        except (TypeError, ValueError):
            raise CellFault("bad_value", f"write a day as 2026-11-20, not {value!r}") from None
    if isinstance(value, bool) or not isinstance(value, int):
        raise CellFault("bad_value", f"write a whole number of {feature.unit}, not {value!r}")
    if abs(value) > MAX_NUMBER:
        raise CellFault("bad_value", f"{value} is out of range")
    return value
