"""What became of what was tried again: read off the messages and the failed work themselves."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.policy import Principal
from medcontrol.queries.incidents import Fingerprint, RetryItem, RetryRow
from medcontrol.queries.incidents_loading import openable
from medcontrol.vocabulary import RetryOutcome

#: Retries that are listed, and how long after their asking.
_LISTED, _LISTED_FOR = 20, timedelta(days=14)

# A message of the retry's topic, or what the job failed at; what was settled for good stands.
_OUTCOMES = """
SELECT r.id AS retry_id, i.subject_id AS id, i.control_file_id,
  CASE WHEN i.outcome IS NOT NULL THEN i.outcome
    WHEN o.done_at IS NOT NULL AND o.last_error = 'withdrawn' THEN 'gone'
    WHEN o.done_at IS NOT NULL OR w.ended_at > r.asked_at THEN 'done'
    WHEN o.last_failed_at > r.asked_at OR w.last_at > r.asked_at
      OR o.dead_at > r.asked_at THEN 'failed'
    ELSE 'waiting' END AS outcome,
  CASE WHEN i.outcome IS NOT NULL THEN i.error
    WHEN o.last_failed_at > r.asked_at OR o.dead_at > r.asked_at THEN o.last_error
    WHEN w.last_at > r.asked_at AND w.ended_at IS NULL THEN w.error END AS error,
  CASE WHEN i.outcome IS NULL THEN coalesce(o.done_at, w.ended_at, o.last_failed_at, w.last_at)
  END AS settled_at
FROM incident_retry r JOIN incident_retry_item i ON i.retry_id = r.id
LEFT JOIN outbox_message o ON o.id = i.subject_id AND o.topic = r.what
LEFT JOIN failed_work w ON w.job = r.what AND w.subject_id = i.subject_id
WHERE r.id = ANY(:retries)
"""
_RETRIES = """
SELECT r.id, r.what, r.step, r.error, r.asked_at, u.name AS asked_by
FROM incident_retry r LEFT JOIN user_account u ON u.id = r.asked_by
"""
_RECENT = sa.text(_RETRIES + "WHERE r.asked_at > :since ORDER BY r.asked_at DESC LIMIT :most")
_ONE = sa.text(_RETRIES + "WHERE r.id = :id")
_COUNTS = sa.text(
    f"SELECT retry_id, outcome, count(*) FROM ({_OUTCOMES}) x GROUP BY 1, 2"  # noqa: S608 - ours
)
# What failed again is what somebody has to look at.
_ITEMS = sa.text(f"""
SELECT x.*, f.reference FROM ({_OUTCOMES}) x LEFT JOIN control_file f ON f.id = x.control_file_id
ORDER BY array_position(ARRAY['failed', 'waiting', 'gone', 'done'], x.outcome), f.reference, x.id
LIMIT :most
""")  # noqa: S608 - ours


def recent_retries(session: Session, *, now: datetime) -> list[RetryRow]:
    """Return what was tried again in the last days, the latest first."""
    values = {"since": now - _LISTED_FOR, "most": _LISTED}
    return _with_counts(session, session.execute(_RECENT, values).all())


def find_retry(session: Session, retry_id: UUID) -> RetryRow | None:
    """Return one retry; None when there is none, or it was long ago."""
    found = _with_counts(session, session.execute(_ONE, {"id": retry_id}).all())
    return found[0] if found else None


def load_retry_items(
    session: Session, retry_id: UUID, *, principal: Principal | None = None, most: int
) -> list[RetryItem]:
    """Return what became of each thing, what failed again first."""
    rows = session.execute(_ITEMS, {"retries": [retry_id], "most": most}).all()
    may = openable(session, principal, [row.control_file_id for row in rows])
    return [
        RetryItem(
            id=row.id, reference=row.reference, can_open=row.control_file_id in may,
            outcome=RetryOutcome(row.outcome), error=row.error,
            settled_at=None if row.outcome == RetryOutcome.WAITING else row.settled_at,
        )
        for row in rows
    ]  # fmt: skip


def _with_counts(session: Session, rows: Any) -> list[RetryRow]:
    counts: dict[UUID, dict[RetryOutcome, int]] = {row.id: {} for row in rows}
    for key, outcome, number in session.execute(_COUNTS, {"retries": list(counts)}):
        counts[key][RetryOutcome(outcome)] = number
    return [
        RetryRow(
            id=row.id, fingerprint=Fingerprint(row.what, row.step, row.error),
            asked_at=row.asked_at, asked_by=row.asked_by, outcomes=counts[row.id],
        )
        for row in rows
    ]  # fmt: skip
