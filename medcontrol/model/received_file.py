"""What came in: received files (dossiers reçus), their identities, selectivity, quarantine."""

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
    TEXT,
    code_enum,
    primary_key,
)
from medcontrol.vocabulary import (
    Channel,
    ControlLevel,
    ControlMode,
    Jurisdiction,
    Lane,
    QuarantineReason,
    QuarantineStatus,
    Relation,
    Scheme,
    Sex,
)


class InboxMessage(SQLModel, table=True):
    """The identity of something handled once: a received file, or a request with a key.

    ``source`` is the sender, or ``client:<id>`` for an Idempotency-Key. The first content under
    an identity stays; the same content again is a duplicate, other content a conflict.
    """

    __tablename__ = "inbox_message"

    source: str = Field(primary_key=True, sa_type=CODE)
    external_id: str = Field(primary_key=True, sa_type=CODE)
    content_hash: bytes = Field(sa_type=BYTES)
    subject_id: UUID = Field(sa_type=ID)
    seen_at: datetime = Field(sa_type=INSTANT)


class ReceivedFile(SQLModel, table=True):
    """A file as it was received; kept whatever selectivity says of it."""

    __tablename__ = "received_file"
    __table_args__ = (
        sa.Index("ix_received_file_registration_number", "registration_number"),
        sa.Index("ix_received_file_received_at", "received_at"),
    )

    id: UUID = primary_key()
    source: str = Field(sa_type=CODE)
    external_id: str = Field(sa_type=CODE)
    received_at: datetime = Field(sa_type=INSTANT)
    recorded_at: datetime = Field(sa_type=INSTANT)
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    scheme: Scheme = Field(sa_type=code_enum(Scheme))
    flow: str = Field(sa_type=CODE)
    nature: str = Field(sa_type=CODE)
    channel: Channel = Field(sa_type=code_enum(Channel))
    agency_code: str = Field(sa_type=CODE)
    region_code: str = Field(sa_type=CODE)
    is_urgent: bool = Field(default=False)
    registration_number: str = Field(sa_type=CODE)
    national_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    family_name: str = Field(sa_type=TEXT)
    given_name: str = Field(sa_type=TEXT)
    birth_date: date = Field(sa_type=DAY)
    sex: Sex | None = Field(default=None, sa_type=code_enum(Sex, 4), nullable=True)
    language: str | None = Field(default=None, sa_type=CODE, nullable=True)
    relation: Relation | None = Field(default=None, sa_type=code_enum(Relation), nullable=True)
    beneficiary_family_name: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    beneficiary_given_name: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    beneficiary_birth_date: date | None = Field(default=None, sa_type=DAY, nullable=True)
    prescriber_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    provider_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    care_from: date | None = Field(default=None, sa_type=DAY, nullable=True)
    care_to: date | None = Field(default=None, sa_type=DAY, nullable=True)
    amount_cents: int | None = Field(default=None, sa_type=CENTS, nullable=True)
    currency: str | None = Field(default=None, sa_type=CODE, nullable=True)
    # Administrative members that no list needs: lines, address, phone, paper, document titles…
    details: dict[str, Any] = Field(sa_type=FACTS)
    # The message as received without the contents of documents, encrypted (it is medical).
    key_id: str = Field(sa_type=CODE)
    payload: bytes = Field(sa_type=BYTES)


