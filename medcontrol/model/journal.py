"""The journal of each file: append-only, chained by hash."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import BYTES, CODE, ID, INSTANT, TEXT, code_enum
from medcontrol.vocabulary import ActorKind


class JournalEntry(SQLModel, table=True):
    """One thing that happened to a file. ``facts`` are codes and ids, never personal content."""

    __tablename__ = "journal_entry"
    __table_args__ = (sa.Index("ix_journal_entry_at", "at"),)

    control_file_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="control_file.id")
    number: int = Field(primary_key=True)  # 1, 2, 3… within the file
    at: datetime = Field(sa_type=INSTANT)
    action: str = Field(sa_type=CODE)
    actor_kind: ActorKind = Field(sa_type=code_enum(ActorKind))
    actor_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    # As it read that day, so that the line survives a renamed team.
    actor_label: str = Field(sa_type=TEXT)
    facts: str = Field(sa_type=TEXT)  # canonical JSON, hashed as it stands
    hash: bytes = Field(sa_type=BYTES)
