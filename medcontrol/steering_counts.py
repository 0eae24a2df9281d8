"""What happened on some days, counted once by level, flow and region (comptes du pilotage).

Every count belongs to the day on which its event happened: a file is received on one day, opened
on another, closed on a third. So the past does not change, and days add up to months.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES
from medcontrol.rules.calendar import WorkingCalendar

#: Level, flow and region of a count.
Cell = tuple[str, str, str]
#: Files that took longer count as this many working days in medians.
LONGEST = 400

_OWN = "f.channel <> 'internal'"
_RECEIVED = """
SELECT d.level, r.flow, r.region_code, count(*) AS n
FROM received_file r JOIN selectivity_decision d ON d.received_file_id = r.id
WHERE r.received_at >= :first AND r.received_at < :behind AND r.jurisdiction = :jurisdiction
  AND r.channel <> 'internal'
GROUP BY 1, 2, 3
"""
_OPENED = f"""
SELECT f.level, f.flow, f.region_code, count(*) AS n
FROM control_file f
WHERE f.opened_at >= :first AND f.opened_at < :behind AND f.jurisdiction = :jurisdiction
  AND {_OWN}
GROUP BY 1, 2, 3
"""  # noqa: S608 - words of ours
_CLOSED = f"""
SELECT f.level, f.flow, f.region_code, f.outcome, f.received_on,
       CAST(f.closed_at AT TIME ZONE :zone AS date) AS closed_on, count(*) AS n
FROM control_file f
WHERE f.closed_at >= :first AND f.closed_at < :behind AND f.jurisdiction = :jurisdiction
  AND {_OWN}
GROUP BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608 - words of ours
_CLOCKS = f"""
SELECT f.level, f.flow, f.region_code, d.kind,
       d.status = 'met' AND d.settled_at <= d.due_at AS is_kept, count(*) AS n
FROM control_file f JOIN deadline d ON d.control_file_id = f.id
WHERE f.closed_at >= :first AND f.closed_at < :behind AND f.jurisdiction = :jurisdiction
  AND {_OWN} AND d.engine_task_id IS NULL AND d.status IN ('met', 'fired')
GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - words of ours
# An appeal counts where the contested decision was taken.
_APPEALS = """
SELECT p.level, p.flow, p.region_code,
       a.outcome IN ('overturned', 'partly_overturned') AS is_overturned, count(*) AS n
FROM control_file a JOIN control_file p ON p.id = a.parent_id
WHERE a.closed_at >= :first AND a.closed_at < :behind AND a.jurisdiction = :jurisdiction
  AND a.flow = 'appeal' AND a.outcome IN ('maintained', 'overturned', 'partly_overturned')
GROUP BY 1, 2, 3, 4
"""


@dataclass(slots=True)
class Figures:
    """Counts that add up.

    Attributes:
        outcomes: closed files by decision.
        days: closed files by working days from receipt to closing (``LONGEST`` and more as one).
    """

    received: int = 0
    controlled: int = 0
    closed: int = 0
    legal_kept: int = 0
    legal_late: int = 0
    internal_kept: int = 0
    internal_late: int = 0
    appeals: int = 0
    overturned: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    days: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Figures") -> None:
        """Add the counts of other days or cells."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.outcomes.update(other.outcomes)
        self.days.update(other.days)

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values; what is nought is left out."""
        found: dict[str, Any] = {name: getattr(self, name) for name in COUNTS}
        found |= {"outcomes": dict(self.outcomes),
                  "days": {str(day): n for day, n in sorted(self.days.items())}}  # fmt: skip
        return {name: value for name, value in found.items() if value}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Figures":
        """Return what ``as_json`` kept."""
        return cls(
            **{name: int(kept.get(name, 0)) for name in COUNTS},
            outcomes=Counter(kept.get("outcomes", {})),
            days=Counter({int(day): n for day, n in kept.get("days", {}).items()}),
        )

    def days_below(self, share: float) -> int | None:
        """Return the least number of working days within which that share was closed.

        >>> Figures(days=Counter({1: 5, 4: 5})).days_below(0.5)
        1
        """
        total = sum(self.days.values())
        reached = 0
        for day in sorted(self.days):
            reached += self.days[day]
            if reached >= share * total:
                return day
        return None


COUNTS = (
    "received", "controlled", "closed", "legal_kept", "legal_late", "internal_kept",
    "internal_late", "appeals", "overturned",
)  # fmt: skip


def count_days(
    session: Session, jurisdiction: str, first: date, last: date, calendar: WorkingCalendar
) -> dict[Cell, Figures]:
    """Count what happened from a day to a day, both included; five statements, by indexes."""
    zone = ZONES[jurisdiction]
    values = {
        "jurisdiction": jurisdiction, "zone": str(zone),
        "first": datetime.combine(first, time(), zone),
        "behind": datetime.combine(last + timedelta(days=1), time(), zone),
    }  # fmt: skip
    cells: dict[Cell, Figures] = defaultdict(Figures)
    for row in session.execute(sa.text(_RECEIVED), values):
        cells[row[0], row[1], row[2]].received += row.n
    for row in session.execute(sa.text(_OPENED), values):
        cells[row[0], row[1], row[2]].controlled += row.n
    _count_closed(session, values, cells, calendar)
    for row in session.execute(sa.text(_CLOCKS), values):
        name = f"{row.kind}_{'kept' if row.is_kept else 'late'}"
        found = cells[row[0], row[1], row[2]]
        setattr(found, name, getattr(found, name) + row.n)
    for row in session.execute(sa.text(_APPEALS), values):
        cells[row[0], row[1], row[2]].appeals += row.n
        cells[row[0], row[1], row[2]].overturned += row.n if row.is_overturned else 0
    return dict(cells)


def _count_closed(
    session: Session, values: Mapping[str, Any], cells: dict[Cell, Figures],
    calendar: WorkingCalendar,
) -> None:  # fmt: skip
    for row in session.execute(sa.text(_CLOSED), values):
        found = cells[row[0], row[1], row[2]]
        found.closed += row.n
        found.outcomes[row.outcome or "none"] += row.n
        took = calendar.working_days_between(row.received_on, row.closed_on)
        found.days[min(LONGEST, max(0, took))] += row.n
