"""What periodic controls the next twelve months bring (prévision), as planned and as spread.

Counts, not rights: reviews of one day, unit and flow are planned together, so that a million
rights cost as much as the reviews that come.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import DomainError
from medcontrol.queries.supervision import UnitName
from medcontrol.reference.flows import flows
from medcontrol.rules.calendar import add_months
from medcontrol.rules.smoothing import Cell, Due, Placed, Room, spread
from medcontrol.vocabulary import ControlLevel, Jurisdiction
from workflows.definition.catalog import Catalog
from workflows.rights.spreading import Windows, room_of

_CENTRAL = ControlLevel.CENTRAL
MONTHS = 12
#: Days that are shown one by one.
DAYS = 60

# Pools are whole regions: what one agency has to do depends on what the others have.
_COMING = sa.text("""
SELECT e.agency_code, coalesce(u.parent_code, u.code) AS region, e.flow,
       CASE WHEN e.flow = ANY(:coded) THEN e.right_code END AS right_code,
       greatest(e.opens_on, :today) AS opens_on,
       greatest(coalesce(e.planned_on, e.opens_on), :today) AS planned_on,
       e.placed_at IS NOT NULL OR e.opens_on <= :today AS is_placed,
       e.valid_to, e.next_review_on, count(*) AS n
FROM entitlement e JOIN unit u ON u.code = e.agency_code
WHERE e.status = 'active' AND e.opens_on < :until AND e.jurisdiction = :jurisdiction
  AND coalesce(u.parent_code, u.code) = ANY(:regions)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
""")


class Place(NamedTuple):
    """An agency and a flow."""

    unit: str
    flow: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """Reviews that will open, by agency, flow and day.

    Attributes:
        today: the first day counted; what is overdue counts there.
        months: first days of the months.
        planned: as the rules say. spread: as they will open, within windows and doctors' time.
        room: what doctors have time for.
    """

    today: date
    months: tuple[date, ...]
    planned: Counter[tuple[Place, date]]
    spread: Counter[tuple[Place, date]]
    room: Room

    def capacity(self, regions: Collection[str], flow: str) -> Counter[date]:
        """Return the reviews of a flow that doctors of regions have time for, did they no other."""
        found: Counter[date] = Counter()
        cost = max(1, self.room.cost.get(flow, 1))
        for cell, minutes in self.room.by_flow.items():
            if cell.flow == flow and cell.pool in regions:
                found[cell.day] += minutes // cost
        return found

    def by_month(self, counts: Counter[tuple[Place, date]]) -> Counter[tuple[Place, date]]:
        """Return counts by the first day of the month."""
        found: Counter[tuple[Place, date]] = Counter()
        for (place, day), count in counts.items():
            found[place, day.replace(day=1)] += count
        return found

    def by_day(self, counts: Counter[tuple[Place, date]], places: Sequence[Place]) -> Counter[date]:
        """Return the counts of some places by day, over the days that are shown one by one."""
        found: Counter[date] = Counter()
        wanted, last = set(places), self.today + timedelta(days=DAYS)
        for (place, day), count in counts.items():
            if place in wanted and day <= last:
                found[day] += count
        return found


def forecast(
    session: Session, catalog: Catalog, units: Sequence[UnitName], jurisdiction: Jurisdiction,
    today: date,
) -> Forecast:  # fmt: skip
    """Return what some units have to expect. Reads only what comes; writes nothing.

    Reviews that are planned now; one that a decision of these months will plan is not known yet.
    """
    months = tuple(add_months(today.replace(day=1), n) for n in range(MONTHS))
    until = add_months(months[0], MONTHS)
    regions = {unit.parent_code or unit.code for unit in units if unit.level is not _CENTRAL}
    regions |= {unit.code for unit in units}
    values = {
        "today": today, "until": until, "jurisdiction": jurisdiction.value,
        "coded": _coded(catalog, jurisdiction, today), "regions": sorted(regions),
    }  # fmt: skip
    rows = session.execute(_COMING, values).all()
    room = room_of(session, jurisdiction, today, until + timedelta(days=DAYS))
    dues, held = _dues(rows, Windows(catalog, jurisdiction, today))
    plan = spread(dues, room, held)
    shown = {unit.code for unit in units}
    return Forecast(
        today=today,
        months=months,
        planned=_as_planned(rows, shown),
        spread=_as_spread(rows, dues, plan, shown),
        room=room,
    )


def _coded(catalog: Catalog, jurisdiction: Jurisdiction, today: date) -> list[str]:
    """Return the flows of whose rights only some codes are reviewed."""
    found = []
    for code, flow in flows().items():
        if jurisdiction not in flow.jurisdictions:
            continue
        try:
            rule = catalog.pack(jurisdiction, code, today).meta.entitlement
        except DomainError:
            continue
        if rule is not None and rule.review is not None and rule.review.codes:
            found.append(code)
    return found


def _dues(rows: Sequence[Any], windows: Windows) -> tuple[list[Due], Counter[Cell]]:
    """Return what is still to be placed, and what stays on its day."""
    waiting: Counter[Due] = Counter()
    held: Counter[Cell] = Counter()
    for row in rows:
        if row.is_placed:
            held[Cell(row.region, row.flow, row.opens_on)] += row.n
            continue
        first, last = windows.of(row, row.opens_on)
        waiting[Due(row.region, row.flow, row.opens_on, first, last, 0, row.agency_code)] += row.n
    return [replace(due, count=count) for due, count in waiting.items()], held


def _as_planned(rows: Sequence[Any], shown: set[str]) -> Counter[tuple[Place, date]]:
    found: Counter[tuple[Place, date]] = Counter()
    for row in rows:
        if row.agency_code in shown:
            found[Place(row.agency_code, row.flow), row.planned_on] += row.n
    return found


def _as_spread(
    rows: Sequence[Any], dues: Sequence[Due], plan: Sequence[Placed], shown: set[str]
) -> Counter[tuple[Place, date]]:
    found: Counter[tuple[Place, date]] = Counter()
    for row in rows:
        if row.is_placed and row.agency_code in shown:
            found[Place(row.agency_code, row.flow), row.opens_on] += row.n
    for due, placed in zip(dues, plan, strict=True):
        if due.key in shown:
            for day, count in placed.items():
                found[Place(due.key, due.flow), day] += count
    return found
