"""Lists as people want to find them again (vues enregistrées)."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import CODE, ID, INSTANT, TEXT, code_enum, foreign_key, primary_key
from medcontrol.vocabulary import Role


class SavedView(SQLModel, table=True):
    """Filters, order and columns of a list under a name: somebody's own, a unit's or a role's."""

    __tablename__ = "saved_view"
    __table_args__ = (
        sa.Index(
            "uq_saved_view_own", "user_id", "path", "name", unique=True,
            postgresql_where=sa.text("unit_code IS NULL AND role IS NULL"),
        ),
        sa.Index(
            "uq_saved_view_unit", "unit_code", "path", "name", unique=True,
            postgresql_where=sa.text("unit_code IS NOT NULL"),
        ),
        sa.Index(
            "uq_saved_view_role", "role", "path", unique=True,
            postgresql_where=sa.text("role IS NOT NULL"),
        ),
        sa.CheckConstraint("unit_code IS NULL OR role IS NULL", name="one_audience"),
    )  # fmt: skip

    id: UUID = primary_key()
    user_id: UUID = foreign_key("user_account.id")  # who made it
    path: str = Field(sa_type=CODE)  # of the list's page
    name: str = Field(sa_type=TEXT)
    address: str = Field(sa_type=TEXT)  # query string, ``?`` included
    # Everyone of the unit, and of those below it, finds it; nobody else than its maker when null.
    unit_code: str | None = Field(
        default=None, sa_type=CODE, foreign_key="unit.code", nullable=True
    )
    # What the list opens with for those of a role who chose nothing else.
    role: Role | None = Field(default=None, sa_type=code_enum(Role), nullable=True)
    created_at: datetime = Field(sa_type=INSTANT)


class ViewChoice(SQLModel, table=True):
    """What a list opens with for somebody, instead of their role's view; none: the plain list."""

    __tablename__ = "view_choice"
    __table_args__ = (sa.Index("ix_view_choice_view", "view_id"),)

    user_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="user_account.id")
    path: str = Field(primary_key=True, sa_type=CODE)
    view_id: UUID | None = foreign_key("saved_view.id", nullable=True)
