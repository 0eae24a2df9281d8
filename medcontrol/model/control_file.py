"""The control file (dossier de contrôle) and what hangs on it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    BYTES,
    CENTS,
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
    Channel,
    CompletionKind,
    ControlFileStatus,
    ControlLevel,
    ControlMode,
    DecisionOutcome,
    Jurisdiction,
    Lane,
    LineOutcome,
    MedicalRecordKind,
    MessageAudience,
    Scheme,
)


class ControlFile(SQLModel, table=True):
    """One file under medical control, from opening to decision and beyond.

    The columns from ``agency_code`` to ``assigned_doctor_id`` are what the policy reads;
    human tasks repeat them. Nothing that every step changes (doctor, status, version, journal's
    head) has an index: with some room on each page, such a change touches no index at all.
    """

    __tablename__ = "control_file"
    __table_args__ = (
        sa.UniqueConstraint("reference"),
        sa.UniqueConstraint("received_file_id"),
        sa.Index("ix_control_file_registration_number", "registration_number"),
        sa.Index("ix_control_file_national_id", "national_id"),
        sa.Index("ix_control_file_provider_id", "provider_id"),
        sa.Index("ix_control_file_prescriber_id", "prescriber_id"),
        sa.Index(
            "ix_control_file_paper_slip",
            "paper_slip",
            postgresql_where=sa.text("paper_slip IS NOT NULL"),
        ),
        sa.Index(
            "ix_control_file_parent",
            "parent_id",
            postgresql_where=sa.text("parent_id IS NOT NULL"),
        ),
        sa.Index("ix_control_file_agency", "agency_code", "opened_at"),
        sa.Index("ix_control_file_region", "region_code", "opened_at"),
        sa.Index("ix_control_file_opened", "opened_at"),
        sa.Index(
            "ix_control_file_closed", "closed_at", postgresql_where=sa.text("closed_at IS NOT NULL")
        ),
        sa.Index(
            "ix_control_file_search_name",
            "search_name",
            postgresql_using="gin",
            postgresql_ops={"search_name": "gin_trgm_ops"},
        ),
        sa.CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
        sa.CheckConstraint("version >= 1", name="version"),
    )

    id: UUID = primary_key()
    reference: str = Field(sa_type=CODE)
    received_file_id: UUID = Field(sa_type=ID, foreign_key="received_file.id")
    parent_id: UUID | None = foreign_key("control_file.id", nullable=True)
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    scheme: Scheme = Field(sa_type=code_enum(Scheme))
    flow: str = Field(sa_type=CODE)
    nature: str = Field(sa_type=CODE)
    pack: str = Field(sa_type=CODE)  # ma/ald/1
    channel: Channel = Field(sa_type=code_enum(Channel))
    agency_code: str = Field(sa_type=CODE, foreign_key="unit.code")
    region_code: str = Field(sa_type=CODE, foreign_key="unit.code")
    level: ControlLevel = Field(sa_type=code_enum(ControlLevel))
    assigned_doctor_id: UUID | None = foreign_key("doctor.id", nullable=True)
    mode: ControlMode = Field(sa_type=code_enum(ControlMode))
    lane: Lane = Field(sa_type=code_enum(Lane))
    status: ControlFileStatus = Field(sa_type=code_enum(ControlFileStatus))
    is_urgent: bool = Field(default=False)
    registration_number: str = Field(sa_type=CODE)
    national_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    insured_name: str = Field(sa_type=TEXT)
    # The person the care is for: the insured person when there is no other beneficiary.
    person_name: str = Field(sa_type=TEXT)
    person_birth_date: date = Field(sa_type=DAY)
    search_name: str = Field(sa_type=TEXT)
    prescriber_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    provider_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    amount_cents: int | None = Field(default=None, sa_type=CENTS, nullable=True)
    received_on: date = Field(sa_type=DAY)
    opened_at: datetime = Field(sa_type=INSTANT)
    due_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    closed_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    outcome: DecisionOutcome | None = Field(
        default=None, sa_type=code_enum(DecisionOutcome), nullable=True
    )
    paper_location: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    paper_slip: str | None = Field(default=None, sa_type=CODE, nullable=True)
    entitlement_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    version: int = Field(default=1)
    # Head of this file's journal chain, moved under the row's lock.
    journal_length: int = Field(default=0)
    journal_head: bytes = Field(default=b"", sa_type=BYTES)


class MedicalRecord(SQLModel, table=True):
    """Medical content of a file, encrypted per row; read only by ``services.medical``."""

    __tablename__ = "medical_record"
    __table_args__ = (
        sa.Index("ix_medical_record_file", "control_file_id", "kind"),
        sa.Index(
            "uq_medical_record_draft",
            "control_file_id",
            "author_id",
            unique=True,
            postgresql_where=sa.text("kind = 'draft'"),
        ),
        sa.Index("ix_medical_record_key_id", "key_id"),
    )

    id: UUID = primary_key()
    control_file_id: UUID = Field(sa_type=ID, foreign_key="control_file.id")
    kind: MedicalRecordKind = Field(sa_type=code_enum(MedicalRecordKind))
    author_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    created_at: datetime = Field(sa_type=INSTANT)
    key_id: str = Field(sa_type=CODE)
    content: bytes = Field(sa_type=BYTES)


class AccessLog(SQLModel, table=True):
    """Who read which medical content, when, why. Append-only."""

    __tablename__ = "access_log"
    __table_args__ = (
        sa.Index("ix_access_log_file", "control_file_id", "at"),
        sa.Index("ix_access_log_user", "user_id", "at"),
        # Rows come in the order of time: a few bytes for thousands of them find a day.
        sa.Index("ix_access_log_at", "at", postgresql_using="brin"),
    )

    id: UUID = primary_key()
    at: datetime = Field(sa_type=INSTANT)
    user_id: UUID = Field(sa_type=ID)
    control_file_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    what: str = Field(sa_type=CODE)  # record kinds, document:<id>, quarantine:<id>
    purpose: str = Field(sa_type=CODE)


class Opinion(SQLModel, table=True):
    """A doctor's opinion (avis) at one step; the reasoning is a medical record."""

    id: UUID = primary_key()
    control_file_id: UUID = foreign_key("control_file.id", index=True)
    human_task_id: UUID = Field(sa_type=ID)
    doctor_id: UUID = foreign_key("doctor.id")
    step: str = Field(sa_type=CODE)
    outcome: str = Field(sa_type=CODE)  # one of the step's outcomes in the pack
    given_at: datetime = Field(sa_type=INSTANT)
    # Whether it proposes a decision, and what.
    is_proposal: bool = Field(default=False)
    motive_code: str | None = Field(default=None, sa_type=CODE, nullable=True)
    valid_from: date | None = Field(default=None, sa_type=DAY, nullable=True)
    valid_to: date | None = Field(default=None, sa_type=DAY, nullable=True)
    right_code: str | None = Field(default=None, sa_type=CODE, nullable=True)
    is_for_life: bool = Field(default=False)
    reasoning_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)


