"""Reading a queue (file de travail): three statements, whatever its length."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import Forbidden
from medcontrol.model import Doctor, HumanTask
from medcontrol.policy import Principal, visible
from medcontrol.queries.due_dates import IS_BACK, IS_HELD, LANE_RANK, Days, Task, due_of
from medcontrol.queries.keyset import Key, Keyset
from medcontrol.queries.list_columns import (
    QUEUE_COLUMNS,
    columns_for,
    load_extras,
    shown_columns,
)
from medcontrol.queries.saved_views import COUNT_LIMIT as VIEW_COUNT_LIMIT
from medcontrol.queries.worklist import (
    BulkAction,
    Due,
    DueState,
    Paging,
    QueueFilters,
    QueuePage,
    QueueRow,
    QueueSort,
    QueueTab,
    Signal,
)
from medcontrol.queries.worklist_figures import (
    BUILT_IN_VIEWS,
    chips_of,
    options_of,
    tabs_of,
    views_of,
)
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import Role, TaskStatus

COUNT_LIMIT = 10_000

Names: Any = Doctor


def load_queue(
    session: Session,
    principal: Principal,
    filters: QueueFilters,
    *,
    now: datetime,
    calendar: WorkingCalendar,
) -> QueuePage:
    """Return a page of somebody's queue.

    Raises:
        Forbidden: another doctor's queue, for somebody who supervises nobody.
        InvalidInput: the cursor is not one of ours (field ``after``).
    """
    may_see_team = principal.has(Role.SUPERVISOR, Role.COORDINATOR)
    if filters.doctor not in (None, principal.doctor_id) and not may_see_team:
        raise Forbidden("another doctor's queue")
    days = Days(now, calendar)
    counts = _load_counts(session, principal, filters, days)
    chosen = chosen_tasks(principal, filters, days)
    totals = session.execute(
        sa.select(
            _capped(_tab(principal, filters, QueueTab.DONE)).label("done"),
            (_capped(_tab(principal, filters, QueueTab.TEAM)) if may_see_team else sa.null()).label(
                "team"
            ),
            _capped(chosen).label("total"),
            _owner_name(principal, filters).label("owner"),
        )
    ).one()
    rows, paging = _load_rows(session, filters, chosen, totals.total, days)
    columns = shown_columns(filters.columns, QUEUE_COLUMNS, principal)
    return QueuePage(
        today=days.today,
        filters=filters,
        tabs=tabs_of(counts, totals.done, totals.team),
        views=views_of(counts),
        chips=chips_of(filters, totals.owner),
        flow_options=options_of(counts, "flow", filters.flow),
        lane_options=options_of(counts, "lane", filters.lane),
        rows=rows,
        paging=paging,
        bulk_actions=_bulk_actions(principal, filters, may_see_team=may_see_team),
        may_see_team=may_see_team,
        owner_name=totals.owner,
        waking_soon=sum(row.waking_soon for row in counts),
        columns=columns,
        column_options=columns_for(principal),
        extras=load_extras(session, principal, [row.task_id for row in rows], columns),
    )


def count_each(
    session: Session,
    principal: Principal,
    filters: Sequence[QueueFilters],
    *,
    now: datetime,
    calendar: WorkingCalendar,
) -> list[int]:
    """Return how many tasks each of several filters leaves, up to the limit of views and one."""
    days = Days(now, calendar)
    return count_tasks(session, [chosen_tasks(principal, each, days) for each in filters])


def count_tasks(session: Session, wheres: Sequence[sa.ColumnElement[bool]]) -> list[int]:
    """Return how many tasks each predicate leaves, in one statement that stops early."""
    if not wheres:
        return []
    numbers = [_capped(where, VIEW_COUNT_LIMIT) for where in wheres]
    row = session.execute(
        sa.select(*(number.label(f"n{place}") for place, number in enumerate(numbers)))
    ).one()
    return list(row)


def _bulk_actions(
    principal: Principal, filters: QueueFilters, *, may_see_team: bool
) -> tuple[BulkAction, ...]:
    """Return what may be done to several rows of this tab; the commands check again."""
    is_own = principal.doctor_id is not None and filters.doctor in (None, principal.doctor_id)
    holds = is_own and filters.tab in (QueueTab.TODO, QueueTab.BACK)
    moves = may_see_team and filters.tab is not QueueTab.DONE
    chosen = ((BulkAction.REASSIGN, moves), (BulkAction.HOLD, holds), (BulkAction.EXPORT, True))
    return tuple(action for action, is_allowed in chosen if is_allowed)


def _mine(principal: Principal, filters: QueueFilters) -> sa.ColumnElement[bool]:
    """Tasks in somebody's hands: a doctor's own, an agency's for its agents."""
    doctor_id = filters.doctor or principal.doctor_id
    if doctor_id is not None:
        return Task.assigned_doctor_id == doctor_id  # type: ignore[no-any-return]
    return sa.not_(Task.is_medical) if principal.has(Role.AGENT) else sa.false()


def _tab(principal: Principal, filters: QueueFilters, tab: QueueTab) -> sa.ColumnElement[bool]:
    """The tasks of a tab, within the policy."""
    allowed = visible(principal, HumanTask)
    is_open = Task.status == TaskStatus.OPEN
    if tab is QueueTab.TEAM:
        return sa.and_(is_open, allowed)
    if tab is QueueTab.DONE:
        doctor_id = filters.doctor or principal.doctor_id
        by_me = Task.done_by_doctor_id == doctor_id if doctor_id else _mine(principal, filters)
        return sa.and_(Task.status == TaskStatus.DONE, by_me, allowed)
    state = {
        QueueTab.TODO: sa.not_(IS_HELD),
        QueueTab.WAITING: IS_HELD,
        QueueTab.BACK: sa.and_(sa.not_(IS_HELD), IS_BACK),
    }[tab]
    return sa.and_(is_open, _mine(principal, filters), state, allowed)


