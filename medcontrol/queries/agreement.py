"""How far second readers agree with the first doctors: by flow, region and doctor (concordance)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.legal.loading import law
from medcontrol.model import Doctor, SecondReading, Unit
from medcontrol.policy import Principal
from medcontrol.rules.agreement import Agreement, Pair, agreement
from medcontrol.vocabulary import ControlLevel, ReadingFinding, ReadingStatus, Role

Reading: Any = SecondReading
#: Who may look at agreement over a region or the whole fund.
WATCHERS = frozenset({Role.COORDINATOR, Role.SUPERVISOR, Role.AUDITOR, Role.CENTRAL_DOCTOR})
_WHOLE = 10_000


@dataclass(frozen=True, slots=True)
class Compared:
    """One reading that is over, as the measures want it."""

    flow: str
    region: str
    level: str
    month: str
    author: UUID
    author_name: str
    pair: Pair
    finding: ReadingFinding | None
    lines_same: int
    lines_total: int
    is_same_validity: bool | None


@dataclass(frozen=True, slots=True)
class AgreementLine:
    """The agreement of a group.

    Attributes:
        key: flow, region code or doctor's id. name: a doctor's name, else empty.
        readings: how many are over.
        measure: None below the law's fewest readings ("not enough").
        lines: share of lines decided the same; None without lines.
        findings: conform, minor, major.
    """

    key: str
    name: str
    readings: int
    measure: Agreement | None
    lines: float | None
    validity: float | None
    findings: tuple[int, int, int]


def scope_of(principal: Principal) -> sa.ColumnElement[bool]:
    """Return the predicate over readings of the regions that somebody watches."""
    parts: list[sa.ColumnElement[bool]] = []
    for grant in principal.grants:
        if grant.role not in WATCHERS:
            continue
        if grant.level is ControlLevel.CENTRAL:
            return sa.true()
        if grant.level is ControlLevel.REGIONAL:
            parts.append(Reading.region_code == grant.unit_code)
    return sa.or_(*parts) if parts else sa.false()


def compared(
    session: Session, where: sa.ColumnElement[bool], jurisdiction: str, *, since: date, until: date
) -> list[Compared]:
    """Return the readings that are over of decisions of some days, both ends included."""
    rows = session.execute(
        sa.select(
            Reading.flow, Reading.region_code, Reading.level, Reading.decided_on,
            Reading.author_doctor_id, col(Doctor.name),
            Reading.first_outcome, Reading.second_outcome, Reading.rate, Reading.finding,
            Reading.lines_same, Reading.lines_total, Reading.is_same_validity,
        )
        .join(Doctor, col(Doctor.id) == Reading.author_doctor_id)
        .where(
            where, Reading.jurisdiction == jurisdiction, Reading.read_at.is_not(None),
            Reading.status == ReadingStatus.READ, Reading.decided_on.between(since, until),
        )
    )  # fmt: skip
    return [_compared(row) for row in rows]


def _compared(row: Any) -> Compared:
    return Compared(
        flow=row.flow,
        region=row.region_code,
        level=row.level.value,
        month=row.decided_on.isoformat()[:7],
        author=row.author_doctor_id,
        author_name=row.name,
        pair=Pair(row.first_outcome.value, row.second_outcome, _WHOLE / row.rate),
        finding=row.finding,
        lines_same=row.lines_same or 0,
        lines_total=row.lines_total or 0,
        is_same_validity=row.is_same_validity,
    )


def line(key: str, name: str, found: Iterable[Compared], fewest: int) -> AgreementLine:
    """Return the agreement of one group."""
    group = list(found)
    total = sum(each.lines_total for each in group)
    spoken = [each.is_same_validity for each in group if each.is_same_validity is not None]
    counts = [sum(each.finding is one for each in group) for one in ReadingFinding]
    return AgreementLine(
        key=key,
        name=name,
        readings=len(group),
        measure=agreement((each.pair for each in group), fewest=fewest),
        lines=sum(each.lines_same for each in group) / total if total else None,
        validity=sum(spoken) / len(spoken) if spoken else None,
        findings=(counts[0], counts[1], counts[2]),
    )


def by(found: Iterable[Compared], what: str, fewest: int) -> list[AgreementLine]:
    """Return the agreement of every flow or region (``what``), by code."""
    groups: dict[str, list[Compared]] = defaultdict(list)
    for each in found:
        groups[getattr(each, what)].append(each)
    return [line(key, "", group, fewest) for key, group in sorted(groups.items())]


def by_doctor(
    found: Iterable[Compared], jurisdiction: str, *, on: date
) -> tuple[list[AgreementLine], int]:
    """Return the agreement of doctors with enough readings, and how many have too few.

    For coaching: by name, never by rank, and nothing of a doctor with fewer readings than the
    law's threshold.
    """
    fewest = law(jurisdiction).number("quality.doctor_minimum_pairs", on).value
    groups: dict[UUID, list[Compared]] = defaultdict(list)
    for each in found:
        groups[each.author].append(each)
    enough = [group for group in groups.values() if len(group) >= fewest]
    lines = [line(str(group[0].author), group[0].author_name, group, fewest) for group in enough]
    return sorted(lines, key=lambda each: each.name), len(groups) - len(enough)


def fewest_pairs(jurisdiction: str, on: date) -> int:
    """Return from how many readings on a flow's or region's agreement is shown."""
    return law(jurisdiction).number("quality.minimum_pairs", on).value


def region_names(session: Session, jurisdiction: str) -> dict[str, str]:
    """Return the names of the regions by code."""
    unit: Any = Unit
    rows = session.execute(
        sa.select(unit.code, unit.name).where(
            unit.jurisdiction == jurisdiction, unit.level == ControlLevel.REGIONAL
        )
    )
    return {row[0]: row[1] for row in rows}
