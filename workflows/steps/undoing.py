"""Undoing a decision while its consequences still wait: a compensating entry, nothing erased."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from medcontrol.errors import AlreadyDone, NotTheAssignedDoctor
from medcontrol.model import Decision, SecondReading
from medcontrol.policy import Principal
from workflows.effects.taking_back import forget_reading, take_back
from workflows.steps import moving
from workflows.steps.command import Completed
from workflows.steps.ending import actor_of, completed
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
    take_back(move, decision, _held_keys(session, decision))
    forget_reading(move, decision)
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


def _held_keys(session: Session, decision: Decision) -> list[str]:
    """Return the keys of what waits with the decision for its second reading."""
    found = session.exec(
        select(SecondReading.held_keys).where(SecondReading.decision_id == decision.id)
    ).first()
    return list(found or ())
