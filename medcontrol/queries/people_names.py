"""Names of people by id, for lines that hold only who did it."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import UserAccount

Users: Any = UserAccount


def user_names(session: Session, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of users by id; ids that are none are left out."""
    rows = session.execute(sa.select(Users.id, Users.name).where(Users.id.in_(ids)))
    return {row[0]: row[1] for row in rows}
