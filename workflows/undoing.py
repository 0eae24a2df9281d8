"""Undoing a decision while its consequences still wait: a compensating entry, nothing erased."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.clock import civil_date
from medcontrol.errors import AlreadyDone, NotTheAssignedDoctor
from medcontrol.model import (
    Assignment,
    Deadline,
    Decision,
    Entitlement,
    HumanTask,
    Letter,
    OutboxMessage,
)
from medcontrol.policy import Principal
from medcontrol.vocabulary import DeadlineStatus, EntitlementStatus, LetterStatus, TaskStatus
from workflows import moving
from workflows.effects.outcomes import overturn
from workflows.kept_rights import right_from_json
from workflows.moving import Move
from workflows.step_command import Completed
from workflows.steps import actor_of, completed
from workflows.tools import Tools

__all__ = ["undo_decision"]


def undo_decision(
    session: Session,
    tools: Tools,
    file_id: UUID,
    *,
    expected_version: int | None,
    principal: Principal,
    now: datetime,
) -> Completed:
    """Take back the decision that just closed a file, before anything of it has left.

    The step is open again in the same doctor's hands; letters and events that wait are
    withdrawn, the right is as it was. The decision stays on record as undone.

    Raises:
        AlreadyDone: too late, or undone before.
        NotTheAssignedDoctor: somebody else decided.
    """
    move = moving.begin(
        session, tools, file_id, actor=actor_of(principal), now=now,
        expected_version=expected_version,
    )  # fmt: skip
    decision = _last_decision(session, file_id)
    if decision is None or decision.before is None or decision.undone_at is not None:
        raise AlreadyDone("there is no decision to undo")
    if decision.decided_by != principal.id:
        raise NotTheAssignedDoctor("somebody else decided")
    if (now - decision.decided_at).total_seconds() > tools.undo_seconds:
        raise AlreadyDone("the time to undo is over")
    _withdraw(move, decision)
    _restore(move, decision)
    _restore_right(move, decision)
    overturn(session, tools.keys, file_id, on=civil_date(now, move.file.jurisdiction))
    decision.undone_at = now
    move.tell("decision.undone", decision=str(decision.id))
    moving.save(move)
    return completed(move)


def _last_decision(session: Session, file_id: UUID) -> Decision | None:
    return session.exec(
        select(Decision)
        .where(Decision.control_file_id == file_id)
        .order_by(col(Decision.decided_at).desc(), col(Decision.id).desc())
        .limit(1)
        .with_for_update()
    ).first()


def _withdraw(move: Move, decision: Decision) -> None:
    """Cancel the letters of the decision and withdraw what the outbox holds of it."""
    assert decision.before is not None  # noqa: S101 - checked
    version = decision.before["version"]
    letters = move.session.exec(
        select(Letter).where(
            Letter.control_file_id == move.file.id,
            col(Letter.occasion).like(f"%:{version}:%"),
            Letter.status == LetterStatus.WAITING,
        )
    ).all()
    keys = [f"event:decision.made:{decision.id}"]
    for letter in letters:
        letter.status = LetterStatus.CANCELLED
        keys.append(f"letter:{letter.id}")
    move.session.execute(
        sa.update(OutboxMessage)
        .where(col(OutboxMessage.key).in_(keys), col(OutboxMessage.done_at).is_(None))
        .values(done_at=move.now, last_error="withdrawn")
    )


def _restore(move: Move, decision: Decision) -> None:
    """Open the step again as it was, with its clocks and its doctor."""
    assert decision.before is not None  # noqa: S101 - checked
    session, file = move.session, move.file
    task = session.get_one(HumanTask, UUID(decision.before["task"]), populate_existing=True)
    task.status, task.done_at, task.outcome = TaskStatus.OPEN, None, None
    task.done_by_doctor_id = None
    move.flow.state = decision.before["state"]
    move.flow.ended_at = None
    file.status, file.closed_at, file.outcome = task.file_status, None, None
    file.version += 1
    session.execute(
        sa.update(Deadline)
        .where(
            col(Deadline.control_file_id) == file.id,
            col(Deadline.status) == DeadlineStatus.MET,
            col(Deadline.settled_at) == decision.decided_at,
        )
        .values(status=DeadlineStatus.RUNNING, settled_at=None)
    )
    ended = session.exec(
        select(Assignment)
        .where(Assignment.human_task_id == task.id, Assignment.end_reason == "done")
        .order_by(col(Assignment.ended_at).desc())
        .limit(1)
    ).first()
    if ended is not None:
        ended.ended_at, ended.end_reason = None, None
        session.execute(
            sa.text(
                "UPDATE doctor_load SET open_points = open_points + :points,"
                " open_files = open_files + 1 WHERE doctor_id = :doctor"
            ),
            {"points": ended.points, "doctor": ended.doctor_id},
        )


def _restore_right(move: Move, decision: Decision) -> None:
    """Put the right back as it was; one that the decision opened ends on the day it began."""
    assert decision.before is not None  # noqa: S101 - checked
    kept = decision.before.get("right")
    if move.file.entitlement_id is None:
        return
    right = move.session.get_one(
        Entitlement, move.file.entitlement_id, with_for_update=True, populate_existing=True
    )
    if kept is None:
        right.status, right.valid_to = EntitlementStatus.ENDED, right.valid_from
        right.next_review_on = right.opens_on = None
        move.file.entitlement_id = None
        return
    for name, value in right_from_json(kept).items():
        setattr(right, name, value)
