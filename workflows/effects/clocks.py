"""Clocks that stand still and go on (suspension des délais)."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.model import Deadline, Suspension
from medcontrol.rules.clocks import Standstill, completion_restarts
from medcontrol.vocabulary import CompletionKind, DeadlineKind, DeadlineStatus
from workflows.engine.paths import OperationCall
from workflows.steps.limits import warn_at
from workflows.steps.moving import Move

_RESTARTS = ":restarts"
_ENDED = b"""
SELECT started_at, ended_at, reason FROM suspension
WHERE control_file_id = %(file)s AND ended_at IS NOT NULL ORDER BY started_at
"""


def suspend(move: Move, _call: OperationCall, arguments: dict[str, Any]) -> None:
    """Stop the clocks that stop for completion, until the pieces are there."""
    kind = CompletionKind(arguments["reason"])
    numbers = law(move.file.jurisdiction).at(move.file.received_on)
    restarts = completion_restarts(
        kind,
        incomplete_restarts=bool(numbers.value("completion.incomplete_restarts").value),
        incorrect_restarts=bool(numbers.value("completion.incorrect_restarts").value),
    )
    suspension = {
        "id": new_id(),
        "control_file_id": move.file.id,
        "reason": f"completion_{kind.value}{_RESTARTS if restarts else ''}",
        "started_at": move.now,
    }
    move.rows.add(Suspension, suspension)
    move.session.execute(
        sa.update(Deadline)
        .where(
            col(Deadline.control_file_id) == move.file.id,
            col(Deadline.status) == DeadlineStatus.RUNNING,
            col(Deadline.stops_for_completion),
        )
        .values(status=DeadlineStatus.SUSPENDED)
    )
    move.tell("clock.stopped", reason=kind.value)


def resume(move: Move, _call: OperationCall, _arguments: dict[str, Any]) -> None:
    """Let stopped clocks run again, their ends moved by what stood still."""
    session = move.session
    session.execute(
        sa.update(Suspension)
        .where(col(Suspension.control_file_id) == move.file.id, col(Suspension.ended_at).is_(None))
        .values(ended_at=move.now)
    )
    stops = standstills(move)
    stopped = select(Deadline).where(
        Deadline.control_file_id == move.file.id, Deadline.status == DeadlineStatus.SUSPENDED
    )
    for clock in session.exec(stopped.execution_options(populate_existing=True)):
        clock.due_at = move.limits.extended(clock.starts_at, clock.amount, clock.unit, stops)
        clock.status = DeadlineStatus.RUNNING
        if clock.engine_task_id is None:
            move.file.due_at = clock.due_at
            if clock.kind is DeadlineKind.LEGAL:
                clock.warn_at = warn_at(
                    move.file.jurisdiction, move.file.received_on, clock.starts_at, clock.due_at,
                    stops,
                )  # fmt: skip
    session.flush()  # before clocks are settled, in the database
    move.tell("clock.resumed", stops=len(stops))


def standstills(move: Move) -> list[Standstill]:
    """Return the ended suspensions of a file, as the clocks want them."""
    found = move.ask(_ENDED, file=move.file.id)
    return [standstill(*row) for row in found]


def standstill(start: datetime, end: datetime, reason: str) -> Standstill:
    """Return an ended suspension, as the clocks want it; its reason says whether they restart."""
    return Standstill(start, end, reason.endswith(_RESTARTS))
