"""Paper: slips between units, where each physical file lies, sealed envelopes (papier)."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import CODE, ID, INSTANT, TEXT, code_enum, foreign_key, primary_key
from medcontrol.vocabulary import PaperFileState, PaperMove, SlipStatus


class PaperSlip(SQLModel, table=True):
    """A slip (bordereau): physical files that travel together from one unit to another."""

    __tablename__ = "paper_slip"
    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.Index("ix_paper_slip_from_unit", "from_unit", "created_at"),
        sa.Index("ix_paper_slip_to_unit", "to_unit", "created_at"),
        sa.Index(
            "ix_paper_slip_under_way",
            "dispatched_at",
            postgresql_where=sa.text("status = 'dispatched'"),
        ),
        sa.CheckConstraint("from_unit <> to_unit", name="two_units"),
    )

    id: UUID = primary_key()
    number: str = Field(sa_type=CODE)  # BRD-2026-0000123-4
    from_unit: str = Field(sa_type=CODE, foreign_key="unit.code")
    to_unit: str = Field(sa_type=CODE, foreign_key="unit.code")
    status: SlipStatus = Field(default=SlipStatus.DRAFT, sa_type=code_enum(SlipStatus))
    created_at: datetime = Field(sa_type=INSTANT)
    created_by: UUID = Field(sa_type=ID)
    sealed_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    dispatched_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    carrier: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    received_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    received_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    # When both units were warned that it had not arrived.
    overdue_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class PaperSlipFile(SQLModel, table=True):
    """A physical file on a slip, and whether it was found at the other end."""

    __tablename__ = "paper_slip_file"
    __table_args__ = (
        # Paper is in one place: a file stands on one slip that is not received yet.
        sa.Index(
            "uq_paper_slip_file_travels",
            "control_file_id",
            unique=True,
            postgresql_where=sa.text("travels"),
        ),
        sa.Index("ix_paper_slip_file_file", "control_file_id"),
        sa.Index(
            "ix_paper_slip_file_missing",
            "slip_id",
            postgresql_where=sa.text("state = 'missing'"),
        ),
    )

    slip_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="paper_slip.id")
    control_file_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="control_file.id")
    position: int = Field()
    state: PaperFileState = Field(
        default=PaperFileState.EXPECTED, sa_type=code_enum(PaperFileState)
    )
    travels: bool = Field(default=True)
    has_envelope: bool = Field(default=False)
    added_at: datetime = Field(sa_type=INSTANT)
    checked_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class PaperMovement(SQLModel, table=True):
    """Where a physical file was, step by step. Rows are only added."""

    __tablename__ = "paper_movement"
    __table_args__ = (sa.Index("ix_paper_movement_file", "control_file_id", "at"),)

    id: UUID = primary_key()
    control_file_id: UUID = foreign_key("control_file.id")
    at: datetime = Field(sa_type=INSTANT)
    what: PaperMove = Field(sa_type=code_enum(PaperMove))
    unit_code: str = Field(sa_type=CODE, foreign_key="unit.code")
    location: str | None = Field(default=None, sa_type=TEXT, nullable=True)  # shelf, box
    slip_id: UUID | None = foreign_key("paper_slip.id", nullable=True)
    by_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    by_name: str = Field(sa_type=TEXT)


class SealedEnvelope(SQLModel, table=True):
    """A sealed medical envelope (pli confidentiel) in a physical file. Only a doctor opens it."""

    __tablename__ = "sealed_envelope"
    __table_args__ = (
        sa.Index("ix_sealed_envelope_file", "control_file_id"),
        sa.CheckConstraint(
            "(opened_at IS NULL) = (opened_by IS NULL) AND (opened_at IS NULL) = (opened_by_name"
            " IS NULL)",
            name="opened",
        ),
    )

    id: UUID = primary_key()
    control_file_id: UUID = foreign_key("control_file.id")
    registered_at: datetime = Field(sa_type=INSTANT)
    registered_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    opened_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    opened_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    opened_by_name: str | None = Field(default=None, sa_type=TEXT, nullable=True)
