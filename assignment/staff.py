"""The doctors of a fund as assignment sees them today: compiled once, until something changes.

Triggers give the reference data a new version with every change of doctors, their calendars,
conflicts, units, announced days or levers; who finds the version unchanged goes on with what
was compiled. Loads are never kept: they are read with every call.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from threading import Lock
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.calendar import PLANNED_DAYS, horizon
from assignment.doctors import DoctorTable
from assignment.eligibility import Eligibility
from assignment.facts import DoctorFacts, TaskFacts
from assignment.levers import Levers, current
from assignment.loading_doctors import load_doctors
from medcontrol.clock import civil_date

_KEPT = 8

_VERSION = sa.text("SELECT version FROM assignment_reference")
_LOADS = sa.text("SELECT doctor_id, open_points FROM doctor_load WHERE open_points > 0")


@dataclass(frozen=True, slots=True)
class Staff:
    """Doctors, days and levers of one day, without anybody's load.

    Attributes:
        on: the civil day.
        days: the working days over which plans reach; the first is ``on`` or the next.
        eligibility: who may do what, compiled as it is asked for.
    """

    on: date
    days: tuple[date, ...]
    levers: Levers
    eligibility: Eligibility

    @property
    def doctors(self) -> Sequence[DoctorFacts]:
        """All doctors, by id, without loads."""
        return self.eligibility.table.rows

    def with_loads(self, session: Session) -> Eligibility:
        """Return the constraints with the loads as they are now. One statement, no lock."""
        loads = {row[0]: row[1] for row in session.execute(_LOADS)}
        return self.eligibility.with_loads(loads)

    def patient(self, tasks: Sequence[TaskFacts]) -> list[TaskFacts]:
        """Return the tasks with the patience that the levers give each of them."""
        return [self._patient(task) for task in tasks]

    def _patient(self, task: TaskFacts) -> TaskFacts:
        if task.previous_doctor is None or task.priority == 0:
            return task  # what is urgent waits for nobody
        days = self.levers.patience(task.affinity)
        return replace(task, patience=days) if days != task.patience else task


_Key = tuple[str, int, str, date]
_kept: dict[_Key, Staff] = {}
_lock = Lock()


def staff(session: Session, jurisdiction: str, now: datetime) -> Staff:
    """Return the staff of a day. One short statement while nothing changed, four otherwise."""
    on = civil_date(now, jurisdiction)
    version = session.execute(_VERSION).scalar()
    if version is None:  # nothing was ever said of any doctor
        return _compile(session, jurisdiction, on)
    key = (str(session.get_bind().engine.url), version, jurisdiction, on)
    found = _kept.get(key)
    if found is None:
        found = _compile(session, jurisdiction, on)
        with _lock:
            while len(_kept) >= _KEPT:
                _kept.pop(next(iter(_kept)))
            _kept[key] = found
    return found


def _compile(session: Session, jurisdiction: str, on: date) -> Staff:
    levers = current(session, on)
    days = horizon(session, on, jurisdiction, PLANNED_DAYS)
    doctors = load_doctors(
        session, on, jurisdiction, days=days, wip_days=levers.wip_days,
        drain_days=levers.drain_days,
    )  # fmt: skip
    bare = [replace(doctor, open_points=0) for doctor in doctors]
    return Staff(on, days, levers, Eligibility(DoctorTable(bare, days), levers.weights))


def doctors_by_id(eligibility: Eligibility, ids: Sequence[UUID]) -> list[DoctorFacts]:
    """Return some of the doctors, with the loads that the constraints were given."""
    table = eligibility.table
    return [table.rows[table.position[each]] for each in ids if each in table.position]


def codes(session: Session) -> dict[UUID, str]:
    """Return the codes of all doctors, by id."""
    return {row[0]: row[1] for row in session.execute(sa.text("SELECT id, code FROM doctor"))}
