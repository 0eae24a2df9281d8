"""Absences of a supervisor's doctors, with what is due while they last (congés de l'équipe)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES, civil_date
from medcontrol.errors import NotFound
from medcontrol.model import Absence, Doctor, HumanTask, Unit, UserAccount
from medcontrol.policy import Principal
from medcontrol.queries.doctors_loading import doctors_of
from medcontrol.vocabulary import AbsenceKind, AbsenceStatus, TaskStatus

_KEPT_IN_SIGHT = timedelta(days=30)
_MOST = 300

Off: Any = Absence
Doctors: Any = Doctor
Units: Any = Unit
Task: Any = HumanTask
Users: Any = UserAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceRow:
    """An absence with its doctor. ``due`` counts open files that can't wait for the return."""

    id: UUID
    doctor_id: UUID
    doctor: str
    unit_name: str
    first_day: date
    last_day: date
    reason: str
    kind: AbsenceKind
    status: AbsenceStatus
    entered_by: str | None
    entered_at: datetime | None
    due: int

    def is_running(self, today: date) -> bool:
        """Whether the doctor is away on a day."""
        return self.first_day <= today <= self.last_day

    def is_over(self, today: date) -> bool:
        """Whether the doctor is back."""
        return self.last_day < today

    def needs_handover(self, today: date, ahead: timedelta) -> bool:
        """Whether files are due during it, it is near, and nobody dealt with it."""
        return (
            self.due > 0
            and self.status is AbsenceStatus.ANNOUNCED
            and self.first_day - ahead <= today <= self.last_day
        )


def load_absences(
    session: Session, principal: Principal, jurisdiction: str, *, now: datetime, unit: str = ""
) -> tuple[AbsenceRow, ...]:
    """Return the absences to come, running and ended in the last 30 days, by first day."""
    today = civil_date(now, jurisdiction)
    scope = doctors_of(session, principal, jurisdiction)
    where = [scope, Off.last_day >= today - _KEPT_IN_SIGHT, Doctors.is_active]
    if unit:
        where.append(sa.or_(Units.code == unit, Units.parent_code == unit))
    statement = _rows(today, jurisdiction).where(*where).order_by(Off.first_day, Doctors.name)
    rows = session.execute(statement.limit(_MOST))
    return tuple(AbsenceRow(**row) for row in rows.mappings())


def find_absence(
    session: Session, principal: Principal, jurisdiction: str, absence_id: UUID, *, now: datetime
) -> AbsenceRow:
    """Return one absence of a doctor whom somebody supervises.

    Raises:
        NotFound: no such absence, or another supervisor's.
    """
    scope = doctors_of(session, principal, jurisdiction)
    today = civil_date(now, jurisdiction)
    statement = _rows(today, jurisdiction).where(scope, Off.id == absence_id)
    found = session.execute(statement).mappings().one_or_none()
    if found is None:
        raise NotFound(f"no absence {absence_id}", field="absence")
    return AbsenceRow(**found)


def _rows(today: date, jurisdiction: str) -> sa.Select[Any]:
    due_on = sa.cast(sa.func.timezone(ZONES[jurisdiction].key, Task.due_at), sa.Date())
    held_on = sa.cast(sa.func.timezone(ZONES[jurisdiction].key, Task.held_until), sa.Date())
    due = (
        sa.select(sa.func.count())
        .where(
            Task.assigned_doctor_id == Off.doctor_id,
            Task.status == TaskStatus.OPEN,
            Task.is_medical,
            due_on <= Off.last_day,
            sa.or_(Off.first_day <= today, due_on >= Off.first_day),
            sa.or_(Task.held_until.is_(None), held_on <= Off.last_day),
            Off.last_day >= today,
        )
        .correlate(Absence)
        .scalar_subquery()
    )
    return (
        sa.select(
            Off.id, Off.doctor_id, Doctors.name.label("doctor"), Units.name.label("unit_name"),
            Off.first_day, Off.last_day, Off.reason, Off.kind, Off.status,
            Users.name.label("entered_by"), Off.entered_at, due.label("due"),
        )
        .join(Doctor, Doctors.id == Off.doctor_id)
        .join(Unit, Units.code == Doctors.unit_code)
        .outerjoin(UserAccount, Users.id == Off.entered_by)
    )  # fmt: skip


def supervised_doctors(
    session: Session, principal: Principal, jurisdiction: str
) -> tuple[tuple[UUID, str], ...]:
    """Return the active doctors whose absences somebody may enter, by name."""
    scope = doctors_of(session, principal, jurisdiction)
    rows = session.execute(
        sa.select(Doctors.id, Doctors.name).where(scope, Doctors.is_active).order_by(Doctors.name)
    )
    return tuple((row[0], row[1]) for row in rows)
