"""Whether the last decision of a file can still be taken back (annulation)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import Decision
from medcontrol.policy import Principal

Made: Any = Decision


def may_undo(
    session: Session, principal: Principal, control_file_id: UUID, *, now: datetime, seconds: int
) -> bool:
    """Return whether this person decided the file less than so many seconds ago."""
    found = session.execute(
        sa.select(Made.id)
        .where(
            Made.control_file_id == control_file_id,
            Made.decided_by == principal.id,
            Made.undone_at.is_(None),
            Made.before.is_not(None),
            Made.decided_at >= now - timedelta(seconds=seconds),
        )
        .limit(1)
    )
    return found.first() is not None
