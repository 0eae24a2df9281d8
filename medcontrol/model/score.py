"""The learned score (score) and the capacity valve (vanne de capacité): what they decided with."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    CODE,
    CODES,
    DAY,
    FACTS,
    ID,
    INSTANT,
    TEXT,
    code_enum,
    primary_key,
)
from medcontrol.vocabulary import ControlLevel, Jurisdiction, Lane, ScoreModelStatus


class TrainedModel(SQLModel, table=True):
    """A trained score. Its content never changes; a trigger holds that, too.

    A second person makes a candidate the active one; the one before is retired.
    """

    __tablename__ = "score_model"
    __table_args__ = (
        sa.UniqueConstraint("jurisdiction", "number"),
        sa.CheckConstraint("activated_by <> trained_by", name="second_person"),
        sa.CheckConstraint("(status = 'candidate') = (activated_at IS NULL)", name="activated"),
        sa.Index(
            "ix_score_model_active",
            "jurisdiction",
            unique=True,
            postgresql_where=sa.text("status = 'active'"),
        ),
    )

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    number: int = Field()
    kind: str = Field(sa_type=CODE)  # lightgbm or ebm
    # The whole model as JSON text, with the trees, the calibration and the norms it compares with.
    content: str = Field(sa_type=TEXT)
    sha256: str = Field(sa_type=CODE)
    features: list[str] = Field(sa_type=CODES)
    trained_as_of: date = Field(sa_type=DAY)
    trained_at: datetime = Field(sa_type=INSTANT)
    trained_by: str = Field(sa_type=TEXT)
    # Figures of the run: no person, no file.
    report: dict[str, Any] = Field(sa_type=FACTS)
    challenger: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    challenger_sha256: str | None = Field(default=None, sa_type=CODE, nullable=True)
    status: ScoreModelStatus = Field(
        default=ScoreModelStatus.CANDIDATE, sa_type=code_enum(ScoreModelStatus)
    )
    activated_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    activated_by: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    retired_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class CapacitySnapshot(SQLModel, table=True):
    """The free capacity that files were decided with, under the hash of its content."""

    __tablename__ = "capacity_snapshot"
    __table_args__ = (
        sa.Index(
            "ix_capacity_snapshot_night",
            "jurisdiction",
            "day",
            unique=True,
            postgresql_where=sa.text("is_night"),
        ),
    )

    sha256: str = Field(primary_key=True, sa_type=CODE)
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    day: date = Field(sa_type=DAY, index=True)
    taken_at: datetime = Field(sa_type=INSTANT)
    # The one that the ranking of the night used; a day is ranked once.
    is_night: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    content: dict[str, Any] = Field(sa_type=FACTS)


class SelectivityRanking(SQLModel, table=True):
    """A file that the ranking of the night chose, beside its decision at the gate.

    Rows are only added: the decision at the gate stays what it was.
    """

    __tablename__ = "selectivity_ranking"
    __table_args__ = (sa.Index("ix_selectivity_ranking_day", "day"),)

    received_file_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="received_file.id")
    day: date = Field(sa_type=DAY)
    ranked_at: datetime = Field(sa_type=INSTANT)
    lane: Lane = Field(sa_type=code_enum(Lane))
    level: ControlLevel = Field(sa_type=code_enum(ControlLevel))
    origins: list[str] = Field(sa_type=CODES)
    priority: float = Field(sa_type=sa.Float())
    cutoff: float = Field(sa_type=sa.Float())
    capacity_cell: str = Field(sa_type=CODE)
    capacity_hash: str = Field(sa_type=CODE, foreign_key="capacity_snapshot.sha256")
    contributions: list[dict[str, Any]] | None = Field(default=None, sa_type=FACTS, nullable=True)
