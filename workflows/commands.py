"""What people and sweeps do to a control file; each inside the caller's transaction."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.policy import Principal
from workflows.letters import rendering as letters
from workflows.letters.writing import writing_in
from workflows.steps.alerts import warn_of_deadline
from workflows.steps.arrivals import NewDocument, add_documents, waive_completion
from workflows.steps.ending import Completed, CompleteStep, LineVerdict, PieceAsked, complete_step
from workflows.steps.file_messages import ReadMessage, read_messages, write_message
from workflows.steps.firing import fire_deadline
from workflows.steps.holding import hold, wake
from workflows.steps.undoing import undo_decision
from workflows.tools import Tools

__all__ = [
    "CompleteStep", "Completed", "LineVerdict", "NewDocument", "PieceAsked",
    "ReadMessage", "add_documents", "complete_step", "fire_deadline", "hold", "preview_letter",
    "read_messages", "undo_decision", "waive_completion", "wake", "warn_of_deadline",
    "write_message",
]  # fmt: skip


def preview_letter(
    session: Session,
    tools: Tools,
    command: CompleteStep,
    *,
    principal: Principal,
    now: datetime,
    language: str,
) -> bytes | None:
    """Return a picture (PNG) of the letter that this decision would send; nothing stays saved.

    Runs the command in a savepoint that is rolled back.

    Returns:
        None when the outcome sends no letter.

    Raises:
        InvalidInput and the other refusals of ``complete_step``.
    """
    savepoint = session.begin_nested()
    try:
        with writing_in(language):
            done = complete_step(session, tools, command, principal=principal, now=now)
        row = session.execute(
            sa.text(
                "SELECT l.code, l.context, l.pack, f.flow FROM letter l"
                " JOIN control_file f ON f.id = l.control_file_id"
                " WHERE l.control_file_id = :id AND l.written_at = :now ORDER BY l.id DESC LIMIT 1"
            ),
            {"id": done.control_file_id, "now": now},
        ).first()
    finally:
        savepoint.rollback()
        session.expire_all()
    if row is None:
        return None
    pack = tools.catalog.get(row[2], row[3])
    return letters.preview_png(pack, row[0], language, row[1], fonts=tools.fonts)
