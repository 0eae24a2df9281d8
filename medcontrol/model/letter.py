"""Letters (courriers)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    CODE,
    FACTS,
    INSTANT,
    TEXT,
    code_enum,
    foreign_key,
    primary_key,
)
from medcontrol.vocabulary import LetterStatus


class Letter(SQLModel, table=True):
    """A letter to send; what it says is frozen here, and is never medical."""

    __table_args__ = (sa.UniqueConstraint("control_file_id", "occasion"),)

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
