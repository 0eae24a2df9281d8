"""Deadlines counted again after the calendar changed (recalcul des échéances).

One file a transaction, each told in the file's journal.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import journal
from medcontrol.clock import Clock
from medcontrol.db import transaction
from medcontrol.model import CalendarChange, Deadline
from medcontrol.rules.clocks import LimitUnit, Standstill, TimeLimit, due_at
from medcontrol.vocabulary import BatchStatus, DeadlineKind, DeadlineStatus
from workflows.effects.clocks import standstills
from workflows.steps import alerts, moving, signals
from workflows.steps.calendar_reach import Change, movable_files
from workflows.steps.limits import warn_at
from workflows.steps.moving import Move
from workflows.tools import Tools

log = logging.getLogger(__name__)

_WORKING = (LimitUnit.WORKING_DAY.value, LimitUnit.WORKING_HOUR.value)


@dataclass(slots=True)
class Recounted:
    """What a run did."""

    files: int = 0
    deadlines: int = 0
    failed: int = 0


def run(tools: Tools, change_id: UUID, *, now: Clock) -> Recounted:
    """Count again what a change may move; run twice or killed halfway, the end is the same.

    The change is not done while a file failed: running it again looks at all that are left.
    """
    with transaction() as session:
        change = session.get(CalendarChange, change_id, with_for_update=True)
        if change is None or change.status is BatchStatus.DONE:
            return Recounted()
        change.status = BatchStatus.RUNNING
        that = Change(
            jurisdiction=change.jurisdiction, day=change.day, is_holiday=change.is_holiday
        )
    done = Recounted()
    for file_id in movable_files(that):
        try:
            moved = _recount_file(tools, change_id, file_id, now())
            done.files += moved > 0
            done.deadlines += moved
        except Exception as error:  # noqa: BLE001 - one bad file must cost one file
            done.failed += 1
            facts = {"control_file_id": str(file_id), "error": type(error).__name__}
            log.error("calendar.recount_failed", extra=facts)
    if not done.failed:
        with transaction() as session:
            change = session.get_one(CalendarChange, change_id, with_for_update=True)
            change.status, change.done_at = BatchStatus.DONE, now()
    return done


def _recount_file(tools: Tools, change_id: UUID, file_id: UUID, now: datetime) -> int:
    """Count the clocks of a file again in a transaction of their own; return how many moved."""
    with transaction() as session:
        move = moving.begin(session, tools, file_id, actor=journal.SYSTEM, now=now)
        moved = recount(move)
        if moved:
            moving.save(move)
            _note(session, change_id, moved)
    return moved


def _note(session: Session, change_id: UUID, moved: int) -> None:
    session.execute(
        sa.update(CalendarChange)
        .where(col(CalendarChange.id) == change_id)
        .values(
            moved_files=CalendarChange.moved_files + 1,
            moved_deadlines=CalendarChange.moved_deadlines + moved,
        )
    )


def recount(move: Move) -> int:
    """Count the working-time limits of a locked file again; return how many moved.

    What was reported late and is not any more runs again, and its badge goes. The caller saves.
    """
    session = move.session
    stops = standstills(move)
    opened = {task.engine_task_id: task for task in move.tasks}
    clocks = session.exec(
        select(Deadline)
        .where(
            Deadline.control_file_id == move.file.id,
            col(Deadline.unit).in_(_WORKING),
            col(Deadline.status).in_((DeadlineStatus.RUNNING, DeadlineStatus.FIRED)),
        )
        .execution_options(populate_existing=True)
    )
    moved = 0
    for clock in clocks:
        is_step = clock.engine_task_id in opened
        if clock.status is DeadlineStatus.FIRED and clock.engine_task_id and not is_step:
            continue  # it moved the flow
        limit = TimeLimit(clock.amount, LimitUnit(clock.unit))
        own_stops = stops if clock.stops_for_completion else ()
        due = due_at(move.limits.calendar, clock.starts_at, limit, own_stops)
        if due != clock.due_at:
            _move(move, clock, due, own_stops)
            moved += 1
    if moved:
        session.flush()
    return moved


def _move(move: Move, clock: Deadline, due: datetime, stops: Sequence[Standstill]) -> None:
    before, clock.due_at = clock.due_at, due
    for task in move.tasks:
        if task.due_at == before and clock.engine_task_id in (None, task.engine_task_id):
            task.due_at = due
    if clock.engine_task_id is None:
        if move.file.due_at == before:
            move.file.due_at = due
        if clock.kind is DeadlineKind.LEGAL:
            alerts.settle(move, clock)
            clock.warn_at = warn_at(
                move.file.jurisdiction, move.file.received_on, clock.starts_at, due, stops
            )
    if clock.status is DeadlineStatus.FIRED and due > move.now:
        clock.status, clock.settled_at = DeadlineStatus.RUNNING, None
        _relieve(move, clock)
    move.tell(
        "deadline.moved", deadline=clock.name, before=before.isoformat(), after=due.isoformat()
    )


def _relieve(move: Move, clock: Deadline) -> None:
    for task in move.tasks:
        if clock.engine_task_id in (None, task.engine_task_id):
            task.signals = [each for each in task.signals if each != signals.LATE]