class SelectivityDecision(SQLModel, table=True):
    """What selectivity decided of a received file, with all that is needed to replay it."""

    __tablename__ = "selectivity_decision"
    __table_args__ = (sa.Index("ix_selectivity_decision_decided_at", "decided_at", "lane"),)

    received_file_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="received_file.id")
    decided_at: datetime = Field(sa_type=INSTANT)
    lane: Lane = Field(sa_type=code_enum(Lane))
    level: ControlLevel = Field(sa_type=code_enum(ControlLevel))
    mode: ControlMode | None = Field(default=None, sa_type=code_enum(ControlMode), nullable=True)
    reasons: list[dict[str, str]] = Field(sa_type=FACTS)
    origins: list[str] = Field(sa_type=CODES)
    matched_rows: list[str] = Field(sa_type=CODES)
    draw_period: str = Field(sa_type=CODE)
    # u = draw / 2**64, kept as the 8 bytes of the HMAC so that nothing is rounded.
    draw: bytes = Field(sa_type=BYTES)
    inclusion_probability: float = Field(sa_type=sa.Float())
    rule_set: str = Field(sa_type=CODE)
    rule_set_hash: str = Field(sa_type=CODE)
    features: dict[str, Any] = Field(sa_type=FACTS)
    # Features of class medical, encrypted; absent when the file has none.
    key_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    medical_features: bytes | None = Field(default=None, sa_type=BYTES, nullable=True)
    # The learned score and the capacity valve; all absent where neither works.
    score: float | None = Field(default=None, sa_type=sa.Float(), nullable=True)
    priority: float | None = Field(default=None, sa_type=sa.Float(), nullable=True)
    model: str | None = Field(default=None, sa_type=CODE, nullable=True)
    model_hash: str | None = Field(default=None, sa_type=CODE, nullable=True)
    cutoff: float | None = Field(default=None, sa_type=sa.Float(), nullable=True)
    capacity_cell: str | None = Field(default=None, sa_type=CODE, nullable=True)
    capacity_hash: str | None = Field(default=None, sa_type=CODE, nullable=True)
    # [{"family", "value"}] of selected files only
    contributions: list[dict[str, Any]] | None = Field(default=None, sa_type=FACTS, nullable=True)
    overflow: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})


class SelectivityQuota(SQLModel, table=True):
    """How many files a row with a daily quota took on a day of reception."""

    __tablename__ = "selectivity_quota"

    row_id: str = Field(primary_key=True, sa_type=CODE)
    day: date = Field(primary_key=True, sa_type=DAY)
    used: int = Field()


class IntakeBatch(SQLModel, table=True):
    """One batch of files handed in: a CLI run, a POST, the periodic trigger."""

    __tablename__ = "intake_batch"

    id: UUID = primary_key()
    name: str = Field(sa_type=TEXT)
    client_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    created_at: datetime = Field(sa_type=INSTANT)
    started_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    finished_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    # How far a run got, so that another worker can go on from there.
    lines_done: int = Field(default=0)
    counts: dict[str, Any] = Field(sa_type=FACTS)
    spool_name: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    error: str | None = Field(default=None, sa_type=TEXT, nullable=True)


class QuarantinedMessage(SQLModel, table=True):
    """A line that did not pass, with its bytes (encrypted) and each field that is wrong."""

    __tablename__ = "quarantined_message"
    __table_args__ = (
        sa.UniqueConstraint("bytes_hash"),
        sa.Index(
            "ix_quarantined_message_waiting",
            "quarantined_at",
            postgresql_where=sa.text("status = 'waiting'"),
        ),
    )

    id: UUID = primary_key()
    bytes_hash: bytes = Field(sa_type=BYTES)
    batch_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    batch_name: str = Field(sa_type=TEXT)
    line_no: int = Field()
    reason: QuarantineReason = Field(sa_type=code_enum(QuarantineReason))
    status: QuarantineStatus = Field(
        default=QuarantineStatus.WAITING, sa_type=code_enum(QuarantineStatus)
    )
    source: str | None = Field(default=None, sa_type=CODE, nullable=True)
    external_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    # path, code, whether the member is medical; never a value
    errors: list[dict[str, Any]] = Field(sa_type=FACTS)
    size: int = Field(sa_type=sa.BigInteger())
    key_id: str = Field(sa_type=CODE)
    content: bytes = Field(sa_type=BYTES)
    quarantined_at: datetime = Field(sa_type=INSTANT)
    settled_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    settled_by: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    received_file_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
