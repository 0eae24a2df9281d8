"""Legal deadlines that near or have passed, as supervisors are told of them (alertes)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import ControlFile, Deadline, DeadlineAlert, Doctor, Unit
from medcontrol.policy import Action, Principal, visible
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import ControlFileStatus, DeadlineAlertKind, Lane

# Columns of the tables, not values of a row.
Alert: Any = DeadlineAlert
Clock: Any = Deadline
File: Any = ControlFile
Names: Any = Doctor
Units: Any = Unit

_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """A legal deadline that nobody took note of yet."""

    id: UUID
    kind: DeadlineAlertKind
    reference: str
    flow: str
    nature: str
    lane: Lane
    status: ControlFileStatus
    is_urgent: bool
    person_name: str
    unit_name: str
    doctor_name: str | None
    due_on: date
    due_at: datetime
    raised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """Open alerts of a supervisor: all counted by kind, those due first shown."""

    rows: tuple[AlertRow, ...]
    near: int
    passed: int

    @property
    def total(self) -> int:
        """How many are open."""
        return self.near + self.passed


def open_alerts(principal: Principal) -> sa.ColumnElement[bool]:
    """The predicate of the alerts that somebody is to take note of."""
    return sa.and_(
        Alert.noted_at.is_(None),
        File.closed_at.is_(None),
        visible(principal, ControlFile, Action.REASSIGN),
    )


def load_alerts(
    session: Session, principal: Principal, *, unit: str = "", calendar: WorkingCalendar
) -> Alerts:
    """Return the open alerts of a supervisor's units, or of one agency or region."""
    where = open_alerts(principal)
    if unit:
        where = sa.and_(where, sa.or_(File.agency_code == unit, File.region_code == unit))
    counts = count_alerts(session, where)
    rows = session.execute(
        sa.select(
            Alert.id, Alert.kind, File.reference, File.flow, File.nature, File.lane, File.status,
            File.is_urgent, File.person_name, Units.name.label("unit_name"),
            Names.name.label("doctor_name"), Clock.due_at, Alert.raised_at,
        )
        .select_from(DeadlineAlert)
        .join(Deadline, Clock.id == Alert.deadline_id)
        .join(ControlFile, File.id == Alert.control_file_id)
        .join(Unit, Units.code == File.agency_code)
        .outerjoin(Doctor, Names.id == File.assigned_doctor_id)
        .where(where)
        .order_by(Clock.due_at, File.reference)
        .limit(_SHOWN)
    ).mappings()  # fmt: skip
    found = tuple(AlertRow(**row, due_on=calendar.civil_date(row["due_at"])) for row in rows)
    return Alerts(
        rows=found,
        near=counts.get(DeadlineAlertKind.NEAR, 0),
        passed=counts.get(DeadlineAlertKind.PASSED, 0),
    )


def count_alerts(session: Session, where: sa.ColumnElement[bool]) -> dict[DeadlineAlertKind, int]:
    """Return how many alerts a predicate of ``open_alerts`` leaves, by kind."""
    rows = session.execute(
        sa.select(Alert.kind, sa.func.count())
        .join(ControlFile, File.id == Alert.control_file_id)
        .where(where)
        .group_by(Alert.kind)
    )
    return {DeadlineAlertKind(kind): number for kind, number in rows}
