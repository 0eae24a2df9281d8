"""What is done with the results of controls: measures, alerts, proposals, cases, probes, blue."""

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
    AlertKind,
    Jurisdiction,
    LetterStatus,
    MeasureKind,
    ProbeStatus,
    ProposalKind,
    ProposalStatus,
    ProviderCaseStatus,
)


class SelectivityMeasure(SQLModel, table=True):
    """What a night measured; every night is kept, so that a figure can be followed back."""

    __tablename__ = "selectivity_measure"

    jurisdiction: Jurisdiction = Field(primary_key=True, sa_type=code_enum(Jurisdiction, 8))
    kind: MeasureKind = Field(primary_key=True, sa_type=code_enum(MeasureKind))
    as_of: date = Field(primary_key=True, sa_type=DAY)
    made_at: datetime = Field(sa_type=INSTANT)
    content: dict[str, Any] = Field(sa_type=FACTS)


class SelectivityAlert(SQLModel, table=True):
    """Something an analyst should look at; it closes by itself when it is over."""

    __tablename__ = "selectivity_alert"
    __table_args__ = (
        sa.Index(
            "uq_selectivity_alert_open",
            "jurisdiction",
            "kind",
            "subject",
            unique=True,
            postgresql_where=sa.text("closed_on IS NULL"),
        ),
        sa.CheckConstraint("severity IN ('warning', 'alarm')", name="severity"),
    )

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    kind: AlertKind = Field(sa_type=code_enum(AlertKind))
    # A row, a feature, a direction, or a group; never a person.
    subject: str = Field(sa_type=TEXT)
    severity: str = Field(sa_type=CODE)
    first_on: date = Field(sa_type=DAY)
    last_on: date = Field(sa_type=DAY)
    closed_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
    facts: dict[str, Any] = Field(sa_type=FACTS)


class RuleProposal(SQLModel, table=True):
    """What the measurement proposes: a row to add or to suspend, a provider to look at."""

    __tablename__ = "rule_proposal"
    __table_args__ = (
        sa.Index(
            "uq_rule_proposal_open",
            "jurisdiction",
            "kind",
            "subject",
            unique=True,
            postgresql_where=sa.text("status = 'open'"),
        ),
        sa.CheckConstraint("(status = 'open') = (settled_at IS NULL)", name="settled"),
        sa.CheckConstraint("status <> 'dismissed' OR reason <> ''", name="dismissed_why"),
    )

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    kind: ProposalKind = Field(sa_type=code_enum(ProposalKind))
    # Row id, or the canonical condition of a segment.
    subject: str = Field(sa_type=TEXT)
    sentence: str = Field(sa_type=TEXT)  # French; pages say it in the reader's language
    condition: list[Any] = Field(sa_type=FACTS)  # [feature, value] of a segment
    evidence: dict[str, Any] = Field(sa_type=FACTS)
    status: ProposalStatus = Field(sa_type=code_enum(ProposalStatus))
    made_on: date = Field(sa_type=DAY)
    last_on: date = Field(sa_type=DAY)  # last night that still proposed it
    settled_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    settled_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    reason: str = Field(default="", sa_type=TEXT)
    # What accepting made: a draft of the rules, probe rounds or a case.
    led_to: str | None = Field(default=None, sa_type=TEXT, nullable=True)


class ProviderCase(SQLModel, table=True):
    """A suspicion across files of one provider, at central level: about no insured person."""

    __tablename__ = "provider_case"
    __table_args__ = (
        sa.Index(
            "uq_provider_case_open",
            "jurisdiction",
            "provider_id",
            unique=True,
            postgresql_where=sa.text("status IN ('open', 'under_review')"),
        ),
        sa.CheckConstraint(
            "(status IN ('founded', 'unfounded')) = (closed_at IS NOT NULL)", name="closed"
        ),
    )

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    provider_id: str = Field(sa_type=CODE)
    status: ProviderCaseStatus = Field(sa_type=code_enum(ProviderCaseStatus))
    opened_at: datetime = Field(sa_type=INSTANT)
    opened_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    origin: str = Field(sa_type=CODE)  # segment, probe, row, person
    evidence: list[dict[str, Any]] = Field(sa_type=FACTS)
    analyst_id: UUID | None = foreign_key("user_account.id", nullable=True)
    doctor_user_id: UUID | None = foreign_key("user_account.id", nullable=True)
    closed_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    version: int = Field(default=1)


class ProviderCaseFile(SQLModel, table=True):
    """A file that the suspicion rests on, by its id: received here or imported."""

    __tablename__ = "provider_case_file"

    case_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="provider_case.id")
    file_id: UUID = Field(primary_key=True, sa_type=ID)
    added_at: datetime = Field(sa_type=INSTANT)


class ProviderCaseEvent(SQLModel, table=True):
    """What was done with a case. Append-only."""

    __tablename__ = "provider_case_event"
    __table_args__ = (sa.Index("ix_provider_case_event_case", "case_id", "at"),)

    id: UUID = primary_key()
    case_id: UUID = Field(sa_type=ID, foreign_key="provider_case.id")
    at: datetime = Field(sa_type=INSTANT)
    user_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    user_name: str = Field(sa_type=TEXT)
    action: str = Field(sa_type=CODE)
    note: str = Field(default="", sa_type=TEXT)


