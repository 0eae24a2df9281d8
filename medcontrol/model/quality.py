"""Second readings (contrôle qualité) and the monthly counts of steering (pilotage)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    BYTES,
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
from medcontrol.vocabulary import (
    ControlLevel,
    DecisionOutcome,
    HoldEnd,
    Jurisdiction,
    ProposalStatus,
    ReadingFinding,
    ReadingStatus,
)


class SecondReading(SQLModel, table=True):
    """A decision that was drawn to be read again, from the draw to what came of it.

    The first doctor's side stays where it is, in decision and opinion; here stand the draw, the
    wait of the letter, and the comparison that the system made once the reader had decided.
    """

    __tablename__ = "second_reading"
    __table_args__ = (
        sa.UniqueConstraint("decision_id"),
        sa.UniqueConstraint("reading_file_id"),
        sa.Index("ix_second_reading_file", "control_file_id"),
        sa.Index("ix_second_reading_campaign", "jurisdiction", "campaign"),
        sa.Index(
            "ix_second_reading_waiting",
            "jurisdiction",
            "drawn_at",
            postgresql_where=sa.text("status = 'drawn'"),
        ),
        sa.Index(
            "ix_second_reading_held",
            "held_until",
            postgresql_where=sa.text("held_until IS NOT NULL AND hold_end IS NULL"),
        ),
        sa.CheckConstraint("octet_length(draw) = 8", name="draw"),
        sa.CheckConstraint("rate BETWEEN 1 AND 10000", name="rate"),
        sa.CheckConstraint("(hold_end IS NULL) = (released_at IS NULL)", name="released"),
        sa.CheckConstraint("lines_same BETWEEN 0 AND lines_total", name="lines"),
        sa.CheckConstraint("(status = 'unread') = (unread_reason IS NOT NULL)", name="unread"),
    )

    id: UUID = primary_key()
    decision_id: UUID = foreign_key("decision.id")
    control_file_id: UUID = foreign_key("control_file.id")
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    campaign: str = Field(sa_type=CODE)  # month whose key drew it, 2026-11
    stratum: str = Field(sa_type=CODE)
    draw: bytes = Field(sa_type=BYTES)
    rate: int = Field()  # ten-thousandths: the chance with which it was drawn
    drawn_at: datetime = Field(sa_type=INSTANT)
    flow: str = Field(sa_type=CODE)
    region_code: str = Field(sa_type=CODE)
    level: ControlLevel = Field(sa_type=code_enum(ControlLevel))
    decided_on: date = Field(sa_type=DAY)
    author_doctor_id: UUID = foreign_key("doctor.id")
    status: ReadingStatus = Field(default=ReadingStatus.DRAWN, sa_type=code_enum(ReadingStatus))
    unread_reason: str | None = Field(default=None, sa_type=CODE, nullable=True)
    reading_file_id: UUID | None = foreign_key("control_file.id", nullable=True)
    # The letter's wait. Keys of the outbox messages that wait with it.
    held_until: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    held_keys: list[str] = Field(default_factory=list, sa_type=FACTS)
    released_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    hold_end: HoldEnd | None = Field(default=None, sa_type=code_enum(HoldEnd), nullable=True)
    # The reader's side, and the comparison.
    reader_doctor_id: UUID | None = foreign_key("doctor.id", nullable=True)
    read_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    first_outcome: DecisionOutcome | None = Field(
        default=None, sa_type=code_enum(DecisionOutcome), nullable=True
    )
    second_outcome: str | None = Field(default=None, sa_type=CODE, nullable=True)
    is_same_outcome: bool | None = Field(default=None, nullable=True)
    lines_same: int | None = Field(default=None, nullable=True)
    lines_total: int | None = Field(default=None, nullable=True)
    is_same_validity: bool | None = Field(default=None, nullable=True)
    # What the reader found with the grid.
    finding: ReadingFinding | None = Field(
        default=None, sa_type=code_enum(ReadingFinding), nullable=True
    )
    finished_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    returned_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    # A major finding after notification is a proposal to the coordinator.
    proposal: ProposalStatus | None = Field(
        default=None, sa_type=code_enum(ProposalStatus), nullable=True
    )
    proposal_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    proposal_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    proposal_reason: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    reopened_file_id: UUID | None = foreign_key("control_file.id", nullable=True)


class SteeringMonth(SQLModel, table=True):
    """A month's counts of one cell of steering, computed at night and kept.

    ``figures``: the additive counts and the histogram of working days that medians come from, as
    ``medcontrol.steering_counts`` defines them.
    """

    __tablename__ = "steering_month"

    jurisdiction: Jurisdiction = Field(primary_key=True, sa_type=code_enum(Jurisdiction, 8))
    month: str = Field(primary_key=True, sa_type=CODE)  # 2026-11
    level: str = Field(primary_key=True, sa_type=CODE)
    flow: str = Field(primary_key=True, sa_type=CODE)
    region_code: str = Field(primary_key=True, sa_type=CODE)
    through: date = Field(sa_type=DAY)  # last day counted
    made_at: datetime = Field(sa_type=INSTANT)
    figures: dict[str, Any] = Field(sa_type=FACTS)
