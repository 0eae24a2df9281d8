"""Long-term care (assurance dépendance): care plans, hospital stays, bills and their checks.

A fact that changes is never overwritten: the new row takes the old one's place from the instant
on which it was recorded, so that any earlier result can be explained. How many minutes of which
care a person needs is medical: those parts are encrypted.
"""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import BYTES, CODE, CODES, DAY, INSTANT, TEXT, foreign_key, primary_key


class CarePlan(SQLModel, table=True):
    """A care plan with its share plan, for one provider (plan de prise en charge et de partage)."""

    __tablename__ = "care_plan"
    __table_args__ = (
        sa.Index(
            "ix_care_plan_person",
            "registration_number",
            "provider_id",
            postgresql_where=sa.text("replaced_at IS NULL"),
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
    )

    id: UUID = primary_key()
    registration_number: str = Field(sa_type=CODE)
    provider_id: str = Field(sa_type=CODE)
    valid_from: date = Field(sa_type=DAY)
    valid_to: date | None = Field(default=None, sa_type=DAY, nullable=True)
    # Whether it fixes a ceiling of its own (période définitive); else the legal one holds.
    is_definitive: bool = Field(default=True)
    key_id: str = Field(sa_type=CODE)
    acts: bytes = Field(sa_type=BYTES)
    recorded_at: datetime = Field(sa_type=INSTANT)
    replaced_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class CareLevel(SQLModel, table=True):
    """A level of need on record (niveau de besoins), in force from 2018 on.

    Of the person, or of the part that one provider does when a carer does the rest.
    """

    __tablename__ = "care_level"
    __table_args__ = (
        sa.Index(
            "ix_care_level_person",
            "registration_number",
            postgresql_where=sa.text("replaced_at IS NULL"),
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
    )

    id: UUID = primary_key()
    registration_number: str = Field(sa_type=CODE)
    provider_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    valid_from: date = Field(sa_type=DAY)
    valid_to: date | None = Field(default=None, sa_type=DAY, nullable=True)
    key_id: str = Field(sa_type=CODE)
    level: bytes = Field(sa_type=BYTES)
    recorded_at: datetime = Field(sa_type=INSTANT)
    replaced_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class HospitalStay(SQLModel, table=True):
    """A stay in a hospital, as the hospital, the provider or the fund knows it."""

    __tablename__ = "hospital_stay"
    __table_args__ = (
        sa.Index(
            "ix_hospital_stay_person",
            "registration_number",
            postgresql_where=sa.text("replaced_at IS NULL"),
        ),
        sa.CheckConstraint("discharge >= admission", name="days"),
    )

    id: UUID = primary_key()
    registration_number: str = Field(sa_type=CODE)
    admission: date = Field(sa_type=DAY)
    discharge: date = Field(sa_type=DAY)
    is_acute: bool = Field()
    source: str = Field(sa_type=CODE)
    recorded_at: datetime = Field(sa_type=INSTANT)
    replaced_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class CareEntry(SQLModel, table=True):
    """The day on which somebody entered an establishment: their needs are assessed again."""

    __tablename__ = "care_entry"
    __table_args__ = (
        sa.Index(
            "uq_care_entry_in_force",
            "registration_number",
            "establishment_id",
            unique=True,
            postgresql_where=sa.text("replaced_at IS NULL"),
        ),
        sa.Index(
            "ix_care_entry_open",
            "recorded_at",
            postgresql_where=sa.text("control_id IS NULL AND replaced_at IS NULL"),
        ),
    )

    id: UUID = primary_key()
    registration_number: str = Field(sa_type=CODE)
    establishment_id: str = Field(sa_type=CODE)
    entered_on: date = Field(sa_type=DAY)
    source: str = Field(sa_type=CODE)
    recorded_at: datetime = Field(sa_type=INSTANT)
    replaced_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    # The external id of the reassessment that it opened, or why it opened none.
    control_id: str | None = Field(default=None, sa_type=CODE, nullable=True)


class CareBill(SQLModel, table=True):
    """A provider's bill of one person and month; a correction is a whole new one (art. 63)."""

    __tablename__ = "care_bill"
    __table_args__ = (
        sa.Index(
            "uq_care_bill_in_force",
            "registration_number",
            "provider_id",
            "month",
            unique=True,
            postgresql_where=sa.text("replaced_at IS NULL"),
        ),
        sa.UniqueConstraint("provider_id", "number"),
        sa.CheckConstraint("extract(day from month) = 1", name="month"),
    )

    id: UUID = primary_key()
    registration_number: str = Field(sa_type=CODE)
    provider_id: str = Field(sa_type=CODE)
    number: str = Field(sa_type=CODE)
    month: date = Field(sa_type=DAY)
    # Who is cared for, and which office of the administration controls.
    family_name: str = Field(sa_type=TEXT)
    given_name: str = Field(sa_type=TEXT)
    birth_date: date = Field(sa_type=DAY)
    provider_name: str = Field(sa_type=TEXT)
    # care_network, semi_stationary or establishment: who may bill care that was not executed.
    provider_kind: str = Field(default="care_network", sa_type=CODE)
    agency_code: str = Field(sa_type=CODE, foreign_key="unit.code")
    # Whether the provider keeps reasons and documents of the minutes beyond the plan.
    is_documented: bool = Field(default=False)
    key_id: str = Field(sa_type=CODE)
    periods: bytes = Field(sa_type=BYTES)
    received_at: datetime = Field(sa_type=INSTANT)
    replaced_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class CareBillCheck(SQLModel, table=True):
    """What a check accepted of a bill; late facts add a further one with its difference."""

    __tablename__ = "care_bill_check"
    __table_args__ = (
        sa.Index("ix_care_bill_check_bill", "bill_id", "checked_at"),
        sa.CheckConstraint("payable_minutes >= 0", name="payable"),
    )

    id: UUID = primary_key()
    bill_id: UUID = foreign_key("care_bill.id")
    checked_at: datetime = Field(sa_type=INSTANT)
    # bill, plan, stay, level or law: what came that made the check necessary.
    cause: str = Field(sa_type=CODE)
    payable_minutes: int = Field()
    # Minutes to pay more, or to recover when below zero, against the check before.
    difference_minutes: int = Field()
    # What a later control looks at: codes without any minute.
    signs: list[str] = Field(sa_type=CODES)
    # Whether a later control was asked for, and under which external id.
    control_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    key_id: str = Field(sa_type=CODE)
    result: bytes = Field(sa_type=BYTES)


class CareProviderYear(SQLModel, table=True):
    """What a provider gave, and billed as not executed, in a year of service (art. 65).

    Summed over the bills in force, of all persons: it says nothing of any of them.
    """

    __tablename__ = "care_provider_year"
    __table_args__ = (
        sa.CheckConstraint("executed >= 0 AND not_executed_hundredths >= 0", name="not_negative"),
    )

    provider_id: str = Field(sa_type=CODE, primary_key=True)
    year: int = Field(primary_key=True)
    provider_name: str = Field(sa_type=TEXT)
    # Whole minutes of acts.
    executed: int = Field(sa_type=sa.BigInteger)
    # Hundredths of a minute: months are cut at a percentage.
    not_executed_hundredths: int = Field(sa_type=sa.BigInteger)
    counted_at: datetime = Field(sa_type=INSTANT)
