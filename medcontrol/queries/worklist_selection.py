"""Rows of a queue that somebody ticked, and the one that comes first (sélection)."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import Doctor
from medcontrol.policy import Principal
from medcontrol.queries.due_dates import Days, Task
from medcontrol.queries.worklist import QueueFilters, QueueRow
from medcontrol.queries.worklist_loading import (
    TASK_COLUMNS,
    Names,
    chosen_tasks,
    keyset_of,
    queue_row,
)
from medcontrol.rules.calendar import WorkingCalendar

MOST_SELECTED = 1_000


def select_rows(
    session: Session,
    principal: Principal,
    filters: QueueFilters,
    *,
    now: datetime,
    calendar: WorkingCalendar,
    only: Collection[UUID] | None = None,
    limit: int = MOST_SELECTED,
) -> tuple[QueueRow, ...]:
    """Return rows of a queue in its order, all or only those of some tasks.

    Tasks that are not in this queue, for this person, are left out.
    """
    days = Days(now, calendar)
    statement = (
        sa.select(*TASK_COLUMNS, Names.name.label("assigned_to"))
        .outerjoin(Doctor, Names.id == Task.assigned_doctor_id)
        .where(chosen_tasks(principal, filters, days))
        .order_by(*keyset_of(filters).ascending())
        .limit(limit)
    )
    if only is not None:
        statement = statement.where(Task.id.in_(list(only)))
    return tuple(queue_row(row, days) for row in session.execute(statement))