class Probe(SQLModel, table=True):
    """Probe rounds at one provider for one service: sample, letter, sample again."""

    __table_args__ = (
        sa.Index(
            "uq_probe_running",
            "jurisdiction",
            "provider_id",
            "flow",
            sa.text("coalesce(acts, '')"),
            unique=True,
            postgresql_where=sa.text("status IN ('sampling', 'education')"),
        ),
        sa.CheckConstraint("sample_size BETWEEN 20 AND 40", name="sample_size"),
        sa.CheckConstraint("max_rounds BETWEEN 1 AND 3", name="max_rounds"),
        sa.CheckConstraint("threshold BETWEEN 0 AND 10000", name="threshold"),
    )

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    provider_id: str = Field(sa_type=CODE)
    flow: str = Field(sa_type=CODE)
    # First letters of act codes; None for every act of the flow.
    acts: str | None = Field(default=None, sa_type=CODE, nullable=True)
    sample_size: int = Field()
    max_rounds: int = Field()
    # Error rate, in ten-thousandths, at or below which the provider is compliant.
    threshold: int = Field()
    pause_days: int = Field()  # between letter and next round
    language: str = Field(sa_type=CODE)  # of the letters
    status: ProbeStatus = Field(sa_type=code_enum(ProbeStatus))
    started_at: datetime = Field(sa_type=INSTANT)
    started_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    reason: str = Field(default="", sa_type=TEXT)  # why it was started, why stopped
    case_id: UUID | None = foreign_key("provider_case.id", nullable=True)


class ProbeRound(SQLModel, table=True):
    """One round: the next files of the provider, and what their controls found."""

    __tablename__ = "probe_round"

    probe_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="probe.id")
    number: int = Field(primary_key=True)
    opens_on: date = Field(sa_type=DAY)
    taken: int = Field(default=0)  # under the probe's lock; withdrawn ones are given back
    closed_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    controls: int = Field(default=0)
    hits: int = Field(default=0)
    is_compliant: bool | None = Field(default=None, nullable=True)


class ProbeFile(SQLModel, table=True):
    """A file that a round took at the gate."""

    __tablename__ = "probe_file"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["probe_id", "round"], ["probe_round.probe_id", "probe_round.number"]
        ),
        sa.Index("ix_probe_file_round", "probe_id", "round"),
    )

    received_file_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="received_file.id")
    probe_id: UUID = Field(sa_type=ID)
    round: int = Field()
    taken_at: datetime = Field(sa_type=INSTANT)


class ProviderLetter(SQLModel, table=True):
    """A letter to a provider between two rounds: what was found in figures, nobody's name."""

    __tablename__ = "provider_letter"
    __table_args__ = (
        sa.UniqueConstraint("probe_id", "round"),
        sa.UniqueConstraint("verification_code"),
    )

    id: UUID = primary_key()
    probe_id: UUID = Field(sa_type=ID, foreign_key="probe.id")
    round: int = Field()
    # What its QR code holds, as on the letters of files.
    verification_code: str | None = Field(default=None, sa_type=CODE, nullable=True)
    code: str = Field(sa_type=CODE)
    language: str = Field(sa_type=CODE)
    status: LetterStatus = Field(default=LetterStatus.WAITING, sa_type=code_enum(LetterStatus))
    context: dict[str, Any] = Field(sa_type=FACTS)
    written_at: datetime = Field(sa_type=INSTANT)
    sent_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    carrier_reference: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    pdf_sha256: str | None = Field(default=None, sa_type=CODE, nullable=True)


class BlueWeek(SQLModel, table=True):
    """One weekly draw of paid files for later control (tirage a posteriori)."""

    __tablename__ = "blue_week"

    jurisdiction: Jurisdiction = Field(primary_key=True, sa_type=code_enum(Jurisdiction, 8))
    week: str = Field(primary_key=True, sa_type=CODE)  # ISO week, 2026-W47
    drawn_at: datetime = Field(sa_type=INSTANT)
    first_day: date = Field(sa_type=DAY)  # receptions before it may not be drawn any more
    quota: int = Field()
    # Which number made the quota: the parameter, or free capacity.
    bound_by: str = Field(sa_type=CODE)
    pool: int = Field()
    overflow: int = Field()
    drawn: int = Field()
    # Chance, that week, of a file that was not drawn: of those that overflowed, of the others.
    overflow_reach: float = Field(sa_type=sa.Float())
    rest_reach: float = Field(sa_type=sa.Float())


class BlueDraw(SQLModel, table=True):
    """A paid file that a week drew, the file of its later control, and what is to be recovered."""

    __tablename__ = "blue_draw"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["jurisdiction", "week"], ["blue_week.jurisdiction", "blue_week.week"]
        ),
        sa.UniqueConstraint("jurisdiction", "week", "rank"),
    )

    received_file_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="received_file.id")
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    week: str = Field(sa_type=CODE)
    rank: int = Field()
    is_overflow: bool = Field()
    draw: bytes = Field(sa_type=BYTES)
    # Chance of being drawn in some week so far, known before the draws.
    inclusion_probability: float = Field(sa_type=sa.Float())
    later_file_id: UUID | None = foreign_key("received_file.id", index=True, nullable=True)
    opened_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    recovery_cents: int | None = Field(default=None, sa_type=CENTS, nullable=True)
    recovery_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
