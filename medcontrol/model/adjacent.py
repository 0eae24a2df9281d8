"""What happens beside a flow: appeals (recours), expertises, opinions asked for (avis)."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    CENTS,
    CODE,
    DAY,
    ID,
    INSTANT,
    TEXT,
    foreign_key,
    primary_key,
)

_PART = "IN ('maintained', 'overturned', 'partly_overturned')"


class ExcludedDoctor(SQLModel, table=True):
    """A doctor who may not have a file, for a reason that no other table tells (récusation)."""

    __tablename__ = "excluded_doctor"

    control_file_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="control_file.id")
    doctor_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="doctor.id")
    reason: str = Field(sa_type=CODE)


class Appeal(SQLModel, table=True):
    """What is contested (recours), and what becomes of it; its file's own row beside the flow.

    The administrative and the medical part are decided apart; ``outcome`` is made of both.
    """

    __tablename__ = "appeal"
    __table_args__ = (
        sa.Index(
            "uq_appeal_open",
            "contested_decision_id",
            unique=True,
            postgresql_where=sa.text("outcome IS NULL"),
        ),
        sa.Index("ix_appeal_contested", "contested_file_id"),
        sa.CheckConstraint(
            "filed_by IN ('insured', 'beneficiary', 'representative', 'provider',"
            " 'treating_doctor')",
            name="filed_by",
        ),
        sa.CheckConstraint("contests IN ('medical', 'administrative', 'both')", name="contests"),
        sa.CheckConstraint(f"medical_part IS NULL OR medical_part {_PART}", name="medical_part"),
        sa.CheckConstraint(
            f"administrative_part IS NULL OR administrative_part {_PART}",
            name="administrative_part",
        ),
        sa.CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided"),
    )

    control_file_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="control_file.id")
    contested_file_id: UUID = Field(sa_type=ID, foreign_key="control_file.id")
    contested_decision_id: UUID = Field(sa_type=ID, foreign_key="decision.id")
    filed_on: date = Field(sa_type=DAY)
    filed_by: str = Field(sa_type=CODE)
    contests: str = Field(sa_type=CODE)
    # Last day of the filing limit, from the notification of the contested decision.
    limit_on: date = Field(sa_type=DAY)
    registered_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    registered_at: datetime = Field(sa_type=INSTANT)
    # The frozen medical record, and the hash of its content as the journal has it.
    snapshot_id: UUID = Field(sa_type=ID, foreign_key="medical_record.id")
    snapshot_hash: str = Field(sa_type=CODE)
    hearing_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    hearing_place: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    medical_part: str | None = Field(default=None, sa_type=CODE, nullable=True)
    administrative_part: str | None = Field(default=None, sa_type=CODE, nullable=True)
    outcome: str | None = Field(default=None, sa_type=CODE, nullable=True)
    decided_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    # The decision on the contested file that corrects the earlier one.
    correction_id: UUID | None = Field(
        default=None, sa_type=ID, foreign_key="decision.id", nullable=True
    )


class CommissionMember(SQLModel, table=True):
    """One of the doctors of a commission (membre de la commission), and how they voted."""

    __tablename__ = "commission_member"
    __table_args__ = (
        sa.Index(
            "uq_commission_member_chair",
            "control_file_id",
            unique=True,
            postgresql_where=sa.text("is_chair"),
        ),
        sa.Index("ix_commission_member_doctor", "doctor_id"),
        sa.CheckConstraint(f"vote IS NULL OR vote {_PART}", name="vote"),
        sa.CheckConstraint("vote IS NULL OR is_present", name="who_votes_is_there"),
    )

    control_file_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="control_file.id")
    doctor_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="doctor.id")
    is_chair: bool = Field(default=False)
    is_present: bool | None = Field(default=None, nullable=True)
    vote: str | None = Field(default=None, sa_type=CODE, nullable=True)


class Expert(SQLModel, table=True):
    """A doctor from outside who may be named for one mission (expert)."""

    __tablename__ = "expert"
    __table_args__ = (
        sa.UniqueConstraint("code"),
        sa.UniqueConstraint("user_id"),
        sa.CheckConstraint("list_kind IN ('court', 'university', 'fund')", name="list_kind"),
        sa.CheckConstraint("on_file_cents >= 0 AND in_person_cents >= 0", name="fees"),
    )

    id: UUID = primary_key()
    code: str = Field(sa_type=CODE)
    name: str = Field(sa_type=TEXT)
    specialty: str = Field(sa_type=CODE)
    list_kind: str = Field(sa_type=CODE)
    professional_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    address: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    user_id: UUID | None = foreign_key("user_account.id", nullable=True)
    # An agreed fee; the law's when there is none. Centimes.
    on_file_cents: int | None = Field(default=None, sa_type=CENTS, nullable=True)
    in_person_cents: int | None = Field(default=None, sa_type=CENTS, nullable=True)
    is_active: bool = Field(default=True)


class ExpertConflict(SQLModel, table=True):
    """What keeps an expert from a person's or a provider's files, from a day to a day."""

    __tablename__ = "expert_conflict"
    __table_args__ = (
        sa.Index("ix_expert_conflict_expert", "expert_id"),
        sa.CheckConstraint(
            "kind IN ('treats', 'prescribed', 'relative', 'establishment', 'declared')",
            name="kind",
        ),
    )

    id: UUID = primary_key()
    expert_id: UUID = Field(sa_type=ID, foreign_key="expert.id")
    kind: str = Field(sa_type=CODE)
    # registration number of a person, or professional id
    subject: str = Field(sa_type=CODE)
    valid_from: date = Field(sa_type=DAY)
    valid_to: date | None = Field(default=None, sa_type=DAY, nullable=True)


class ExpertMission(SQLModel, table=True):
    """An expert named for one file, from a day to a day (mission d'expertise)."""

    __tablename__ = "expert_mission"
    __table_args__ = (
        sa.Index("ix_expert_mission_file", "control_file_id"),
        sa.Index("ix_expert_mission_expert", "expert_id", "status"),
        sa.Index(
            "uq_expert_mission_open",
            "control_file_id",
            unique=True,
            postgresql_where=sa.text("status = 'named'"),
        ),
        sa.CheckConstraint(
            "status IN ('named', 'reported', 'declined', 'withdrawn', 'cancelled')", name="status"
        ),
        sa.CheckConstraint("(status = 'named') = (ended_at IS NULL)", name="ended"),
        sa.CheckConstraint("valid_to >= valid_from", name="validity"),
    )

    id: UUID = primary_key()
    control_file_id: UUID = Field(sa_type=ID, foreign_key="control_file.id")
    expert_id: UUID = Field(sa_type=ID, foreign_key="expert.id")
    named_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    named_at: datetime = Field(sa_type=INSTANT)
    valid_from: date = Field(sa_type=DAY)
    valid_to: date = Field(sa_type=DAY)
    due_on: date = Field(sa_type=DAY)
    is_in_person: bool = Field(default=False)
    # Whether the treating doctor came, as the expert says.
    had_treating_doctor: bool | None = Field(default=None, nullable=True)
    # Medical records of the expertise: what is asked, and the report with its conclusions.
    questions_id: UUID = Field(sa_type=ID, foreign_key="medical_record.id")
    report_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    status: str = Field(default="named", sa_type=CODE)
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class ExpertFee(SQLModel, table=True):
    """What an expert is owed for a mission: a line of the month's statement (honoraires)."""

    __tablename__ = "expert_fee"
    __table_args__ = (
        sa.UniqueConstraint("mission_id"),
        sa.Index("ix_expert_fee_expert", "expert_id", "month"),
        sa.CheckConstraint("amount_cents >= 0", name="amount"),
    )

    id: UUID = primary_key()
    mission_id: UUID = Field(sa_type=ID, foreign_key="expert_mission.id")
    expert_id: UUID = Field(sa_type=ID, foreign_key="expert.id")
    amount_cents: int = Field(sa_type=CENTS)
    # ``agreed``, or path and start date of the legal parameter it was computed from.
    basis: str = Field(sa_type=TEXT)
    month: date = Field(sa_type=DAY)  # first day of the month of the statement
    entered_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    entered_at: datetime = Field(sa_type=INSTANT)


class OpinionRequest(SQLModel, table=True):
    """An opinion asked of somebody outside the flow, who sees nothing else (demande d'avis)."""

    __tablename__ = "opinion_request"
    __table_args__ = (
        sa.Index("ix_opinion_request_file", "control_file_id"),
        sa.Index("ix_opinion_request_doctor", "doctor_id", "status"),
        sa.Index("ix_opinion_request_expert", "expert_id", "status"),
        sa.Index("ix_opinion_request_open", "due_on", postgresql_where=sa.text("status = 'open'")),
        sa.Index(
            "uq_opinion_request_open",
            "control_file_id",
            unique=True,
            postgresql_where=sa.text("status IN ('draft', 'open')"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'open', 'answered', 'revoked', 'expired')", name="status"
        ),
        sa.CheckConstraint("doctor_id IS NULL OR expert_id IS NULL", name="one_is_asked"),
        sa.CheckConstraint(
            "status <> 'open' OR (due_on IS NOT NULL AND question_id IS NOT NULL"
            " AND num_nonnulls(doctor_id, expert_id) = 1)",
            name="open_is_whole",
        ),
        sa.CheckConstraint("reminders BETWEEN 0 AND 3", name="reminders"),
    )

    id: UUID = primary_key()
    control_file_id: UUID = Field(sa_type=ID, foreign_key="control_file.id")
    # Who asks, and as which doctor; nobody for a program.
    asked_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    asking_doctor_id: UUID | None = foreign_key("doctor.id", nullable=True)
    doctor_id: UUID | None = foreign_key("doctor.id", nullable=True)
    expert_id: UUID | None = foreign_key("expert.id", nullable=True)
    is_pseudonymised: bool = Field(default=False)
    status: str = Field(default="draft", sa_type=CODE)
    opened_at: datetime = Field(sa_type=INSTANT)
    asked_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    due_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    # Medical records of the file that asks.
    question_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    answer_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    # How many of the three reminders (before, on and after the day) went out.
    reminders: int = Field(default=0)


class SharedDocument(SQLModel, table=True):
    """A document chosen for an expert's mission or for somebody whose opinion is asked."""

    __tablename__ = "shared_document"

    # The mission or the request.
    holder_id: UUID = Field(primary_key=True, sa_type=ID)
    document_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="document.id")


