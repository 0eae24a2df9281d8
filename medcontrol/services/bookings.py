"""Booking (prise de rendez-vous): neither a doctor nor a room nor a person twice at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID
from zlib import crc32

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.clock import civil_date
from medcontrol.errors import DomainError, Kind
from medcontrol.ids import new_id
from medcontrol.model import Appointment
from medcontrol.rules.agenda import Span
from medcontrol.services.agendas import load_agendas
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import AppointmentKind, AppointmentReason, AppointmentState

# First key of the two-key advisory locks of agendas; those of jobs have another.
_LOCKS = 20_762
_LOCK = sa.text("SELECT pg_advisory_xact_lock(:space, key) FROM unnest(:keys) AS key")
_CLASH = sa.text("""
SELECT coalesce(doctor_id = CAST(:doctor AS uuid), false) AS doctor,
       coalesce(room_id = CAST(:room AS uuid), false) AS room
FROM appointment
WHERE state = 'booked' AND tstzrange(starts_at, ends_at) && tstzrange(:starts_at, :ends_at)
  AND (doctor_id = CAST(:doctor AS uuid) OR room_id = CAST(:room AS uuid)
       OR (CAST(:beside AS uuid) IS NULL AND beside_id IS NULL
           AND registration_number = :number AND person_birth_date = :birth_date))
LIMIT 1
""")


class SlotTaken(DomainError):
    """The doctor, the room or the person is booked at that time; look at the free slots again."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code: ClassVar[str] = "appointment.slot_taken"


class OutsideHours(DomainError):
    """The doctor does not work then: outside the hours, on leave, or on a day off."""

    kind: ClassVar[Kind] = Kind.INVALID
    code: ClassVar[str] = "appointment.outside_hours"


class NotBooked(DomainError):
    """The appointment was kept, missed, moved or cancelled already."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code: ClassVar[str] = "appointment.not_booked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What is to be booked; ``doctor_id`` is none when nobody's agenda is known.

    ``beside``: the appointment that this doctor attends too; the person is seen there.
    """

    control_file_id: UUID
    jurisdiction: str
    kind: AppointmentKind
    doctor_id: UUID | None
    unit_code: str
    room_id: UUID | None
    place: str
    registration_number: str
    person_birth_date: date
    span: Span
    is_early_agreed: bool = False
    rescheduled_from: UUID | None = None
    beside: UUID | None = None


def book(session: Session, booking: Booking, *, by: UUID | None, now: datetime) -> UUID:
    """Book, in the caller's transaction; who comes second at the same time is refused.

    Takes advisory locks of the doctor, the room and the person until the transaction ends, after
    the file's lock and before those of assignment. The database's exclusion constraints hold
    the same, whatever writes.

    Raises:
        SlotTaken: one of them is booked then; ``field`` says which.
        OutsideHours: the doctor does not work throughout the slot.
    """
    _lock(session, booking)
    if not is_worked(session, booking):
        raise OutsideHours("the doctor does not work throughout that time", field="appointment_at")
    clash = find_clash(session, booking)
    if clash is not None:
        raise SlotTaken(f"the {clash} is booked at that time", field=clash)
    key = new_id()
    row = Appointment(
        id=key,
        control_file_id=booking.control_file_id,
        kind=booking.kind,
        doctor_id=booking.doctor_id,
        unit_code=booking.unit_code,
        room_id=booking.room_id,
        place=booking.place,
        registration_number=booking.registration_number,
        person_birth_date=booking.person_birth_date,
        starts_at=booking.span.starts_at,
        ends_at=booking.span.ends_at,
        booked_at=now,
        booked_by=by,
        is_early_agreed=booking.is_early_agreed,
        rescheduled_from=booking.rescheduled_from,
        beside_id=booking.beside,
    )
    session.add(row)
    session.flush()
    return key


