"""Lists of open tasks for a supervisor, and which files of them may be reassigned."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import Doctor, HumanTask, ReassignmentItem, Unit
from medcontrol.policy import Principal
from medcontrol.queries.due_dates import IS_HELD, Days, Task
from medcontrol.queries.list_columns import (
    OPEN_FILES_COLUMNS,
    QUEUE_COLUMNS,
    columns_for,
    load_extras,
    shown_columns,
)
from medcontrol.queries.supervision import (
    ChosenTask,
    DoctorName,
    TaskFilters,
    TaskList,
    TaskState,
    UnitName,
)
from medcontrol.queries.supervision_breaches import breaching, measured
from medcontrol.queries.supervision_scope import (
    IS_POOL,
    IS_UNASSIGNABLE,
    REASON,
    in_bucket,
    in_unit,
    supervised,
)
from medcontrol.queries.worklist import Paging, QueueFilters
from medcontrol.queries.worklist_loading import (
    COUNT_LIMIT,
    TASK_COLUMNS,
    count_tasks,
    keyset_of,
    queue_row,
)
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import ControlLevel, ItemStatus, TaskStatus

MOST_FILES = 20_001  # one more than a batch takes

Doctors: Any = Doctor
Units: Any = Unit
Items: Any = ReassignmentItem

_WAITS_ELSEWHERE = (
    sa.select(Items.human_task_id)
    .where(Items.human_task_id == Task.id, Items.status == ItemStatus.WAITING)
    .correlate(HumanTask)
    .exists()
)


def _chosen(
    session: Session, principal: Principal, filters: TaskFilters, days: Days
) -> sa.ColumnElement[bool]:
    """The tasks that a supervisor's filters leave."""
    parts: list[Any] = [
        Task.status == TaskStatus.OPEN, supervised(principal), in_unit(filters.unit),
    ]  # fmt: skip
    if filters.doctor is not None:
        parts.append(Task.assigned_doctor_id == filters.doctor)
    if filters.bucket:
        parts.append(sa.or_(*(in_bucket(each, days) for each in filters.bucket)))
    states = {
        TaskState.TODO: sa.and_(Task.assigned_doctor_id.is_not(None), sa.not_(IS_HELD)),
        TaskState.HELD: IS_HELD,
        TaskState.POOL: IS_POOL,
        TaskState.UNASSIGNABLE: IS_UNASSIGNABLE,
    }
    if filters.state in states:
        parts.append(states[filters.state])
    if filters.flow:
        parts.append(Task.flow == filters.flow)
    if filters.lane is not None:
        parts.append(Task.lane == filters.lane)
    if filters.reason:
        parts += [IS_UNASSIGNABLE, filters.reason == REASON]
    if filters.breach:
        own = sa.and_(supervised(principal), in_unit(filters.unit))
        late = breaching(own, days, measured(session, days)).subquery()
        parts.append(Task.id.in_(sa.select(late.c.id)))
    return sa.and_(*parts)


def load_tasks(
    session: Session,
    principal: Principal,
    filters: TaskFilters,
    *,
    now: datetime,
    calendar: WorkingCalendar,
) -> TaskList:
    """Return a page of the open tasks that filters leave, in the order of a doctor's queue.

    Raises:
        InvalidInput: the cursor is not one of ours (field ``after``).
    """
    days = Days(now, calendar)
    where = _chosen(session, principal, filters, days)
    keyset = keyset_of(QueueFilters(sort=filters.sort, descending=filters.descending))
    statement = (
        sa.select(
            *TASK_COLUMNS, Doctors.name.label("assigned_to"), Task.unassigned_reason,
            Task.is_medical, Task.expected_on,
        )
        .outerjoin(Doctor, Doctors.id == Task.assigned_doctor_id)
        .where(where)
    )  # fmt: skip
    found = keyset.page(session, statement, after=filters.after, size=filters.size)
    some = sa.select(Task.id).where(where).limit(COUNT_LIMIT + 1).subquery()
    names = session.execute(
        sa.select(
            sa.select(sa.func.count()).select_from(some).scalar_subquery().label("total"),
            sa.select(Doctors.name).where(Doctors.id == filters.doctor).scalar_subquery()
            .label("doctor"),
            sa.select(Units.name).where(Units.code == filters.unit).scalar_subquery()
            .label("unit"),
        )
    ).one()  # fmt: skip
    last = found.first + len(found.rows) - 1
    # Whose queue this is stands above it.
    usual = OPEN_FILES_COLUMNS if filters.doctor is None else QUEUE_COLUMNS
    columns = shown_columns(filters.columns, usual, principal)
    return TaskList(
        today=days.today,
        filters=filters,
        rows=tuple(queue_row(row, days) for row in found.rows),
        paging=Paging(
            first=found.first if found.rows else 0,
            last=last if found.rows else 0,
            total=min(names.total, COUNT_LIMIT),
            is_total_exact=names.total <= COUNT_LIMIT,
            previous=found.previous,
            next=found.next,
        ),
        doctor_name=names.doctor,
        unit_name=names.unit,
        reasons={row.id: row.unassigned_reason for row in found.rows if row.is_medical},
        expected={row.id: row.expected_on for row in found.rows if row.expected_on},
        columns=columns,
        column_options=columns_for(principal),
        extras=load_extras(session, principal, [row.id for row in found.rows], columns),
    )