class ExternalRecourse(SQLModel, table=True):
    """A recourse after an appeal, outside the fund (ANAM, tribunal): recorded, not decided here."""

    __tablename__ = "external_recourse"
    __table_args__ = (
        sa.Index(
            "uq_external_recourse_open",
            "control_file_id",
            "body",
            unique=True,
            postgresql_where=sa.text("outcome IS NULL"),
        ),
        sa.CheckConstraint(
            "body IN ('anam', 'administrative_court', 'ordinary_court')", name="body"
        ),
        sa.CheckConstraint(
            "outcome IN ('maintained', 'overturned', 'partly_overturned', 'withdrawn')",
            name="outcome",
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (decided_on IS NULL) AND (outcome IS NULL) = (settled_by IS NULL)"
            " AND (decided_on IS NULL OR decided_on >= filed_on)",
            name="decided",
        ),
    )

    id: UUID = primary_key()
    # The appeal's own file.
    control_file_id: UUID = foreign_key("control_file.id")
    body: str = Field(sa_type=CODE)
    filed_on: date = Field(sa_type=DAY)
    # How the body calls the case; none until it says.
    case_number: str | None = Field(default=None, sa_type=CODE, nullable=True)
    recorded_by: UUID = Field(sa_type=ID)
    recorded_at: datetime = Field(sa_type=INSTANT)
    outcome: str | None = Field(default=None, sa_type=CODE, nullable=True)
    decided_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
    settled_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
