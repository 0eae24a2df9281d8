"""Supervisors are told of legal deadlines that near or have passed, once each (alertes)."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from medcontrol import journal
from medcontrol.ids import new_id
from medcontrol.model import Deadline, DeadlineAlert
from medcontrol.vocabulary import DeadlineAlertKind, DeadlineKind, DeadlineStatus
from workflows.steps import moving
from workflows.steps.moving import Move
from workflows.tools import Tools


def warn_of_deadline(session: Session, tools: Tools, deadline_id: UUID, *, now: datetime) -> bool:
    """Tell of a legal deadline that nears; False when there is nothing (left) to tell.

    The file's version stays: whoever works on the file is not disturbed.
    """
    file_id = session.execute(
        sa.select(col(Deadline.control_file_id)).where(col(Deadline.id) == deadline_id)
    ).scalar()
    if file_id is None:
        return False
    move = moving.begin(session, tools, file_id, actor=journal.SYSTEM, now=now)
    clock = session.get_one(Deadline, deadline_id, populate_existing=True)
    if clock.status is not DeadlineStatus.RUNNING or clock.warn_at is None or clock.warn_at > now:
        return False
    clock.warn_at = None
    if clock.due_at <= now:
        return False  # it is about to pass, which is told of
    if _raise(move, clock, DeadlineAlertKind.NEAR):
        move.tell("deadline.near", deadline=clock.name, due_at=clock.due_at.isoformat())
        moving.save(move)
    return True


def raise_passed(move: Move, clock: Deadline) -> None:
    """Tell of a legal deadline of the file that passed; that it neared is told no more."""
    if clock.kind is not DeadlineKind.LEGAL or clock.engine_task_id is not None:
        return
    clock.warn_at = None
    settle(move, clock)
    if _raise(move, clock, DeadlineAlertKind.PASSED):
        move.tell("deadline.alerted", deadline=clock.name)


def settle(move: Move, clock: Deadline) -> None:
    """End the alerts of a deadline that nobody took note of: something else is true now."""
    move.session.execute(
        sa.update(DeadlineAlert)
        .where(col(DeadlineAlert.deadline_id) == clock.id, col(DeadlineAlert.noted_at).is_(None))
        .values(noted_at=move.now)
    )


def _raise(move: Move, clock: Deadline, kind: DeadlineAlertKind) -> bool:
    """Keep an alert; False when this one was raised before for the same due instant."""
    values = {
        "id": new_id(),
        "deadline_id": clock.id,
        "control_file_id": move.file.id,
        "kind": kind,
        "due_at": clock.due_at,
        "raised_at": move.now,
    }
    statement = insert(DeadlineAlert).values(values).on_conflict_do_nothing()
    return bool(move.session.connection().execute(statement).rowcount)