def count_each(
    session: Session,
    principal: Principal,
    filters: Sequence[TaskFilters],
    *,
    now: datetime,
    calendar: WorkingCalendar,
) -> list[int]:
    """Return how many tasks each of several filters leaves, up to the limit of views and one."""
    days = Days(now, calendar)
    return count_tasks(session, [_chosen(session, principal, each, days) for each in filters])


def select_tasks(
    session: Session,
    principal: Principal,
    filters: TaskFilters,
    *,
    as_of: datetime,
    calendar: WorkingCalendar,
    limit: int = MOST_FILES,
) -> list[UUID]:
    """Return every medical task that filters left at an instant, the most urgent first.

    Tasks that came later are left out, those that somebody ended since too.
    """
    where = _chosen(session, principal, filters, Days(as_of, calendar))
    rows = session.execute(
        sa.select(Task.id)
        .where(where, Task.is_medical, Task.opened_at <= as_of)
        .order_by(Task.due_at, Task.id)
        .limit(limit)
    )
    return list(rows.scalars())


def allowed_tasks(session: Session, principal: Principal, task_ids: Collection[UUID]) -> list[UUID]:
    """Return those medical tasks whose assignment somebody may change, the most urgent first."""
    rows = session.execute(
        sa.select(Task.id)
        .where(Task.id.in_(task_ids), Task.is_medical, supervised(principal))
        .order_by(Task.due_at, Task.id)
    )
    return list(rows.scalars())


def chosen_tasks(session: Session, task_ids: Collection[UUID]) -> dict[UUID, ChosenTask]:
    """Return tasks by id, as a reassignment names them; the order given is kept."""
    rows = session.execute(
        sa.select(
            Task.id, Task.control_file_id, Task.reference, Task.assigned_doctor_id,
            Doctors.name, _WAITS_ELSEWHERE.label("waits"),
        )
        .outerjoin(Doctor, Doctors.id == Task.assigned_doctor_id)
        .where(Task.id.in_(task_ids))
    )  # fmt: skip
    found = {
        row.id: ChosenTask(
            task_id=row.id,
            file_id=row.control_file_id,
            reference=row.reference,
            doctor_id=row.assigned_doctor_id,
            doctor=row.name,
            waits_elsewhere=row.waits,
        )
        for row in rows
    }
    return {key: found[key] for key in task_ids if key in found}


def load_targets(
    session: Session, units: Sequence[UnitName], jurisdiction: str
) -> tuple[tuple[DoctorName, ...], tuple[UnitName, ...]]:
    """Return the doctors and the pools that files of these units may go to.

    That is every unit of the regions concerned, and the doctors there and at the centre.
    """
    regions = {
        each.code if each.level is ControlLevel.REGIONAL else each.parent_code for each in units
    }
    near = sa.or_(Units.code.in_(regions), Units.parent_code.in_(regions))
    own = sa.and_(Units.jurisdiction == jurisdiction, Units.is_active)
    pools = session.execute(
        sa.select(Units.code, Units.name, Units.level, Units.parent_code)
        .where(own, near, Units.level != ControlLevel.CENTRAL)
        .order_by(Units.level.desc(), Units.name)
    )
    doctors = session.execute(
        sa.select(
            Doctors.id, Doctors.name, Doctors.profession, Doctors.specialty, Doctors.level,
            Doctors.unit_code, Units.name.label("unit_name"),
        )
        .join(Unit, Units.code == Doctors.unit_code)
        .where(Doctors.is_active, own, sa.or_(near, Units.level == ControlLevel.CENTRAL))
        .order_by(Doctors.name)
    )  # fmt: skip
    return (
        tuple(DoctorName(**row) for row in doctors.mappings()),
        tuple(UnitName(**row) for row in pools.mappings()),
    )


def doctor_names(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of doctors by id."""
    rows = session.execute(sa.select(Doctors.id, Doctors.name).where(Doctors.id.in_(ids)))
    return {row[0]: row[1] for row in rows}
