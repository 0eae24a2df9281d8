"""What is wrong with a version, seen with what was published and back-tested before it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import RuleSetVersion, Unit
from medcontrol.model.backtest import BacktestRun
from medcontrol.vocabulary import BacktestStatus, ControlLevel
from selectivity.cells import CodeCell
from selectivity.checks import check
from selectivity.faults import Finding, RuleSetFault
from selectivity.lifecycle import store
from selectivity.lifecycle.editing import PARTS, items
from selectivity.overlaps import overlaps
from selectivity.reading import read_data
from selectivity.tables import Conditions, RuleSet

Table: Any = RuleSetVersion
Place: Any = Unit
Run: Any = BacktestRun
_UNITS = {"agency": ControlLevel.LOCAL, "region": ControlLevel.REGIONAL}


def check_version(session: Session, code: str, data: Any) -> tuple[Finding, ...]:
    """Return every finding of a version's content, faults of reading included.

    Beside the checks of the table alone: agencies and regions are units of the fund, a list that
    was published keeps its codes under its number, and rows of different levels that can match
    the same file are warned of.
    """
    faults: tuple[Finding, ...] = ()
    try:
        rules = read_data(data, source=code)
    except RuleSetFault as fault:
        # The rows that can be read are checked all the same.
        faults = fault.findings
        try:
            rules = read_data(_without(data, {each.row for each in faults}), source=code)
        except RuleSetFault:
            return faults
    return (
        *faults,
        *check(rules),
        *_units(session, rules),
        *_lists(session, rules),
        *overlaps(rules),
    )


def _without(data: Any, rows: set[str]) -> Any:
    if not isinstance(data, dict):
        return data
    return {
        **data,
        **{part: [row for row in items(data, part) if row.get("id") not in rows] for part in PARTS},
    }


def _units(session: Session, rules: RuleSet) -> Iterator[Finding]:
    """Yield the agencies and regions that the fund does not have."""
    conditions: list[Conditions] = [*rules.rows, *rules.floor]
    named = [
        (row.id, column, word)
        for row in conditions
        for column in _UNITS
        if isinstance(cell := row.when.get(column), CodeCell)
        for word in sorted(cell.codes)
    ]
    if not named:
        return
    units = session.execute(sa.select(Place.code, Place.level)).all()
    for row, column, word in named:
        if not any(code.upper() == word and level is _UNITS[column] for code, level in units):
            yield Finding(
                "unknown_code", f"there is no {column} {word!r}", row, column, detail=word
            )


def _lists(session: Session, rules: RuleSet) -> Iterator[Finding]:
    if not rules.lists:
        return
    for version in store.published(session, rules.code):
        if version.version == rules.version:
            continue
        known = store.load_version(session, rules.code, version.version).lists
        for name in sorted(set(known) & set(rules.lists)):
            if known[name] != rules.lists[name]:
                text = f"{version.name} published other codes under {name}: give it the next number"
                yield Finding("list_changed", text, column=f"lists.{name}", detail=name)


def finished_backtest(session: Session, sha256: str) -> UUID | None:
    """Return the newest back-test of this very content that ended well."""
    found: UUID | None = session.execute(
        sa.select(Run.id)
        .where(Run.rules_sha256 == sha256, Run.status == BacktestStatus.DONE)
        .order_by(Run.finished_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    return found


def is_backtest_of(session: Session, backtest_id: UUID, sha256: str) -> bool:
    """Return whether a back-test of this very content ended well."""
    found = session.execute(
        sa.select(Run.id).where(
            Run.id == backtest_id,
            Run.rules_sha256 == sha256,
            Run.status == BacktestStatus.DONE,
        )
    ).first()
    return found is not None
