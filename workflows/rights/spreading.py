"""Reviews that come in sight get a day on which doctors have time for them (lissage).

Each right is placed once, when the day that the rules say is near; what was placed before, or put
off by a supervisor, stays. So the plan does not change under people's eyes, and running it again
changes nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.calendar import horizon
from assignment.capacity import free_time
from medcontrol.clock import Clock, civil_date
from medcontrol.db import transaction
from medcontrol.errors import DomainError
from medcontrol.legal.loading import law
from medcontrol.rules import reviews
from medcontrol.rules.smoothing import Cell, Due, Placed, Room, spread
from medcontrol.services.calendar import working_calendar
from medcontrol.turns import take_turn
from medcontrol.vocabulary import ControlLevel, Jurisdiction
from workflows.definition.catalog import Catalog
from workflows.gate.capacity import minutes_by_flow
from workflows.tools import Tools

#: How far ahead reviews are placed; farther than any window is long.
IN_SIGHT = timedelta(days=60)
#: Rights placed in one turn.
CHUNK = 20_000
SHARE = "reviews.capacity_share"
_TURN = "reviews.spread"
WHOLE = 10_000
_NO_WINDOW = (0, 0)

_UNPLACED = sa.text("""
SELECT e.id, e.flow, e.right_code, e.opens_on, e.valid_to, e.next_review_on,
       coalesce(u.parent_code, u.code) AS region
FROM entitlement e JOIN unit u ON u.code = e.agency_code
WHERE e.status = 'active' AND e.opens_on > :today AND e.opens_on <= :last
  AND e.placed_at IS NULL AND e.jurisdiction = :jurisdiction
ORDER BY e.opens_on, e.id LIMIT :limit
""")
_HELD = sa.text("""
SELECT coalesce(u.parent_code, u.code) AS region, e.flow, e.opens_on, count(*) AS n
FROM entitlement e JOIN unit u ON u.code = e.agency_code
WHERE e.status = 'active' AND e.opens_on > :today AND e.opens_on <= :last
  AND e.placed_at IS NOT NULL AND e.jurisdiction = :jurisdiction
GROUP BY 1, 2, 3
""")
_PLACE = sa.text("""
UPDATE entitlement e SET opens_on = v.day, placed_at = :now,
  planned_on = CASE WHEN v.day <> e.opens_on THEN e.opens_on END
FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS date[])) AS v(id, day)
WHERE e.id = v.id AND e.status = 'active' AND e.placed_at IS NULL
""")


@dataclass(slots=True)
class Spread:
    """What a run did: rights that got their day, and how many of them another than planned."""

    placed: int = 0
    moved: int = 0


class Windows:
    """How far the openings of rights may be moved, by flow and code; packs and law of a day."""

    def __init__(self, catalog: Catalog, jurisdiction: Jurisdiction, today: date) -> None:
        self._catalog, self._jurisdiction, self._today = catalog, jurisdiction, today
        self._days: dict[tuple[str, str | None], tuple[int, int]] = {}

    def days(self, flow: str, code: str | None) -> tuple[int, int]:
        """Return by how many days earlier and later; none where the pack names no window."""
        key = (flow, code)
        if key not in self._days:
            self._days[key] = self._look(flow, code)
        return self._days[key]

    def _look(self, flow: str, code: str | None) -> tuple[int, int]:
        try:
            rule = self._catalog.pack(self._jurisdiction, flow, self._today).meta.entitlement
        except DomainError:
            return _NO_WINDOW  # a right of a flow that no pack serves any more
        review = rule.review_of(code) if rule else None
        if review is None or review.window is None:
            return _NO_WINDOW
        numbers = law(self._jurisdiction)
        return (
            numbers.number(review.window.earlier_days, self._today).value,
            numbers.number(review.window.later_days, self._today).value,
        )

    def of(self, row: Any, planned: date) -> tuple[date, date]:
        """Return the first and the last day on which a right's review may open."""
        earlier, later = self.days(row.flow, row.right_code)
        last_day = reviews.last_day_of(row.valid_to, row.next_review_on)
        return reviews.window(
            planned, last_day, today=self._today, earlier_days=earlier, later_days=later
        )


