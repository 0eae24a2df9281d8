"""Appointments of a file: which step they are for, who may receive, what is free, and booking.

The step that books (``appointment``) stands before the one that is booked: the engine is asked
what would follow. Nothing of a pack names doctors, rooms or lengths.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.calendar import horizon
from assignment.checker import refusals
from assignment.facts import Constraint, TaskFacts
from assignment.loading_doctors import load_doctors
from assignment.loading_tasks import load_as_if
from medcontrol.clock import ZONES, civil_date
from medcontrol.errors import InvalidInput, StepNotOpen
from medcontrol.model import ControlFile, HumanTask
from medcontrol.rules.agenda import Span
from medcontrol.services import agendas, bookings
from medcontrol.services.agendas import Slot, Wanted
from medcontrol.services.bookings import Booking
from medcontrol.vocabulary import AppointmentKind, StepKind
from workflows import engine
from workflows.definition.catalog import Pack
from workflows.steps.command import CompleteStep
from workflows.steps.moving import Move

BOOKED = "booked"
_MOMENT = timedelta(seconds=1)  # what is booked lies ahead
_KINDS = {
    StepKind.VISIT: AppointmentKind.VISIT,
    StepKind.COMMISSION: AppointmentKind.COMMISSION,
    StepKind.EXPERT_REPORT: AppointmentKind.EXPERTISE,
}
# Who has too much now has time when the appointment comes; leave is looked at slot by slot.
_NOT_YET = frozenset({Constraint.CAPACITY, Constraint.ABSENCE})

_STATE = sa.text("SELECT state FROM flow_instance WHERE control_file_id = :id")


@dataclass(frozen=True, slots=True)
class Ahead:
    """The step that an appointment is for, and the open task that books or awaits it."""

    task_id: UUID
    step: str
    kind: AppointmentKind
    is_medical: bool


class Receiver(NamedTuple):
    """A doctor who may see the person, and whether they serve the agency."""

    id: UUID
    name: str
    is_near: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How free slots are looked for.

    Attributes:
        doctor: only this one; when absent the file's own doctor, else those of the agency, else
            those of the region.
        everybody: whoever may, also from elsewhere in the region.
        first_day: no slot before; the end of the notice when absent or earlier.
        is_early: the person agreed to come before the notice ends.
        needs_accessible: rooms that a wheelchair enters.
        limit: how many slots at most.
    """

    doctor: UUID | None = None
    everybody: bool = False
    first_day: date | None = None
    is_early: bool = False
    needs_accessible: bool = False
    limit: int = 120


@dataclass(frozen=True, slots=True)
class Offers:
    """Free slots of a file's appointment, and who could receive.

    Attributes:
        own: the doctor whose file it is, when they may receive.
        doctors: all who may, ``own`` first, then those of the agency.
        notice_ends_on: the first day that needs no consent of the person.
    """

    kind: AppointmentKind
    own: UUID | None
    doctors: tuple[Receiver, ...]
    slots: tuple[Slot, ...]
    notice_ends_on: date


def ahead_of(pack: Pack, state: str, task: HumanTask) -> Ahead:
    """Return the step that follows once this one has booked. Pure.

    Raises:
        StepNotOpen, InvalidInput: as ``engine.complete``.
    """
    advance = engine.complete(pack, state, task.engine_task_id, {"outcome": BOOKED})
    for each in advance.tasks:
        step = pack.meta.steps[each.step]
        if each.task_id != task.engine_task_id and step.kind is not StepKind.APPOINTMENT:
            kind = _KINDS.get(step.kind, AppointmentKind.EXAMINATION)
            return Ahead(task.id, each.step, kind, step.kind.is_medical)
    return Ahead(task.id, task.step, AppointmentKind.EXPERTISE, False)


def offers(
    session: Session,
    pack: Pack,
    file: ControlFile,
    ahead: Ahead,
    search: Search,
    *,
    now: datetime,
) -> Offers:
    """Return the next free slots of the file's doctor, or of all who may do the step.

    Args:
        session: any; nothing is written.
        pack: the file's pack.
        file: whose person is to be seen.
        ahead: the step that is booked; see ``awaited`` and ``ahead_of``.
        search: how slots are looked for.
        now: the instant.
    """
    today = civil_date(now, file.jurisdiction)
    notice = agendas.notice_ends_on(file.jurisdiction, today)
    able = receivers(session, pack, file, ahead, now=now) if ahead.is_medical else []
    own = next((each.id for each in able if each.id == file.assigned_doctor_id), None)
    wanted = Wanted(
        jurisdiction=file.jurisdiction, kind=ahead.kind, flow=file.flow,
        doctors=_looked_at(search, own, able), agency=file.agency_code,
        first_day=max(search.first_day or today, today if search.is_early else notice),
        number=file.registration_number, birth_date=file.person_birth_date,
        needs_accessible=search.needs_accessible,
    )  # fmt: skip
    found = (
        agendas.offer(session, wanted, now=now + _MOMENT, limit=search.limit)
        if wanted.doctors
        else []
    )
    ordered = sorted(able, key=lambda each: each.id != own)
    return Offers(ahead.kind, own, tuple(ordered), tuple(found), notice)


def awaited(session: Session, pack: Pack, file: ControlFile, task: HumanTask) -> Ahead:
    """Return the step that an open step books, from the flow as it stands."""
    state = session.execute(_STATE, {"id": file.id}).scalar_one()
    return ahead_of(pack, state, task)


