"""What assignment is steered by: levers, points of work, and who changed what of a doctor."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import CODE, DAY, FACTS, ID, INSTANT, TEXT, code_enum, primary_key
from medcontrol.vocabulary import Jurisdiction, StepKind


class AssignmentLever(SQLModel, table=True):
    """A weight, cap or delay from a day on. Never changed: a later row replaces it."""

    __tablename__ = "assignment_lever"
    __table_args__ = (sa.Index("ix_assignment_lever_name", "name", "valid_from"),)

    id: UUID = primary_key()
    name: str = Field(sa_type=CODE)
    value: float = Field()
    valid_from: date = Field(sa_type=DAY)
    recorded_at: datetime = Field(sa_type=INSTANT)
    # None: an operator at the command line.
    who: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    why: str = Field(sa_type=TEXT)


class WorkPoints(SQLModel, table=True):
    """Minutes that a kind of task counts from a day on; what is not said stands in points.yaml.

    ``per`` is ``task`` for the base, else what each one adds: ``line``, ``document``…
    """

    __tablename__ = "work_points"
    __table_args__ = (
        sa.Index("ix_work_points_day", "jurisdiction", "valid_from"),
        sa.CheckConstraint("points BETWEEN 0 AND 1440", name="points"),
    )

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    flow: str | None = Field(default=None, sa_type=CODE, nullable=True)
    nature: str | None = Field(default=None, sa_type=CODE, nullable=True)
    step: StepKind | None = Field(default=None, sa_type=code_enum(StepKind), nullable=True)
    per: str = Field(sa_type=CODE)
    points: int = Field()
    valid_from: date = Field(sa_type=DAY)
    recorded_at: datetime = Field(sa_type=INSTANT)
    who: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    why: str = Field(sa_type=TEXT)


class DoctorChange(SQLModel, table=True):
    """Who changed what of a doctor, when and why. Only ever added to."""

    __tablename__ = "doctor_change"
    __table_args__ = (sa.Index("ix_doctor_change_doctor", "doctor_id", "changed_at"),)

    id: UUID = primary_key()
    doctor_id: UUID = Field(sa_type=ID, foreign_key="doctor.id")
    # Kind of line as in the files: doctors, competences, absences…
    what: str = Field(sa_type=CODE)
    before: dict[str, Any] | None = Field(default=None, sa_type=FACTS, nullable=True)
    after: dict[str, Any] | None = Field(default=None, sa_type=FACTS, nullable=True)
    changed_at: datetime = Field(sa_type=INSTANT)
    who: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    why: str | None = Field(default=None, sa_type=TEXT, nullable=True)


class AssignmentReference(SQLModel, table=True):
    """Which state the reference data of assignment are in: one row, moved by triggers.

    The number comes from a sequence, so that one that was rolled back never comes again.
    """

    __tablename__ = "assignment_reference"

    id: int = Field(default=1, primary_key=True)
    version: int = Field(sa_type=sa.BigInteger)
