"""Reading agendas: an agent's within what their units administrate, a doctor's own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.model import (
    Absence,
    Appointment,
    ControlFile,
    Doctor,
    HumanTask,
    ReceivedFile,
    Room,
    Unit,
)
from medcontrol.policy import Action, Principal, agent_scope, visible
from medcontrol.queries.agenda import (
    AgendaBy,
    AgendaRow,
    AgendaWeek,
    Booked,
    DayList,
    Trouble,
    UnitHere,
    rows_of,
)
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import AppointmentKind, AppointmentState, TaskStatus

# Columns of the tables, not values of a row.
Book: Any = Appointment
File: Any = ControlFile
Names: Any = Doctor
Rooms: Any = Room
Units: Any = Unit
Away: Any = Absence
Task: Any = HumanTask
Received: Any = ReceivedFile

#: Doctors or rooms of a unit that stand in a week without appointments too: id, name, days off.
Known = Callable[[str, Sequence[date]], Sequence[tuple[UUID, str, frozenset[date]]]]

_MOST = 2000
_STANDING = (AppointmentState.BOOKED, AppointmentState.ATTENDED, AppointmentState.MISSED)
#: How long after its end an appointment may stand without a word of what became of it.
_SETTLED_WITHIN = timedelta(hours=12)


def administered(principal: Principal) -> sa.ColumnElement[bool]:
    """The predicate of the appointments that somebody's units administrate."""
    return visible(principal, ControlFile, Action.ADMINISTRATE)


def own(principal: Principal) -> sa.ColumnElement[bool]:
    """The predicate of the appointments in a doctor's own agenda."""
    if principal.doctor_id is None:
        return sa.false()
    sits = Book.kind == AppointmentKind.COMMISSION  # whoever does knows whom it hears
    return sa.and_(
        Book.doctor_id == principal.doctor_id, sa.or_(sits, visible(principal, ControlFile))
    )


def agenda_units(session: Session, principal: Principal, jurisdiction: str) -> tuple[UnitHere, ...]:
    """Return the agencies of an agent, by name; of a region or the centre all below it."""
    rows = session.execute(
        sa.select(Units.code, Units.name)
        .where(agent_scope(principal), Units.jurisdiction == jurisdiction, Units.is_active)
        .order_by(Units.name)
    )
    return tuple(UnitHere(code=row.code, name=row.name) for row in rows)


def load_week(
    session: Session,
    principal: Principal,
    *,
    unit: str,
    day: date,
    by: AgendaBy,
    known: Known,
    now: datetime,
    calendar: WorkingCalendar,
) -> AgendaWeek:
    """Return the week of an agency; the first of the agent's when ``unit`` is none of them."""
    units = agenda_units(session, principal, calendar.jurisdiction)
    code = _chosen(units, unit)
    days = _week_of(day)
    where = sa.and_(administered(principal), Book.unit_code == code)
    booked = _load(session, where, days[0], days[-1], calendar, now)
    shown = _shown(days, calendar, booked)
    return AgendaWeek(
        units=units,
        unit=code,
        by=by,
        days=shown,
        rows=rows_of(booked, by, known(code, shown), shown, _off(shown, calendar)),
        troubles=load_troubles(session, where, now=now, calendar=calendar),
    )


def load_own_week(
    session: Session,
    principal: Principal,
    *,
    day: date,
    known: Known,
    now: datetime,
    calendar: WorkingCalendar,
) -> AgendaWeek:
    """Return the week of a doctor's own agenda, one line, wherever the people are seen."""
    days = _week_of(day)
    booked = _load(session, own(principal), days[0], days[-1], calendar, now)
    shown = _shown(days, calendar, booked)
    rows: tuple[AgendaRow, ...] = ()
    if principal.doctor_id is not None:
        mine = known(str(principal.doctor_id), shown)
        rows = rows_of(booked, AgendaBy.DOCTOR, mine, shown, _off(shown, calendar))
    return AgendaWeek(
        units=(), unit="", by=AgendaBy.DOCTOR, days=shown, rows=rows,
        troubles=load_troubles(session, own(principal), now=now, calendar=calendar),
    )  # fmt: skip


def load_day_list(
    session: Session,
    principal: Principal,
    *,
    unit: str,
    day: date,
    now: datetime,
    calendar: WorkingCalendar,
) -> DayList:
    """Return the list of a day of an agency, by hour and doctor."""
    units = agenda_units(session, principal, calendar.jurisdiction)
    code = _chosen(units, unit)
    # A person who is heard by three is expected once.
    where = sa.and_(administered(principal), Book.unit_code == code, Book.beside_id.is_(None))
    rows = _load(session, where, day, day, calendar, now)
    return DayList(
        units=units, unit=code, on=day, is_working_day=calendar.is_working_day(day), rows=rows
    )


