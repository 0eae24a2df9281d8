"""Agendas of doctors and rooms: what is booked, and the slots that are free (créneaux libres).

A free slot is computed, never kept: the doctor's hours on working days, less leave, less what is
booked for the doctor, for every room that would do, and for the person.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from heapq import merge
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.legal.dated import UnknownParameter
from medcontrol.legal.loading import law
from medcontrol.rules.agenda import Hours, Span, free_slots, worked
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import AppointmentKind, DoctorKind

_DOCTORS = sa.text("""
SELECT d.id, d.name, d.kind, d.unit_code, u.name AS unit_name, d.practice_address,
       ARRAY(SELECT s.unit_code FROM doctor_unit s WHERE s.doctor_id = d.id
             AND s.valid_from <= :last AND (s.valid_to IS NULL OR s.valid_to >= :first)) AS units,
       (SELECT json_agg(json_build_array(a.weekday, a.minutes, a.from_hour, a.valid_from,
                                         a.valid_to))
        FROM availability a WHERE a.doctor_id = d.id AND a.valid_from <= :last
          AND (a.valid_to IS NULL OR a.valid_to >= :first)) AS hours,
       (SELECT json_agg(json_build_array(b.first_day, b.last_day)) FROM absence b
        WHERE b.doctor_id = d.id AND b.first_day <= :last AND b.last_day >= :first) AS absences
FROM doctor d JOIN unit u ON u.code = d.unit_code
WHERE d.id = ANY(:ids) AND d.is_active ORDER BY d.name, d.id
""")
_ROOMS = sa.text("""
SELECT r.id, r.unit_code, r.name, r.is_accessible, u.name AS unit_name
FROM room r JOIN unit u ON u.code = r.unit_code
WHERE r.unit_code = ANY(:units) AND r.is_active ORDER BY r.code
""")
_BOOKED = sa.text("""
SELECT doctor_id, room_id, starts_at, ends_at,
       registration_number = :number AND person_birth_date = :birth_date AS is_person
FROM appointment
WHERE state = 'booked' AND starts_at < :until AND ends_at > :since
  AND (doctor_id = ANY(:doctors) OR room_id = ANY(:rooms)
       OR (registration_number = :number AND person_birth_date = :birth_date))
""")


@dataclass(frozen=True, slots=True)
class Agenda:
    """A doctor's hours between two days, leave and holidays taken off."""

    doctor_id: UUID
    name: str
    unit_code: str
    unit_name: str
    practice_address: str | None
    units: frozenset[str]
    work: tuple[Span, ...]

    def covers(self, span: Span) -> bool:
        """Return whether the doctor works throughout a span."""
        return any(w.starts_at <= span.starts_at and span.ends_at <= w.ends_at for w in self.work)


@dataclass(frozen=True, slots=True)
class RoomHere:
    """A room that may be used."""

    id: UUID
    unit_code: str
    name: str
    unit_name: str
    is_accessible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for.

    Attributes:
        doctors: with one of them.
        agency: whose rooms come first, where the doctor serves it.
        first_day: no slot before this day.
        needs_accessible: only rooms that a wheelchair enters.
        number, birth_date: of the person, who is not expected twice at once.
    """

    jurisdiction: str
    kind: AppointmentKind
    flow: str
    doctors: Collection[UUID]
    agency: str | None
    first_day: date
    number: str
    birth_date: date
    needs_accessible: bool = False


@dataclass(frozen=True, slots=True)
class Slot:
    """A free slot with the doctor and the room that would be taken; the place is for the letter."""

    span: Span
    doctor_id: UUID
    doctor_name: str
    room_id: UUID | None
    place: str


@lru_cache(maxsize=256)
def length_of(jurisdiction: str, kind: AppointmentKind, flow: str, on: date) -> timedelta:
    """Return how long an appointment takes: the flow's own length before that of its kind."""
    parameters = law(jurisdiction)
    try:
        path = f"convocation.{kind.value}_minutes_{flow}"
        minutes = parameters.number(path, on).value
    except UnknownParameter:
        minutes = parameters.number(f"convocation.{kind.value}_minutes", on).value
    return timedelta(minutes=minutes)


def notice_ends_on(jurisdiction: str, today: date) -> date:
    """Return the first day for which the law lets a person be summoned without their consent."""
    days = law(jurisdiction).number("clocks.convocation_notice_days", today).value
    return today + timedelta(days=days)


def load_agendas(
    session: Session, calendar: WorkingCalendar, doctors: Collection[UUID], first: date, last: date
) -> list[Agenda]:
    """Return the hours of active doctors from one day to another, both included, by name."""
    values = {"ids": list(doctors), "first": first, "last": last}
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [
        _agenda(row, worked(calendar, days, _hours(row["hours"]), _leave(row["absences"])))
        for row in session.execute(_DOCTORS, values).mappings()
    ]


def _agenda(row: Any, work: Sequence[Span]) -> Agenda:
    is_contracted = row["kind"] == DoctorKind.CONTRACTED
    return Agenda(
        row["id"], row["name"], row["unit_code"], row["unit_name"],
        row["practice_address"] if is_contracted else None,
        frozenset({row["unit_code"], *row["units"]}), tuple(work),
    )  # fmt: skip


def _hours(rows: Sequence[Sequence[Any]] | None) -> list[Hours]:
    return [
        Hours(
            weekday, minutes, time.fromisoformat(starts_at) if starts_at else None,
            date.fromisoformat(first), date.fromisoformat(last) if last else None,
        )
        for weekday, minutes, starts_at, first, last in rows or ()
    ]  # fmt: skip


def _leave(rows: Sequence[Sequence[str]] | None) -> list[tuple[date, date]]:
    return [(date.fromisoformat(first), date.fromisoformat(last)) for first, last in rows or ()]


