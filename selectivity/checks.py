"""Static checks (contrôles avant publication) of a rule set: what blocks it and what warns."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from medcontrol.vocabulary import ControlMode, Lane
from selectivity.cell_grammar import CellFault, parse_cell
from selectivity.cells import CodeCell
from selectivity.faults import Finding, RuleSetFault
from selectivity.features import value_of
from selectivity.reading import parse_rule_set
from selectivity.reasoning import can_match, can_meet, covers
from selectivity.registry import FEATURES, FeatureKind, Registry, Sensitivity
from selectivity.tables import WHOLE, Conditions, Row, RowKind, RuleSet, Stratum, accepts


def check_file(path: Path, registry: Registry = FEATURES) -> tuple[Finding, ...]:
    """Return every finding of one YAML file, faults of reading included."""
    return check_text(path.read_text(encoding="utf-8"), source=str(path), registry=registry)


def check_text(text: str, *, source: str, registry: Registry = FEATURES) -> tuple[Finding, ...]:
    """Return every finding of YAML text, faults of reading included."""
    try:
        rules = parse_rule_set(text, source=source, registry=registry)
    except RuleSetFault as fault:
        return fault.findings
    return check(rules, registry)


def check(
    rules: RuleSet, registry: Registry = FEATURES, *, today: date | None = None
) -> tuple[Finding, ...]:
    """Return what is wrong with a rule set that could be read; empty when all is well.

    Args:
        rules: the rule set.
        registry: features that the rules may name.
        today: when given, rows that have expired by then are warned of.
    """
    findings: list[Finding] = []
    for row in rules.rows:
        findings += _words(row, registry)
        findings += _effect(row)
        findings += _life(row, rules, today)
        findings += _examples(row, registry)
    for stratum in rules.floor:
        findings += _words(stratum, registry)
    findings += _harbours(rules, registry)
    findings += _twins(rules)
    findings += _floor(rules.floor)
    findings += _sentences(rules)
    return tuple(findings)


def blocking(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings that keep a rule set from being used."""
    return tuple(finding for finding in findings if finding.severity == "block")


def _words(row: Conditions, registry: Registry) -> Iterator[Finding]:
    for column, cell in row.when.items():
        feature = registry[column]
        if feature.sensitive is Sensitivity.FORBIDDEN:
            yield Finding("forbidden_feature", "no rule may look at it", row.id, column)
        if feature.sensitive is Sensitivity.PROXY:
            text = "close to something protected: medical or legal grounds only"
            yield Finding("proxy_feature", text, row.id, column, "warn")
        if not isinstance(cell, CodeCell) or feature.domain is None:
            continue
        for word in sorted(cell.codes - feature.domain):
            yield Finding("unknown_code", f"{word!r} is no {column}", row.id, column, detail=word)
        for prefix in sorted(cell.prefixes):
            if not any(word.startswith(prefix) for word in feature.domain):
                yield Finding(
                    "unknown_code", f"no {column} begins {prefix!r}", row.id, column, detail=prefix
                )
    if not can_match(row, registry):
        yield Finding("dead_row", "no file can ever match", row.id)


def _effect(row: Row) -> Iterator[Finding]:
    if row.kind is RowKind.SAFE_HARBOUR:
        if row.rate < WHOLE or row.daily_quota is not None or row.mode is not None:
            yield Finding(
                "bad_effect", "a safe harbour takes neither rate nor mode", row.id, "then"
            )
        return
    if row.lane is None or row.lane is Lane.GREEN:
        yield Finding("bad_lane", "choose blue, orange or red", row.id, "lane")
    elif row.lane.is_controlled != (row.mode is not None):
        text = "orange and red need a mode, blue has none"
        yield Finding("bad_mode", text, row.id, "mode")
    if row.lane is Lane.ORANGE and row.mode is ControlMode.IN_PERSON:
        yield Finding("bad_mode", "an examination in person is red", row.id, "mode")
    if row.kind is RowKind.MANDATORY:
        if row.lane is Lane.BLUE:
            yield Finding("bad_lane", "a mandatory row controls: orange or red", row.id, "lane")
        if row.rate < WHOLE or row.daily_quota is not None:
            yield Finding("bad_rate", "a mandatory row has no rate and no quota", row.id, "rate")


