"""Reading what supervisors look at: everything inside the policy's predicate for reassigning."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import Competence, ControlFile, Doctor, DoctorLoad, HumanTask, Unit
from medcontrol.policy import Action, Principal, visible
from medcontrol.queries.due_dates import IS_HELD, LANE_RANK, Days, Task
from medcontrol.queries.supervision import (
    Board,
    DoctorRow,
    DueBucket,
    ReasonCount,
    TaskFilters,
    TaskList,
    TaskState,
    UnitName,
    UnitTasks,
)
from medcontrol.queries.worklist import Paging, QueueFilters, QueueRow
from medcontrol.queries.worklist_loading import COUNT_LIMIT, TASK_COLUMNS, keyset_of, queue_row
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import ControlLevel, Role, TaskStatus

MOST_FILES = 5_000
_SHOWN_UNASSIGNABLE = 8
_DONE_WITHIN = timedelta(days=7)

Doctors: Any = Doctor
Loads: Any = DoctorLoad
Units: Any = Unit
Skills: Any = Competence
Files: Any = ControlFile

# The last constraint named is the one that kept out the doctors who were left.
REASON = sa.func.split_part(
    sa.func.regexp_replace(Task.unassigned_reason, "^.* ", ""), ":", 1
)  # fmt: skip
_IS_POOL = sa.and_(Task.is_medical, Task.assigned_doctor_id.is_(None))
_IS_UNASSIGNABLE = sa.and_(_IS_POOL, Task.unassigned_reason.is_not(None))


def supervised(principal: Principal) -> sa.ColumnElement[bool]:
    """Return the predicate of the tasks whose assignment somebody may change."""
    return visible(principal, HumanTask, Action.REASSIGN)


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
    allowed = sa.and_(supervised(principal), _in_unit(unit))
    return Board(
        today=days.today,
        units=tuple(each for each in units if each.level is not ControlLevel.CENTRAL),
        doctors=_load_doctors(session, principal, units, unit, allowed, days),
        matrix=_load_matrix(session, units, unit, allowed, days),
        reasons=_load_reasons(session, allowed),
        unassignable=_load_unassignable(session, allowed, days),
    )


def supervised_units(
    session: Session, principal: Principal, jurisdiction: str
) -> tuple[UnitName, ...]:
    """Return the units of somebody's supervision, the wider before the narrower."""
    grants = [
        grant for grant in principal.grants if grant.role in (Role.SUPERVISOR, Role.COORDINATOR)
    ]
    codes = [grant.unit_code for grant in grants]
    scope = sa.or_(Units.code.in_(codes), Units.parent_code.in_(codes))
    if any(grant.level is ControlLevel.CENTRAL for grant in grants):
        scope = sa.true()
    rank = sa.case({"central": 0, "regional": 1}, value=Units.level, else_=2)
    rows = session.execute(
        sa.select(Units.code, Units.name, Units.level, Units.parent_code)
        .where(scope, Units.jurisdiction == jurisdiction, Units.is_active)
        .order_by(rank, Units.name)
    )
    return tuple(
        UnitName(code=row.code, name=row.name, level=row.level, parent_code=row.parent_code)
        for row in rows
    )


def _in_unit(unit: str) -> sa.ColumnElement[bool]:
    if not unit:
        return sa.true()
    return sa.or_(Task.agency_code == unit, Task.region_code == unit)


def _bucket(bucket: DueBucket, days: Days) -> sa.ColumnElement[bool]:
    """The predicate of a column of the matrix; the columns share no task."""
    ends = {
        DueBucket.LATE: (None, days.end_of_yesterday),
        DueBucket.TODAY: (days.end_of_yesterday, days.end_of_today),
        DueBucket.WITHIN_2: (days.end_of_today, days.end_in(2)),
        DueBucket.WITHIN_5: (days.end_in(2), days.end_in(5)),
        DueBucket.LATER: (days.end_in(5), None),
    }
    after, until = ends[bucket]
    parts = [] if after is None else [Task.due_at > after]
    return sa.and_(*parts, *([] if until is None else [Task.due_at <= until]))


