"""Lists as somebody wants to find them again (vues enregistrées)."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import CODE, INSTANT, TEXT, foreign_key, primary_key


class SavedView(SQLModel, table=True):
    """Filters and order of a list under a name of somebody's own; nobody else sees it."""

    __tablename__ = "saved_view"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "path", "name"),
        sa.Index(
            "uq_saved_view_default", "user_id", "path", unique=True,
            postgresql_where=sa.text("is_default"),
        ),
    )  # fmt: skip

    id: UUID = primary_key()
    user_id: UUID = foreign_key("user_account.id")
    path: str = Field(sa_type=CODE)  # of the list's page
    name: str = Field(sa_type=TEXT)
    address: str = Field(sa_type=TEXT)  # query string, ``?`` included
    is_default: bool = Field(default=False)  # what the page opens with
    created_at: datetime = Field(sa_type=INSTANT)