def load_appointment(
    session: Session, principal: Principal, key: UUID, *, now: datetime, calendar: WorkingCalendar
) -> Booked:
    """Return one appointment that the reader administrates, or that is in their own agenda.

    Raises:
        NotFound: there is none, or the policy hides it.
    """
    where = sa.and_(Book.id == key, sa.or_(administered(principal), own(principal)))
    row = session.execute(_statement(where)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"no appointment {key}")
    return _booked(row, calendar, now)


def load_troubles(
    session: Session, where: sa.ColumnElement[bool], *, now: datetime, calendar: WorkingCalendar
) -> tuple[Booked, ...]:
    """Return what is booked and can't be kept as it is, or was never told of, the first first."""
    until = calendar.end_of_day(calendar.civil_date(now) + timedelta(days=90))
    is_open = sa.and_(Book.state == AppointmentState.BOOKED, Book.starts_at <= until)
    statement = _statement(sa.and_(where, is_open)).limit(_MOST)
    rows = (_booked(row, calendar, now) for row in session.execute(statement).mappings())
    return tuple(each for each in rows if each.trouble is not None)


def _chosen(units: Sequence[UnitHere], unit: str) -> str:
    codes = [each.code for each in units]
    return unit if unit in codes else next(iter(codes), "")


def _week_of(day: date) -> tuple[date, ...]:
    monday = day - timedelta(days=day.weekday())
    return tuple(monday + timedelta(days=n) for n in range(7))


def _shown(
    days: Sequence[date], calendar: WorkingCalendar, booked: Sequence[Booked]
) -> tuple[date, ...]:
    """Return the days of the working week, and others only when something stands there."""
    last = calendar.working_time.last_weekday
    busy = {each.on for each in booked}
    return tuple(
        day for day in days
        if day.isoweekday() <= last or day in busy or calendar.is_working_day(day)
    )  # fmt: skip


def _off(days: Sequence[date], calendar: WorkingCalendar) -> frozenset[date]:
    return frozenset(day for day in days if not calendar.is_working_day(day))


def _load(
    session: Session,
    where: sa.ColumnElement[bool],
    first: date,
    last: date,
    calendar: WorkingCalendar,
    now: datetime,
) -> tuple[Booked, ...]:
    since = datetime.combine(first, time(), calendar.zone)
    within = sa.and_(Book.starts_at >= since, Book.starts_at <= calendar.end_of_day(last))
    statement = _statement(sa.and_(where, within, Book.state.in_(_STANDING))).limit(_MOST)
    rows = session.execute(statement).mappings()
    return tuple(_booked(row, calendar, now) for row in rows)


def _statement(where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the appointments that a predicate allows, by hour."""
    task = (
        sa.select(Task.assigned_doctor_id)
        .where(Task.control_file_id == File.id, Task.status == TaskStatus.OPEN, Task.is_medical)
        .limit(1)
        .correlate(ControlFile)
        .scalar_subquery()
    )
    day = sa.cast(Book.starts_at, sa.Date)
    is_away = sa.exists().where(
        Away.doctor_id == Book.doctor_id, Away.first_day <= day, Away.last_day >= day
    )
    return (
        sa.select(
            Book.id, File.reference, File.person_name, File.flow, Book.kind, Book.starts_at,
            Book.ends_at, Book.doctor_id, Names.name.label("doctor_name"), Book.room_id,
            Rooms.name.label("room_name"), Book.unit_code, Units.name.label("unit_name"),
            Book.place, Book.state, Book.reason, Book.arrived_at, Book.is_early_agreed,
            Book.rescheduled_from.is_not(None).label("is_moved"),
            Received.details["insured"]["phone"].astext.label("phone"),
            task.label("task_doctor"), is_away.label("is_away"),
        )
        .join(ControlFile, File.id == Book.control_file_id)
        .join(ReceivedFile, Received.id == File.received_file_id)
        .join(Unit, Units.code == Book.unit_code)
        .outerjoin(Doctor, Names.id == Book.doctor_id)
        .outerjoin(Room, Rooms.id == Book.room_id)
        .where(where)
        .order_by(Book.starts_at, Names.name, Book.id)
    )  # fmt: skip


def _booked(row: Any, calendar: WorkingCalendar, now: datetime) -> Booked:
    values = {name: row[name] for name in row if name not in ("task_doctor", "is_away")}
    found = Booked(**values, on=calendar.civil_date(row["starts_at"]))
    return replace(found, trouble=_trouble(found, row, calendar, now))


def _trouble(booked: Booked, row: Any, calendar: WorkingCalendar, now: datetime) -> Trouble | None:
    if not booked.is_open:
        return None
    if booked.ends_at + _SETTLED_WITHIN < now:
        return Trouble.UNSETTLED
    if booked.ends_at < now:
        return None
    if not calendar.is_working_day(booked.on):
        return Trouble.DAY_OFF
    if row["is_away"]:
        return Trouble.DOCTOR_AWAY
    other = row["task_doctor"]
    if booked.doctor_id is not None and other is not None and other != booked.doctor_id:
        return Trouble.OTHER_DOCTOR
    return None
