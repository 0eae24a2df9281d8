"""Driving a file that nothing will ever move (relance d'un dossier immobile)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from medcontrol import journal
from medcontrol.errors import DomainError
from medcontrol.vocabulary import ControlFileStatus
from workflows import effects, engine
from workflows.engine.paths import Advance
from workflows.steps import moving
from workflows.tools import Tools

#: What a file is found in: codes of the watch, each a chapter of the runbook.
READY, OPEN, UNREADABLE, NO_FLOW = "flow.ready", "flow.ended", "flow.unreadable", "flow.none"

#: The clocks of a file that move it; ``{}`` is its id. The target of a step has the step's engine
#: task: when it passes, that is told and no more.
MOVING_CLOCKS = """
SELECT 1 FROM deadline d WHERE d.control_file_id = {} AND d.engine_task_id IS NOT NULL
  AND d.status IN ('running', 'suspended')
  AND NOT EXISTS (SELECT FROM human_task t WHERE t.control_file_id = d.control_file_id
                  AND t.engine_task_id = d.engine_task_id)
LIMIT 1
"""
_CLOCK = MOVING_CLOCKS.format("%(file)s").encode()


def drive(session: Session, tools: Tools, control_file_id: UUID, *, now: datetime) -> bool:
    """Bring a file back to what its flow waits for: its step opens, its clock starts, or it ends.

    Locks the file. The flow itself is not moved, so that driving twice does it once.

    Returns:
        False when something moves the file by now, or nothing in this program can.

    Raises:
        InvalidInput: its state is not one of the pack on disk.
    """
    move = moving.begin(session, tools, control_file_id, actor=journal.SYSTEM, now=now)
    if move.file.status is ControlFileStatus.CLOSED or move.tasks:
        return False
    if move.ask(_CLOCK, file=control_file_id):
        return False
    advance = engine.resume(move.pack, move.flow.state)
    if not advance.ended and what_waits(advance) is None:
        return False
    effects.carry_out(move, advance)
    move.tell("file.driven", version=move.file.version)
    moving.settle(move, advance)
    return True


def what_waits(advance: Advance) -> str | None:
    """Return the step or clock that should be open and is not; None when only messages come."""
    for task in advance.tasks:
        return task.step
    for wait in advance.waits:
        if wait.kind == "deadline":
            return wait.step
    return None


def diagnose(tools: Tools, row: Any) -> tuple[str, str] | None:
    """Say why nothing moves a file: a code, and the step where it stands.

    Args:
        tools: of this process; its packs are those that files were opened under.
        row: ``flow``, ``pack``, and ``state``, ``pack_hash``, ``ended_at`` of its flow, if any.

    Returns:
        None when its flow waits for a message from outside alone, which a pack may do.
    """
    if row.state is None:
        return NO_FLOW, ""
    if row.ended_at is not None:
        return OPEN, ""
    try:
        pack = tools.catalog.get(row.pack, row.flow, row.pack_hash)
        advance = engine.resume(pack, row.state)
    except (DomainError, ValueError, LookupError, TypeError, AttributeError):
        return UNREADABLE, ""
    if advance.ended:
        return OPEN, ""
    step = what_waits(advance)
    return None if step is None else (READY, step)
