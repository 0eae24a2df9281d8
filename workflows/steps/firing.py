"""What a clock that fell due asks for (échéance)."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import journal
from medcontrol.errors import StepNotOpen
from medcontrol.model import CompletionRequest, Deadline
from medcontrol.vocabulary import DeadlineStatus
from workflows import effects, engine
from workflows.steps import alerts, moving, recounting, signals, tacit
from workflows.steps.ending import save_change
from workflows.steps.moving import Move
from workflows.steps.records import spelled_pieces
from workflows.tools import Tools


def fire_deadline(session: Session, tools: Tools, deadline_id: UUID, *, now: datetime) -> bool:
    """Do what a clock that fell due asks for; False when there is nothing (left) to do.

    May be called any number of times: the flow is moved once.
    """
    file_id = session.execute(
        sa.select(col(Deadline.control_file_id)).where(col(Deadline.id) == deadline_id)
    ).scalar()
    if file_id is None:
        return False
    move = moving.begin(session, tools, file_id, actor=journal.SYSTEM, now=now)
    clock = session.get_one(Deadline, deadline_id, populate_existing=True)
    if clock.status is not DeadlineStatus.RUNNING or clock.due_at > now:
        return False
    if recounting.recount(move):
        moving.save(move)
    if clock.due_at > now:
        return False  # the calendar was changed meanwhile
    clock.status, clock.settled_at = DeadlineStatus.FIRED, now
    move.tell("deadline.passed", deadline=clock.name, kind=clock.kind.value)
    if move.pack.meta.deadlines[clock.name].scope != "wait" or clock.engine_task_id is None:
        _signal_late(move, clock.engine_task_id)
        alerts.raise_passed(move, clock)
        if clock.engine_task_id is None and tacit.agree(move, clock):
            return True
        save_change(move, "deadline.reported", deadline=clock.name)
        return True
    try:
        advance = engine.fire(move.pack, move.flow.state, clock.engine_task_id)
    except StepNotOpen:
        save_change(move, "deadline.overtaken", deadline=clock.name)
        return True
    _recall_request(move)
    session.flush()
    effects.carry_out(move, advance)
    moving.settle(move, advance)
    return True


def _signal_late(move: Move, engine_task_id: str | None) -> None:
    for task in move.tasks:
        if engine_task_id in (None, task.engine_task_id):
            signals.add(task, signals.LATE)


def _recall_request(move: Move) -> None:
    """Let a reminder name the pieces again that are still awaited."""
    request = move.session.exec(
        select(CompletionRequest)
        .where(
            CompletionRequest.control_file_id == move.file.id,
            col(CompletionRequest.answered_at).is_(None),
        )
        .order_by(col(CompletionRequest.requested_at).desc())
        .limit(1)
    ).first()
    if request is None:
        return
    move.occasion.pieces = spelled_pieces(move.pack, request.pieces, move.received.get("language"))
    move.occasion.asked_at = request.requested_at