def _looked_at(search: Search, own: UUID | None, able: Sequence[Receiver]) -> list[UUID]:
    if search.doctor is not None:
        return [each.id for each in able if each.id == search.doctor]
    if own is not None and not search.everybody:
        return [own]
    near = [] if search.everybody else [each.id for each in able if each.is_near]
    return near or [each.id for each in able]


def receivers(
    session: Session, pack: Pack, file: ControlFile, ahead: Ahead, *, now: datetime
) -> list[Receiver]:
    """Return the doctors who may do the step that is booked: the agency's first, then by name."""
    today = civil_date(now, file.jurisdiction)
    days = horizon(session, today, file.jurisdiction)
    facts = _facts(session, pack, file, ahead)
    able = [
        doctor
        for doctor in load_doctors(session, today, file.jurisdiction, flows=[facts.flow], days=days)
        if all(found.constraint in _NOT_YET for found in refusals(facts, doctor, days))
    ]
    names = _names(session, [doctor.id for doctor in able])
    near = {d.id for d in able if file.agency_code == d.agency or file.agency_code in d.units}
    found = [Receiver(each.id, names[each.id], each.id in near) for each in able]
    return sorted(found, key=lambda each: (not each.is_near, each.name))


def _names(session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
    found = session.execute(
        sa.text("SELECT id, name FROM doctor WHERE id = ANY(:ids)"), {"ids": list(ids)}
    )
    return {row.id: row.name for row in found}


def _facts(session: Session, pack: Pack, file: ControlFile, ahead: Ahead) -> TaskFacts:
    """Return the step that is booked as assignment would see it, were it open.

    Raises:
        StepNotOpen: the file does not wait for it (any more).
    """
    step = pack.meta.steps[ahead.step]
    facts = load_as_if(
        session, ahead.task_id, kind=step.kind, specialty=step.specialty,
        level=file.level if step.level == "file" else step.level,
        professions=list(step.professions or pack.served.professions),
    )  # fmt: skip
    if facts is None:
        raise StepNotOpen("the file does not wait for an appointment")
    return replace(facts, in_person=True)


def book_step(move: Move, task: HumanTask, command: CompleteStep) -> UUID:
    """Book what a step that ends with ``booked`` says, and tell the letters of this move.

    Raises:
        SlotTaken, OutsideHours: as ``bookings.book``.
        InvalidInput: the notice of the law is not kept and the person did not agree
            (``agreed``), or no place is given for a visit (``place``).
    """
    assert command.appointment_at is not None  # noqa: S101 - checked
    ahead = ahead_of(move.pack, move.flow.state, task)
    booking = booking_of(move, ahead.kind, command)
    appointment_id = bookings.book(move.session, booking, by=move.actor.id, now=move.now)
    tell_letters(move, booking)
    if booking.doctor_id is not None and ahead.is_medical:
        move.holder, move.is_reserved = booking.doctor_id, True
    move.tell(
        "appointment.booked", appointment=str(appointment_id), kind=booking.kind.value,
        doctor=str(booking.doctor_id) if booking.doctor_id else None,
        early_agreed=booking.is_early_agreed,
    )  # fmt: skip
    return appointment_id


def booking_of(
    move: Move, kind: AppointmentKind, command: CompleteStep, moved_from: UUID | None = None
) -> Booking:
    """Return what is to be booked, the law's notice checked."""
    assert command.appointment_at is not None  # noqa: S101 - checked
    file, starts_at = move.file, command.appointment_at
    is_early = check_notice(move, command)
    place = command.place.strip() or (move.unit_name if kind is not AppointmentKind.VISIT else "")
    if not place:
        raise InvalidInput("a visit needs its address", field="place")
    length = agendas.length_of(
        file.jurisdiction, kind, file.flow, civil_date(starts_at, file.jurisdiction)
    )
    booking = Booking(
        control_file_id=file.id, jurisdiction=file.jurisdiction, kind=kind,
        doctor_id=command.with_doctor, unit_code=file.agency_code, room_id=command.room_id,
        place=place, registration_number=file.registration_number,
        person_birth_date=file.person_birth_date, span=Span(starts_at, starts_at + length),
        is_early_agreed=is_early, rescheduled_from=moved_from,
    )  # fmt: skip
    if command.with_doctor is None and file.assigned_doctor_id is not None:
        return _with_own_doctor(move, booking)
    return booking


def _with_own_doctor(move: Move, booking: Booking) -> Booking:
    """Return the booking in the agenda of the file's doctor, where that one is free then."""
    own = replace(booking, doctor_id=move.file.assigned_doctor_id)
    is_free = bookings.is_worked(move.session, own) and not bookings.find_clash(move.session, own)
    return own if is_free else booking


def check_notice(move: Move, command: CompleteStep) -> bool:
    """Return whether the person comes before the law's notice ends, with their consent.

    Raises:
        InvalidInput: they would, and did not agree.
    """
    assert command.appointment_at is not None  # noqa: S101 - checked
    jurisdiction = move.file.jurisdiction
    today = civil_date(move.now, jurisdiction)
    day = civil_date(command.appointment_at, jurisdiction)
    if day >= agendas.notice_ends_on(jurisdiction, today):
        return False
    if not command.is_early_agreed:
        raise InvalidInput("the law's notice is not kept; the person must agree", field="agreed")
    return True


def tell_letters(move: Move, booking: Booking) -> None:
    """Let the letters of this move say when and where."""
    move.occasion.appointment = {
        "starts_at": booking.span.starts_at.astimezone(ZONES[move.file.jurisdiction]),
        "place": booking.place,
    }