def _life(row: Row, rules: RuleSet, today: date | None) -> Iterator[Finding]:
    if row.expires_on < rules.valid_from:
        yield Finding("dead_row", "it expires before the set begins", row.id, "expires_on")
    elif today is not None and row.expires_on < today:
        yield Finding("expired", "it no longer works", row.id, "expires_on", "warn")


def _examples(row: Row, registry: Registry) -> Iterator[Finding]:
    for side, examples in (("positive", row.positive), ("negative", row.negative)):
        for number, example in enumerate(examples, 1):
            place = f"examples.{side}.{number}"
            fault = bad_value(example, registry)
            if fault:
                yield Finding("bad_example", fault, row.id, place)
                continue
            values = {name: value_of(example, name, registry[name].kind) for name in example}
            if accepts(row, values) != (side == "positive"):
                text = "does not match" if side == "positive" else "matches"
                yield Finding("wrong_example", f"the {side} example {text}", row.id, place)


def bad_value(example: Mapping[str, Any], registry: Registry) -> str:
    """Return what is wrong with an example, by reading each value as a cell would."""
    for name, value in example.items():
        feature = registry.get(name)
        if feature is None:
            return f"there is no feature {name!r}"
        try:
            if feature.kind is FeatureKind.FLAG:
                parse_cell({"is": value}, feature, {})
            elif feature.kind in (FeatureKind.INTEGER, FeatureKind.DATE):
                parse_cell({"ge": value}, feature, {})
            else:
                parse_cell({"in": value}, feature, {})
        except CellFault as fault:
            return f"{name}: {fault}"
        if feature.kind is FeatureKind.CODES and not isinstance(value, list):
            return f"{name}: write a list"
    return ""


def _harbours(rules: RuleSet, registry: Registry) -> Iterator[Finding]:
    harbours = [row for row in rules.rows if row.kind is RowKind.SAFE_HARBOUR]
    for row in rules.rows:
        for harbour in harbours:
            if row.kind is RowKind.MANDATORY and can_meet(row, harbour, registry):
                text = f"the safe harbour {harbour.id} can match the same file"
                yield Finding("contradiction", text, row.id, detail=harbour.id)
            if row.kind is RowKind.TARGETING and covers(harbour, row, registry):
                text = f"the safe harbour {harbour.id} always cancels it"
                yield Finding("dead_row", text, row.id, detail=harbour.id)


def _twins(rules: RuleSet) -> Iterator[Finding]:
    """Yield rows that say what another row of the same effect already says."""
    for number, row in enumerate(rules.rows):
        for other in rules.rows[:number]:
            if _same_effect(row, other) and row.when == other.when:
                yield Finding("dead_row", f"it repeats {other.id}", row.id, detail=other.id)


def _same_effect(one: Row, other: Row) -> bool:
    return (one.kind, one.lane, one.level, one.mode) == (
        other.kind,
        other.lane,
        other.level,
        other.mode,
    )


def _floor(floor: tuple[Stratum, ...]) -> Iterator[Finding]:
    if not floor or floor[-1].when:
        yield Finding("no_floor", "the last stratum must take all files that are left", "floor")
    for stratum in floor[:-1]:
        if not stratum.when:
            yield Finding("dead_row", "strata after this one are never reached", stratum.id)
    for stratum in floor:
        if stratum.lane not in (Lane.ORANGE, Lane.BLUE):
            yield Finding("bad_lane", "random control is orange or blue", stratum.id, "lane")


def _sentences(rules: RuleSet) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for row in rules.rows:
        if seen.setdefault(row.reason.code, row.reason.text) != row.reason.text:
            text = f"{row.reason.code} stands for two sentences"
            yield Finding("bad_reason", text, row.id, "reason")
