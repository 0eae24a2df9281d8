"""What went before on a file: drafts that others left, and days on which it waited."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.model import MedicalRecord, UserAccount
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import MedicalRecordKind

# Clocks that stood still, and holds: a hold ends when its task wakes, is held anew or is done,
# at the latest on the day that was chosen.
_WAITS = sa.text("""
SELECT started_at AS began, ended_at AS ended, NULL AS until
FROM suspension WHERE control_file_id = :file
UNION ALL
SELECT held.at, held.ended, held.until FROM (
    SELECT action, at, facts::jsonb ->> 'until' AS until,
           lead(at) OVER (PARTITION BY facts::jsonb ->> 'task' ORDER BY number) AS ended
    FROM journal_entry
    WHERE control_file_id = :file AND action IN ('task.held', 'task.woken', 'step.completed')
) AS held
WHERE held.action = 'task.held'
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherDraft:
    """That a colleague began to write an opinion; never what they wrote."""

    author: str
    saved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePast:
    """What the page says of a file's past in a line.

    Attributes:
        waited_days: civil days on which it was on hold or its clock stood still, each once.
        drafts: of other people, the latest first.
    """

    waited_days: int = 0
    drafts: tuple[OtherDraft, ...] = ()


def load_past(
    session: Session, file_id: UUID, *, reader: UUID, now: datetime, calendar: WorkingCalendar
) -> FilePast:
    """Return how long a file has waited in all, and who else began an opinion on it."""
    return FilePast(
        waited_days=waited_days(session, file_id, now=now, calendar=calendar),
        drafts=_drafts(session, file_id, reader),
    )


def waited_days(
    session: Session, file_id: UUID, *, now: datetime, calendar: WorkingCalendar
) -> int:
    """Return the civil days on which a file waited; a day of two waits counts once.

    A wait of some hours is no day: a span counts from its first day up to its last, which
    is already worked on.
    """
    today = calendar.civil_date(now)
    days: set[date] = set()
    for row in session.execute(_WAITS, {"file": file_id}):
        first = calendar.civil_date(row.began)
        last = today if row.ended is None else calendar.civil_date(row.ended)
        if row.until is not None:
            last = min(last, date.fromisoformat(row.until))
        days |= {first + timedelta(days=n) for n in range((last - first).days)}
    return len(days)


def _drafts(session: Session, file_id: UUID, reader: UUID) -> tuple[OtherDraft, ...]:
    record: Any = MedicalRecord
    rows = session.execute(
        sa.select(col(UserAccount.name), record.created_at)
        .join(UserAccount, col(UserAccount.id) == record.author_id)
        .where(
            record.control_file_id == file_id,
            record.kind == MedicalRecordKind.DRAFT,
            record.author_id != reader,
        )
        .order_by(record.created_at.desc())
    )
    return tuple(OtherDraft(author=row.name, saved_at=row.created_at) for row in rows)