def doctor_days(
    session: Session, calendar: WorkingCalendar, doctors: Collection[UUID], days: Sequence[date]
) -> list[tuple[UUID, str, frozenset[date]]]:
    """Return doctors by name with those of some days on which they do not receive."""
    found = []
    for each in load_agendas(session, calendar, doctors, days[0], days[-1]):
        there = {calendar.civil_date(span.starts_at) for span in each.work}
        found.append((each.doctor_id, each.name, frozenset(set(days) - there)))
    return found


def lines_of_unit(
    session: Session, calendar: WorkingCalendar, unit: str, *, rooms: bool, days: Sequence[date]
) -> list[tuple[UUID, str, frozenset[date]]]:
    """Return the doctors or rooms of a unit, with days on which nobody receives there."""
    if rooms:
        return [(each.id, each.name, frozenset()) for each in load_rooms(session, [unit])]
    ids = session.execute(
        sa.text("SELECT id FROM doctor WHERE unit_code = :unit AND is_active"), {"unit": unit}
    ).scalars()
    return doctor_days(session, calendar, list(ids), days)


def load_rooms(session: Session, units: Collection[str]) -> list[RoomHere]:
    """Return the rooms in use of some units, by code."""
    rows = session.execute(_ROOMS, {"units": list(units)})
    return [RoomHere(r.id, r.unit_code, r.name, r.unit_name, r.is_accessible) for r in rows]


def offer(session: Session, wanted: Wanted, *, now: datetime, limit: int = 200) -> list[Slot]:
    """Return the next free slots, the earliest first; doctors who are free at once by name.

    Four statements, no lock: a slot that is offered may be gone when it is taken (``book``).

    Args:
        session: any; nothing is written.
        wanted: what is looked for.
        now: no slot begins before.
        limit: how many at most.
    """
    numbers = law(wanted.jurisdiction)
    within = numbers.number("convocation.offered_within_days", wanted.first_day).value
    last = wanted.first_day + timedelta(days=within)
    calendar = working_calendar(session, wanted.jurisdiction, wanted.first_day)
    agendas = load_agendas(session, calendar, wanted.doctors, wanted.first_day, last)
    found = _Search(session, wanted, agendas, calendar, last)
    step = numbers.number("convocation.slot_step_minutes", wanted.first_day).value
    by_doctor = (found.slots(each, timedelta(minutes=step), now) for each in agendas)
    ordered = merge(*by_doctor, key=lambda slot: (slot.span, slot.doctor_name))
    return list(islice(ordered, limit))


class _Search:
    """What is booked beside the agendas that are looked at."""

    def __init__(
        self,
        session: Session,
        wanted: Wanted,
        agendas: Sequence[Agenda],
        calendar: WorkingCalendar,
        last: date,
    ) -> None:
        self.wanted = wanted
        units = {each.unit_code for each in agendas} | {wanted.agency or ""}
        in_rooms = wanted.kind is not AppointmentKind.VISIT
        self.rooms = load_rooms(session, units) if in_rooms else []
        self.length = length_of(wanted.jurisdiction, wanted.kind, wanted.flow, wanted.first_day)
        self.taken: dict[UUID, list[Span]] = {}
        self.person: list[Span] = []
        since = datetime.combine(wanted.first_day, time(), calendar.zone)
        self._load(session, agendas, since.astimezone(UTC), calendar.end_of_day(last))

    def _load(
        self, session: Session, agendas: Sequence[Agenda], since: datetime, until: datetime
    ) -> None:
        values = {
            "since": since, "until": until, "number": self.wanted.number,
            "birth_date": self.wanted.birth_date, "doctors": [a.doctor_id for a in agendas],
            "rooms": [room.id for room in self.rooms],
        }  # fmt: skip
        for row in session.execute(_BOOKED, values):
            span = Span(row.starts_at, row.ends_at)
            for key in (row.doctor_id, row.room_id):
                if key is not None:
                    self.taken.setdefault(key, []).append(span)
            if row.is_person:
                self.person.append(span)

    def slots(self, agenda: Agenda, step: timedelta, now: datetime) -> Iterator[Slot]:
        """Yield a doctor's free slots for which there is a room, where rooms are needed."""
        rooms = self._rooms_of(agenda)
        taken = [*self.taken.get(agenda.doctor_id, ()), *self.person]
        slots = free_slots(agenda.work, taken, length=self.length, step=step, not_before=now)
        for span in slots:
            if rooms is None:
                yield Slot(span, agenda.doctor_id, agenda.name, None, self._place(agenda))
                continue
            room = next((each for each in rooms if self._is_free(each, span)), None)
            if room is not None:
                place = f"{room.unit_name}, {room.name}"
                yield Slot(span, agenda.doctor_id, agenda.name, room.id, place)

    def _rooms_of(self, agenda: Agenda) -> list[RoomHere] | None:
        """Return the rooms that would do; None where nobody needs one or none is on record."""
        if self.wanted.kind is AppointmentKind.VISIT or agenda.practice_address:
            return None
        units = [self.wanted.agency] if self.wanted.agency in agenda.units else []
        for unit in (*units, agenda.unit_code):
            here = [room for room in self.rooms if room.unit_code == unit]
            if here:
                wanted = self.wanted.needs_accessible
                return [room for room in here if room.is_accessible or not wanted]
        return None

    def _is_free(self, room: RoomHere, span: Span) -> bool:
        return not any(each.overlaps(span) for each in self.taken.get(room.id, ()))

    def _place(self, agenda: Agenda) -> str:
        if self.wanted.kind is AppointmentKind.VISIT:
            return ""
        return agenda.practice_address or agenda.unit_name
