"""Letters (courriers)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    CODE,
    DAY,
    FACTS,
    ID,
    INSTANT,
    TEXT,
    code_enum,
    foreign_key,
    primary_key,
)
from medcontrol.vocabulary import LetterReceipt, LetterStatus, LetterWay


class Letter(SQLModel, table=True):
    """A letter to send; what it says is frozen here, and is never medical."""

    __table_args__ = (
        sa.UniqueConstraint("control_file_id", "occasion"),
        sa.UniqueConstraint("verification_code"),
        sa.Index(
            "ix_letter_waiting", "ready_at", "id", postgresql_where=sa.text("status = 'waiting'")
        ),
        sa.Index("ix_letter_batch", "batch_id", postgresql_where=sa.text("batch_id IS NOT NULL")),
        sa.CheckConstraint(
            "(receipt IS NULL) = (receipt_on IS NULL) AND (receipt IS NULL OR is_registered)",
            name="receipt",
        ),
    )

    id: UUID = primary_key()
    control_file_id: UUID = foreign_key("control_file.id")
    # What made it: one step of one path, so that a command that runs twice writes one letter.
    occasion: str = Field(sa_type=CODE)
    code: str = Field(sa_type=CODE)
    pack: str = Field(sa_type=CODE)
    language: str = Field(sa_type=CODE)
    recipient: str = Field(sa_type=CODE)  # insured, provider, employer, treating_doctor
    status: LetterStatus = Field(default=LetterStatus.WAITING, sa_type=code_enum(LetterStatus))
    context: dict[str, Any] = Field(sa_type=FACTS)
    written_at: datetime = Field(sa_type=INSTANT)
    sent_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    carrier_reference: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    pdf_sha256: str | None = Field(default=None, sa_type=CODE, nullable=True)
    way: LetterWay = Field(default=LetterWay.CARRIER, sa_type=code_enum(LetterWay))
    # From when it may leave: the decision that it tells of can be undone until then.
    ready_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    # What its QR code holds. Unguessable; says nothing but that the letter is genuine.
    verification_code: str | None = Field(default=None, sa_type=CODE, nullable=True)
    is_registered: bool = Field(default=False)  # recommandé avec accusé de réception
    receipt: LetterReceipt | None = Field(
        default=None, sa_type=code_enum(LetterReceipt), nullable=True
    )
    receipt_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
    batch_id: UUID | None = foreign_key("letter_batch.id", nullable=True)
    batch_position: int | None = Field(default=None, nullable=True)


class LetterBatch(SQLModel, table=True):
    """Letters that an agency printed together (lot d'impression): one PDF, kept as printed."""

    __tablename__ = "letter_batch"
    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.Index("ix_letter_batch_unit", "unit_code", "printed_at"),
    )

    id: UUID = primary_key()
    number: str = Field(sa_type=CODE)  # LOT-2026-0000123-4
    unit_code: str = Field(sa_type=CODE, foreign_key="unit.code")
    letters: int = Field()
    printed_at: datetime = Field(sa_type=INSTANT)
    printed_by: UUID = Field(sa_type=ID)
    pdf_sha256: str = Field(sa_type=CODE)
    sent_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    cancelled_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
