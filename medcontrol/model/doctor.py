"""Control doctors (médecins-conseils, dentistes, pharmaciens) and what they may take."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    CODE,
    DAY,
    FACTS,
    HOUR,
    ID,
    INSTANT,
    TEXT,
    code_enum,
    foreign_key,
    primary_key,
)
from medcontrol.vocabulary import (
    AbsenceKind,
    AbsenceStatus,
    AssignmentMode,
    ControlLevel,
    DoctorKind,
    Profession,
)


class Doctor(SQLModel, table=True):
    """A salaried or contracted practitioner who controls."""

    __table_args__ = (sa.UniqueConstraint("code"),)

    id: UUID = primary_key()
    code: str = Field(sa_type=CODE)
    name: str = Field(sa_type=TEXT)
    kind: DoctorKind = Field(sa_type=code_enum(DoctorKind))
    profession: Profession = Field(sa_type=code_enum(Profession))
    specialty: str | None = Field(default=None, sa_type=CODE, nullable=True)
    level: ControlLevel = Field(sa_type=code_enum(ControlLevel))
    unit_code: str = Field(sa_type=CODE, foreign_key="unit.code")
    # Number under which the doctor treats or prescribes (INPE): the law forbids both hats.
    professional_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    # Where a contracted doctor receives; the rooms of the unit when none.
    practice_address: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    is_active: bool = Field(default=True)


class Competence(SQLModel, table=True):
    """A flow, one nature or one specialty of it, that a doctor may control from a day to a day."""

    __table_args__ = (sa.Index("ix_competence_doctor", "doctor_id"),)

    id: UUID = primary_key()
    doctor_id: UUID = Field(sa_type=ID, foreign_key="doctor.id")
    flow: str = Field(sa_type=CODE)
    # None: every nature of the flow, every specialty.
    nature: str | None = Field(default=None, sa_type=CODE, nullable=True)
    specialty: str | None = Field(default=None, sa_type=CODE, nullable=True)
    # Up to which level; the doctor's own when None.
    level: ControlLevel | None = Field(default=None, sa_type=code_enum(ControlLevel), nullable=True)
    valid_from: date = Field(sa_type=DAY)
    valid_to: date | None = Field(default=None, sa_type=DAY, nullable=True)


class DoctorUnit(SQLModel, table=True):
    """A further agency or region that a doctor serves, from a day to a day."""

    __tablename__ = "doctor_unit"
    __table_args__ = (sa.Index("ix_doctor_unit_doctor", "doctor_id"),)

    id: UUID = primary_key()
    doctor_id: UUID = Field(sa_type=ID, foreign_key="doctor.id")
    unit_code: str = Field(sa_type=CODE, foreign_key="unit.code")
    valid_from: date = Field(sa_type=DAY)
    valid_to: date | None = Field(default=None, sa_type=DAY, nullable=True)


class DoctorSuperior(SQLModel, table=True):
    """Who answers for a doctor's opinions, from a day to a day: kept from appeals as they are."""

    __tablename__ = "doctor_superior"
    __table_args__ = (
        sa.Index("ix_doctor_superior_doctor", "doctor_id"),
        sa.CheckConstraint("superior_id <> doctor_id", name="other"),
    )

    id: UUID = primary_key()
    doctor_id: UUID = Field(sa_type=ID, foreign_key="doctor.id")
    superior_id: UUID = Field(sa_type=ID, foreign_key="doctor.id")
    valid_from: date = Field(sa_type=DAY)
    valid_to: date | None = Field(default=None, sa_type=DAY, nullable=True)


class Availability(SQLModel, table=True):
    """Minutes a doctor works on a weekday (0 Monday … 6 Sunday), from a day to a day."""

    __table_args__ = (
        sa.Index("ix_availability_doctor", "doctor_id"),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        sa.CheckConstraint("minutes BETWEEN 0 AND 1440", name="minutes"),
    )

    id: UUID = primary_key()
    doctor_id: UUID = Field(sa_type=ID, foreign_key="doctor.id")
    weekday: int = Field()
    minutes: int = Field()
    # Local hour from which people are received; the opening of the working day when none.
    from_hour: time | None = Field(default=None, sa_type=HOUR, nullable=True)
    valid_from: date = Field(sa_type=DAY)
    valid_to: date | None = Field(default=None, sa_type=DAY, nullable=True)


class Absence(SQLModel, table=True):
    """Days on which a doctor takes nothing, both included."""

    __table_args__ = (
        sa.Index("ix_absence_doctor", "doctor_id", "last_day"),
        sa.CheckConstraint("last_day >= first_day", name="order"),
    )

    id: UUID = primary_key()
    doctor_id: UUID = Field(sa_type=ID, foreign_key="doctor.id")
    first_day: date = Field(sa_type=DAY)
    last_day: date = Field(sa_type=DAY)
    reason: str = Field(sa_type=CODE)
    kind: AbsenceKind = Field(default=AbsenceKind.PLANNED, sa_type=code_enum(AbsenceKind))
    status: AbsenceStatus = Field(default=AbsenceStatus.ANNOUNCED, sa_type=code_enum(AbsenceStatus))
    # Nobody for those that came by file.
    entered_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    entered_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class Conflict(SQLModel, table=True):
    """A declared conflict of interest: a person, a professional or an establishment."""

    __table_args__ = (
        sa.Index("ix_conflict_doctor", "doctor_id"),
        sa.CheckConstraint(
            "kind IN ('treats', 'prescribed', 'relative', 'establishment', 'declared')",
            name="kind",
        ),
    )

    id: UUID = primary_key()
    doctor_id: UUID = Field(sa_type=ID, foreign_key="doctor.id")
    kind: str = Field(sa_type=CODE)
    # registration number of a person, or professional id
    subject: str = Field(sa_type=CODE)
    valid_from: date = Field(sa_type=DAY)
    valid_to: date | None = Field(default=None, sa_type=DAY, nullable=True)


class DoctorLoad(SQLModel, table=True):
    """What a doctor has open now. Moved in the transaction that assigns or finishes."""

    __tablename__ = "doctor_load"
    __table_args__ = (
        sa.CheckConstraint("open_points >= 0", name="points"),
        sa.CheckConstraint("open_files >= 0", name="files"),
    )

    doctor_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="doctor.id")
    open_points: int = Field(default=0)
    open_files: int = Field(default=0)


class Assignment(SQLModel, table=True):
    """A task given to a doctor (affectation). Closed, never deleted."""

    __table_args__ = (
        sa.Index("ix_assignment_file", "control_file_id"),
        sa.Index("ix_assignment_doctor", "doctor_id", "assigned_at"),
        sa.Index(
            "uq_assignment_open",
            "human_task_id",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    id: UUID = primary_key()
    control_file_id: UUID = Field(sa_type=ID, foreign_key="control_file.id")
    human_task_id: UUID = Field(sa_type=ID, foreign_key="human_task.id")
    doctor_id: UUID = foreign_key("doctor.id")
    mode: AssignmentMode = Field(sa_type=code_enum(AssignmentMode))
    points: int = Field()
    assigned_at: datetime = Field(sa_type=INSTANT)
    assigned_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    reason: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    batch_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    # Cost terms of the chosen doctor and of the next ones.
    why: dict[str, Any] = Field(sa_type=FACTS)
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    end_reason: str | None = Field(default=None, sa_type=CODE, nullable=True)
