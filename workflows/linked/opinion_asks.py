"""What is asked of somebody outside a flow, checked and written down (demande d'avis)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from assignment.exclusions import excluded_from
from medcontrol.clock import civil_date
from medcontrol.errors import ConflictOfInterest, InvalidInput
from medcontrol.legal.loading import law
from medcontrol.model import (
    Conflict,
    ControlFile,
    Doctor,
    Document,
    Expert,
    ExpertConflict,
    OpinionRequest,
    SharedDocument,
)
from medcontrol.services import medical
from medcontrol.vocabulary import MedicalRecordKind
from workflows.tools import Tools

LIMIT = "clocks.opinion_answer_days"
MOST = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionAsk:
    """A question for a control doctor elsewhere or an expert, and what they may see.

    Attributes:
        question: medical; encrypted.
        doctor_id, expert_id: who is asked; one of the two.
        due_on: the day by which it is wanted; the law's last day when absent.
        document_ids: the documents of the file that they see.
        is_pseudonymised: they see age and sex instead of who it is.
    """

    question: str
    doctor_id: UUID | None = None
    expert_id: UUID | None = None
    due_on: date | None = None
    document_ids: tuple[UUID, ...] = ()
    is_pseudonymised: bool = False


def write_ask(
    session: Session,
    tools: Tools,
    file: ControlFile,
    request: OpinionRequest,
    asked: OpinionAsk,
    *,
    now: datetime,
) -> None:
    """Send a request: check it, keep the question encrypted, open the documents to who is asked.

    The caller holds the file's lock and journals it.

    Raises:
        InvalidInput: the question, the day, who is asked or a document does not fit; ``field``
            says which (``opinion.question``, ``opinion.due_on``…).
        ConflictOfInterest: who is asked may not look at this file.
    """
    question = asked.question.strip()
    if not 0 < len(question) <= MOST:
        raise InvalidInput("say what is asked", field="opinion.question")
    today = civil_date(now, file.jurisdiction)
    request.due_on = _due_on(file, asked, today)
    _check_asked(session, file, request, asked, today)
    share(session, request.id, documents_of(session, file, asked.document_ids))
    request.doctor_id, request.expert_id = asked.doctor_id, asked.expert_id
    request.is_pseudonymised = asked.is_pseudonymised
    request.question_id = medical.write(
        session, tools.keys, file.id, MedicalRecordKind.OUTSIDE_OPINION,
        {"request": str(request.id), "question": question}, author_id=request.asked_by, now=now,
    )  # fmt: skip
    request.status, request.asked_at = "open", now
    session.add(request)
    session.flush()


def _due_on(file: ControlFile, asked: OpinionAsk, today: date) -> date:
    days = law(file.jurisdiction).number(LIMIT, file.received_on).value
    last = today + timedelta(days=days)
    due_on = asked.due_on or last
    if not today < due_on <= last:
        raise InvalidInput(f"between tomorrow and {last}", field="opinion.due_on")
    return due_on


def _check_asked(
    session: Session, file: ControlFile, request: OpinionRequest, asked: OpinionAsk, today: date
) -> None:
    if (asked.doctor_id is None) == (asked.expert_id is None):
        raise InvalidInput("name a doctor or an expert", field="opinion.whom")
    if asked.expert_id is not None:
        check_expert(session, file, asked.expert_id, today, field="opinion.whom")
        return
    doctor = session.get(Doctor, asked.doctor_id)
    if doctor is None or not doctor.is_active or doctor.id == request.asking_doctor_id:
        raise InvalidInput("another active doctor", field="opinion.whom")
    if doctor.id in excluded_from(session, file.id):
        raise ConflictOfInterest("took part in what is contested", field="opinion.whom")
    check_doctor(session, file, doctor, today, field="opinion.whom")


def check_doctor(
    session: Session, file: ControlFile, doctor: Doctor, today: date, *, field: str
) -> None:
    """Refuse a control doctor who has a tie with somebody of the file.

    Raises:
        ConflictOfInterest: a conflict of interest is on record.
    """
    declared = session.exec(
        select(Conflict.subject).where(
            Conflict.doctor_id == doctor.id,
            Conflict.valid_from <= today,
            sa.or_(col(Conflict.valid_to).is_(None), col(Conflict.valid_to) >= today),
        )
    )
    _refuse_ties(file, {*declared, doctor.professional_id}, field)


def check_expert(
    session: Session, file: ControlFile, expert_id: UUID, today: date, *, field: str
) -> Expert:
    """Return an expert who may look at a file, one with an account to look at it.

    Raises:
        InvalidInput: no such expert, closed, or without an account.
        ConflictOfInterest: a conflict of interest is on record.
    """
    expert = session.get(Expert, expert_id)
    if expert is None or not expert.is_active or expert.user_id is None:
        raise InvalidInput("an active expert with an account", field=field)
    declared = session.exec(
        select(ExpertConflict.subject).where(
            ExpertConflict.expert_id == expert.id,
            ExpertConflict.valid_from <= today,
            sa.or_(col(ExpertConflict.valid_to).is_(None), col(ExpertConflict.valid_to) >= today),
        )
    )
    _refuse_ties(file, {*declared, expert.professional_id}, field)
    return expert


def _refuse_ties(file: ControlFile, ties: set[str | None], field: str) -> None:
    """Refuse who prescribed or provides here, or declared a tie with somebody of the file."""
    people = {file.registration_number, file.prescriber_id, file.provider_id} - {None}
    if not people.isdisjoint(ties):
        raise ConflictOfInterest("a conflict of interest is on record", field=field)


def documents_of(session: Session, file: ControlFile, wanted: tuple[UUID, ...]) -> list[Document]:
    """Return documents of a file that somebody else is to see.

    Raises:
        InvalidInput: one of them is not stored with this file or the one that it is about.
    """
    if not wanted:
        return []
    parent = (
        sa.select(col(ControlFile.received_file_id))
        .where(col(ControlFile.id) == file.parent_id)
        .scalar_subquery()
    )
    found = session.exec(
        select(Document).where(
            col(Document.id).in_(wanted),
            col(Document.is_stored),
            sa.or_(
                col(Document.received_file_id) == file.received_file_id,
                col(Document.received_file_id) == parent,
            ),
        )
    ).all()
    if {each.id for each in found} != set(wanted):
        raise InvalidInput("a document of this file", field="documents")
    return list(found)


def share(session: Session, holder_id: UUID, documents: list[Document]) -> None:
    """Open documents to a mission or a request."""
    session.add_all(SharedDocument(holder_id=holder_id, document_id=each.id) for each in documents)
