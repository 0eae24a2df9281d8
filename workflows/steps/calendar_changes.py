"""A change of the calendar: a day announced or taken back (changement de calendrier).

What it moves is shown first (``calendar_impact``). New limits count with the change at once; those
that run are counted again in the background (``recounting``).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from medcontrol import outbox
from medcontrol.errors import DomainError, Kind
from medcontrol.ids import new_id
from medcontrol.model import CalendarChange
from medcontrol.services.calendar import announce, withdraw
from workflows.steps.calendar_impact import preview
from workflows.steps.calendar_reach import Change

TOPIC = "calendar.recount"


class CalendarChangedSince(DomainError):
    """What the change moves is not what was shown; look at it again before confirming."""

    kind = Kind.CONFLICT
    code = "calendar.changed_since"


def make(
    session: Session,
    change: Change,
    *,
    by: UUID | None,
    now: datetime,
    expected: int | None = None,
) -> UUID:
    """Change the calendar now, and leave the counting again to the background.

    Args:
        session: the caller's transaction.
        change: what is announced or taken back.
        by: who; None at the command line.
        now: the instant.
        expected: how many deadlines were shown to move; None when nobody was shown anything.

    Raises:
        InvalidInput, NotFound: as ``announce`` and ``withdraw``.
        CalendarChangedSince: another number of deadlines would move than was shown.
    """
    impact = preview(session, change, now=now)
    if expected is not None and expected != impact.total("deadlines"):
        raise CalendarChangedSince
    place, day = change.jurisdiction, change.day
    if change.is_holiday is None:
        withdraw(session, place, day)
    else:
        announce(session, place, day, change.name, is_holiday=change.is_holiday)
    key = new_id()
    values = {
        "id": key, "jurisdiction": place, "day": day, "is_holiday": change.is_holiday,
        "name": change.name.strip(), "made_at": now, "made_by": by, "foreseen": impact.as_json(),
    }  # fmt: skip
    session.add(CalendarChange.model_validate(values))
    message = outbox.NewMessage(topic=TOPIC, key=f"{TOPIC}:{key}", payload={"id": str(key)})
    outbox.publish(session, [message], now=now)
    session.flush()
    return key


def last_changes(session: Session, jurisdiction: str, limit: int = 10) -> Sequence[CalendarChange]:
    """Return the last changes of a calendar, the newest first."""
    return session.exec(
        select(CalendarChange)
        .where(CalendarChange.jurisdiction == jurisdiction)
        .order_by(col(CalendarChange.made_at).desc(), col(CalendarChange.id).desc())
        .limit(limit)
    ).all()