def spread_reviews(tools: Tools, *, now: Clock) -> Spread:
    """Give every review that came in sight its day. Twice, late or at once changes nothing.

    Reads the rights of the next weeks only, by an index.

    Raises:
        sqlalchemy.exc.OperationalError: the database is gone; the next run goes on.
    """
    total = Spread()
    for jurisdiction in Jurisdiction:
        while True:
            with transaction() as session:
                if not take_turn(session, _TURN):
                    return total  # another process is at it
                placed, moved = _one_turn(session, tools.catalog, jurisdiction, now())
            total.placed += placed
            total.moved += moved
            if placed < CHUNK:
                break
    return total


def _one_turn(
    session: Session, catalog: Catalog, jurisdiction: Jurisdiction, now: datetime
) -> tuple[int, int]:
    today = civil_date(now, jurisdiction)
    values = {"today": today, "last": today + IN_SIGHT, "jurisdiction": jurisdiction.value}
    rows = session.execute(_UNPLACED, values | {"limit": CHUNK}).all()
    if not rows:
        return 0, 0
    windows = Windows(catalog, jurisdiction, today)
    groups: dict[Due, list[UUID]] = defaultdict(list)
    for row in rows:
        first, last = windows.of(row, row.opens_on)
        groups[Due(row.region, row.flow, row.opens_on, first, last, 0)].append(row.id)
    dues = [replace(due, count=len(ids)) for due, ids in groups.items()]
    last = max(due.last for due in dues)
    room = room_of(session, jurisdiction, today, last)
    held = _held(session, values | {"last": last})
    plan = spread(dues, room, held)
    chosen = list(_chosen(groups.values(), plan))
    ids, days = [right for right, _ in chosen], [day for _, day in chosen]
    session.execute(_PLACE, {"ids": ids, "days": days, "now": now})
    planned = {right: due.planned for due, rights in groups.items() for right in rights}
    return len(ids), sum(planned[right] != day for right, day in chosen)


def _chosen(
    groups: Iterable[Sequence[UUID]], plan: Sequence[Placed]
) -> Iterable[tuple[UUID, date]]:
    """Yield each right with its day: in the order of ids, the earlier days first."""
    for rights, placed in zip(groups, plan, strict=True):
        days = (day for day, count in sorted(placed.items()) for _ in range(count))
        yield from zip(sorted(rights), days, strict=True)


def _held(session: Session, values: Mapping[str, Any]) -> Counter[Cell]:
    rows = session.execute(_HELD, dict(values))
    return Counter({Cell(row.region, row.flow, row.opens_on): row.n for row in rows})


def room_of(session: Session, jurisdiction: str, today: date, last: date) -> Room:
    """Return the share of the doctors' free minutes that reviews may take, day by day.

    Local and regional doctors of a region together; a right's review begins with them.
    """
    calendar = working_calendar(session, jurisdiction)
    count = sum(
        calendar.is_working_day(today + timedelta(days=n)) for n in range((last - today).days + 1)
    )
    days = horizon(session, today, jurisdiction, max(1, count))
    share = int(law(jurisdiction).decimal(SHARE).at(today).value * WHOLE)
    free = free_time(session, jurisdiction, days)
    by_flow: dict[Cell, int] = defaultdict(int)
    for (flow, level, region, day), minutes in free.cells.items():
        if region is not None and level is not ControlLevel.CENTRAL:
            by_flow[Cell(region, flow, day)] += minutes
    in_all: dict[tuple[str, date], int] = defaultdict(int)
    for (level, region, day), minutes in free.totals.items():
        if region is not None and level is not ControlLevel.CENTRAL:
            in_all[region, day] += minutes
    return Room(
        by_flow={cell: minutes * share // WHOLE for cell, minutes in by_flow.items()},
        in_all={key: minutes * share // WHOLE for key, minutes in in_all.items()},
        cost=minutes_by_flow(jurisdiction),
        is_worked=frozenset(days).__contains__,
    )
