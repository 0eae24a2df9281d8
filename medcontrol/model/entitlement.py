"""Rights granted by a control, which bring the file back when they are to be reviewed."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import CODE, DAY, ID, INSTANT, TEXT, code_enum, primary_key
from medcontrol.vocabulary import EntitlementStatus, Jurisdiction


class Entitlement(SQLModel, table=True):
    """A granted right (ALD, pension d'invalidité, …) with its validity and next review."""

    __table_args__ = (
        sa.UniqueConstraint("number"),
        sa.Index("ix_entitlement_person", "registration_number"),
        sa.Index(
            "ix_entitlement_review",
            "opens_on",
            postgresql_where=sa.text("status = 'active' AND opens_on IS NOT NULL"),
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
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
    status: EntitlementStatus = Field(
        default=EntitlementStatus.ACTIVE, sa_type=code_enum(EntitlementStatus)
    )
    control_file_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    previous_doctor_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    granted_at: datetime = Field(sa_type=INSTANT)
