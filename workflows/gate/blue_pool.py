"""The paid files that a week may draw, and how many it draws (vivier du contrôle a posteriori)."""

from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from assignment.capacity import free_time
from medcontrol.clock import ZONES
from medcontrol.crypto import KeyRing
from medcontrol.legal.dated import UnknownParameter
from medcontrol.legal.loading import law
from medcontrol.reference.flows import flows
from medcontrol.rules.calendar import add_months
from medcontrol.services.calendar import working_calendar
from selectivity.draws import Draws
from selectivity.outcomes.weekly import Paid, purpose
from workflows.gate.draws_check import identity_of

WEEKLY_QUOTA = "a_posteriori.weekly_quota"

_POOL = """
SELECT r.id, r.received_at, r.jurisdiction, r.flow, r.nature, r.registration_number, r.relation,
       r.beneficiary_birth_date, r.care_from, r.care_to, r.provider_id, d.draw_period, d.overflow
FROM selectivity_decision d
JOIN received_file r ON r.id = d.received_file_id
WHERE d.lane = 'blue' AND r.jurisdiction = :jurisdiction AND r.flow = ANY(:flows)
  AND r.nature <> 'a_posteriori' AND r.received_at >= :since AND d.decided_at < :before
  AND NOT EXISTS (SELECT FROM control_file f WHERE f.received_file_id = r.id)
  AND NOT EXISTS (
    SELECT FROM blue_draw b WHERE b.received_file_id = r.id AND b.week < :week)
"""


def is_known(jurisdiction: str) -> bool:
    """Return whether the law of the place knows control after payment."""
    try:
        return WEEKLY_QUOTA in law(jurisdiction).paths
    except UnknownParameter:
        return False


def first_day_of(jurisdiction: str, today: date) -> date:
    """Return the first day of reception that may still be drawn (dated law)."""
    months = law(jurisdiction).whole("a_posteriori.draw_limit_months").at(today).value
    return add_months(today, -months)


def read_pool(
    session: Session,
    keys: KeyRing,
    jurisdiction: str,
    week: str,
    *,
    since: date,
    before: datetime,
) -> dict[Paid, datetime]:
    """Return the paid files that a week may draw, with their draws, and when they came in.

    Args:
        session: any; nothing is written.
        keys: the secret of every period.
        jurisdiction: whose files.
        week: files drawn in an earlier week are not among them; those of this one are.
        since: first day of reception.
        before: files that were decided before this instant.
    """
    reimbursed = [flow.code for flow in flows().values() if flow.reimburses]
    rows = session.execute(
        sa.text(_POOL),
        {"jurisdiction": jurisdiction, "flows": reimbursed, "week": week,
         "since": datetime.combine(since, time(), ZONES[jurisdiction]), "before": before},
    ).all()  # fmt: skip
    draws = Draws(lambda month: keys.derive(f"draw:{month}"))
    numbers = draws.draw_many([(row.draw_period, identity_of(row)) for row in rows], purpose(week))
    return {
        Paid(row.id, number, row.overflow): row.received_at
        for row, number in zip(rows, numbers, strict=True)
    }


def quota_of(session: Session, jurisdiction: str, today: date) -> tuple[int, str]:
    """Return how many files a week draws, and what bounds it: ``parameter`` or ``capacity``."""
    numbers = law(jurisdiction)
    quota = numbers.whole(WEEKLY_QUOTA).at(today).value
    share = numbers.decimal("a_posteriori.capacity_share").at(today).value
    minutes = numbers.whole("a_posteriori.control_minutes").at(today).value
    calendar = working_calendar(session, jurisdiction)
    days = [today + timedelta(days=n) for n in range(7)]
    working = [day for day in days if calendar.is_working_day(day)]
    free = sum(free_time(session, jurisdiction, working).totals.values())
    room = int(free * share / max(1, minutes))
    return (quota, "parameter") if quota <= room else (room, "capacity")
