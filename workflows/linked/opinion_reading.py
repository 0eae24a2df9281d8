"""What somebody sees whose opinion is asked (avis demandé): the question and what was chosen.

Nothing else of the file, and that only while the request is open.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.clock import civil_date
from medcontrol.crypto import KeyRing
from medcontrol.db import read_only
from medcontrol.documents import DocumentStore
from medcontrol.errors import NotFound
from medcontrol.model import (
    ControlFile,
    Document,
    Expert,
    MedicalRecord,
    OpinionRequest,
    SharedDocument,
)
from medcontrol.policy import Principal
from medcontrol.rules.calendar import whole_years
from medcontrol.services import medical
from medcontrol.vocabulary import Role


@dataclass(frozen=True, slots=True)
class AskedPage:
    """What somebody sees whose opinion is asked; whom it is about only when they may know.

    ``repr`` shows no content.
    """

    id: UUID
    question: str
    due_on: date
    asked_at: datetime
    age: int
    sex: str | None
    person: str | None
    registration_number: str | None
    flow: str
    documents: tuple[Document, ...]

    def __repr__(self) -> str:
        """Show the id only."""
        return f"AskedPage({self.id})"


def is_asked(session: Session, principal: Principal, request: OpinionRequest) -> bool:
    """Whether an open request is addressed to this person."""
    if request.status != "open":
        return False
    if request.doctor_id is not None:
        return principal.doctor_id == request.doctor_id
    expert = session.get(Expert, request.expert_id) if request.expert_id else None
    return (
        expert is not None
        and expert.is_active
        and expert.user_id == principal.id
        and principal.has(Role.EXPERT)
    )


def asked_of(session: Session, principal: Principal) -> list[OpinionRequest]:
    """Return the open requests addressed to a person, the most pressing first."""
    mine = col(OpinionRequest.doctor_id) == principal.doctor_id
    if principal.doctor_id is None:
        mine = sa.false()
    if principal.has(Role.EXPERT):
        own = sa.select(col(Expert.id)).where(
            col(Expert.user_id) == principal.id, col(Expert.is_active)
        )
        mine = sa.or_(mine, col(OpinionRequest.expert_id).in_(own))
    found = session.exec(
        select(OpinionRequest)
        .where(OpinionRequest.status == "open", mine)
        .order_by(col(OpinionRequest.due_on), col(OpinionRequest.id))
    )
    return list(found)


def read_asked(
    principal: Principal, keys: KeyRing, request_id: UUID, *, now: datetime
) -> AskedPage:
    """Return what the one asked sees, after logging who reads it.

    Raises:
        NotFound: no such request, not theirs, or not open any more: all look the same.
    """
    request, file, record, documents, sex = _asked(principal, request_id)
    medical.log_reading(
        principal, file.id, f"opinion:{request_id}", "outside_opinion", now=lambda: now,
        allowed=lambda session: _still_asked(session, principal, request_id),
    )  # fmt: skip
    content = medical.unsealed(keys, record)
    today = civil_date(now, file.jurisdiction)
    is_named = not request.is_pseudonymised
    assert request.due_on is not None  # noqa: S101 - it is open: a check of the table
    assert request.asked_at is not None  # noqa: S101 - set with the status
    return AskedPage(
        id=request.id,
        question=content["question"],
        due_on=request.due_on,
        asked_at=request.asked_at,
        age=whole_years(file.person_birth_date, today),
        sex=sex,
        person=file.person_name if is_named else None,
        registration_number=file.registration_number if is_named else None,
        flow=file.flow,
        documents=documents,
    )


def _asked(
    principal: Principal, request_id: UUID
) -> tuple[OpinionRequest, ControlFile, MedicalRecord, tuple[Document, ...], str | None]:
    with read_only() as session:
        request = session.get(OpinionRequest, request_id)
        if request is None or not is_asked(session, principal, request):
            raise NotFound("there is no such request")
        file = session.get_one(ControlFile, request.control_file_id)
        record = session.get_one(MedicalRecord, request.question_id)
        documents = shared_documents(session, request.id)
        sex = session.execute(
            sa.text("SELECT sex FROM received_file WHERE id = :id"), {"id": file.received_file_id}
        ).scalar()
        session.expunge_all()
    return request, file, record, documents, sex


def _still_asked(session: Session, principal: Principal, request_id: UUID) -> bool:
    request = session.get(OpinionRequest, request_id)
    return request is not None and is_asked(session, principal, request)


def shared_documents(session: Session, holder_id: UUID) -> tuple[Document, ...]:
    """Return the documents that a mission or a request opens."""
    found = session.exec(
        select(Document)
        .join(SharedDocument, col(SharedDocument.document_id) == Document.id)
        .where(SharedDocument.holder_id == holder_id)
        .order_by(col(Document.added_at), col(Document.id))
    )
    return tuple(found)


def read_document(
    principal: Principal, store: DocumentStore, request_id: UUID, document_id: UUID, *,
    now: datetime,
) -> tuple[Document, bytes]:  # fmt: skip
    """Return a document that the request opens, after logging who reads it.

    Raises:
        NotFound: not a document of an open request of theirs.
    """
    request, file, _record, documents, _sex = _asked(principal, request_id)
    document = next((each for each in documents if each.id == document_id), None)
    if document is None:
        raise NotFound("there is no such document")
    medical.log_reading(
        principal, file.id, f"document:{document.id}", "outside_opinion", now=lambda: now,
        allowed=lambda session: _still_asked(session, principal, request.id),
    )  # fmt: skip
    return document, store.get(document.sha256)
