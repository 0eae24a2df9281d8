"""Rotation of the key that encrypts medical content (rotation des clés), in chunks, resumable."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import SQLModel

from medcontrol.crypto import CryptoFault, KeyRing, bind
from medcontrol.db import transaction
from medcontrol.documents import DocumentStore
from medcontrol.errors import DomainError
from medcontrol.model import (
    CareBill,
    CareBillCheck,
    CareLevel,
    CarePlan,
    MedicalRecord,
    Message,
    PastFile,
    QuarantinedMessage,
    ReceivedFile,
    SelectivityDecision,
)

CHUNK = 500
_FIRST = UUID(int=0)
_MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Sealed:
    """A column of encrypted content; ``use`` is what binds it to its row."""

    table: type[SQLModel]
    key: str
    content: str
    use: str


SEALED = (
    Sealed(CareBill, "id", "periods", "care_bill"),
    Sealed(CareBillCheck, "id", "result", "care_bill_check"),
    Sealed(CareLevel, "id", "level", "care_level"),
    Sealed(CarePlan, "id", "acts", "care_plan"),
    Sealed(MedicalRecord, "id", "content", "medical_record"),
    Sealed(Message, "id", "content", "message"),
    Sealed(PastFile, "id", "medical_features", "past_file"),
    Sealed(QuarantinedMessage, "id", "content", "quarantined_message"),
    Sealed(ReceivedFile, "id", "payload", "received_file"),
    Sealed(SelectivityDecision, "received_file_id", "medical_features", "selectivity_decision"),
)


@dataclass(slots=True)
class Rotation:
    """What a rotation did: rows and documents encrypted anew, and those that can't be read."""

    active: str
    renewed: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    unreadable_count: int = 0

    def note_unreadable(self, what: str) -> None:
        """Count what stays as it is, and name the first hundred."""
        self.unreadable_count += 1
        if self.unreadable_count <= _MOST_NAMED:
            self.unreadable.append(what)

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        return {
            "active": self.active,
            "renewed": self.renewed,
            "unreadable": self.unreadable_count,
            "unreadable_names": self.unreadable,
        }


def rotate(
    keys: KeyRing,
    documents: DocumentStore,
    *,
    resume: bool = False,
    chunk: int = CHUNK,
    on_chunk: Callable[[str, int], None] | None = None,
) -> Rotation:
    """Make a new active key and encrypt everything under it that is under an older one.

    Chunks are transactions of their own and lock the rows they change, so work goes on
    meanwhile. Killed, it is run again with ``resume``: then no further key is made, and only what
    is left is done. Old keys stay in the ring; backups need them.

    Args:
        keys: the ring of this installation.
        documents: where documents lie.
        resume: go on under the active key instead of making another.
        chunk: rows a transaction.
        on_chunk: told the table (or ``document``) and how many were done more.
    """
    result = Rotation(keys.active if resume else keys.rotate())
    tell = on_chunk or (lambda _what, _count: None)
    for sealed in SEALED:
        result.renewed[str(sealed.table.__tablename__)] = 0
        last: UUID | None = _FIRST
        while last is not None:
            last = _renew_chunk(keys, sealed, last, chunk, result, tell)
    _renew_documents(documents, result, tell)
    return result


def _renew_chunk(
    keys: KeyRing,
    sealed: Sealed,
    last: UUID,
    chunk: int,
    result: Rotation,
    tell: Callable[[str, int], None],
) -> UUID | None:
    """Encrypt the next rows anew; return the last one's id, or None when none was left."""
    name = str(sealed.table.__tablename__)
    with transaction() as session:
        rows = session.execute(
            sa.text(
                f"SELECT {sealed.key}, key_id, {sealed.content} FROM {name}"  # noqa: S608 - our names
                f" WHERE {sealed.key} > :last AND key_id <> :active"
                f" ORDER BY {sealed.key} LIMIT :chunk FOR UPDATE"
            ),
            {"last": last, "active": result.active, "chunk": chunk},
        ).all()
        renewed = [one for row in rows if (one := _renewed(keys, sealed, row, result)) is not None]
        if renewed:
            session.execute(
                sa.text(
                    f"UPDATE {name} SET key_id = :key_id, {sealed.content} = :content"  # noqa: S608 - our names
                    f" WHERE {sealed.key} = :id"
                ),
                renewed,
            )
    result.renewed[name] += len(renewed)
    tell(name, len(renewed))
    return rows[-1][0] if rows else None


def _renewed(keys: KeyRing, sealed: Sealed, row: Any, result: Rotation) -> dict[str, Any] | None:
    """Return one row's new values; None when it can't be read and stays."""
    row_id, key_id, content = row
    about = bind(sealed.use, row_id)
    try:
        new_key_id, new_content = keys.encrypt(keys.decrypt(key_id, bytes(content), about), about)
    except CryptoFault:
        result.note_unreadable(f"{sealed.table.__tablename__} {row_id}")
        return None
    return {"id": row_id, "key_id": new_key_id, "content": new_content}


def _renew_documents(
    documents: DocumentStore,
    result: Rotation,
    tell: Callable[[str, int], None],
) -> None:
    result.renewed["document"] = 0
    for sha256 in documents.digests():
        try:
            renewed = documents.reencrypt(sha256)
        except DomainError:
            result.note_unreadable(f"document {sha256}")
            continue
        result.renewed["document"] += renewed
        tell("document", int(renewed))
