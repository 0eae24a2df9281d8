"""What is remembered of files and controls: daily buckets, past files, outcomes (historique)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    BYTES,
    CENTS,
    CODE,
    CODES,
    DAY,
    FACTS,
    ID,
    INSTANT,
    code_enum,
    foreign_key,
    primary_key,
)
from medcontrol.vocabulary import ControlResult, Jurisdiction, Scheme, Sex

_KEY = sa.BigInteger()
_NUMBER = sa.BigInteger()


class FeatureBucket(SQLModel, table=True):
    """What one day added to a counter of a professional, an act or a segment.

    Rows are only added, one for each transaction that had something to add, so that no chunk of
    intake waits for another; the sum of the rows of a day is the bucket. The night makes one row
    of them. Keys are keyed hashes: the table names nobody and no act.
    """

    __tablename__ = "feature_bucket"

    kind: int = Field(primary_key=True, sa_type=sa.SmallInteger)  # history.keys.Kind
    key: int = Field(primary_key=True, sa_type=_KEY)
    day: date = Field(primary_key=True, sa_type=DAY)
    part: int = Field(primary_key=True, sa_type=_KEY)  # the other half of a pair, the flow
    batch: int = Field(primary_key=True, sa_type=_NUMBER)  # who added it, at random
    files: int = Field(sa_type=_NUMBER)
    amount: int = Field(sa_type=_NUMBER)  # centimes
    priced: int = Field(sa_type=_NUMBER)  # files that the two sums below are about
    # of round(1000 × ln(centimes)): whole numbers, so that no order of adding changes them
    log_sum: int = Field(sa_type=_NUMBER)
    log_squares: int = Field(sa_type=_NUMBER)
    weekends: int = Field(sa_type=_NUMBER)  # care began on a Saturday or Sunday
    newcomers: int = Field(sa_type=_NUMBER)  # people not seen here in the year before
    controls: int = Field(sa_type=_NUMBER)  # closed on that day
    hits: int = Field(sa_type=_NUMBER)  # of them; negative when a hit was overturned


class BeneficiaryEvent(SQLModel, table=True):
    """A file received, or a control closed, in the life of a beneficiary.

    The daily bucket of a person is the rows of the day; hardly anybody has two. Class medical:
    what was bought and how long somebody was ill, under keyed hashes that name nobody.
    """

    __tablename__ = "beneficiary_event"

    beneficiary: int = Field(primary_key=True, sa_type=_KEY)
    day: date = Field(primary_key=True, sa_type=DAY)
    number: int = Field(primary_key=True, sa_type=_NUMBER)  # of the file or the outcome
    files: int = Field(sa_type=sa.SmallInteger)  # 1, or 0 for a control that closed
    controls: int = Field(sa_type=sa.SmallInteger)
    hits: int = Field(sa_type=sa.SmallInteger)
    amount: int = Field(sa_type=_NUMBER)  # centimes
    provider: int = Field(sa_type=_KEY)  # 0 none, here and below
    prescriber: int = Field(sa_type=_KEY)
    act: int = Field(sa_type=_KEY)  # the dearest
    stoppages: int = Field(sa_type=sa.SmallInteger)  # sick leaves that begin, not prolongations
    leave_days: int = Field(sa_type=sa.Integer)
    prosthesis: int = Field(sa_type=_NUMBER)  # centimes of dental prostheses
    lines: bytes = Field(
        sa_type=BYTES
    )  # act, day and tooth of the four dearest lines, 8 bytes each


class PastFile(SQLModel, table=True):
    """A file of before this system, as history import keeps it: to learn from, never to open.

    No name, number or text of the person: identity is a keyed hash inside ``entry``.
    """

    __tablename__ = "past_file"
    __table_args__ = (
        sa.UniqueConstraint("source", "external_id"),
        sa.Index("ix_past_file_received", "jurisdiction", "received_on", "id"),
    )

    id: UUID = primary_key()
    source: str = Field(sa_type=CODE)
    external_id: str = Field(sa_type=CODE)
    content_hash: bytes = Field(sa_type=BYTES)
    received_on: date = Field(sa_type=DAY)
    imported_at: datetime = Field(sa_type=INSTANT)
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    scheme: Scheme = Field(sa_type=code_enum(Scheme))
    flow: str = Field(sa_type=CODE)
    nature: str = Field(sa_type=CODE)
    agency_code: str = Field(sa_type=CODE)
    region_code: str = Field(sa_type=CODE)
    provider_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    sector: str | None = Field(default=None, sa_type=CODE, nullable=True)
    # For the measurement of fairness only; never features.
    sex: Sex | None = Field(default=None, sa_type=code_enum(Sex, 4), nullable=True)
    age: int | None = Field(default=None, nullable=True)
    draw_period: str = Field(sa_type=CODE)
    draw: bytes = Field(sa_type=BYTES)
    # mandatory, rule, score, random or other; None when it was not controlled
    control_origin: str | None = Field(default=None, sa_type=CODE, nullable=True)
    inclusion_probability: float | None = Field(default=None, sa_type=sa.Float(), nullable=True)
    features: dict[str, Any] = Field(sa_type=FACTS)
    # Features of class medical, encrypted; absent when the file has none.
    key_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    medical_features: bytes | None = Field(default=None, sa_type=BYTES, nullable=True)
    # What the buckets count of it (keyed hashes and numbers), to count again at night.
    entry: bytes = Field(sa_type=BYTES)


class ControlOutcome(SQLModel, table=True):
    """The coded result of a closed control (résultat du contrôle).

    An outcome is never changed: one that no longer stands (appeal, reopened) is overturned as of a
    day, and what replaces it, if anything, is another row. Overturned and not replaced, the
    control found nothing.
    """

    __tablename__ = "control_outcome"
    __table_args__ = (
        sa.CheckConstraint(
            "(received_file_id IS NULL) <> (past_file_id IS NULL)", name="one_subject"
        ),
        sa.CheckConstraint("is_overturned = (overturned_on IS NOT NULL)", name="overturned"),
        sa.Index("ix_control_outcome_decided", "jurisdiction", "decided_on"),
    )

    id: UUID = primary_key()
    received_file_id: UUID | None = foreign_key("received_file.id", index=True, nullable=True)
    past_file_id: UUID | None = foreign_key("past_file.id", index=True, nullable=True)
    control_file_id: UUID | None = foreign_key("control_file.id", index=True, nullable=True)
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    result: ControlResult = Field(sa_type=code_enum(ControlResult))
    amount_avoided_cents: int = Field(sa_type=CENTS)
    decided_on: date = Field(sa_type=DAY)
    origins: list[str] = Field(sa_type=CODES)
    inclusion_probability: float | None = Field(default=None, sa_type=sa.Float(), nullable=True)
    is_overturned: bool = Field(default=False)
    overturned_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
    replaces_id: UUID | None = foreign_key("control_outcome.id", nullable=True)
    doctor_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    minutes: int | None = Field(default=None, nullable=True)
