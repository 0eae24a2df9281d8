"""What was asked, for a file that looks at the same request anew (reprise de la demande)."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.crypto import KeyRing
from medcontrol.ids import new_id
from medcontrol.model import ControlFile, Document, MedicalRecord
from medcontrol.services import medical
from medcontrol.vocabulary import MedicalRecordKind


def copy_request(
    session: Session, keys: KeyRing, parent: ControlFile, child: ControlFile, *, now: datetime
) -> None:
    """Give a linked file its parent's documents and medical content as received, nothing else.

    The bytes of the documents are those that are stored already. No opinion, no decision.
    """
    documents: Any = Document
    shared = session.exec(
        select(Document)
        .where(documents.received_file_id == parent.received_file_id)
        .order_by(documents.id)
    ).all()
    rows = [
        each.model_dump() | {"id": new_id(), "received_file_id": child.received_file_id}
        for each in shared
    ]
    if rows:
        session.execute(sa.insert(Document), rows)
    intake = session.exec(
        select(MedicalRecord).where(
            MedicalRecord.control_file_id == parent.id,
            col(MedicalRecord.kind) == MedicalRecordKind.INTAKE,
        )
    ).all()
    for record in intake:
        medical.write(
            session, keys, child.id, MedicalRecordKind.INTAKE, medical.unsealed(keys, record),
            author_id=None, now=now,
        )  # fmt: skip
