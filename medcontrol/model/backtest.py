"""What rules would have done, and whether decisions replay (back-test, ombre, essai, rejeu)."""

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
    foreign_key,
    primary_key,
)
from medcontrol.vocabulary import (
    BacktestStatus,
    ExperimentMetric,
    ExperimentStatus,
    Jurisdiction,
    Lane,
    SplitKey,
)


class BacktestRun(SQLModel, table=True):
    """One back-test: what was asked, how far it is, and what came of it.

    The rules are kept as text, so that a run can start again and a draft may change meanwhile.
    """

    __tablename__ = "backtest_run"
    __table_args__ = (
        sa.CheckConstraint("since <= until", name="period"),
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        sa.Index("ix_backtest_run_asked", "jurisdiction", "asked_at"),
    )

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    title: str = Field(sa_type=TEXT)
    rules: str = Field(sa_type=CODE)
    rules_sha256: str = Field(sa_type=CODE)
    rules_text: str = Field(sa_type=TEXT)
    base: str = Field(sa_type=CODE)
    base_sha256: str = Field(sa_type=CODE)
    base_text: str = Field(sa_type=TEXT)
    since: date = Field(sa_type=DAY)
    until: date = Field(sa_type=DAY)
    capacity: int | None = Field(default=None, nullable=True)  # controls a day
    score: str | None = Field(default=None, sa_type=CODE, nullable=True)  # "ma/3"
    asked_by: str = Field(sa_type=TEXT)
    asked_by_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    asked_at: datetime = Field(sa_type=INSTANT)
    status: BacktestStatus = Field(
        default=BacktestStatus.WAITING, sa_type=code_enum(BacktestStatus)
    )
    progress: int = Field(default=0)  # per cent
    started_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    finished_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    error: str | None = Field(default=None, sa_type=CODE, nullable=True)
    result: dict[str, Any] | None = Field(default=None, sa_type=FACTS, nullable=True)


class ShadowCount(SQLModel, table=True):
    """Files of a day by the lane they got and the lane that rules in shadow would have given.

    ``row_id`` is empty for the whole set, else a row of it that matched the file.
    """

    __tablename__ = "shadow_count"

    jurisdiction: Jurisdiction = Field(primary_key=True, sa_type=code_enum(Jurisdiction, 8))
    day: date = Field(primary_key=True, sa_type=DAY)
    rules: str = Field(primary_key=True, sa_type=CODE)
    row_id: str = Field(primary_key=True, sa_type=CODE)
    lane: Lane = Field(primary_key=True, sa_type=code_enum(Lane))
    shadow_lane: Lane = Field(
        primary_key=True,
        sa_type=sa.Enum(
            Lane, native_enum=False, create_constraint=True, validate_strings=True,
            values_callable=lambda lanes: [lane.value for lane in lanes], length=32,
            name="shadow_lane",
        ),
    )  # fmt: skip
    files: int = Field()
    taken: int = Field()  # by the row; the whole set takes what it controls


class ShadowSample(SQLModel, table=True):
    """A file that rules in shadow would have sent elsewhere; a few of each day and kind."""

    __tablename__ = "shadow_sample"
    __table_args__ = (sa.Index("ix_shadow_sample_day", "jurisdiction", "rules", "day"),)

    received_file_id: UUID = Field(primary_key=True, sa_type=ID)
    rules: str = Field(primary_key=True, sa_type=CODE)
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    day: date = Field(sa_type=DAY)
    lane: Lane = Field(sa_type=code_enum(Lane))
    shadow_lane: Lane = Field(
        sa_type=sa.Enum(
            Lane, native_enum=False, create_constraint=True, validate_strings=True,
            values_callable=lambda lanes: [lane.value for lane in lanes], length=32,
            name="shadow_lane",
        ),
    )  # fmt: skip
    matched_rows: list[str] = Field(sa_type=CODES)


class Experiment(SQLModel, table=True):
    """Two rule sets side by side: a keyed split of the files, and a rule when to stop.

    Once started, nothing of what was agreed changes; a trigger of migration 0005 holds that.
    """

    __tablename__ = "experiment"
    __table_args__ = (
        sa.CheckConstraint(
            "stop_controls IS NOT NULL OR stop_on IS NOT NULL", name="stop_rule"
        ),
        sa.CheckConstraint("challenger_share BETWEEN 500 AND 5000", name="share"),
        sa.CheckConstraint("champion_sha256 <> challenger_sha256", name="arms"),
        sa.CheckConstraint("(status = 'planned') = (started_at IS NULL)", name="started"),
        sa.Index(
            "ix_experiment_running", "jurisdiction", unique=True,
            postgresql_where=sa.text("status = 'running'"),
        ),
    )  # fmt: skip

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    title: str = Field(sa_type=TEXT)
    champion: str = Field(sa_type=CODE)
    champion_sha256: str = Field(sa_type=CODE)
    challenger: str = Field(sa_type=CODE)
    challenger_sha256: str = Field(sa_type=CODE)
    split_by: SplitKey = Field(sa_type=code_enum(SplitKey))
    challenger_share: int = Field()  # ten-thousandths of providers or beneficiaries
    metric: ExperimentMetric = Field(sa_type=code_enum(ExperimentMetric))
    # Stops when each arm has so many closed controls, or after the last day; fixed beforehand.
    stop_controls: int | None = Field(default=None, nullable=True)
    stop_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
    status: ExperimentStatus = Field(
        default=ExperimentStatus.PLANNED, sa_type=code_enum(ExperimentStatus)
    )
    created_by_id: UUID = Field(sa_type=ID)
    created_by: str = Field(sa_type=TEXT)
    created_at: datetime = Field(sa_type=INSTANT)
    started_by_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    started_by: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    started_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    end_reason: str | None = Field(default=None, sa_type=CODE, nullable=True)
    conclusion: dict[str, Any] | None = Field(default=None, sa_type=FACTS, nullable=True)


class ExperimentFile(SQLModel, table=True):
    """The arm that decided a file: part of its decision record, never changed."""

    __tablename__ = "experiment_file"
    __table_args__ = (sa.Index("ix_experiment_file_arm", "experiment_id", "is_challenger"),)

    received_file_id: UUID = Field(primary_key=True, sa_type=ID)
    experiment_id: UUID = foreign_key("experiment.id")
    is_challenger: bool = Field()


class ReplayRun(SQLModel, table=True):
    """One night's replay of stored decisions, and those that came out otherwise."""

    __tablename__ = "replay_run"
    __table_args__ = (sa.Index("ix_replay_run_at", "jurisdiction", "at"),)

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    at: datetime = Field(sa_type=INSTANT)
    replayed: int = Field()
    differences: int = Field()
    seconds: float = Field(sa_type=sa.Float())
    # Ids of files, and which members differ; never a value.
    details: list[dict[str, Any]] = Field(sa_type=FACTS)
