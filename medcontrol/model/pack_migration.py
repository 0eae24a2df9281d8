"""Moves of running files to another version of their pack (migration de versions)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    CODE,
    FACTS,
    ID,
    INSTANT,
    TEXT,
    code_enum,
    primary_key,
)
from medcontrol.vocabulary import Jurisdiction, PackMigrationResult, PackMigrationStatus


class PackMigration(SQLModel, table=True):
    """One move from a version to another: what was asked, and how far it is.

    ``mapping`` says which element of the new version stands for one of the old one.
    """

    __tablename__ = "pack_migration"
    __table_args__ = (
        sa.CheckConstraint("max_error_rate BETWEEN 0 AND 10000", name="max_error_rate"),
        sa.Index("ix_pack_migration_asked", "jurisdiction", "asked_at"),
    )

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    from_pack: str = Field(sa_type=CODE)
    to_pack: str = Field(sa_type=CODE)
    to_hash: str = Field(sa_type=CODE)
    mapping: dict[str, Any] = Field(sa_type=FACTS)
    max_error_rate: int = Field()  # ten-thousandths
    status: PackMigrationStatus = Field(sa_type=code_enum(PackMigrationStatus))
    total: int = Field()  # open files when it was asked for
    asked_by: str = Field(sa_type=TEXT)
    asked_by_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    asked_at: datetime = Field(sa_type=INSTANT)
    #: The file that the dry run came to, in the order of ids.
    reached: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    changed_at: datetime = Field(sa_type=INSTANT)


class PackMigrationFile(SQLModel, table=True):
    """What comes of one file in a move; hashes of the pack before and after.

    ``undo`` holds what has to be put back to take the move back: codes, ids and engine state.
    """

    __tablename__ = "pack_migration_file"
    __table_args__ = (
        sa.Index("ix_pack_migration_file_result", "migration_id", "result", "control_file_id"),
        sa.Index("ix_pack_migration_file_file", "control_file_id"),
        sa.CheckConstraint(
            "(result IN ('blocked', 'failed', 'kept')) = (reason IS NOT NULL)", name="reason"
        ),
    )

    migration_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="pack_migration.id")
    control_file_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="control_file.id")
    result: PackMigrationResult = Field(sa_type=code_enum(PackMigrationResult))
    step: str = Field(sa_type=CODE)  # where the file waits, in the old version
    reason: str | None = Field(default=None, sa_type=CODE, nullable=True)
    about: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    hash_before: str = Field(sa_type=CODE)
    hash_after: str | None = Field(default=None, sa_type=CODE, nullable=True)
    undo: dict[str, Any] | None = Field(default=None, sa_type=FACTS, nullable=True)
    changed_at: datetime = Field(sa_type=INSTANT)
