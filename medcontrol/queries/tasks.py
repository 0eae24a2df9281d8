"""Open steps as rows of a list (tâches), within the policy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.model import ControlFile, HumanTask
from medcontrol.policy import Principal, visible
from medcontrol.queries.files import LARGEST_PAGE
from medcontrol.queries.keyset import Key, Keyset
from medcontrol.vocabulary import ControlLevel, StepKind, TaskStatus

# Columns of the tables, not values of a row.
Task: Any = HumanTask
File: Any = ControlFile


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A step that is or was someone's to do."""

    task_id: UUID
    control_file_id: UUID
    reference: str
    flow: str
    step: str
    kind: StepKind
    is_medical: bool
    status: TaskStatus
    level: ControlLevel
    agency_code: str
    doctor_id: UUID | None
    unassigned_reason: str | None
    expected_on: date | None
    is_urgent: bool
    opened_at: datetime
    due_at: datetime
    held_until: datetime | None
    hold_reason: str | None
    done_at: datetime | None
    outcome: str | None
    file_version: int


_TASK_COLUMNS = (
    Task.id.label("task_id"), Task.control_file_id, Task.reference, Task.flow, Task.step,
    Task.kind, Task.is_medical, Task.status, Task.level, Task.agency_code,
    Task.assigned_doctor_id.label("doctor_id"), Task.unassigned_reason, Task.expected_on,
    Task.is_urgent, Task.opened_at, Task.due_at, Task.held_until, Task.hold_reason,
    Task.done_at, Task.outcome,
)  # fmt: skip
_TASK_ORDER = Keyset(Key(Task.due_at), Key(Task.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksPage:
    """A page of open tasks, the first due first."""

    rows: tuple[TaskRow, ...]
    first: int
    previous: str | None
    next: str | None


def list_tasks(
    session: Session,
    principal: Principal,
    *,
    doctor_id: UUID | None = None,
    is_unassigned: bool = False,
    after: str = "",
    size: int = 50,
) -> TasksPage:
    """Return a page of the open tasks that the principal may see.

    Raises:
        InvalidInput: the cursor was not made here (field ``after``).
    """
    statement = _tasks().where(visible(principal, HumanTask), Task.status == TaskStatus.OPEN)
    if doctor_id is not None:
        statement = statement.where(Task.assigned_doctor_id == doctor_id)
    if is_unassigned:
        statement = statement.where(Task.assigned_doctor_id.is_(None))
    found = _TASK_ORDER.page(session, statement, after=after, size=min(max(size, 1), LARGEST_PAGE))
    return TasksPage(
        rows=tuple(_task(row) for row in found.rows),
        first=found.first,
        previous=found.previous,
        next=found.next,
    )


def _tasks() -> sa.Select[Any]:
    return sa.select(*_TASK_COLUMNS, File.version.label("file_version")).join(
        ControlFile, File.id == Task.control_file_id
    )


def _task(row: Any) -> TaskRow:
    return TaskRow(**{name: getattr(row, name) for name in TaskRow.__dataclass_fields__})


def find_task(session: Session, principal: Principal, task_id: UUID) -> TaskRow:
    """Return one task, of whatever state.

    Raises:
        NotFound: there is none, or the policy hides its file.
    """
    row = session.execute(
        _tasks().where(Task.id == task_id, visible(principal, ControlFile))
    ).one_or_none()
    if row is None:
        raise NotFound(f"no task {task_id}", field="task_id")
    return _task(row)


def visible_tasks(session: Session, principal: Principal, ids: Sequence[UUID]) -> set[UUID]:
    """Return those of some open tasks that the principal may see."""
    statement = sa.select(Task.id).where(Task.id.in_(ids), visible(principal, HumanTask))
    return set(session.execute(statement).scalars()) if ids else set()


def tasks_of(session: Session, control_file_id: UUID) -> tuple[TaskRow, ...]:
    """Return every task of a file, the first opened first; the caller has asked the policy."""
    statement = _tasks().where(Task.control_file_id == control_file_id)
    return _rows(session.execute(statement.order_by(Task.opened_at, Task.id)))


def _rows(rows: Iterable[Any]) -> tuple[TaskRow, ...]:
    return tuple(_task(row) for row in rows)
