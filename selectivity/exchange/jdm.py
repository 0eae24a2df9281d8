"""A rule set as a GoRules JDM graph (export), for zen-engine and its editor.

Cells of zen have traps: a missing value satisfies ``!=`` and ``not in``, ``and`` binds no tighter
than ``or``, a bracket may not hold either, and a cell that can't be read never matches without a
word. So every cell says what a missing value does wherever zen's own rule differs from ours, and
groups stand in ``some([$], …)``.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from medcontrol.errors import InvalidInput
from selectivity.cells import AbsentCell, Cell, CodeCell, FlagCell, IntervalCell, Missing
from selectivity.registry import FEATURES, Feature, FeatureKind, Registry
from selectivity.tables import Conditions, Row, RuleSet


def to_jdm(rules: RuleSet, registry: Registry = FEATURES) -> dict[str, Any]:
    """Return a graph with two tables: rows that match (all of them), and the first stratum.

    Draws, quotas, expiry and the sequence of the engine are not part of it.

    Raises:
        InvalidInput: a word that zen has no way to write.
    """
    rows = _table("rows", rules.rows, "collect", _ROW_OUTPUTS, registry)
    floor = _table("floor", rules.floor, "first", ("stratum", "stratum_rate"), registry)
    return _graph([rows, floor])


def matching_table(rows: Sequence[Conditions], registry: Registry = FEATURES) -> dict[str, Any]:
    """Return a graph with one table that collects the ids of the rows that match, as ``row``."""
    return _graph([_table("rows", rows, "collect", ("row",), registry)])


_ROW_OUTPUTS = ("row", "kind", "lane", "level", "mode", "rate", "daily_quota", "reason")


def _graph(tables: Sequence[dict[str, Any]]) -> dict[str, Any]:
    nodes = [_node("in", "inputNode", {}), *tables, _node("out", "outputNode", {})]
    edges = []
    for table in tables:
        edges += [_edge("in", table["id"]), _edge(table["id"], "out")]
    return {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}


def _node(name: str, kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "type": kind, "name": name, "content": content}


def _edge(source: str, target: str) -> dict[str, str]:
    name = f"{source}-{target}"
    return {"id": name, "sourceId": source, "targetId": target, "type": "edge"}


def _table(
    name: str,
    rows: Sequence[Conditions],
    policy: str,
    outputs: Sequence[str],
    registry: Registry,
) -> dict[str, Any]:
    features = sorted({feature for row in rows for feature in row.when})
    content = {
        "hitPolicy": policy,
        "inputs": [{"id": f"i-{each}", "name": each, "field": each} for each in features],
        "outputs": [{"id": f"o-{each}", "name": each, "field": each} for each in outputs],
        "rules": [_rule(row, features, outputs, registry) for row in rows],
    }
    return _node(name, "decisionTableNode", content)


def _rule(
    row: Conditions, features: Iterable[str], outputs: Sequence[str], registry: Registry
) -> dict[str, Any]:
    rule = {"_id": row.id, "_description": row.rationale if isinstance(row, Row) else ""}
    for name in features:
        cell = row.when.get(name)
        rule[f"i-{name}"] = "" if cell is None else cell_text(cell, registry[name])
    values = _outputs(row)
    return rule | {f"o-{name}": values[name] for name in outputs}


def _outputs(row: Conditions) -> Mapping[str, str]:
    values = {"row": _quoted(row.id), "stratum": _quoted(row.id)}
    if not isinstance(row, Row):
        return values | {"stratum_rate": str(getattr(row, "rate", 0))}
    return values | {
        "kind": _quoted(row.kind),
        "lane": _quoted(row.lane) if row.lane else "null",
        "level": _quoted(row.level),
        "mode": _quoted(row.mode) if row.mode else "null",
        "rate": str(row.rate),
        "daily_quota": "null" if row.daily_quota is None else str(row.daily_quota),
        "reason": _quoted(row.reason.code),
    }


def cell_text(cell: Cell, feature: Feature) -> str:
    """Return a cell in zen's language."""
    is_many = feature.kind is FeatureKind.CODES
    match cell:
        case AbsentCell():
            return "$ == null or len($) == 0" if is_many else "null"
        case FlagCell():
            return _or_null("true" if cell.value else "false", cell)
        case CodeCell():
            return _many(cell) if is_many else _one(cell)
        case IntervalCell():
            return _days(cell) if feature.kind is FeatureKind.DATE else _numbers(cell)


def _or_null(test: str, cell: Cell) -> str:
    """Add the missing value to a list of tests, none of which a missing value passes."""
    return f"null, {test}" if cell.missing is Missing.YES else test


def _one(cell: CodeCell) -> str:
    words = ", ".join(map(_quoted, sorted(cell.codes)))
    if not cell.prefixes and not cell.negated:
        return _or_null(words, cell)
    negation = "not " if cell.negated else ""
    return _guarded(f"{negation}some([$], {_named(cell)})", cell)


def _many(cell: CodeCell) -> str:
    if cell.negated:
        test = f"not some($, {_named(cell)})"
        if cell.missing is Missing.YES:
            return f"$ == null or {test}"
        return f"$ != null and len($) > 0 and {test}"
    test = f"some($, {_named(cell)})"
    if cell.missing is Missing.YES:
        return f"$ == null or len($) == 0 or {test}"
    return f"$ != null and {test}"


def _named(cell: CodeCell) -> str:
    """Return the test whether one word, ``#``, is named."""
    tests = [f"# in [{', '.join(map(_quoted, sorted(cell.codes)))}]"] if cell.codes else []
    tests += [f"startsWith(#, {_quoted(prefix)})" for prefix in sorted(cell.prefixes)]
    return " or ".join(tests)


def _guarded(test: str, cell: Cell) -> str:
    return f"$ == null or {test}" if cell.missing is Missing.YES else f"$ != null and {test}"


def _numbers(cell: IntervalCell) -> str:
    low, high = cell.low, cell.high
    if cell.negated:
        tests = [f"$ < {low}"] if low is not None else []
        tests += [f"$ >= {high}"] if high is not None else []
        return _guarded(f"some([$], {' or '.join(tests).replace('$', '#')})", cell)
    if low is not None and high is not None:
        return _or_null(f"[{low}..{high})", cell)
    return _or_null(f">= {low}" if low is not None else f"< {high}", cell)


def _days(cell: IntervalCell) -> str:
    start, end = (None if each is None else _day(each) for each in (cell.low, cell.high))
    before, after = ("<", ">=") if cell.negated else (">=", "<")
    tests = [f"d(#) {before} {start}"] if start is not None else []
    tests += [f"d(#) {after} {end}"] if end is not None else []
    return _guarded(f"some([$], {(' or ' if cell.negated else ' and ').join(tests)})", cell)


def _day(number: int) -> str:
    return f"d('{date.fromordinal(number).isoformat()}')"


def _quoted(word: str) -> str:
    """Return a string of zen, which knows no escapes.

    Raises:
        InvalidInput: the word holds both kinds of quotation marks, or a backslash or line end.
    """
    for mark in ("'", '"'):
        if mark not in word and "\\" not in word and word.isprintable():
            return f"{mark}{word}{mark}"
    raise InvalidInput(f"JDM has no way to write {word!r}")
