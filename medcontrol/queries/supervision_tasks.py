"""Lists of open tasks for a supervisor, and which files of them may be reassigned."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import Assignment, ControlFile, Doctor, Unit
from medcontrol.policy import Action, Principal, visible
from medcontrol.queries.due_dates import IS_HELD, Days, Task
from medcontrol.queries.supervision import (
    DoctorName,
    TaskFilters,
    TaskList,
    TaskState,
    UnitName,
)
from medcontrol.queries.supervision_scope import (
    IS_POOL,
    IS_UNASSIGNABLE,
    REASON,
    in_bucket,
    in_unit,
    supervised,
)
from medcontrol.queries.worklist import Paging, QueueFilters
from medcontrol.queries.worklist_loading import COUNT_LIMIT, TASK_COLUMNS, keyset_of, queue_row
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import ControlLevel, TaskStatus

MOST_FILES = 5_000

Doctors: Any = Doctor
Units: Any = Unit
Files: Any = ControlFile
Given: Any = Assignment


def _chosen(principal: Principal, filters: TaskFilters, days: Days) -> sa.ColumnElement[bool]:
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
    where = _chosen(principal, filters, days)
    keyset = keyset_of(QueueFilters(sort=filters.sort, descending=filters.descending))
    statement = (
        sa.select(
            *TASK_COLUMNS, Doctors.name.label("assigned_to"), Task.unassigned_reason,
            Task.is_medical,
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
    )


def select_files(
    session: Session,
    principal: Principal,
    filters: TaskFilters,
    *,
    now: datetime,
    calendar: WorkingCalendar,
) -> list[UUID]:
    """Return the files of every medical task that filters leave, ``MOST_FILES`` at most."""
    where = _chosen(principal, filters, Days(now, calendar))
    rows = session.execute(
        sa.select(Task.control_file_id)
        .where(where, Task.is_medical)
        .order_by(Task.due_at, Task.id)
        .limit(MOST_FILES)
    )
    return list(dict.fromkeys(rows.scalars()))


def files_of_tasks(
    session: Session, principal: Principal, task_ids: Collection[UUID]
) -> list[UUID]:
    """Return the files of tasks, leaving out those whose assignment somebody may not change."""
    rows = session.execute(
        sa.select(Task.control_file_id)
        .where(Task.id.in_(task_ids), Task.is_medical, supervised(principal))
        .order_by(Task.due_at, Task.id)
    )
    return list(dict.fromkeys(rows.scalars()))


def reassignable(
    session: Session, principal: Principal, file_ids: Collection[UUID]
) -> dict[UUID, str]:
    """Return the references of those files whose assignment somebody may change."""
    rows = session.execute(
        sa.select(Files.id, Files.reference).where(
            Files.id.in_(file_ids), visible(principal, ControlFile, Action.REASSIGN)
        )
    )
    return {row.id: row.reference for row in rows}


def open_tasks(session: Session, file_ids: Collection[UUID]) -> dict[UUID, UUID | None]:
    """Return the open medical tasks of files, each with the doctor who holds it."""
    rows = session.execute(
        sa.select(Task.id, Task.assigned_doctor_id)
        .where(
            Task.control_file_id.in_(file_ids),
            Task.status == TaskStatus.OPEN,
            Task.is_medical,
        )
        .order_by(Task.id)
    )
    return {row[0]: row[1] for row in rows}


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


def holder_names(session: Session, file_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the name of the doctor who holds each file; those in nobody's hands left out."""
    rows = session.execute(
        sa.select(Files.id, Doctors.name)
        .join(Doctor, Doctors.id == Files.assigned_doctor_id)
        .where(Files.id.in_(file_ids))
    )
    return {row[0]: row[1] for row in rows}


def load_reassigned(
    session: Session, principal: Principal, batch_id: UUID
) -> list[tuple[str, str | None]]:
    """Return reference and doctor of the files that a batch moved and that one may still see."""
    rows = session.execute(
        sa.select(Files.reference, Doctors.name)
        .join(Assignment, Given.control_file_id == Files.id)
        .outerjoin(Doctor, Doctors.id == Given.doctor_id)
        .where(Given.batch_id == batch_id, visible(principal, ControlFile, Action.REASSIGN))
        .order_by(Files.reference)
        .limit(MOST_FILES)
    )
    return [(row[0], row[1]) for row in rows]
