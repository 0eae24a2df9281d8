"""Taking note of alerts of legal deadlines (prise en compte des alertes)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.model import ControlFile, DeadlineAlert
from medcontrol.policy import Action, Principal, visible


def take_note(session: Session, principal: Principal, ids: Sequence[UUID], *, now: datetime) -> int:
    """Note that a supervisor saw these alerts; others than theirs are left. Returns how many."""
    theirs = sa.select(col(ControlFile.id)).where(visible(principal, ControlFile, Action.REASSIGN))
    result = session.connection().execute(
        sa.update(DeadlineAlert)
        .where(
            col(DeadlineAlert.id).in_(list(ids)),
            col(DeadlineAlert.noted_at).is_(None),
            col(DeadlineAlert.control_file_id).in_(theirs),
        )
        .values(noted_at=now, noted_by=principal.id)
    )
    return int(result.rowcount)
