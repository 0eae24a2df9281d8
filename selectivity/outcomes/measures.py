"""Keeping what a night measured, the alerts that follow, and reading them back (mesures)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from medcontrol.ids import new_id
from medcontrol.model import SelectivityAlert, SelectivityMeasure
from medcontrol.vocabulary import AlertKind, MeasureKind


@dataclass(frozen=True, slots=True)
class Warned:
    """Something to warn of: what it is about, how bad, and the figures."""

    kind: AlertKind
    subject: str
    severity: str = "warning"
    facts: Mapping[str, Any] = field(default_factory=dict)


def keep(
    session: Session,
    jurisdiction: str,
    kind: MeasureKind,
    content: Mapping[str, Any],
    *,
    as_of: date,
    now: datetime,
) -> None:
    """Keep a measure; measured again on the same day, the later one stands."""
    found = session.get(SelectivityMeasure, (jurisdiction, kind, as_of), with_for_update=True)
    if found is None:
        found = SelectivityMeasure.model_validate(
            {"jurisdiction": jurisdiction, "kind": kind, "as_of": as_of, "made_at": now,
             "content": dict(content)}
        )  # fmt: skip
        session.add(found)
    found.content, found.made_at = dict(content), now
    session.flush()


def latest(
    session: Session, jurisdiction: str, kind: MeasureKind, *, before: date | None = None
) -> SelectivityMeasure | None:
    """Return the last measure of a kind, or the last one before a day."""
    wanted = select(SelectivityMeasure).where(
        SelectivityMeasure.jurisdiction == jurisdiction, SelectivityMeasure.kind == kind
    )
    if before is not None:
        wanted = wanted.where(col(SelectivityMeasure.as_of) < before)
    return session.exec(wanted.order_by(col(SelectivityMeasure.as_of).desc()).limit(1)).first()


def history(
    session: Session, jurisdiction: str, kind: MeasureKind, *, days: int = 180
) -> list[SelectivityMeasure]:
    """Return the last measures of a kind, oldest first."""
    found = session.exec(
        select(SelectivityMeasure)
        .where(SelectivityMeasure.jurisdiction == jurisdiction, SelectivityMeasure.kind == kind)
        .order_by(col(SelectivityMeasure.as_of).desc())
        .limit(days)
    ).all()
    return list(reversed(found))


def warn(
    session: Session,
    jurisdiction: str,
    kinds: Iterable[AlertKind],
    found: Iterable[Warned],
    *,
    today: date,
) -> int:
    """Open, carry on and close the alerts of some kinds; return how many are open now.

    Args:
        session: a transaction; the caller has the turn of the job.
        jurisdiction: whose.
        kinds: kinds that were just measured; an alert of them that is not found again closes.
        found: everything to warn of today.
        today: the day of the measure.
    """
    wanted = {(each.kind, each.subject): each for each in found}
    rows = open_alerts(session, jurisdiction)
    for row in rows:
        if row.kind not in set(kinds):
            continue
        again = wanted.pop((row.kind, row.subject), None)
        if again is None:
            row.closed_on = today
        else:
            row.last_on, row.severity, row.facts = today, again.severity, dict(again.facts)
    for each in wanted.values():
        session.add(
            SelectivityAlert.model_validate(
                {"id": new_id(), "jurisdiction": jurisdiction, "kind": each.kind,
                 "subject": each.subject, "severity": each.severity, "first_on": today,
                 "last_on": today, "facts": dict(each.facts)}
            )
        )  # fmt: skip
    session.flush()
    return len(open_alerts(session, jurisdiction))


def open_alerts(session: Session, jurisdiction: str) -> list[SelectivityAlert]:
    """Return the alerts that are open, the worst and newest first."""
    found = session.exec(
        select(SelectivityAlert).where(
            SelectivityAlert.jurisdiction == jurisdiction, col(SelectivityAlert.closed_on).is_(None)
        )
    ).all()
    return sorted(found, key=lambda a: (a.severity != "alarm", -a.first_on.toordinal(), a.subject))
