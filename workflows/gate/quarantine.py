"""Lines that did not pass: kept with their bytes, corrected, replayed (quarantaine)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.crypto import KeyRing, bind
from medcontrol.errors import AlreadyDone, NotFound
from medcontrol.ids import new_id
from medcontrol.intake import FieldError, Line, hash_bytes
from medcontrol.model import QuarantinedMessage
from medcontrol.vocabulary import QuarantineReason, QuarantineStatus

CONFLICT = FieldError(
    "/external_id",
    "identity.conflict",
    "Un autre contenu a déjà été reçu sous cette identité ; le premier reste",
    False,
    "",
)


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that does not pass, and why."""

    line: Line
    reason: QuarantineReason
    errors: tuple[FieldError, ...]
    source: str | None = None
    external_id: str | None = None


@dataclass(slots=True)
class Put:
    """What became of bad lines: ids in their order; how many had been settled before."""

    ids: list[UUID]
    settled: int = 0
    settled_conflicts: int = 0


def put(
    session: Session,
    keys: KeyRing,
    bad: Sequence[Bad],
    *,
    batch: tuple[UUID, str],
    now: datetime,
) -> Put:
    """Keep bad lines, each once whatever comes again: its bytes are its identity.

    A line that was corrected and replayed, or discarded, before is settled: it stays so.
    """
    result = Put([])
    if not bad:
        return result
    hashes = [each.line.spooled_hash or hash_bytes(each.line.raw) for each in bad]
    known = _known(session, hashes)
    for each, digest in zip(bad, hashes, strict=True):
        if digest not in known:
            known[digest] = (_insert(session, keys, each, digest, batch, now), "waiting")
        row_id, status = known[digest]
        result.ids.append(row_id)
        if status != QuarantineStatus.WAITING:
            result.settled += 1
            result.settled_conflicts += each.reason is QuarantineReason.CONFLICT
    return result


def _known(session: Session, hashes: Sequence[bytes]) -> dict[bytes, tuple[UUID, str]]:
    rows = session.execute(
        sa.text(
            "SELECT bytes_hash, id, status FROM quarantined_message WHERE bytes_hash = ANY(:hashes)"
        ),
        {"hashes": list(hashes)},
    )
    return {bytes(row[0]): (row[1], row[2]) for row in rows}


_INSERT = sa.text("""
INSERT INTO quarantined_message (id, bytes_hash, batch_id, batch_name, line_no, reason, status,
    source, external_id, errors, size, key_id, content, quarantined_at)
VALUES (:id, :bytes_hash, :batch_id, :batch_name, :line_no, :reason, 'waiting',
    :source, :external_id, :errors, :size, :key_id, :content, :now)
ON CONFLICT (bytes_hash) DO NOTHING RETURNING id
""").bindparams(sa.bindparam("errors", type_=sa.JSON))


def _insert(
    session: Session, keys: KeyRing, bad: Bad, digest: bytes, batch: tuple[UUID, str], now: datetime
) -> UUID:
    row_id = new_id()
    content = b"".join(bad.line.pieces())
    key_id, sealed = keys.encrypt(content, bind("quarantined_message", row_id))
    values: dict[str, Any] = {
        "id": row_id,
        "bytes_hash": digest,
        "batch_id": batch[0],
        "batch_name": batch[1],
        "line_no": bad.line.no,
        "reason": bad.reason.value,
        "source": bad.source,
        "external_id": bad.external_id,
        "errors": [error_json(error) for error in bad.errors],
        "size": len(content),
        "key_id": key_id,
        "content": sealed,
        "now": now,
    }
    made = session.execute(_INSERT, values).scalar()
    if made is not None:
        return UUID(str(made))
    # Another run put the same bytes there between our look and our insert.
    found = session.execute(
        sa.text("SELECT id FROM quarantined_message WHERE bytes_hash = :hash"), {"hash": digest}
    )
    return UUID(str(found.scalar_one()))


def error_json(error: FieldError) -> dict[str, Any]:
    """Return an error as it is stored: where and what, never a value."""
    return {
        "path": error.path,
        "code": error.code,
        "message": error.message_fr,
        "medical": error.medical,
        "expected": error.expected,
    }


def errors_of(row: QuarantinedMessage) -> tuple[FieldError, ...]:
    """Return the errors of a stored line."""
    return tuple(
        FieldError(e["path"], e["code"], e["message"], e["medical"], e["expected"])
        for e in row.errors
    )


def content_of(row: QuarantinedMessage, keys: KeyRing) -> bytes:
    """Return the bytes of a stored line. Log who reads them before (``medical.log_reading``)."""
    return keys.decrypt(row.key_id, row.content, bind("quarantined_message", row.id))


def lock_waiting(session: Session, quarantine_id: UUID) -> QuarantinedMessage:
    """Lock a quarantined line that still waits.

    Raises:
        NotFound: no such line.
        AlreadyDone: it was replayed or discarded before.
    """
    row = session.exec(
        select(QuarantinedMessage).where(QuarantinedMessage.id == quarantine_id).with_for_update()
    ).first()
    if row is None:
        raise NotFound(f"no quarantined line {quarantine_id}")
    if row.status is not QuarantineStatus.WAITING:
        raise AlreadyDone(f"this line was {row.status.value} before")
    return row


def settle(
    row: QuarantinedMessage,
    status: QuarantineStatus,
    *,
    by: str,
    now: datetime,
    received_file_id: UUID | None = None,
) -> None:
    """Say what became of a line; its bytes stay."""
    row.status = status
    row.settled_at = now
    row.settled_by = by
    row.received_file_id = received_file_id


def discard(session: Session, quarantine_id: UUID, *, by: str, now: datetime) -> None:
    """Set a line aside for good: it is not to come in."""
    settle(lock_waiting(session, quarantine_id), QuarantineStatus.DISCARDED, by=by, now=now)
