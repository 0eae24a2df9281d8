"""The journal of each file: append-only, chained by hash, and signed day by day."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import BYTES, CODE, DAY, ID, INSTANT, TEXT, code_enum
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


class JournalDigest(SQLModel, table=True):
    """A day of the journal and of the access log, signed; each names the one before.

    It covers what happened from the end of the one before, or ever, to ``until``.
    """

    __tablename__ = "journal_digest"
    __table_args__ = (
        sa.UniqueConstraint("day"),
        sa.CheckConstraint("octet_length(root) = 32", name="root"),
        sa.CheckConstraint("octet_length(readings_root) = 32", name="readings_root"),
        sa.CheckConstraint("octet_length(previous) IN (0, 32)", name="previous"),
        sa.CheckConstraint("octet_length(public_key) = 32", name="public_key"),
        sa.CheckConstraint("octet_length(signature) = 64", name="signature"),
    )

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})  # 1, 2, 3…
    day: date = Field(sa_type=DAY)  # the last one that it covers
    until: datetime = Field(sa_type=INSTANT)
    entries: int  # of journals
    root: bytes = Field(sa_type=BYTES)  # SHA-256 over them
    readings: int  # rows of the access log
    readings_root: bytes = Field(sa_type=BYTES)
    previous: bytes = Field(sa_type=BYTES)  # hash of the one before; empty for the first
    signed_at: datetime = Field(sa_type=INSTANT)
    public_key: bytes = Field(sa_type=BYTES)  # Ed25519
    signature: bytes = Field(sa_type=BYTES)
