"""What an agenda shows (agenda): appointments of a day or week, never anything medical."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from medcontrol.vocabulary import AppointmentKind, AppointmentReason, AppointmentState


class Trouble(StrEnum):
    """Why an appointment that is booked can't be kept as it is, or wants a word."""

    DOCTOR_AWAY = "doctor_away"
    DAY_OFF = "day_off"
    OTHER_DOCTOR = "other_doctor"  # the file went to another doctor since
    UNSETTLED = "unsettled"  # its time is over, and nobody said what became of it


class AgendaBy(StrEnum):
    """What a line of the week is."""

    DOCTOR = "doctor"
    ROOM = "room"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """An appointment with what a counter has to know of it."""

    id: UUID
    reference: str
    person_name: str
    phone: str | None
    flow: str
    kind: AppointmentKind
    on: date
    starts_at: datetime
    ends_at: datetime
    doctor_id: UUID | None
    doctor_name: str | None
    room_id: UUID | None
    room_name: str | None
    unit_code: str
    unit_name: str
    place: str
    state: AppointmentState
    reason: AppointmentReason | None
    arrived_at: datetime | None
    is_early_agreed: bool
    is_moved: bool
    trouble: Trouble | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still to come, or to be told of."""
        return self.state is AppointmentState.BOOKED


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitHere:
    """A unit whose agenda may be looked at."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaDay:
    """A day of one doctor or room; ``is_off`` says that nobody is received there then."""

    on: date
    is_off: bool
    booked: tuple[Booked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaRow:
    """A week of one doctor or room."""

    name: str
    days: tuple[AgendaDay, ...]

    @property
    def total(self) -> int:
        """How many appointments stand in the week."""
        return sum(len(day.booked) for day in self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgendaWeek:
    """The agenda of a unit, or of one doctor, by week."""

    units: tuple[UnitHere, ...]
    unit: str
    by: AgendaBy
    days: tuple[date, ...]
    rows: tuple[AgendaRow, ...]
    troubles: tuple[Booked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayList:
    """The list of a day at the counter."""

    units: tuple[UnitHere, ...]
    unit: str
    on: date
    is_working_day: bool
    rows: tuple[Booked, ...]

    @property
    def arrived(self) -> int:
        """How many people are here, or were."""
        return sum(each.arrived_at is not None for each in self.rows)


def rows_of(
    booked: Sequence[Booked], by: AgendaBy, known: Sequence[tuple[UUID, str, frozenset[date]]],
    days: Sequence[date], off: frozenset[date],
) -> tuple[AgendaRow, ...]:  # fmt: skip
    """Return a line for each doctor or room that is known or booked; none for what has neither.

    Args:
        booked: of these days.
        by: doctors or rooms.
        known: id, name and days away of those that stand there without appointments too.
        days: the columns.
        off: days on which nobody works.
    """
    names = {key: name for key, name, _ in known}
    away = {key: days_away for key, _, days_away in known}
    mine: dict[UUID | None, list[Booked]] = {}
    for each in booked:
        key, name = _line(each, by)
        mine.setdefault(key, []).append(each)
        if key is not None and name is not None:
            names.setdefault(key, name)
    keys: list[UUID | None] = [*sorted(names, key=names.__getitem__)]
    keys += [None] if None in mine else []
    return tuple(
        AgendaRow(
            name=names[key] if key is not None else "",
            days=tuple(
                AgendaDay(
                    on=day,
                    is_off=day in off or (key is not None and day in away.get(key, ())),
                    booked=tuple(each for each in mine.get(key, ()) if each.on == day),
                )
                for day in days
            ),
        )
        for key in keys
    )


def _line(booked: Booked, by: AgendaBy) -> tuple[UUID | None, str | None]:
    if by is AgendaBy.DOCTOR:
        return booked.doctor_id, booked.doctor_name
    return booked.room_id, booked.room_name
