"""What periodic jobs fail at: noted until a later run does not (travaux en échec)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from medcontrol.errors import DomainError
from medcontrol.model import FailedWork, IncidentRetry, IncidentRetryItem
from medcontrol.vocabulary import WHOLE_JOB

#: What is over, and what was tried again, can be looked at for so long.
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing that a job failed at. ``error`` and ``step`` are codes, never content."""

    job: str
    subject_id: UUID
    error: str
    control_file_id: UUID | None = None
    step: str = ""


def error_of(error: Exception) -> str:
    """Return the code of a refusal, else the class of an error; the text quotes rows."""
    return error.code if isinstance(error, DomainError) else type(error).__name__


def note(session: Session, failures: Collection[Failure], *, now: datetime) -> None:
    """Note what failed; what failed before counts on, what was over begins anew."""
    if not failures:
        return
    made = insert(FailedWork)
    new, was_over = made.excluded, col(FailedWork.ended_at).is_not(None)
    statement = made.on_conflict_do_update(
        index_elements=["job", "subject_id"],
        set_={
            "control_file_id": new.control_file_id,
            "step": new.step,
            "error": new.error,
            "first_at": sa.case((was_over, new.first_at), else_=FailedWork.first_at),
            "last_at": new.last_at,
            "attempts": sa.case((was_over, 1), else_=FailedWork.attempts + 1),
            "ended_at": None,
        },
    )
    session.execute(statement, [_row(each, now) for each in failures])


def _row(failure: Failure, now: datetime) -> dict[str, object]:
    return {
        "job": failure.job,
        "subject_id": failure.subject_id,
        "control_file_id": failure.control_file_id,
        "step": failure.step,
        "error": failure.error[:200],
        "first_at": now,
        "last_at": now,
        "attempts": 1,
    }


def end(session: Session, job: str, subject_id: UUID, *, now: datetime) -> None:
    """Note that a job does not fail at something any more; nothing, if it did not."""
    session.execute(
        sa.update(FailedWork)
        .where(
            col(FailedWork.job) == job,
            col(FailedWork.subject_id) == subject_id,
            col(FailedWork.ended_at).is_(None),
        )
        .values(ended_at=now)
    )


def end_others(session: Session, job: str, *, since: datetime, now: datetime) -> None:
    """Note that what a whole round since ``since`` did not fail at is over: done, or not due."""
    session.execute(
        sa.update(FailedWork)
        .where(
            col(FailedWork.job) == job,
            col(FailedWork.subject_id) != WHOLE_JOB,
            col(FailedWork.ended_at).is_(None),
            col(FailedWork.last_at) < since,
        )
        .values(ended_at=now)
    )


def forget_old(session: Session, *, now: datetime) -> None:
    """Forget what has long been over, and retries of long ago."""
    old = now - KEPT
    session.execute(sa.delete(FailedWork).where(col(FailedWork.ended_at) < old))
    retries = sa.select(col(IncidentRetry.id)).where(col(IncidentRetry.asked_at) < old)
    session.execute(
        sa.delete(IncidentRetryItem).where(col(IncidentRetryItem.retry_id).in_(retries))
    )
    session.execute(sa.delete(IncidentRetry).where(col(IncidentRetry.asked_at) < old))
