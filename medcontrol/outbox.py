"""Work for later: a row written with the change it tells of, done when its consumer says so.

The relay publishes what is due and moves ``next_try_at`` forward; the consumer sets ``done_at``
in its own transaction. What was published and is not done when its next try comes is published
again, so a broker that loses everything loses nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from medcontrol.ids import new_id
from medcontrol.model import OutboxMessage

FIRST_RETRY = timedelta(seconds=60)
LONGEST_RETRY = timedelta(hours=1)
MAX_ATTEMPTS = 20  # about fifteen hours, then someone has to look
WITHDRAWN = "withdrawn"
"""What a message says that is not to be done any more: no failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message to publish. ``key`` is the same for the same piece of work, always."""

    topic: str
    key: str
    payload: Mapping[str, Any]
    not_before: datetime | None = None


def row(message: NewMessage, now: datetime) -> dict[str, Any]:
    """Return the row of a message, for a bulk insert."""
    return {
        "id": new_id(),
        "topic": message.topic,
        "key": message.key,
        "payload": dict(message.payload),
        "created_at": now,
        "next_try_at": max(message.not_before or now, now),
        "attempts": 0,
    }


def publish(session: Session, messages: Sequence[NewMessage], *, now: datetime) -> None:
    """Save messages in the caller's transaction; one whose key exists already is left alone."""
    if messages:
        statement = insert(OutboxMessage).on_conflict_do_nothing(index_elements=["key"])
        session.execute(statement, [row(message, now) for message in messages])


def take_due(
    session: Session, *, now: datetime, limit: int = 500, first_retry: timedelta = FIRST_RETRY
) -> list[OutboxMessage]:
    """Take what is due, for handing to the broker, and plan the next try of each.

    Skips what another relay holds. Commit only after the broker has the messages: a message
    handed over twice is harmless, one never handed over waits for its next try. The wait
    before a message is published again is ``first_retry`` and doubles up to an hour.
    """
    due = session.exec(
        select(OutboxMessage)
        .where(
            col(OutboxMessage.done_at).is_(None),
            col(OutboxMessage.dead_at).is_(None),
            OutboxMessage.next_try_at <= now,
        )
        .order_by(col(OutboxMessage.next_try_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    taken = []
    for message in due:
        if message.attempts >= MAX_ATTEMPTS:
            give_up(message, message.last_error or "outbox.never_confirmed", now=now)
            continue
        wait = min(first_retry * 2 ** min(message.attempts, 10), LONGEST_RETRY)
        message.attempts += 1
        message.published_at = now
        message.next_try_at = now + wait
        taken.append(message)
    return taken


def begin(session: Session, message_id: UUID) -> OutboxMessage | None:
    """Lock a message for its consumer; None when it is done, cancelled or unknown.

    A second consumer waits here until the first commits, then finds it done.
    """
    message = session.get(OutboxMessage, message_id, with_for_update=True, populate_existing=True)
    if message is None or message.done_at is not None or message.dead_at is not None:
        return None
    return message


def finish(message: OutboxMessage, *, now: datetime) -> None:
    """Say that the work of a message is done; saved with the work itself."""
    message.done_at = now
    message.last_error = None


def give_up(message: OutboxMessage, error: str, *, now: datetime) -> None:
    """Stop trying: ``error`` (a code) says why to whoever looks at dead messages."""
    message.dead_at = now
    message.last_error = error[:200]


def note_failure(session: Session, message_id: UUID, error: str, *, now: datetime) -> None:
    """Keep why a try failed (a code, never content) for whoever looks at what is stuck."""
    session.execute(
        sa.update(OutboxMessage)
        .where(col(OutboxMessage.id) == message_id, col(OutboxMessage.done_at).is_(None))
        .values(
            last_error=error[:200],
            first_failed_at=sa.func.coalesce(col(OutboxMessage.first_failed_at), now),
            last_failed_at=now,
        )
    )


def withdraw(session: Session, keys: Collection[str], *, now: datetime) -> None:
    """Withdraw messages that were not done yet, such as the consequences of an undone decision."""
    session.execute(
        sa.update(OutboxMessage)
        .where(col(OutboxMessage.key).in_(keys), col(OutboxMessage.done_at).is_(None))
        .values(done_at=now, last_error=WITHDRAWN)
    )


def revive(session: Session, message_id: UUID, *, now: datetime) -> bool:
    """Give a dead message a new life, now."""
    result = session.connection().execute(
        sa.update(OutboxMessage)
        .where(col(OutboxMessage.id) == message_id, col(OutboxMessage.dead_at).is_not(None))
        .values(dead_at=None, attempts=0, next_try_at=now)
    )
    return bool(result.rowcount)


def hurry(session: Session, message_ids: Collection[UUID], *, now: datetime) -> set[UUID]:
    """Make messages due now, given up or not, with all their tries before them.

    Waits for a consumer that is at one of them; a message that it finished meanwhile is left.

    Returns:
        Those that are tried again.
    """
    waiting = (
        sa.select(col(OutboxMessage.id))
        .where(col(OutboxMessage.id).in_(list(message_ids)), col(OutboxMessage.done_at).is_(None))
        .order_by(col(OutboxMessage.id))
        .with_for_update()
    )
    found = set(session.execute(waiting).scalars())
    session.execute(
        sa.update(OutboxMessage)
        .where(col(OutboxMessage.id).in_(found))
        .values(dead_at=None, attempts=0, next_try_at=now)
    )
    return found
