"""What a contested decision was taken on, frozen (instantané): encrypted, its hash in the journal.

Later changes of the contested file do not reach it. Documents are copied as rows: their bytes
lie under their hash and never change.
"""

import hashlib
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.crypto import KeyRing
from medcontrol.ids import new_id
from medcontrol.model import (
    Appeal,
    ControlFile,
    Decision,
    Document,
    LineOpinion,
    MedicalRecord,
    Opinion,
    ReceivedFile,
)
from medcontrol.services.medical import unsealed
from medcontrol.vocabulary import MedicalRecordKind

_PRIVATE = (MedicalRecordKind.DRAFT, MedicalRecordKind.SNAPSHOT)
_FACTS = ("reference", "flow", "nature", "pack", "channel", "level", "mode", "lane",
          "agency_code", "region_code", "registration_number", "person_name",
          "person_birth_date", "prescriber_id", "provider_id", "amount_cents",
          "received_on", "opened_at", "closed_at")  # fmt: skip


def collect(
    session: Session, keys: KeyRing, contested: ControlFile, decision: Decision
) -> dict[str, Any]:
    """Return everything that a decision was taken on, as plain JSON values."""
    received = session.get_one(ReceivedFile, contested.received_file_id)
    return {
        "file": {name: getattr(contested, name) for name in _FACTS},
        "request": received.details,
        "decision": decision.model_dump(exclude={"before"}),
        "opinions": _opinions(session, contested.id, decision),
        "records": _records(session, keys, contested.id, decision),
        "documents": [
            each.model_dump(include={"id", "kind", "title", "sha256", "size", "added_at"})
            for each in documents_then(session, contested, decision)
        ],
    }


def _opinions(session: Session, file_id: UUID, decision: Decision) -> list[dict[str, Any]]:
    found = session.exec(
        select(Opinion)
        .where(Opinion.control_file_id == file_id, Opinion.given_at <= decision.decided_at)
        .order_by(col(Opinion.given_at), col(Opinion.id))
    ).all()
    lines = session.exec(
        select(LineOpinion)
        .where(col(LineOpinion.opinion_id).in_([each.id for each in found]))
        .order_by(col(LineOpinion.line_no))
    ).all()
    return [
        each.model_dump()
        | {"lines": [line.model_dump() for line in lines if line.opinion_id == each.id]}
        for each in found
    ]


def _records(
    session: Session, keys: KeyRing, file_id: UUID, decision: Decision
) -> list[dict[str, Any]]:
    found = session.exec(
        select(MedicalRecord)
        .where(
            MedicalRecord.control_file_id == file_id,
            MedicalRecord.created_at <= decision.decided_at,
            col(MedicalRecord.kind).not_in(_PRIVATE),
        )
        .order_by(col(MedicalRecord.created_at), col(MedicalRecord.id))
    )
    return [
        {
            "id": each.id,
            "kind": each.kind,
            "author_id": each.author_id,
            "created_at": each.created_at,
            "content": unsealed(keys, each),
        }
        for each in found
    ]


def documents_then(session: Session, contested: ControlFile, decision: Decision) -> list[Document]:
    """Return the documents that were there when the decision was taken, in the order they came."""
    found = session.exec(
        select(Document)
        .where(
            Document.received_file_id == contested.received_file_id,
            Document.added_at <= decision.decided_at,
        )
        .order_by(col(Document.id))
    )
    return list(found)


def canonical(content: dict[str, Any]) -> dict[str, Any]:
    """Return content as it is after being stored: ids, days and codes as text."""
    found: dict[str, Any] = orjson.loads(orjson.dumps(content, default=str))
    return found


def digest(content: dict[str, Any]) -> str:
    """Return the SHA-256 of content in canonical JSON, as hexadecimal text."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def copy_documents(
    session: Session, contested: ControlFile, decision: Decision, appeal: ControlFile
) -> int:
    """Put the documents of the contested decision beside the appeal; return how many."""
    rows = [
        each.model_dump() | {"id": new_id(), "received_file_id": appeal.received_file_id}
        for each in documents_then(session, contested, decision)
    ]
    session.add_all(Document.model_validate(row) for row in rows)
    session.flush()
    return len(rows)


def is_intact(session: Session, keys: KeyRing, appeal: Appeal) -> bool:
    """Whether the snapshot is what it was: its content, the appeal's row and the journal agree."""
    record = session.get_one(MedicalRecord, appeal.snapshot_id)
    journaled = session.execute(
        sa.text(
            "SELECT facts::json->>'sha256' FROM journal_entry"
            " WHERE control_file_id = :id AND action = 'snapshot.frozen'"
        ),
        {"id": appeal.control_file_id},
    ).scalar()
    found = digest(unsealed(keys, record))
    return found == appeal.snapshot_hash == journaled
