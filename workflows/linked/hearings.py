"""A hearing in the agendas of all who sit in it (audience): each member's time is taken."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.errors import DomainError, Kind
from medcontrol.model import ControlFile
from medcontrol.rules.agenda import Span
from medcontrol.services import agendas, bookings
from medcontrol.services.bookings import Booking
from medcontrol.vocabulary import AppointmentKind
from workflows.steps.moving import Move


class MemberBusy(DomainError):
    """A member of the commission does not work then or is booked; ``detail`` names them."""

    kind = Kind.CONFLICT
    code = "appeal.member_busy"


def _booking(file: ControlFile, member: UUID, at: datetime, place: str) -> Booking:
    kind = AppointmentKind.COMMISSION
    day = civil_date(at, file.jurisdiction)
    length = agendas.length_of(file.jurisdiction, kind, file.flow, day)
    return Booking(
        control_file_id=file.id, jurisdiction=file.jurisdiction, kind=kind, doctor_id=member,
        unit_code=file.agency_code, room_id=None, place=place,
        registration_number=file.registration_number, person_birth_date=file.person_birth_date,
        span=Span(at, at + length),
    )  # fmt: skip


def is_free(session: Session, file: ControlFile, member: UUID, at: datetime) -> bool:
    """Return whether a doctor works throughout a hearing that begins then, and is not booked."""
    booking = _booking(file, member, at, "")
    return bookings.is_worked(session, booking) and (
        bookings.find_clash(session, booking) != "doctor"
    )


def book(move: Move, members: Sequence[UUID], at: datetime, place: str) -> None:
    """Book a hearing with every member, the chair's appointment being the person's.

    Raises:
        SlotTaken: somebody took the time of a member, or the person's, meanwhile.
    """
    session, by, now = move.session, move.actor.id, move.now
    chair, *others = (_booking(move.file, member, at, place) for member in members)
    first = bookings.book(session, chair, by=by, now=now)
    move.tell("appointment.booked", appointment=str(first))
    for each in others:
        bookings.book(session, replace(each, beside=first), by=by, now=now)
