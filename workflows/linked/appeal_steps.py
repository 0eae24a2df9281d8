"""Steps of an appeal (recours): admissibility, hearing, commission, and each part's decision."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from assignment.exclusions import excluded_from
from medcontrol.clock import ZONES, civil_date
from medcontrol.errors import ConflictOfInterest, InvalidInput
from medcontrol.legal.loading import law
from medcontrol.model import Appeal, CommissionMember, ControlFile, Doctor, Opinion
from workflows.linked import hearings
from workflows.linked.opinion_asks import check_doctor
from workflows.steps.command import CompleteStep
from workflows.steps.moving import Move

NOTICE = "clocks.appeal_hearing_notice_days"
MEMBERS, QUORUM = "appeal.commission_members", "appeal.commission_quorum"
ADMISSIBLE, BOOKED, NO_QUORUM, ABSENT = "admissible", "booked", "no_quorum", "absent"
PARTS = ("medical_part", "administrative_part")
#: The members in the order of the form: the chair first.
SEATS = ("chair", "second", "third")


def appeal_of(session: Session, control_file_id: UUID) -> Appeal:
    """Return what an appeal's file says beside its flow.

    Raises:
        InvalidInput: the file is no appeal, or was not registered as one.
    """
    found = session.get(Appeal, control_file_id, populate_existing=True)
    if found is None:
        raise InvalidInput("this file is no registered appeal", field="control_file_id")
    return found


def check_part(move: Move, command: CompleteStep) -> None:
    """Refuse to admit an appeal that came too late, unless the lateness is excused."""
    if command.outcome != ADMISSIBLE:
        return
    appeal = appeal_of(move.session, move.file.id)
    if not command.form.get("standing"):
        raise InvalidInput("say that the person may appeal", field="form.standing")
    if appeal.filed_on > appeal.limit_on and not command.form.get("late_accepted"):
        raise InvalidInput(f"filed after {appeal.limit_on}", field="form.late_accepted")


def write_part(move: Move, command: CompleteStep) -> None:
    """Keep the part of the appeal that the step decided, the medical or the administrative one."""
    decided = move.pack.meta.outcomes[command.outcome].sets
    values = {name: decided[name] for name in PARTS if name in decided}
    if values:
        move.session.execute(
            sa.update(Appeal).where(col(Appeal.control_file_id) == move.file.id).values(**values)
        )


def check_hearing(move: Move, command: CompleteStep) -> None:
    """Refuse a hearing without its notice, or members who may not sit."""
    if command.outcome != BOOKED:
        return
    at, today = _instant(command), civil_date(move.now, move.file.jurisdiction)
    numbers = law(move.file.jurisdiction).at(move.file.received_on)
    earliest = today + timedelta(days=numbers.number(NOTICE).value)
    if civil_date(at, move.file.jurisdiction) < earliest:
        raise InvalidInput(f"not before {earliest}", field="form.hearing_at")
    members = _members(command)
    wanted = numbers.number(MEMBERS).value
    if len(set(members)) != wanted:
        raise InvalidInput(f"name {wanted} doctors", field="form.members")
    barred = may_not_sit(move.session, move.file)
    known = {
        each.id: each
        for each in move.session.exec(select(Doctor).where(col(Doctor.id).in_(members)))
    }
    for member in members:
        doctor = known.get(member)
        if doctor is None or not doctor.is_active:
            raise InvalidInput("an active doctor", field="form.members")
        if member in barred:
            raise ConflictOfInterest(barred[member], field="form.members")
        check_doctor(move.session, move.file, doctor, today, field="form.members")
    busy = [
        known[each].name
        for each in members
        if not hearings.is_free(move.session, move.file, each, at)
    ]
    if busy:
        raise hearings.MemberBusy(", ".join(busy), field="form.members")


def may_not_sit(session: Session, file: ControlFile) -> dict[UUID, str]:
    """Return who may not be in the commission: who is kept from the file, and who examined it."""
    examined = session.exec(select(Opinion.doctor_id).where(Opinion.control_file_id == file.id))
    return dict.fromkeys(examined, "earlier_opinion") | excluded_from(session, file.id)


def _instant(command: CompleteStep) -> datetime:
    try:
        at = datetime.fromisoformat(str(command.form.get("hearing_at", "")))
    except ValueError:
        raise InvalidInput("day and hour of the hearing", field="form.hearing_at") from None
    if at.tzinfo is None:
        raise InvalidInput("the instant needs an offset", field="form.hearing_at")
    return at


def _members(command: CompleteStep) -> list[UUID]:
    given = command.form.get("members")
    try:
        return [UUID(str(each)) for each in given] if isinstance(given, list | tuple) else []
    except ValueError:
        raise InvalidInput("a doctor", field="form.members") from None


def write_hearing(move: Move, command: CompleteStep) -> None:
    """Keep day, place and members; the first one named has the chair."""
    if command.outcome != BOOKED:
        return
    session, file = move.session, move.file
    at, place = _instant(command), str(command.form.get("place") or move.unit_name)
    session.execute(
        sa.delete(CommissionMember).where(col(CommissionMember.control_file_id) == file.id)
    )
    for seat, member in enumerate(_members(command)):
        session.add(CommissionMember(control_file_id=file.id, doctor_id=member, is_chair=seat == 0))
    session.execute(
        sa.update(Appeal)
        .where(col(Appeal.control_file_id) == file.id)
        .values(hearing_at=at, hearing_place=place)
    )
    session.flush()
    move.occasion.appointment = {
        "starts_at": at.astimezone(ZONES[file.jurisdiction]), "place": place
    }  # fmt: skip
    hearings.book(move, _members(command), at, place)
    move.tell("hearing.set", at=at.isoformat(), members=[str(each) for each in _members(command)])


def seats(session: Session, control_file_id: UUID) -> list[CommissionMember]:
    """Return the members of a commission in the order of the form, the chair first."""
    return list(
        session.exec(
            select(CommissionMember)
            .join(Doctor, col(Doctor.id) == CommissionMember.doctor_id)
            .where(CommissionMember.control_file_id == control_file_id)
            .order_by(col(CommissionMember.is_chair).desc(), col(Doctor.code))
        )
    )


def check_votes(move: Move, command: CompleteStep) -> None:
    """Refuse an outcome that the members present did not vote for."""
    wanted = expected_outcome(_votes(command), _quorum(move))
    if command.outcome in (*_DECIDING, NO_QUORUM) and command.outcome != wanted:
        raise InvalidInput(f"the votes amount to {wanted}", field="outcome")


_DECIDING = ("maintained", "overturned", "partly_overturned")


def expected_outcome(votes: Mapping[str, str], quorum: int) -> str:
    """Return what a commission decided: the majority's vote, the chair's when there is none.

    >>> expected_outcome({"chair": "maintained", "second": "overturned", "third": "overturned"}, 3)
    'overturned'
    >>> expected_outcome({"chair": "maintained", "second": "overturned", "third": "absent"}, 3)
    'no_quorum'
    """
    cast = {seat: vote for seat, vote in votes.items() if vote in _DECIDING}
    if len(cast) < quorum or not cast:
        return NO_QUORUM
    vote, count = Counter(cast.values()).most_common(1)[0]
    if count * 2 > len(cast):
        return vote
    return cast.get(SEATS[0], NO_QUORUM)


def _quorum(move: Move) -> int:
    return law(move.file.jurisdiction).number(QUORUM, move.file.received_on).value


def _votes(command: CompleteStep) -> dict[str, Any]:
    given = command.form.get("votes")
    return dict(given) if isinstance(given, Mapping) else {}


def write_votes(move: Move, command: CompleteStep) -> None:
    """Keep who was there and how they voted."""
    votes = _votes(command)
    for seat, member in zip(SEATS, seats(move.session, move.file.id), strict=False):
        vote = votes.get(seat, ABSENT)
        member.is_present = vote in _DECIDING
        member.vote = vote if member.is_present else None
        move.session.add(member)
    move.session.flush()
    present = [seat for seat in SEATS if votes.get(seat) in _DECIDING]
    move.tell("commission.voted", outcome=command.outcome, present=len(present))
    write_part(move, command)
