"""Putting a task aside until a day, and bringing it back (mise en attente)."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlmodel import Session

from medcontrol import journal
from medcontrol.clock import ZONES
from medcontrol.errors import Forbidden, InvalidInput, NotTheAssignedDoctor
from medcontrol.model import HumanTask
from medcontrol.policy import Action, Principal, may
from workflows.steps import moving, signals
from workflows.steps.command import Completed
from workflows.steps.ending import actor_of, open_task, save_change
from workflows.steps.moving import Move
from workflows.tools import Tools

LONGEST_HOLD = timedelta(days=120)


def hold(
    session: Session,
    tools: Tools,
    task_id: UUID,
    *,
    until: date,
    reason: str,
    expected_version: int | None,
    principal: Principal,
    now: datetime,
) -> Completed:
    """Put a task aside until a day (mise en attente); it wakes by itself. Clocks go on.

    Raises:
        InvalidInput: the day is not within the next 120, or the reason is no code.
    """
    move = moving.begin(
        session, tools, task_id=task_id, actor=actor_of(principal), now=now,
        expected_version=expected_version,
    )  # fmt: skip
    task = open_task(move, task_id)
    _check_own(task, principal, move)
    zone = ZONES[move.file.jurisdiction]
    wakes_at = datetime.combine(until, time(6, 0), zone)
    if not now < wakes_at <= now + LONGEST_HOLD:
        raise InvalidInput("a hold lasts from 1 to 120 days", field="until")
    if not reason.replace("_", "").isalnum() or len(reason) > 64:
        raise InvalidInput("the reason is a code", field="reason")
    task.held_until, task.hold_reason = wakes_at, reason
    task.signals = [each for each in task.signals if each not in signals.OF_A_HOLD]
    return save_change(move, "task.held", task=str(task.id), reason=reason, until=until.isoformat())


def wake(
    session: Session,
    tools: Tools,
    task_id: UUID,
    *,
    principal: Principal | None,
    now: datetime,
    signal: str = signals.WOKEN,
) -> bool:
    """Bring a held task back; False when it was not held (any more)."""
    actor = actor_of(principal) if principal else journal.SYSTEM
    move = moving.begin(session, tools, task_id=task_id, actor=actor, now=now)
    task = next((each for each in move.tasks if each.id == task_id), None)
    if task is None or task.held_until is None:
        return False
    if principal is not None:
        _check_own(task, principal, move)
    signals.wake(task, signal)
    save_change(move, "task.woken", task=str(task.id), signal=signal)
    return True


def _check_own(task: HumanTask, principal: Principal, move: Move) -> None:
    if task.is_medical and task.assigned_doctor_id != principal.doctor_id:
        raise NotTheAssignedDoctor
    if not task.is_medical and not may(move.session, principal, move.file.id, Action.ADMINISTRATE):
        raise Forbidden("this file belongs to another unit")