class LineOpinion(SQLModel, table=True):
    """The opinion on one line of the request."""

    __tablename__ = "line_opinion"
    __table_args__ = (
        sa.CheckConstraint(
            "outcome <> 'refused' OR motive_code IS NOT NULL", name="refusal_has_motive"
        ),
    )

    opinion_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="opinion.id")
    line_no: int = Field(primary_key=True)
    outcome: LineOutcome = Field(sa_type=code_enum(LineOutcome))
    motive_code: str | None = Field(default=None, sa_type=CODE, nullable=True)
    quantity: str | None = Field(default=None, sa_type=CODE, nullable=True)
    amount_cents: int | None = Field(default=None, sa_type=CENTS, nullable=True)


class Decision(SQLModel, table=True):
    """How a control ended. Immutable; a later one corrects an earlier one."""

    __table_args__ = (sa.Index("ix_decision_decided_at", "decided_at"),)

    id: UUID = primary_key()
    control_file_id: UUID = foreign_key("control_file.id", index=True)
    opinion_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    outcome: DecisionOutcome = Field(sa_type=code_enum(DecisionOutcome))
    motive_code: str | None = Field(default=None, sa_type=CODE, nullable=True)
    valid_from: date | None = Field(default=None, sa_type=DAY, nullable=True)
    valid_to: date | None = Field(default=None, sa_type=DAY, nullable=True)
    decided_at: datetime = Field(sa_type=INSTANT)
    decided_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    # What it was decided with: pack, parameters (path, day, value), rule set.
    decided_with: dict[str, Any] = Field(sa_type=FACTS)
    # What stood before, kept while the decision can be undone.
    before: dict[str, Any] | None = Field(default=None, sa_type=FACTS, nullable=True)
    undone_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class CompletionRequest(SQLModel, table=True):
    """A request for pieces (demande de pièces) that stops the clock."""

    __tablename__ = "completion_request"

    id: UUID = primary_key()
    control_file_id: UUID = foreign_key("control_file.id", index=True)
    kind: CompletionKind = Field(sa_type=code_enum(CompletionKind))
    pieces: list[dict[str, str]] = Field(sa_type=FACTS)
    requested_by: UUID = Field(sa_type=ID)
    requested_at: datetime = Field(sa_type=INSTANT)
    answered_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class Message(SQLModel, table=True):
    """A message between agent, doctor and coordinator. Encrypted: people write what they write."""

    id: UUID = primary_key()
    control_file_id: UUID = foreign_key("control_file.id", index=True)
    author_id: UUID = Field(sa_type=ID)
    author_name: str = Field(sa_type=TEXT)
    audience: MessageAudience = Field(sa_type=code_enum(MessageAudience))
    sent_at: datetime = Field(sa_type=INSTANT)
    key_id: str = Field(sa_type=CODE)
    content: bytes = Field(sa_type=BYTES)


class Document(SQLModel, table=True):
    """A document of a file; its bytes lie encrypted in the document store under their hash."""

    __table_args__ = (
        sa.Index("ix_document_file", "received_file_id"),
        sa.CheckConstraint("class IN ('administrative', 'medical')", name="class"),
    )

    id: UUID = primary_key()
    received_file_id: UUID = Field(sa_type=ID, foreign_key="received_file.id")
    kind: str = Field(sa_type=CODE)
    title: str = Field(sa_type=TEXT)
    document_class: str = Field(sa_type=CODE, sa_column_kwargs={"name": "class"})
    media_type: str = Field(sa_type=CODE)
    sha256: str = Field(sa_type=CODE)
    size: int = Field()
    # False when the sender only announced it.
    is_stored: bool = Field(default=False)
    added_at: datetime = Field(sa_type=INSTANT)


class DocumentView(SQLModel, table=True):
    """Seen-by ticks of a document."""

    __tablename__ = "document_view"

    document_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="document.id")
    user_id: UUID = Field(primary_key=True, sa_type=ID)
    seen_at: datetime = Field(sa_type=INSTANT)
