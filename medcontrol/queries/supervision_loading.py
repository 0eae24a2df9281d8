"""Reading what supervisors look at: everything inside the policy's predicate for reassigning."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import Competence, ControlFile, Doctor, DoctorLoad, Unit
from medcontrol.policy import Principal
from medcontrol.queries.due_dates import IS_HELD, LANE_RANK, Days, Task
from medcontrol.queries.supervision import (
    Board,
    Breaches,
    DoctorRow,
    DueBucket,
    ReasonCount,
    UnitName,
    UnitTasks,
)
from medcontrol.queries.supervision_breaches import load_breaches
from medcontrol.queries.supervision_scope import (
    IS_POOL,
    IS_UNASSIGNABLE,
    REASON,
    in_bucket,
    in_unit,
    supervised,
    supervised_units,
)
from medcontrol.queries.worklist import QueueRow
from medcontrol.queries.worklist_loading import TASK_COLUMNS, queue_row
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import ControlLevel, TaskStatus

_SHOWN_UNASSIGNABLE = 8
_DONE_WITHIN = timedelta(days=7)

Doctors: Any = Doctor
Loads: Any = DoctorLoad
Units: Any = Unit
Skills: Any = Competence
Files: Any = ControlFile


def load_board(
    session: Session,
    principal: Principal,
    *,
    unit: str,
    now: datetime,
    calendar: WorkingCalendar,
) -> Board:
    """Return the board of a supervisor's units, or of one of them.

    A unit outside what the supervisor may see gives an empty board.
    """
    days = Days(now, calendar)
    units = supervised_units(session, principal, calendar.jurisdiction)
    allowed = sa.and_(supervised(principal), in_unit(unit))
    return Board(
        today=days.today,
        units=tuple(each for each in units if each.level is not ControlLevel.CENTRAL),
        doctors=_load_doctors(session, units, unit, allowed, days),
        matrix=_load_matrix(session, units, unit, allowed, days),
        reasons=_load_reasons(session, allowed),
        unassignable=_load_unassignable(session, allowed, days),
    )


def _load_doctors(
    session: Session,
    units: Sequence[UnitName],
    unit: str,
    allowed: sa.ColumnElement[bool],
    days: Days,
) -> tuple[DoctorRow, ...]:
    """Return doctors of the units, and whoever else holds one of their tasks."""
    counts = _doctor_counts(allowed, days)
    done = _doctor_done(allowed, days)
    codes = [each.code for each in units if not unit or unit in (each.code, each.parent_code)]
    today = days.today
    flows = sa.func.array(
        sa.select(Skills.flow)
        .where(
            Skills.doctor_id == Doctors.id,
            Skills.valid_from <= today,
            sa.or_(Skills.valid_to.is_(None), Skills.valid_to >= today),
        )
        .distinct()
        .order_by(Skills.flow)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(
            Doctors.id, Doctors.code, Doctors.name, Doctors.kind, Doctors.profession,
            Doctors.specialty, Doctors.level, Doctors.unit_code, Units.name.label("unit_name"),
            Doctors.is_active, Doctors.unit_code.in_(codes).label("is_of_units"),
            flows.label("flows"), counts.c.open, counts.c.late, counts.c.soon,
            counts.c.held, done.c.done,
        )
        .join(Unit, Units.code == Doctors.unit_code)
        .outerjoin(counts, counts.c.doctor_id == Doctors.id)
        .outerjoin(done, done.c.doctor_id == Doctors.id)
        .where(
            sa.or_(
                sa.and_(Doctors.unit_code.in_(codes), Doctors.is_active), counts.c.open > 0
            )
        )
        .order_by(sa.func.coalesce(counts.c.late, 0).desc(), Doctors.name)
    )  # fmt: skip
    return tuple(_doctor_row(row) for row in rows)


def _doctor_counts(allowed: sa.ColumnElement[bool], days: Days) -> sa.Subquery:
    def number(condition: sa.ColumnElement[bool], name: str) -> sa.Label[int]:
        return sa.func.count().filter(condition).label(name)

    return (
        sa.select(
            Task.assigned_doctor_id.label("doctor_id"),
            sa.func.count().label("open"),
            number(Task.due_at <= days.end_of_yesterday, "late"),
            number(
                sa.and_(Task.due_at > days.end_of_yesterday, Task.due_at <= days.end_in(2)), "soon"
            ),
            number(IS_HELD, "held"),
        )
        .where(Task.status == TaskStatus.OPEN, Task.assigned_doctor_id.is_not(None), allowed)
        .group_by(Task.assigned_doctor_id)
        .subquery()
    )


def _doctor_done(allowed: sa.ColumnElement[bool], days: Days) -> sa.Subquery:
    return (
        sa.select(Task.done_by_doctor_id.label("doctor_id"), sa.func.count().label("done"))
        .where(
            Task.status == TaskStatus.DONE,
            Task.done_by_doctor_id.is_not(None),
            Task.done_at > days.now - _DONE_WITHIN,
            allowed,
        )
        .group_by(Task.done_by_doctor_id)
        .subquery()
    )


def _doctor_row(row: Any) -> DoctorRow:
    return DoctorRow(
        id=row.id,
        code=row.code,
        name=row.name,
        kind=row.kind,
        profession=row.profession,
        specialty=row.specialty,
        level=row.level,
        unit_code=row.unit_code,
        unit_name=row.unit_name,
        is_active=row.is_active,
        is_of_units=row.is_of_units,
        flows=tuple(row.flows or ()),
        open_files=row.open or 0,
        late=row.late or 0,
        due_soon=row.soon or 0,
        held=row.held or 0,
        done=row.done or 0,
    )


def _load_matrix(
    session: Session,
    units: Sequence[UnitName],
    unit: str,
    allowed: sa.ColumnElement[bool],
    days: Days,
) -> tuple[UnitTasks, ...]:
    """Return a row for each region when there are several, else for each agency."""
    regions = [each for each in units if each.level is ControlLevel.REGIONAL]
    by_region = not unit and len(regions) > 1
    column = Task.region_code if by_region else Task.agency_code
    bucket = sa.case(
        *((in_bucket(each, days), each.value) for each in DueBucket), else_=DueBucket.LATER.value
    )
    late = sa.func.count().filter(IS_POOL, Task.due_at <= days.end_of_yesterday)
    breaches = load_breaches(session, allowed, days, by_region=by_region)
    rows = session.execute(
        sa.select(
            column.label("unit"),
            bucket.label("bucket"),
            sa.func.count().label("files"),
            sa.func.sum(Task.points).label("points"),
            sa.func.count().filter(IS_POOL).label("pool"),
            sa.func.coalesce(sa.func.sum(Task.points).filter(IS_POOL), 0).label("pool_points"),
            late.label("pool_late"),
        )
        .where(Task.status == TaskStatus.OPEN, allowed)
        .group_by(column, bucket)
    )
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.unit, []).append(row)
    shown = regions if by_region else [each for each in units if each.level is ControlLevel.LOCAL]
    return tuple(
        _unit_tasks(
            each,
            found[each.code],
            None if breaches is None else breaches.get(each.code, Breaches()),
        )
        for each in shown
        if each.code in found
    )


def _unit_tasks(unit: UnitName, rows: Sequence[Any], breaches: Breaches | None) -> UnitTasks:
    return UnitTasks(
        unit=unit,
        files={DueBucket(row.bucket): row.files for row in rows},
        points={DueBucket(row.bucket): int(row.points) for row in rows},
        pool_files=sum(row.pool for row in rows),
        pool_points=sum(int(row.pool_points) for row in rows),
        pool_late=sum(row.pool_late for row in rows),
        breaches=breaches,
    )


def _load_reasons(session: Session, allowed: sa.ColumnElement[bool]) -> tuple[ReasonCount, ...]:
    number = sa.func.count()
    rows = session.execute(
        sa.select(REASON.label("reason"), number.label("number"))
        .where(Task.status == TaskStatus.OPEN, IS_UNASSIGNABLE, allowed)
        .group_by(REASON)
        .order_by(number.desc(), REASON)
    )
    return tuple(ReasonCount(reason=row.reason, count=row.number) for row in rows)


def _load_unassignable(
    session: Session, allowed: sa.ColumnElement[bool], days: Days
) -> tuple[QueueRow, ...]:
    rows = session.execute(
        sa.select(*TASK_COLUMNS, Task.unassigned_reason.label("assigned_to"))
        .where(Task.status == TaskStatus.OPEN, IS_UNASSIGNABLE, allowed)
        .order_by(Task.due_at, LANE_RANK, Task.id)
        .limit(_SHOWN_UNASSIGNABLE)
    )
    return tuple(queue_row(row, days) for row in rows)
