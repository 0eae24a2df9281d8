"""Versions of the rules of selectivity (jeux de règles), and who did what with them."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import CODE, DAY, ID, INSTANT, TEXT, code_enum, foreign_key, primary_key
from medcontrol.vocabulary import RuleSetStatus


class RuleSetVersion(SQLModel, table=True):
    """One version of the rules of a jurisdiction.

    Its content changes while it is a draft only. Once published nothing of it changes but its
    last day; triggers of migration 0002 hold both against any UPDATE, and refuse every DELETE.
    """

    __tablename__ = "rule_set_version"
    __table_args__ = (
        sa.UniqueConstraint("code", "version"),
        sa.CheckConstraint("version > 0", name="version"),
        sa.CheckConstraint(
            "status NOT IN ('approved', 'published') OR approver_id IS NOT NULL", name="approver"
        ),
        sa.CheckConstraint(
            "approver_id IS NULL OR (approver_id <> author_id AND approver_id <> editor_id)",
            name="second_person",
        ),
        sa.CheckConstraint(
            "(published_at IS NULL AND valid_from IS NULL) OR "
            "(published_at IS NOT NULL AND valid_from IS NOT NULL)",
            name="published",
        ),
        sa.CheckConstraint(
            "status <> 'published' OR published_at IS NOT NULL", name="published_status"
        ),
    )

    id: UUID = primary_key()
    code: str = Field(sa_type=CODE)  # the jurisdiction
    version: int = Field()
    status: RuleSetStatus = Field(default=RuleSetStatus.DRAFT, sa_type=code_enum(RuleSetStatus))
    # Canonical JSON of the rules, and the SHA-256 that decisions name.
    content: str = Field(sa_type=TEXT)
    sha256: str = Field(sa_type=CODE)
    # Counts changes of a draft, so that the second of two editors learns of the first.
    revision: int = Field(default=1)
    # The version that it was drawn from.
    parent: int | None = Field(default=None, nullable=True)
    note: str = Field(default="", sa_type=TEXT)
    author_id: UUID = Field(sa_type=ID)
    author_name: str = Field(sa_type=TEXT)
    created_at: datetime = Field(sa_type=INSTANT)
    editor_id: UUID = Field(sa_type=ID)
    editor_name: str = Field(sa_type=TEXT)
    edited_at: datetime = Field(sa_type=INSTANT)
    backtest_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    shadow_from: date | None = Field(default=None, sa_type=DAY, nullable=True)
    approver_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    approver_name: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    approved_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    # First and last day of reception that it decides; both lie ahead when they are written.
    valid_from: date | None = Field(default=None, sa_type=DAY, nullable=True)
    valid_until: date | None = Field(default=None, sa_type=DAY, nullable=True)
    published_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    retired_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class RuleSetEvent(SQLModel, table=True):
    """One thing done with a version: who, when, from which state to which, and why.

    Only added to; a trigger of migration 0002 refuses the rest.
    """

    __tablename__ = "rule_set_event"
    __table_args__ = (sa.Index("ix_rule_set_event_version", "rule_set_version_id", "at"),)

    id: UUID = primary_key()
    rule_set_version_id: UUID = foreign_key("rule_set_version.id")
    at: datetime = Field(sa_type=INSTANT)
    actor_id: UUID = Field(sa_type=ID)
    actor_name: str = Field(sa_type=TEXT)
    action: str = Field(sa_type=CODE)
    from_status: str | None = Field(default=None, sa_type=CODE, nullable=True)
    to_status: str = Field(sa_type=CODE)
    sha256: str = Field(sa_type=CODE)
    note: str = Field(default="", sa_type=TEXT)
