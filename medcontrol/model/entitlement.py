"""Rights granted by a control, which bring the file back when they are to be reviewed."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel, col

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
from medcontrol.vocabulary import (
    ActorKind,
    Annulled,
    EntitlementChange,
    EntitlementStatus,
    Jurisdiction,
)


class Entitlement(SQLModel, table=True):
    """A granted right (ALD, pension d'invalidité, …) with its validity and next review."""

    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.Index("ix_entitlement_person", "registration_number"),
        sa.Index(
            "ix_entitlement_review",
            "opens_on",
            postgresql_where=sa.text("status IN ('active', 'suspended') AND opens_on IS NOT NULL"),
        ),
        sa.Index(
            "uq_entitlement_feed",
            "feed_no",
            unique=True,
            postgresql_where=sa.text("feed_no IS NOT NULL"),
        ),
        sa.Index("ix_entitlement_unnumbered", "id", postgresql_where=sa.text("feed_no IS NULL")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
        sa.CheckConstraint(
            "status <> 'suspended' OR (suspended_on IS NOT NULL AND resumed_on IS NULL)",
            name="suspended_on",
        ),
    )

    id: UUID = primary_key()
    number: str = Field(sa_type=CODE)
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    flow: str = Field(sa_type=CODE)
    # Pathology code of an ALD, third-person aid of a pension…: needed to pay, not a diagnosis.
    right_code: str | None = Field(default=None, sa_type=CODE, nullable=True)
    registration_number: str = Field(sa_type=CODE)
    national_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    family_name: str = Field(sa_type=TEXT)
    given_name: str = Field(sa_type=TEXT)
    birth_date: date = Field(sa_type=DAY)
    sex: str | None = Field(default=None, sa_type=CODE, nullable=True)
    language: str | None = Field(default=None, sa_type=CODE, nullable=True)
    relation: str | None = Field(default=None, sa_type=CODE, nullable=True)
    beneficiary_family_name: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    beneficiary_given_name: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    beneficiary_birth_date: date | None = Field(default=None, sa_type=DAY, nullable=True)
    agency_code: str = Field(sa_type=CODE, foreign_key="unit.code")
    valid_from: date = Field(sa_type=DAY)
    valid_to: date | None = Field(default=None, sa_type=DAY, nullable=True)
    next_review_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
    # The day on which the reassessment opens by itself.
    opens_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
    # The day that the rules said, where work was spread or a supervisor postponed.
    planned_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
    # When the opening was given its place among the others; none, it is not looked at yet.
    placed_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    # Which of the rule's milestones the next review is, where it has some.
    milestone: str | None = Field(default=None, sa_type=CODE, nullable=True)
    # First day of the review or renewal that is pending; one that began in time keeps it open.
    review_since: date | None = Field(default=None, sa_type=DAY, nullable=True)
    status: EntitlementStatus = Field(
        default=EntitlementStatus.ACTIVE, sa_type=code_enum(EntitlementStatus)
    )
    # First day on which nothing is paid because the person did not come, and the one on which it
    # is again; none, it is not yet. Of several suspensions the last.
    suspended_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
    resumed_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
    control_file_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    previous_doctor_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    granted_at: datetime = Field(sa_type=INSTANT)
    # Place in the export; the database empties it when something that is exported changes.
    feed_no: int | None = Field(default=None, sa_type=sa.BigInteger, nullable=True)


class EntitlementEvent(SQLModel, table=True):
    """The journal of rights: one thing that happened to one. Only ever added to.

    ``before`` and ``after`` hold the days and the status that changed.
    """

    __tablename__ = "entitlement_event"
    __table_args__ = (
        sa.Index("ix_entitlement_event_right", "entitlement_id", "id"),
        sa.Index(
            "ix_entitlement_event_batch",
            "batch_id",
            postgresql_where=sa.text("batch_id IS NOT NULL"),
        ),
    )

    id: UUID = primary_key()
    entitlement_id: UUID = foreign_key("entitlement.id")
    at: datetime = Field(sa_type=INSTANT)
    change: EntitlementChange = Field(sa_type=code_enum(EntitlementChange))
    control_file_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    batch_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    actor_kind: ActorKind = Field(sa_type=code_enum(ActorKind))
    actor_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    actor_label: str = Field(sa_type=TEXT)
    reason: str | None = Field(default=None, sa_type=CODE, nullable=True)
    before: dict[str, Any] = Field(sa_type=FACTS)
    after: dict[str, Any] = Field(sa_type=FACTS)


class ReviewPostponement(SQLModel, table=True):
    """Reviews that a supervisor postponed together, with those that could not be.

    The id is drawn with the preview, so that a form sent twice is one postponement.
    """

    __tablename__ = "review_postponement"
    __table_args__ = (sa.Index("ix_review_postponement_at", "requested_at"),)

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    requested_by: UUID = Field(sa_type=ID)
    requested_label: str = Field(sa_type=TEXT)
    requested_at: datetime = Field(sa_type=INSTANT)
    days: int = Field()  # how much later
    reason: str = Field(sa_type=CODE)
    note: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    moved: int = Field()
    # Why the others stayed: number of the right and a code.
    refused: list[dict[str, str]] = Field(sa_type=FACTS)
    undone_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    undone_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    undone: int = Field(default=0)


def is_annulled(*why: Annulled) -> sa.ColumnElement[bool]:
    """Return the predicate of rights whose decision was undone; for any reason without ``why``."""
    return sa.and_(
        col(Entitlement.status) == EntitlementStatus.ENDED,
        sa.exists().where(
            col(EntitlementEvent.entitlement_id) == col(Entitlement.id),
            col(EntitlementEvent.change) == EntitlementChange.ENDED,
            col(EntitlementEvent.reason).in_([each.value for each in why or Annulled]),
        ),
    )