def _load_doctors(
    session: Session,
    principal: Principal,
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
            Doctors.is_active, flows.label("flows"), counts.c.open, counts.c.late, counts.c.soon,
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
        *((_bucket(each, days), each.value) for each in DueBucket), else_=DueBucket.LATER.value
    )
    late = sa.func.count().filter(_IS_POOL, Task.due_at <= days.end_of_yesterday)
    rows = session.execute(
        sa.select(
            column.label("unit"),
            bucket.label("bucket"),
            sa.func.count().label("files"),
            sa.func.sum(Task.points).label("points"),
            sa.func.count().filter(_IS_POOL).label("pool"),
            sa.func.coalesce(sa.func.sum(Task.points).filter(_IS_POOL), 0).label("pool_points"),
            late.label("pool_late"),
        )
        .where(Task.status == TaskStatus.OPEN, allowed)
        .group_by(column, bucket)
    )
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(row.unit, []).append(row)
    shown = regions if by_region else [each for each in units if each.level is ControlLevel.LOCAL]
    return tuple(_unit_tasks(each, found[each.code]) for each in shown if each.code in found)


def _unit_tasks(unit: UnitName, rows: Sequence[Any]) -> UnitTasks:
    return UnitTasks(
        unit=unit,
        files={DueBucket(row.bucket): row.files for row in rows},
        points={DueBucket(row.bucket): int(row.points) for row in rows},
        pool_files=sum(row.pool for row in rows),
        pool_points=sum(int(row.pool_points) for row in rows),
        pool_late=sum(row.pool_late for row in rows),
    )


def _load_reasons(session: Session, allowed: sa.ColumnElement[bool]) -> tuple[ReasonCount, ...]:
    number = sa.func.count()
    rows = session.execute(
        sa.select(REASON.label("reason"), number.label("number"))
        .where(Task.status == TaskStatus.OPEN, _IS_UNASSIGNABLE, allowed)
        .group_by(REASON)
        .order_by(number.desc(), REASON)
    )
    return tuple(ReasonCount(reason=row.reason, count=row.number) for row in rows)


def _load_unassignable(
    session: Session, allowed: sa.ColumnElement[bool], days: Days
) -> tuple[QueueRow, ...]:
    rows = session.execute(
        sa.select(*TASK_COLUMNS, Task.unassigned_reason.label("assigned_to"))
        .where(Task.status == TaskStatus.OPEN, _IS_UNASSIGNABLE, allowed)
        .order_by(Task.due_at, LANE_RANK, Task.id)
        .limit(_SHOWN_UNASSIGNABLE)
    )
    return tuple(queue_row(row, days) for row in rows)


def _chosen(principal: Principal, filters: TaskFilters, days: Days) -> sa.ColumnElement[bool]:
    """The tasks that a supervisor's filters leave."""
    parts: list[Any] = [
        Task.status == TaskStatus.OPEN, supervised(principal), _in_unit(filters.unit),
    ]  # fmt: skip
    if filters.doctor is not None:
        parts.append(Task.assigned_doctor_id == filters.doctor)
    if filters.bucket is not None:
        parts.append(_bucket(filters.bucket, days))
    states = {
        TaskState.GIVEN: Task.assigned_doctor_id.is_not(None),
        TaskState.HELD: IS_HELD,
        TaskState.POOL: _IS_POOL,
        TaskState.UNASSIGNABLE: _IS_UNASSIGNABLE,
    }
    if filters.state in states:
        parts.append(states[filters.state])
    if filters.flow:
        parts.append(Task.flow == filters.flow)
    if filters.lane is not None:
        parts.append(Task.lane == filters.lane)
    if filters.reason:
        parts += [_IS_UNASSIGNABLE, filters.reason == REASON]
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


def open_task_ids(session: Session, file_ids: Collection[UUID]) -> list[UUID]:
    """Return the open medical tasks of files."""
    return list(
        session.execute(
            sa.select(Task.id)
            .where(
                Task.control_file_id.in_(file_ids),
                Task.status == TaskStatus.OPEN,
                Task.is_medical,
            )
            .order_by(Task.id)
        ).scalars()
    )
