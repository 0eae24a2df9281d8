"""Months of steering, counted at night and kept (mois du pilotage)."""

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.model import SteeringMonth
from medcontrol.rules.calendar import add_months
from medcontrol.services.calendar import working_calendar
from medcontrol.steering_counts import count_days

#: Months that are counted again every night: a decision may be undone, a file may come in late.
AGAIN = 2


def count_month(
    session: Session, jurisdiction: str, month: date, *, today: date, now: datetime
) -> int:
    """Count a month anew, up to yesterday, and keep it; return how many cells it has.

    Args:
        session: the caller's transaction.
        jurisdiction: of the fund.
        month: its first day.
        today: the civil day; what happens today is counted when it is asked for.
        now: when.
    """
    last = min(add_months(month, 1), today) - timedelta(days=1)
    session.execute(
        sa.delete(SteeringMonth).where(
            col(SteeringMonth.jurisdiction) == jurisdiction,
            col(SteeringMonth.month) == month.isoformat()[:7],
        )
    )
    if last < month:
        return 0
    calendar = working_calendar(session, jurisdiction)
    cells = count_days(session, jurisdiction, month, last, calendar)
    rows = [
        {
            "jurisdiction": jurisdiction, "month": month.isoformat()[:7], "level": level,
            "flow": flow, "region_code": region, "through": last, "made_at": now,
            "figures": figures.as_json(),
        }
        for (level, flow, region), figures in cells.items()
    ]  # fmt: skip
    # A month in which nothing happened is counted too: it has one empty cell.
    rows = rows or [
        {
            "jurisdiction": jurisdiction, "month": month.isoformat()[:7], "level": "", "flow": "",
            "region_code": "", "through": last, "made_at": now, "figures": {},
        }
    ]  # fmt: skip
    session.execute(sa.insert(SteeringMonth), rows)
    return len(rows)


def months_to_count(session: Session, jurisdiction: str, *, today: date, back: int) -> list[date]:
    """Return the months that a night counts: the last ones, and earlier ones never counted."""
    known = set(
        session.execute(
            sa.select(col(SteeringMonth.month))
            .where(col(SteeringMonth.jurisdiction) == jurisdiction)
            .distinct()
        ).scalars()
    )
    first = today.replace(day=1)
    months = [add_months(first, -n) for n in range(back)]
    return [m for n, m in enumerate(months) if n < AGAIN or m.isoformat()[:7] not in known]
