"""A second reader's own door to a file: what was asked, nothing of the answer (à l'aveugle).

The reader has no right to the file that is read again: every ordinary door is closed to them
(``policy.blinded``). What they need is named here, column by column, so that a column that joins
a table shows nothing by itself. What was decided first is given once they have decided.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.crypto import KeyRing
from medcontrol.db import read_only, transaction
from medcontrol.documents import DocumentNotFound, DocumentStore
from medcontrol.errors import Forbidden, NotFound
from medcontrol.model import (
    ControlFile,
    Decision,
    Document,
    HumanTask,
    LineOpinion,
    MedicalRecord,
    Opinion,
    ReceivedFile,
    SecondReading,
)
from medcontrol.policy import Principal
from medcontrol.services import medical
from medcontrol.services.medical import MedicalContent
from medcontrol.vocabulary import DocumentClass, MedicalRecordKind, Role, StepKind, TaskStatus

PURPOSE = "second_reading"


@dataclass(frozen=True, slots=True)
class OpenReading:
    """A reading in its reader's hands.

    Attributes:
        file: the reading's own file. task: its open step, None when it is over.
        parent: the file that is read again. received: what was asked there.
        decided_at: when it was decided; later documents are no part of what is read.
    """

    reading: SecondReading
    file: ControlFile
    task: HumanTask | None
    parent: ControlFile
    received: ReceivedFile
    decided_at: datetime

    @property
    def is_blind(self) -> bool:
        """Whether the reader has not decided yet, and so may not see what was decided."""
        return self.reading.read_at is None


@dataclass(frozen=True, slots=True)
class FirstSide:
    """What was decided first, shown once the reader has decided; no name."""

    decision: Decision
    opinion: Opinion | None
    lines: tuple[LineOpinion, ...]
    reasoning: str


def _is_mine(principal: Principal) -> sa.ColumnElement[bool]:
    """The predicate over readings joined with their open task: they are in these hands."""
    return sa.and_(
        sa.literal(principal.doctor_id is not None and principal.has(Role.QUALITY_READER)),
        sa.or_(
            col(HumanTask.assigned_doctor_id) == principal.doctor_id,
            col(SecondReading.reader_doctor_id) == principal.doctor_id,
        ),
    )


def _open_task() -> sa.ColumnElement[bool]:
    return sa.and_(
        col(HumanTask.control_file_id) == col(SecondReading.reading_file_id),
        col(HumanTask.status) == TaskStatus.OPEN,
        col(HumanTask.kind) == StepKind.QUALITY_READING,
    )


def find_reading(session: Session, principal: Principal, reference: str) -> OpenReading:
    """Return a reading by the reference of its own file.

    Raises:
        NotFound: there is none, or it is in other hands: the two can't be told apart.
    """
    row = session.execute(
        sa.select(SecondReading, ControlFile, HumanTask)
        .join(ControlFile, col(ControlFile.id) == col(SecondReading.reading_file_id))
        .outerjoin(HumanTask, _open_task())
        .where(col(ControlFile.reference) == reference, _is_mine(principal))
    ).one_or_none()
    if row is None:
        raise NotFound(f"no reading {reference}", field="reference")
    reading, file, task = row
    parent = session.get_one(ControlFile, reading.control_file_id)
    received = session.get_one(ReceivedFile, parent.received_file_id)
    decided_at = session.get_one(Decision, reading.decision_id).decided_at
    return OpenReading(reading, file, task, parent, received, decided_at)


def _may_read(principal: Principal, reading_id: UUID) -> Callable[[Session], bool]:
    def check(session: Session) -> bool:
        found = session.execute(
            sa.select(col(SecondReading.id))
            .outerjoin(HumanTask, _open_task())
            .where(col(SecondReading.id) == reading_id, _is_mine(principal))
        ).scalar()
        return found is not None

    return check


def read_request(
    principal: Principal, opened: OpenReading, keys: KeyRing, *, now: datetime
) -> MedicalContent | None:
    """Return the medical content as it was received; who reads it is logged first.

    Raises:
        Forbidden: the reading is not in these hands.
    """
    _log(principal, opened, "intake", now)
    with read_only() as session:
        record = session.exec(
            select(MedicalRecord)
            .where(
                MedicalRecord.control_file_id == opened.parent.id,
                MedicalRecord.kind == MedicalRecordKind.INTAKE,
            )
            .order_by(col(MedicalRecord.id))
            .limit(1)
        ).first()
    return None if record is None else _opened(record, keys)


def read_first_side(
    principal: Principal, opened: OpenReading, keys: KeyRing, *, now: datetime
) -> FirstSide:
    """Return what was decided first, with the reasoning; who reads it is logged first.

    Raises:
        Forbidden: the reader has not decided yet, or the reading is not in these hands.
    """
    if opened.is_blind:
        raise Forbidden("the reader decides first")
    _log(principal, opened, "reasoning", now)
    with read_only() as session:
        decision = session.get_one(Decision, opened.reading.decision_id)
        opinion = session.get(Opinion, decision.opinion_id) if decision.opinion_id else None
        lines = session.exec(
            select(LineOpinion)
            .where(col(LineOpinion.opinion_id) == decision.opinion_id)
            .order_by(col(LineOpinion.line_no))
        ).all()
        record = (
            session.get(MedicalRecord, opinion.reasoning_id)
            if opinion and opinion.reasoning_id
            else None
        )
    reasoning = "" if record is None else str(_opened(record, keys).content.get("reasoning", ""))
    return FirstSide(decision, opinion, tuple(lines), reasoning)


def _log(principal: Principal, opened: OpenReading, what: str, now: datetime) -> None:
    medical.log_reading(
        principal, opened.parent.id, what, PURPOSE, now=lambda: now,
        allowed=_may_read(principal, opened.reading.id),
    )  # fmt: skip


def _opened(record: MedicalRecord, keys: KeyRing) -> MedicalContent:
    content = medical.unsealed(keys, record)
    return MedicalContent(record.id, record.kind, record.author_id, record.created_at, content)


def documents_of(session: Session, opened: OpenReading) -> list[Document]:
    """Return the documents that were there when it was decided, in the order they came."""
    documents: Any = Document
    found = session.exec(
        select(Document)
        .where(
            documents.received_file_id == opened.received.id,
            documents.added_at <= opened.decided_at,
        )
        .order_by(documents.id)
    )
    return list(found)


def open_document(
    principal: Principal, store: DocumentStore, reference: str, document_id: UUID, *, now: datetime
) -> tuple[Document, bytes]:
    """Return a document of the file that is read again; a medical one is logged first.

    Raises:
        NotFound: no such reading or document, or in other hands.
        DocumentNotFound: it was announced, its bytes never came.
    """
    with transaction() as session:
        opened = find_reading(session, principal, reference)
        found = [each for each in documents_of(session, opened) if each.id == document_id]
    if not found:
        raise NotFound(f"no document {document_id}", field="document")
    document = found[0]
    if not document.is_stored:
        raise DocumentNotFound("announced, not received", field="document")
    if DocumentClass(document.document_class) is DocumentClass.MEDICAL:
        _log(principal, opened, f"document:{document_id}", now)
    return document, store.get(document.sha256)
