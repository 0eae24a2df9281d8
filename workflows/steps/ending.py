"""Ending a step of a file (étape): checked against the pack, written down, moved on."""

from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol import journal
from medcontrol.errors import StepNotOpen
from medcontrol.model import HumanTask, Opinion
from medcontrol.policy import Principal
from medcontrol.services import medical
from medcontrol.vocabulary import StepKind, TaskStatus
from workflows import effects, engine
from workflows.linked import steps as linked_steps
from workflows.steps import moving
from workflows.steps.checks import SECOND_EYES, check, check_may_end
from workflows.steps.command import Completed, CompleteStep, LineVerdict, PieceAsked
from workflows.steps.moving import Move
from workflows.steps.records import prepare, write_down
from workflows.tools import Tools

__all__ = [
    "CompleteStep", "Completed", "LineVerdict", "PieceAsked", "actor_of", "complete_step",
    "completed", "open_task", "save_change",
]  # fmt: skip

_COMES_BACK = SECOND_EYES | {StepKind.SPECIALIST_OPINION}


def actor_of(principal: Principal) -> journal.Actor:
    """Return who is written into the journal."""
    return journal.Actor(principal.kind, principal.name, principal.id)


def open_task(move: Move, task_id: UUID) -> HumanTask:
    """Return a task of a locked file that is still open.

    Raises:
        StepNotOpen: it was done or cancelled meanwhile.
    """
    for task in move.tasks:
        if task.id == task_id:
            return task
    raise StepNotOpen("this step was done or cancelled")


def complete_step(
    session: Session, tools: Tools, command: CompleteStep, *, principal: Principal, now: datetime
) -> Completed:
    """End a step: opinion, medical record, flow, clocks, letters, next doctor, in one transaction.

    Raises:
        NotFound: no such task.
        StaleControlFile: the file moved since the page was drawn; nothing was saved.
        StepNotOpen: the step was done or cancelled meanwhile.
        NotTheAssignedDoctor, Forbidden: not this person's to do.
        InvalidInput: an outcome, motive, line, piece, date or answer is wrong; ``field`` names it.
    """
    move = moving.begin(
        session, tools, task_id=command.task_id,
        actor=actor_of(principal), now=now, expected_version=command.expected_version,
    )  # fmt: skip
    task = open_task(move, command.task_id)
    step = move.pack.meta.steps[task.step]
    check_may_end(move, task, principal, step)
    outcome = check(move, task, step, command)
    linked_steps.check(move, task, command)
    move.holder = _holder(session, task, principal)
    before = move.flow.state
    advance = engine.complete(
        move.pack, before, task.engine_task_id, {"outcome": command.outcome, **command.gives}
    )
    write_down(move, task, command, outcome, principal)
    prepare(move, task, command, before)
    linked_steps.write_down(move, task, command)
    task.status, task.done_at, task.outcome = TaskStatus.DONE, now, command.outcome
    task.done_by_doctor_id = principal.doctor_id
    task.held_until = task.hold_reason = None
    move.tell("step.completed", step=task.step, outcome=command.outcome, task=str(task.id))
    effects.carry_out(move, advance)
    moving.settle(move, advance, finished=[task.id])
    if move.has_draft:
        medical.drop_draft(session, move.file.id, author_id=principal.id)
    return completed(move)


def _holder(session: Session, task: HumanTask, principal: Principal) -> UUID | None:
    """Return who should have the file next: who acted, or whom an opinion comes back to."""
    if not task.is_medical or task.kind not in _COMES_BACK:
        return principal.doctor_id if task.is_medical else None
    asked = session.execute(
        sa.select(col(Opinion.doctor_id))
        .where(
            col(Opinion.control_file_id) == task.control_file_id,
            col(Opinion.doctor_id) != principal.doctor_id,
        )
        .order_by(col(Opinion.given_at).desc(), col(Opinion.id).desc())
        .limit(1)
    ).scalar()
    return UUID(str(asked)) if asked else principal.doctor_id


def completed(move: Move) -> Completed:
    """Return where the file stands after a move."""
    decision_id = move.occasion.extra.get("decision_id")
    undo = move.now + timedelta(seconds=move.tools.undo_seconds) if decision_id else None
    return Completed(
        control_file_id=move.file.id,
        status=move.file.status,
        decision_id=decision_id,
        is_closed=move.file.closed_at is not None,
        undo_until=undo,
        version=move.file.version,
    )


def save_change(move: Move, action: str, **facts: object) -> Completed:
    """Save a change that does not move the flow."""
    move.file.version += 1
    move.tell(action, **facts)
    moving.save(move)
    return completed(move)
