"""Files moved in bulk by a supervisor (réaffectation), and what became of each."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    CODE,
    FACTS,
    ID,
    INSTANT,
    TEXT,
    code_enum,
    foreign_key,
    primary_key,
)
from medcontrol.vocabulary import (
    BatchKind,
    BatchStatus,
    ItemStatus,
    Jurisdiction,
)


class SelectionToken(SQLModel, table=True):
    """What somebody chose in a list: its filters at an instant, or the rows that were ticked.

    A browser holds only the id. ``filters`` are read again with the clock of ``taken_at``, and
    leave out what was opened later.
    """

    __tablename__ = "selection_token"
    __table_args__ = (
        sa.Index("ix_selection_token_expires_at", "expires_at"),
        sa.CheckConstraint("(filters IS NULL) <> (task_ids IS NULL)", name="one_way"),
    )

    id: UUID = primary_key()
    user_id: UUID = Field(sa_type=ID)
    # The query string of a supervisor's list.
    filters: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    task_ids: list[UUID] | None = Field(default=None, sa_type=pg.ARRAY(ID), nullable=True)
    taken_at: datetime = Field(sa_type=INSTANT)
    expires_at: datetime = Field(sa_type=INSTANT)


class ReassignmentBatch(SQLModel, table=True):
    """One command over many files. Its id links their journal entries and assignments.

    The id is drawn with the preview and sent along with the form, so that a form sent twice is
    one batch.
    """

    __tablename__ = "reassignment_batch"
    __table_args__ = (
        sa.Index("ix_reassignment_batch_requested", "requested_by", "requested_at"),
        sa.Index(
            "uq_reassignment_batch_undo",
            "parent_id",
            unique=True,
            postgresql_where=sa.text("kind = 'undo'"),
        ),
        sa.CheckConstraint("(status = 'done') = (finished_at IS NOT NULL)", name="finished"),
        sa.CheckConstraint("(kind IN ('undo', 'retry')) = (parent_id IS NOT NULL)", name="parent"),
    )

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    kind: BatchKind = Field(sa_type=code_enum(BatchKind))
    parent_id: UUID | None = foreign_key("reassignment_batch.id", nullable=True)
    # The absence that was handed over; it may have been taken back since.
    absence_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    requested_by: UUID = Field(sa_type=ID)
    requested_label: str = Field(sa_type=TEXT)
    requested_at: datetime = Field(sa_type=INSTANT)
    target: dict[str, Any] = Field(sa_type=FACTS)
    reason: str = Field(sa_type=CODE)
    note: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    status: BatchStatus = Field(default=BatchStatus.WAITING, sa_type=code_enum(BatchStatus))
    total: int = Field()
    started_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    finished_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class ReassignmentItem(SQLModel, table=True):
    """One task of a batch: where it was, where it went, or why it stayed."""

    __tablename__ = "reassignment_item"
    __table_args__ = (
        # A task waits in one batch at most: another batch skips it and says so.
        sa.Index(
            "uq_reassignment_item_waiting",
            "human_task_id",
            unique=True,
            postgresql_where=sa.text("status = 'waiting'"),
        ),
        sa.Index("ix_reassignment_item_status", "batch_id", "status"),
    )

    batch_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="reassignment_batch.id")
    human_task_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="human_task.id")
    # The task's file; no foreign key, which would wait for everybody who locks the file.
    control_file_id: UUID = Field(sa_type=ID)
    reference: str = Field(sa_type=CODE)
    status: ItemStatus = Field(default=ItemStatus.WAITING, sa_type=code_enum(ItemStatus))
    from_doctor_id: UUID | None = foreign_key("doctor.id", nullable=True)
    from_agency: str = Field(sa_type=CODE)
    from_region: str = Field(sa_type=CODE)
    # This task's own target, where a proposal names one for each.
    wanted_doctor_id: UUID | None = foreign_key("doctor.id", nullable=True)
    to_doctor_id: UUID | None = foreign_key("doctor.id", nullable=True)
    # constraint:detail, in the order in which they are looked at; empty when it moved
    refusals: list[str] = Field(default_factory=list, sa_type=pg.ARRAY(TEXT))
    warnings: list[str] = Field(default_factory=list, sa_type=pg.ARRAY(TEXT))
    # The file's journal after the move: a later entry that is not the system's own assignment
    # means that somebody worked on the file since.
    journal_number: int | None = Field(default=None, nullable=True)
    settled_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