def chosen_tasks(principal: Principal, filters: QueueFilters, days: Days) -> sa.ColumnElement[bool]:
    """Return the tasks of the current tab, view and filters, within the policy."""
    parts = [_tab(principal, filters, filters.tab), days.view(filters.view)]
    for name in ("flow", "lane", "level", "kind"):
        values = getattr(filters, name)
        if values:
            parts.append(getattr(Task, name).in_(values))
    if filters.due is not None:
        parts.append(days.preset(filters.due))
    if filters.urgent:
        parts.append(Task.is_urgent)
    return sa.and_(*parts)


def _capped(where: sa.ColumnElement[bool], limit: int = COUNT_LIMIT) -> sa.ScalarSelect[int]:
    """Count rows exactly up to the limit, and no further."""
    some = sa.select(sa.literal(1)).select_from(HumanTask).where(where).limit(limit + 1)
    return sa.select(sa.func.count()).select_from(some.subquery()).scalar_subquery()


def _owner_name(principal: Principal, filters: QueueFilters) -> sa.ColumnElement[Any]:
    if filters.doctor in (None, principal.doctor_id):
        return sa.null()
    return sa.select(Names.name).where(Names.id == filters.doctor).scalar_subquery()


def _load_counts(
    session: Session, principal: Principal, filters: QueueFilters, days: Days
) -> list[Any]:
    """Return open tasks counted by flow and lane: at most a few dozen rows feed all figures."""
    todo = sa.not_(IS_HELD)

    def number(name: str, *conditions: sa.ColumnElement[bool]) -> sa.Label[int]:
        return sa.func.count().filter(sa.and_(*conditions)).label(name)

    open_and_mine = sa.and_(
        Task.status == TaskStatus.OPEN, _mine(principal, filters), visible(principal, HumanTask)
    )
    statement = (
        sa.select(
            Task.flow,
            Task.lane,
            number("todo", todo),
            number("waiting", IS_HELD),
            number("waking_soon", Task.held_until <= days.now + timedelta(days=7)),
            number("woken", todo, Task.signals.overlap(["woken", "woken_by_document"])),
            number("back", todo, IS_BACK),
            *(number(f"view_{key}", todo, days.view(key)) for key in BUILT_IN_VIEWS),
        )
        .where(open_and_mine)
        .group_by(Task.flow, Task.lane)
    )
    return list(session.execute(statement))


def keyset_of(filters: QueueFilters) -> Keyset:
    """Return the order of a queue: the chosen column, then lane, then age, then id."""
    if filters.tab is QueueTab.DONE:
        return Keyset(Key(Task.done_at, is_descending=True), Key(Task.id))
    first = {
        QueueSort.DUE: Task.due_at,
        QueueSort.LANE: LANE_RANK,
        QueueSort.AGE: Task.received_at,
        QueueSort.REFERENCE: Task.reference,
        QueueSort.PERSON: Task.person_name,
    }[filters.sort]
    rest = (Key(LANE_RANK), Key(Task.received_at), Key(Task.id))
    return Keyset(Key(first, is_descending=filters.descending), *rest)


def _load_rows(
    session: Session,
    filters: QueueFilters,
    where: sa.ColumnElement[bool],
    total: int,
    days: Days,
) -> tuple[tuple[QueueRow, ...], Paging]:
    keyset = keyset_of(filters)
    statement = (
        sa.select(*TASK_COLUMNS, Names.name.label("assigned_to"))
        .outerjoin(Doctor, Names.id == Task.assigned_doctor_id)
        .where(where)
    )
    found = keyset.page(session, statement, after=filters.after, size=filters.size)
    paging = Paging(
        first=found.first if found.rows else 0,
        last=found.first + len(found.rows) - 1 if found.rows else 0,
        total=min(total, COUNT_LIMIT),
        is_total_exact=total <= COUNT_LIMIT,
        previous=found.previous,
        next=found.next,
    )
    return tuple(queue_row(row, days) for row in found.rows), paging


TASK_COLUMNS = (
    Task.id, Task.control_file_id, Task.reference, Task.person_name, Task.person_birth_year,
    Task.flow, Task.nature, Task.lane, Task.mode, Task.level, Task.step, Task.kind,
    Task.file_status, Task.due_at, Task.received_at, Task.is_urgent, Task.signals,
    Task.held_until, Task.hold_reason, Task.outcome, Task.done_at,
)  # fmt: skip


def queue_row(row: Any, days: Days) -> QueueRow:
    """Return a row of ``TASK_COLUMNS`` and ``assigned_to`` as a line of a list."""
    received_on = days.calendar.civil_date(row.received_at)
    held = row.held_until
    due = due_of(row.due_at, days.today, days.calendar, row.file_status)
    if row.done_at is not None:
        due = Due(on=days.calendar.civil_date(row.done_at), state=DueState.DONE)
    return QueueRow(
        task_id=row.id,
        control_file_id=row.control_file_id,
        reference=row.reference,
        person_name=row.person_name,
        person_birth_year=row.person_birth_year,
        flow=row.flow,
        nature=row.nature,
        lane=row.lane,
        mode=row.mode,
        level=row.level,
        step=row.step,
        kind=row.kind,
        status=row.file_status,
        due=due,
        received_on=received_on,
        age_days=days.calendar.working_days_between(received_on, days.today),
        is_urgent=row.is_urgent,
        signals=tuple(Signal(code=code) for code in row.signals),
        assigned_to=row.assigned_to,
        held_until=None if held is None else days.calendar.civil_date(held),
        hold_reason=row.hold_reason,
        outcome=row.outcome,
    )