def find_clash(session: Session, booking: Booking) -> str | None:
    """Return who or what is booked at that time: doctor, room or person; None when all are free."""
    values = {
        "doctor": booking.doctor_id, "room": booking.room_id,
        "number": booking.registration_number, "birth_date": booking.person_birth_date,
        "starts_at": booking.span.starts_at, "ends_at": booking.span.ends_at,
        "beside": booking.beside,
    }  # fmt: skip
    row = session.execute(_CLASH, values).first()
    if row is None:
        return None
    return "doctor" if row.doctor else "room" if row.room else "person"


def _lock(session: Session, booking: Booking) -> None:
    keys = sorted(hash_key(name) for name in _names(booking))
    session.execute(_LOCK, {"space": _LOCKS, "keys": keys})


def _names(booking: Booking) -> Iterator[str]:
    yield f"person:{booking.registration_number}:{booking.person_birth_date}"
    if booking.doctor_id is not None:
        yield f"doctor:{booking.doctor_id}"
    if booking.room_id is not None:
        yield f"room:{booking.room_id}"


def hash_key(name: str) -> int:
    """Return a lock's second key: 31 bits of a name, the same in every process."""
    return crc32(name.encode()) >> 1


def is_worked(session: Session, booking: Booking) -> bool:
    """Return whether the booking's doctor works throughout it; nobody's agenda always does."""
    if booking.doctor_id is None:
        return True
    day = civil_date(booking.span.starts_at, booking.jurisdiction)
    calendar = working_calendar(session, booking.jurisdiction, day)
    agendas = load_agendas(session, calendar, [booking.doctor_id], day, day)
    return any(each.covers(booking.span) for each in agendas)


def settle(
    session: Session,
    control_file_id: UUID,
    state: AppointmentState,
    reason: AppointmentReason | None,
    *,
    now: datetime,
) -> list[UUID]:
    """End what is booked for a file: attended, missed or cancelled; return what it was."""
    rows = session.execute(
        sa.update(Appointment)
        .where(
            col(Appointment.control_file_id) == control_file_id,
            col(Appointment.state) == AppointmentState.BOOKED,
        )
        .values(state=state, reason=reason, settled_at=now)
        .returning(col(Appointment.id))
    )
    return list(rows.scalars())


_REBOOK = sa.text("""
UPDATE appointment a SET state = 'booked', reason = NULL, settled_at = NULL
WHERE a.control_file_id = :file AND a.settled_at = :settled_at AND NOT EXISTS (
  SELECT FROM appointment b
  WHERE b.state = 'booked' AND b.id <> a.id
    AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
    AND (b.doctor_id = a.doctor_id OR b.room_id = a.room_id
         OR (a.beside_id IS NULL AND b.beside_id IS NULL
             AND b.registration_number = a.registration_number
             AND b.person_birth_date = a.person_birth_date)))
RETURNING a.id
""")


def rebook(
    session: Session, control_file_id: UUID, settled_at: datetime
) -> tuple[list[UUID], list[UUID]]:
    """Book again what ended at an instant; return what is, and what somebody else has meanwhile."""
    ended = select(Appointment).where(
        Appointment.control_file_id == control_file_id, Appointment.settled_at == settled_at
    )
    rows = session.exec(ended).all()
    for row in rows:
        _lock(session, _booking_of(row))
    values = {"file": control_file_id, "settled_at": settled_at}
    again = list(session.execute(_REBOOK, values).scalars())
    session.expire_all()
    return again, [key for row in rows if (key := row.id) not in again]


def _booking_of(row: Appointment) -> Booking:
    return Booking(
        control_file_id=row.control_file_id, jurisdiction="", kind=row.kind,
        doctor_id=row.doctor_id, unit_code=row.unit_code, room_id=row.room_id, place=row.place,
        registration_number=row.registration_number, person_birth_date=row.person_birth_date,
        span=Span(row.starts_at, row.ends_at),
    )  # fmt: skip
