"""Reading incidents off the outbox and what jobs failed at; nothing is kept twice."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.model import ControlFile
from medcontrol.policy import Principal, visible
from medcontrol.queries.incidents import (
    NEVER_CONFIRMED,
    NOT_HANDED_OVER,
    Fingerprint,
    Incident,
    IncidentItem,
    OutboxNow,
)
from medcontrol.vocabulary import WHOLE_JOB

#: How long a message may be due before somebody has to look at who hands it over.
PATIENCE = timedelta(minutes=10)
#: After so many tries without a word, waiting an hour in all, no consumer is at it any more.
SILENT_TRIES = 6
#: Items of an incident on one page, and of one retry.
SHOWN, MOST = 200, 5000

_UUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_MESSAGE = """
SELECT o.id, o.topic, o.payload, o.created_at, o.published_at, o.first_failed_at,
       o.last_failed_at, o.attempts, o.next_try_at, o.dead_at, {error} AS error
FROM outbox_message o WHERE o.done_at IS NULL AND {where}
"""
_FAILED = _MESSAGE.format(
    error="coalesce(o.last_error, :never_confirmed)",
    where="(o.last_error IS NOT NULL OR o.dead_at IS NOT NULL)",
)
_SILENT = _MESSAGE.format(
    error="CASE WHEN o.attempts = 0 THEN :not_handed_over ELSE :never_confirmed END",
    where="o.dead_at IS NULL AND o.last_error IS NULL AND (o.attempts >= :silent"
    " OR o.attempts = 0 AND o.next_try_at < :late)",
)
#: Every failing thing as one row, whether the outbox holds it or a job failed at it.
_ROWS = f"""
WITH message AS ({_FAILED} UNION ALL {_SILENT}),
pointed AS (
  SELECT m.*,
    CASE WHEN m.payload->>'letter_id' ~ '^{_UUID}$' THEN (m.payload->>'letter_id')::uuid
    END AS letter_id,
    CASE WHEN m.payload->>'control_file_id' ~ '^{_UUID}$'
         THEN (m.payload->>'control_file_id')::uuid END AS file_id
  FROM message m),
failing AS (
  SELECT true AS is_message, p.id, p.topic AS what,
    coalesce(l.code, p.payload->>'event', p.payload->>'flow', '') AS step, p.error,
    coalesce(l.control_file_id, p.file_id) AS control_file_id,
    coalesce(p.first_failed_at, p.published_at, p.created_at) AS first_seen,
    coalesce(p.last_failed_at, p.dead_at, p.published_at, p.created_at) AS last_seen,
    p.attempts, CASE WHEN p.dead_at IS NULL THEN p.next_try_at END AS next_try_at,
    p.dead_at IS NOT NULL AS is_given_up
  FROM pointed p LEFT JOIN letter l ON l.id = p.letter_id
  UNION ALL
  SELECT false, w.subject_id, w.job, w.step, w.error, w.control_file_id, w.first_at, w.last_at,
    w.attempts, NULL, w.job = 'files.watch' AND w.subject_id <> :whole
  FROM failed_work w WHERE w.ended_at IS NULL)
"""  # noqa: S608 - our own words
_GROUPS = sa.text(f"""{_ROWS}
SELECT what, step, error, is_message, bool_or(id = :whole) AS is_whole,
  min(first_seen) AS first_seen, max(last_seen) AS last_seen, count(*) AS items,
  count(DISTINCT control_file_id) AS files, count(*) FILTER (WHERE NOT is_given_up) AS tried_again,
  min(next_try_at) AS next_try_at, count(*) FILTER (WHERE is_given_up) AS given_up
FROM failing GROUP BY what, step, error, is_message
ORDER BY last_seen DESC, what, step, error
""")  # noqa: S608 - our own words
_ITEMS = sa.text(f"""{_ROWS}
SELECT r.*, f.reference FROM failing r LEFT JOIN control_file f ON f.id = r.control_file_id
WHERE r.what = :what AND r.step = :step AND r.error = :error
  AND (CAST(:only AS uuid[]) IS NULL OR r.id = ANY(CAST(:only AS uuid[])))
ORDER BY r.first_seen, r.id LIMIT :most
""")  # noqa: S608 - our own words
_OUTBOX = sa.text("""
SELECT count(*), min(next_try_at) FILTER (WHERE next_try_at <= :now)
FROM outbox_message WHERE done_at IS NULL AND dead_at IS NULL
""")


def load_incidents(session: Session, *, now: datetime) -> list[Incident]:
    """Return what fails now in groups, the one that failed last first."""
    rows = session.execute(_GROUPS, _values(now)).mappings()
    return [_incident(dict(row)) for row in rows]


def find_incident(session: Session, key: str, *, now: datetime) -> Incident | None:
    """Return one incident by its key; None when it is over, or never was."""
    found = [each for each in load_incidents(session, now=now) if each.fingerprint.key == key]
    return found[0] if found else None


def load_items(
    session: Session,
    fingerprint: Fingerprint,
    *,
    now: datetime,
    principal: Principal | None = None,
    only: Collection[UUID] | None = None,
    most: int = SHOWN,
) -> list[IncidentItem]:
    """Return what an incident holds, the oldest first; ``only`` some of it, when given."""
    values = _values(now) | {
        "what": fingerprint.what,
        "step": fingerprint.step,
        "error": fingerprint.error,
        "only": None if only is None else list(only),
        "most": most,
    }
    rows = session.execute(_ITEMS, values).mappings().all()
    may = openable(session, principal, [row["control_file_id"] for row in rows])
    names = IncidentItem.__dataclass_fields__.keys() - {"can_open"}
    return [
        IncidentItem(can_open=row["control_file_id"] in may, **{name: row[name] for name in names})
        for row in rows
    ]


def openable(
    session: Session, principal: Principal | None, file_ids: Sequence[UUID | None]
) -> set[UUID]:
    """Return which of these files somebody may open."""
    wanted = {each for each in file_ids if each is not None}
    if principal is None or not wanted:
        return set()
    statement = sa.select(col(ControlFile.id)).where(
        col(ControlFile.id).in_(wanted), visible(principal, ControlFile)
    )
    return set(session.execute(statement).scalars())


def load_outbox_now(session: Session, *, now: datetime) -> OutboxNow:
    """Return what waits in the outbox."""
    row = session.execute(_OUTBOX, {"now": now}).one()
    return OutboxNow(waiting=row[0], oldest_due=row[1])


def _values(now: datetime) -> dict[str, Any]:
    return {
        "whole": WHOLE_JOB,
        "late": now - PATIENCE,
        "silent": SILENT_TRIES,
        "never_confirmed": NEVER_CONFIRMED,
        "not_handed_over": NOT_HANDED_OVER,
    }


def _incident(row: dict[str, Any]) -> Incident:
    fingerprint = Fingerprint(row.pop("what"), row.pop("step"), row.pop("error"))
    return Incident(fingerprint=fingerprint, **row)
