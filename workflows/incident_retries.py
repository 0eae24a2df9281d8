"""Asking for failed work to be tried again, now, each with an outcome (nouvel essai)."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from medcontrol import outbox
from medcontrol.errors import DomainError, Kind
from medcontrol.model import IncidentRetry, IncidentRetryItem
from medcontrol.queries.incidents import Incident, IncidentItem
from medcontrol.queries.incidents_loading import MOST, load_items
from medcontrol.vocabulary import RetryOutcome

#: Its task tries again what a job failed at; messages go their usual way.
TOPIC = "incidents.retry"


class RetryHelpsNothing(DomainError):
    """Trying again can't help here before something else was done: see the runbook."""

    kind = Kind.CONFLICT
    code = "incident.retry_helps_nothing"


def ask(
    session: Session,
    retry_id: UUID,
    incident: Incident,
    *,
    only: Collection[UUID] | None,
    by: UUID | None,
    now: datetime,
) -> int:
    """Ask for what an incident holds to be tried again: at most ``MOST``, the oldest first.

    Messages become due with all their tries before them; for what a job failed at a message of
    ``TOPIC`` is written. What is gone meanwhile is noted as such.

    Args:
        session: the caller's transaction.
        retry_id: made with the form; the same one again asks for nothing more.
        incident: as it stands now.
        only: which of its items; None for all.
        by: the account that asks; None at the command line.
        now: the instant.

    Returns:
        How many are tried again; 0 when this was asked for before.

    Raises:
        RetryHelpsNothing: what the incident holds can't be mended so.
    """
    if not incident.can_retry:
        raise RetryHelpsNothing(f"a retry does not mend {incident.kind}")
    that = incident.fingerprint
    values = {"id": retry_id, "what": that.what, "step": that.step, "error": that.error,
              "asked_at": now, "asked_by": by}  # fmt: skip
    made = insert(IncidentRetry).values(values).on_conflict_do_nothing(index_elements=["id"])
    if not session.execute(made.returning(col(IncidentRetry.id))).scalar():
        return 0
    items = load_items(session, that, now=now, only=only, most=MOST)
    there = _begin(session, retry_id, incident, [each.id for each in items], now)
    gone = set(only or ()) - {each.id for each in items}
    rows = [*_rows(retry_id, items, there), *(_gone(retry_id, each) for each in gone)]
    if rows:
        session.execute(insert(IncidentRetryItem), rows)
    return len(there)


def _begin(
    session: Session, retry_id: UUID, incident: Incident, ids: Collection[UUID], now: datetime
) -> set[UUID]:
    """Set the retry going; return what is tried again."""
    if incident.is_message:
        return outbox.hurry(session, ids, now=now)
    message = outbox.NewMessage(
        topic=TOPIC, key=f"{TOPIC}:{retry_id}", payload={"id": str(retry_id)}
    )
    outbox.publish(session, [message], now=now)
    return set(ids)


def _rows(
    retry_id: UUID, items: Iterable[IncidentItem], there: set[UUID]
) -> Iterable[dict[str, Any]]:
    for each in items:
        outcome = None if each.id in there else RetryOutcome.GONE
        yield _gone(retry_id, each.id) | {
            "control_file_id": each.control_file_id, "outcome": outcome,
        }  # fmt: skip


def _gone(retry_id: UUID, subject_id: UUID) -> dict[str, Any]:
    return {"retry_id": retry_id, "subject_id": subject_id, "control_file_id": None,
            "outcome": RetryOutcome.GONE, "error": None}  # fmt: skip


def unsettled(session: Session, retry_id: UUID) -> tuple[str, list[UUID]]:
    """Return the job of a retry, and what it has not tried yet; nothing for an unknown one."""
    job = session.execute(
        sa.select(col(IncidentRetry.what)).where(col(IncidentRetry.id) == retry_id)
    ).scalar()
    left = session.execute(
        sa.select(col(IncidentRetryItem.subject_id))
        .where(
            col(IncidentRetryItem.retry_id) == retry_id, col(IncidentRetryItem.outcome).is_(None)
        )
        .order_by(col(IncidentRetryItem.subject_id))
    ).scalars()
    return job or "", list(left)


def settle(
    session: Session,
    retry_id: UUID,
    subject_id: UUID,
    outcome: RetryOutcome,
    error: str | None,
) -> None:
    """Note what became of one thing, with the error (a code) when it failed again."""
    session.execute(
        sa.update(IncidentRetryItem)
        .where(
            col(IncidentRetryItem.retry_id) == retry_id,
            col(IncidentRetryItem.subject_id) == subject_id,
            col(IncidentRetryItem.outcome).is_(None),
        )
        .values(outcome=outcome, error=error)
    )
