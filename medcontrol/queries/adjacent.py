"""Reads of the desks beside the flows: appeals, experts, opinions (bureaux des recours et avis)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from medcontrol.errors import NotFound
from medcontrol.model import (
    Appeal,
    CommissionMember,
    ControlFile,
    Decision,
    Doctor,
    Document,
    Expert,
    ExpertConflict,
    HumanTask,
)
from medcontrol.policy import Action, Principal, visible
from medcontrol.vocabulary import ControlFileStatus, DecisionOutcome, StepKind, TaskStatus

MOST = 200


@dataclass(frozen=True, slots=True)
class AppealRow:
    """An appeal in the secretary's list."""

    reference: str
    person: str
    contested: str
    filed_on: date
    contests: str
    status: ControlFileStatus
    due_at: datetime | None
    hearing_at: datetime | None
    outcome: DecisionOutcome | None


def appeals(session: Session, principal: Principal, *, is_open: bool = True) -> Sequence[AppealRow]:
    """Return the appeals that somebody may see, the most pressing first."""
    contested = aliased(ControlFile)
    rows = session.execute(
        sa.select(ControlFile, Appeal, col(contested.reference))
        .join(Appeal, col(Appeal.control_file_id) == ControlFile.id)
        .join(contested, col(contested.id) == Appeal.contested_file_id)
        .where(
            visible(principal),
            col(ControlFile.closed_at).is_(None)
            if is_open
            else col(ControlFile.closed_at).is_not(None),
        )
        .order_by(
            col(ControlFile.due_at) if is_open else col(ControlFile.closed_at).desc(),
            col(ControlFile.id),
        )
        .limit(MOST)
    )
    return [
        AppealRow(
            file.reference, file.person_name, contested_reference, appeal.filed_on,
            appeal.contests, file.status, file.due_at, appeal.hearing_at, file.outcome,
        )
        for file, appeal, contested_reference in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """A seat of a commission."""

    id: UUID
    name: str
    is_chair: bool
    is_present: bool | None
    vote: str | None


@dataclass(frozen=True, slots=True)
class AppealPage:
    """One appeal as its secretary sees it: nothing medical."""

    file: ControlFile
    appeal: Appeal
    contested: ControlFile
    decision: Decision
    correction: Decision | None
    members: tuple[Member, ...]
    task: HumanTask | None
    doctor: str | None


def file_by_reference(
    session: Session, principal: Principal, reference: str, action: Action = Action.SEE
) -> ControlFile:
    """Return a file by its reference.

    Raises:
        NotFound: there is none, or the policy hides it.
    """
    found = session.exec(
        select(ControlFile).where(
            ControlFile.reference == reference, visible(principal, ControlFile, action)
        )
    ).first()
    if found is None:
        raise NotFound("there is no such file")
    return found


def appeal_page(session: Session, principal: Principal, reference: str) -> AppealPage:
    """Return one appeal.

    Raises:
        NotFound: there is none, or the policy hides it.
    """
    file = file_by_reference(session, principal, reference)
    appeal = session.get(Appeal, file.id)
    if appeal is None:
        raise NotFound("there is no such appeal")
    correction = session.get(Decision, appeal.correction_id) if appeal.correction_id else None
    doctor = session.get(Doctor, file.assigned_doctor_id) if file.assigned_doctor_id else None
    return AppealPage(
        file=file,
        appeal=appeal,
        contested=session.get_one(ControlFile, appeal.contested_file_id),
        decision=session.get_one(Decision, appeal.contested_decision_id),
        correction=correction,
        members=_members(session, file.id),
        task=open_task(session, file.id),
        doctor=doctor.name if doctor else None,
    )


def _members(session: Session, file_id: UUID) -> tuple[Member, ...]:
    rows = session.execute(
        sa.select(CommissionMember, col(Doctor.name))
        .join(Doctor, col(Doctor.id) == CommissionMember.doctor_id)
        .where(col(CommissionMember.control_file_id) == file_id)
        .order_by(col(CommissionMember.is_chair).desc(), col(Doctor.code))
    )
    return tuple(
        Member(seat.doctor_id, name, seat.is_chair, seat.is_present, seat.vote)
        for seat, name in rows
    )


def open_task(session: Session, file_id: UUID) -> HumanTask | None:
    """Return the step that a file is at."""
    return session.exec(
        select(HumanTask)
        .where(HumanTask.control_file_id == file_id, HumanTask.status == TaskStatus.OPEN)
        .order_by(col(HumanTask.opened_at))
        .limit(1)
    ).first()


@dataclass(frozen=True, slots=True)
class ClosedFile:
    """A closed file that an appeal could be about."""

    reference: str
    person: str
    registration_number: str
    flow: str
    outcome: DecisionOutcome | None
    closed_at: datetime


def closed_files(session: Session, principal: Principal, text: str) -> Sequence[ClosedFile]:
    """Return closed files by reference or registration number, the last one first."""
    wanted = text.strip().upper()
    if not wanted:
        return []
    found = session.exec(
        select(ControlFile)
        .where(
            visible(principal),
            sa.or_(
                col(ControlFile.reference) == wanted,
                col(ControlFile.registration_number) == wanted,
            ),
            col(ControlFile.closed_at).is_not(None),
            col(ControlFile.flow).not_in(("appeal", "expertise", "quality")),
        )
        .order_by(col(ControlFile.closed_at).desc())
        .limit(20)
    )
    return [
        ClosedFile(
            each.reference, each.person_name, each.registration_number, each.flow, each.outcome,
            each.closed_at,
        )
        for each in found
        if each.closed_at is not None
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """Somebody or something to choose, and why it can't be."""

    id: UUID
    name: str
    note: str
    barred: str | None = None


def doctors_to_choose(
    session: Session, jurisdiction: str, barred: dict[UUID, str]
) -> Sequence[Choice]:
    """Return every active doctor by name, those kept from the file with why."""
    rows = session.execute(
        sa.text(
            "SELECT d.id, d.name, u.name AS unit, d.specialty FROM doctor d"
            " JOIN unit u ON u.code = d.unit_code"
            " WHERE d.is_active AND u.jurisdiction = :jurisdiction ORDER BY d.name, d.code"
        ),
        {"jurisdiction": jurisdiction},
    )
    return [Choice(row.id, row.name, row.unit, barred.get(row.id)) for row in rows]


def experts_to_choose(session: Session, file: ControlFile, on: date) -> Sequence[Choice]:
    """Return the active experts who have an account, those with a tie to the file with why."""
    people = {file.registration_number, file.prescriber_id, file.provider_id} - {None}
    ties: dict[UUID, str] = {}
    for row in session.exec(
        select(ExpertConflict).where(
            col(ExpertConflict.subject).in_(people),
            ExpertConflict.valid_from <= on,
            sa.or_(col(ExpertConflict.valid_to).is_(None), col(ExpertConflict.valid_to) >= on),
        )
    ):
        ties[row.expert_id] = row.kind
    found = session.exec(
        select(Expert)
        .where(Expert.is_active, col(Expert.user_id).is_not(None))
        .order_by(col(Expert.specialty), col(Expert.name))
    )
    return [
        Choice(
            each.id, each.name, each.specialty,
            ties.get(each.id) or ("provider" if each.professional_id in people else None),
        )
        for each in found
    ]  # fmt: skip


def documents_to_choose(session: Session, file: ControlFile) -> Sequence[Document]:
    """Return the stored documents of a file and of the one that it is about."""
    own = [file.received_file_id]
    if file.parent_id is not None:
        own.append(session.get_one(ControlFile, file.parent_id).received_file_id)
    found = session.exec(
        select(Document)
        .where(col(Document.received_file_id).in_(own), col(Document.is_stored))
        .order_by(col(Document.added_at), col(Document.id))
    )
    return list(found)


def expertise_of(session: Session, principal: Principal, reference: str) -> ControlFile:
    """Return an expertise's file for whoever may see it.

    Raises:
        NotFound: there is none, or the policy hides it.
    """
    file = file_by_reference(session, principal, reference)
    task = open_task(session, file.id)
    if file.flow != "expertise" or task is None or task.kind is not StepKind.EXPERT_NAMING:
        raise NotFound("there is no expertise waiting for its expert")
    return file
