"""Agendas (agendas): rooms, what is booked with whom and where, calendars that doctors read."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlmodel import Field, SQLModel

from medcontrol.model.types import CODE, DAY, ID, INSTANT, TEXT, code_enum, foreign_key, primary_key
from medcontrol.vocabulary import AppointmentKind, AppointmentReason, AppointmentState

_BOOKED = "state = 'booked'"


def _never_twice(name: str, *columns: str) -> ExcludeConstraint:
    """Whoever or whatever these columns name has one appointment at a time."""
    alike: list[Any] = [(sa.column(column), "=") for column in columns]
    at_once = (sa.text("tstzrange(starts_at, ends_at)"), "&&")
    # Those who sit beside somebody else see the person there, not a second time.
    is_person = "registration_number" in columns
    where = sa.text(f"{_BOOKED} AND beside_id IS NULL" if is_person else _BOOKED)
    return ExcludeConstraint(*alike, at_once, name=name, using="gist", where=where)


class Room(SQLModel, table=True):
    """A room of a unit in which people are received (cabinet, salle)."""

    __table_args__ = (sa.UniqueConstraint("unit_code", "code"),)

    id: UUID = primary_key()
    unit_code: str = Field(sa_type=CODE, foreign_key="unit.code")
    code: str = Field(sa_type=CODE)
    name: str = Field(sa_type=TEXT)
    # Whether somebody in a wheelchair gets in.
    is_accessible: bool = Field(default=False)
    is_active: bool = Field(default=True)


class Appointment(SQLModel, table=True):
    """A person is to be seen (convocation CMP): by whom, where, from when to when.

    A free slot is never stored: it is what the doctor's hours leave beside these rows.
    """

    __table_args__ = (
        sa.Index("ix_appointment_doctor", "doctor_id", "starts_at"),
        sa.Index("ix_appointment_unit", "unit_code", "starts_at"),
        sa.Index(
            "ix_appointment_booked", "starts_at", postgresql_where=sa.text(_BOOKED)
        ),
        sa.CheckConstraint("ends_at >= starts_at", name="order"),
        sa.CheckConstraint("(state = 'booked') = (settled_at IS NULL)", name="settled_at"),
        sa.CheckConstraint("state <> 'cancelled' OR reason IS NOT NULL", name="reason"),
        _never_twice("ex_appointment_doctor", "doctor_id"),
        _never_twice("ex_appointment_room", "room_id"),
        _never_twice("ex_appointment_person", "registration_number", "person_birth_date"),
    )  # fmt: skip

    id: UUID = primary_key()
    control_file_id: UUID = foreign_key("control_file.id", index=True)
    kind: AppointmentKind = Field(sa_type=code_enum(AppointmentKind))
    # Nobody's agenda, when an expert outside the fund receives.
    doctor_id: UUID | None = foreign_key("doctor.id", nullable=True)
    unit_code: str = Field(sa_type=CODE, foreign_key="unit.code")
    room_id: UUID | None = foreign_key("room.id", nullable=True)
    # As the convocation says it: the unit and room, the doctor's practice, the home, the hospital.
    place: str = Field(sa_type=TEXT)
    # Of the person who is seen, so that they are not expected twice at once.
    registration_number: str = Field(sa_type=CODE)
    person_birth_date: date = Field(sa_type=DAY)
    starts_at: datetime = Field(sa_type=INSTANT)
    ends_at: datetime = Field(sa_type=INSTANT)
    state: AppointmentState = Field(
        default=AppointmentState.BOOKED, sa_type=code_enum(AppointmentState)
    )
    reason: AppointmentReason | None = Field(
        default=None, sa_type=code_enum(AppointmentReason), nullable=True
    )
    booked_at: datetime = Field(sa_type=INSTANT)
    # Nobody when a program did.
    booked_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    # The person agreed to come before the notice that the law gives.
    is_early_agreed: bool = Field(default=False)
    rescheduled_from: UUID | None = foreign_key("appointment.id", nullable=True)
    # The appointment that this doctor attends too, such as the chair's of a commission.
    beside_id: UUID | None = foreign_key("appointment.id", nullable=True)
    reminded_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    # Ticked at the counter; the examination ends it.
    arrived_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    settled_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class AgendaFeed(SQLModel, table=True):
    """A secret address under which a doctor's calendar program reads the agenda (iCalendar)."""

    __tablename__ = "agenda_feed"
    __table_args__ = (
        sa.UniqueConstraint("token_hash"),
        sa.Index(
            "uq_agenda_feed_doctor",
            "doctor_id",
            unique=True,
            postgresql_where=sa.text("revoked_at IS NULL"),
        ),
    )

    id: UUID = primary_key()
    doctor_id: UUID = Field(sa_type=ID, foreign_key="doctor.id")
    token_hash: str = Field(sa_type=CODE)
    made_at: datetime = Field(sa_type=INSTANT)
    revoked_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    last_read_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
