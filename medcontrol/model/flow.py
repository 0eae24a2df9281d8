"""A file's way through its flow: engine state, human tasks, clocks."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    CODE,
    CODES,
    DAY,
    ID,
    INSTANT,
    TEXT,
    code_enum,
    foreign_key,
    primary_key,
)
from medcontrol.vocabulary import (
    ControlFileStatus,
    ControlLevel,
    ControlMode,
    DeadlineKind,
    DeadlineStatus,
    Lane,
    StepKind,
    TaskStatus,
)

_IN_POOL = "status = 'open' AND assigned_doctor_id IS NULL AND is_medical"


class FlowInstance(SQLModel, table=True):
    """The engine's state of a file: text, never jsonb (the order of keys carries meaning)."""

    __tablename__ = "flow_instance"
    __table_args__ = (
        # The running files of a version, for a move to another one.
        sa.Index(
            "ix_flow_instance_running",
            "pack",
            "control_file_id",
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )

    control_file_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="control_file.id")
    pack: str = Field(sa_type=CODE)
    pack_hash: str = Field(sa_type=CODE)
    serializer_version: str = Field(sa_type=CODE)
    state: str = Field(sa_type=TEXT)
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class HumanTask(SQLModel, table=True):
    """Someone's to do: the flat row that every queue, count and list reads.

    It repeats what the policy and the lists need of its file, so that a queue is one index scan.
    """

    __tablename__ = "human_task"
    __table_args__ = (
        sa.Index(
            "ix_human_task_queue",
            "assigned_doctor_id",
            "due_at",
            "id",
            postgresql_where=sa.text("status = 'open'"),
        ),
        sa.Index(
            "ix_human_task_agency",
            "agency_code",
            "due_at",
            "id",
            postgresql_where=sa.text("status = 'open'"),
        ),
        sa.Index(
            "ix_human_task_region",
            "region_code",
            "due_at",
            "id",
            postgresql_where=sa.text("status = 'open'"),
        ),
        sa.Index(
            "ix_human_task_pool",
            "region_code",
            "flow",
            "due_at",
            postgresql_where=sa.text(
                "status = 'open' AND assigned_doctor_id IS NULL AND is_medical"
            ),
        ),
        # "Next file" of an agency's, a region's or the fund's pool, and runs over the pool.
        *(
            sa.Index(
                f"ix_human_task_next{'_' * bool(unit)}{unit}",
                *([f"{unit}_code"] if unit else []),
                sa.text("is_urgent DESC"),
                "due_at",
                "id",
                postgresql_where=sa.text(_IN_POOL),
            )
            for unit in ("agency", "region", "")
        ),
        sa.Index("ix_human_task_file", "control_file_id"),
        # How many second readings a reader had this month.
        sa.Index(
            "ix_human_task_reading",
            "opened_at",
            postgresql_where=sa.text("kind = 'quality_reading'"),
        ),
        sa.Index(
            "ix_human_task_held",
            "held_until",
            postgresql_where=sa.text("status = 'open' AND held_until IS NOT NULL"),
        ),
        # What was opened or done over the last weeks; the table grows in about that order.
        sa.Index(
            "ix_human_task_times",
            "opened_at",
            "done_at",
            postgresql_using="brin",
            postgresql_with={"autosummarize": "on", "pages_per_range": 32},
        ),
        sa.Index(
            "ix_human_task_done",
            "done_by_doctor_id",
            "done_at",
            postgresql_where=sa.text("status = 'done'"),
        ),
        sa.CheckConstraint("(held_until IS NULL) = (hold_reason IS NULL)", name="hold"),
        sa.CheckConstraint("points >= 0", name="points"),
    )

    id: UUID = primary_key()
    control_file_id: UUID = Field(sa_type=ID, foreign_key="control_file.id")
    engine_task_id: str = Field(sa_type=CODE)
    step: str = Field(sa_type=CODE)
    kind: StepKind = Field(sa_type=code_enum(StepKind))
    is_medical: bool = Field()
    status: TaskStatus = Field(default=TaskStatus.OPEN, sa_type=code_enum(TaskStatus))
    professions: list[str] = Field(sa_type=CODES)
    points: int = Field()
    level: ControlLevel = Field(sa_type=code_enum(ControlLevel))
    agency_code: str = Field(sa_type=CODE)
    region_code: str = Field(sa_type=CODE)
    assigned_doctor_id: UUID | None = foreign_key("doctor.id", nullable=True)
    # Why it is in nobody's hands, when nobody is eligible: constraint codes with counts.
    unassigned_reason: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    # When a doctor is likely to have time for it, while it waits in the pool.
    expected_on: date | None = Field(default=None, sa_type=DAY, nullable=True)
    # Which specialist it asks for, when not any doctor of the flow.
    specialty: str | None = Field(default=None, sa_type=CODE, nullable=True)
    reference: str = Field(sa_type=CODE)
    flow: str = Field(sa_type=CODE)
    nature: str = Field(sa_type=CODE)
    mode: ControlMode = Field(sa_type=code_enum(ControlMode))
    lane: Lane = Field(sa_type=code_enum(Lane))
    file_status: ControlFileStatus = Field(sa_type=code_enum(ControlFileStatus))
    person_name: str = Field(sa_type=TEXT)
    person_birth_year: int = Field()
    registration_number: str = Field(sa_type=CODE)
    is_urgent: bool = Field(default=False)
    opened_at: datetime = Field(sa_type=INSTANT)
    received_at: datetime = Field(sa_type=INSTANT)
    due_at: datetime = Field(sa_type=INSTANT)
    held_until: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    hold_reason: str | None = Field(default=None, sa_type=CODE, nullable=True)
    # Short codes shown as badges: new_document, woken, no_show, message…
    signals: list[str] = Field(default_factory=list, sa_type=CODES)
    done_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    done_by_doctor_id: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    outcome: str | None = Field(default=None, sa_type=CODE, nullable=True)


class Deadline(SQLModel, table=True):
    """A clock of a file (délai, échéance), swept by beat when it is due."""

    __table_args__ = (
        sa.Index("ix_deadline_due", "due_at", postgresql_where=sa.text("status = 'running'")),
        sa.Index("ix_deadline_file", "control_file_id"),
        sa.Index(
            "ix_deadline_warn",
            "warn_at",
            postgresql_where=sa.text("status = 'running' AND warn_at IS NOT NULL"),
        ),
    )

    id: UUID = primary_key()
    control_file_id: UUID = Field(sa_type=ID, foreign_key="control_file.id")
    name: str = Field(sa_type=CODE)
    kind: DeadlineKind = Field(sa_type=code_enum(DeadlineKind))
    # The engine's wait that it fires; none for a clock that only colours lists.
    engine_task_id: str | None = Field(default=None, sa_type=CODE, nullable=True)
    starts_at: datetime = Field(sa_type=INSTANT)
    amount: int = Field()
    unit: str = Field(sa_type=CODE)  # calendar_day, working_day, working_hour
    # Path and start date of the legal parameter it was computed from.
    parameter: str = Field(sa_type=TEXT)
    stops_for_completion: bool = Field(default=False)
    due_at: datetime = Field(sa_type=INSTANT)
    # When supervisors are told that it nears; nothing once they were, and for internal targets.
    warn_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    status: DeadlineStatus = Field(
        default=DeadlineStatus.RUNNING, sa_type=code_enum(DeadlineStatus)
    )
    settled_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class Suspension(SQLModel, table=True):
    """A period in which a file's stoppable clocks stand still."""

    __table_args__ = (
        sa.Index("ix_suspension_file", "control_file_id"),
        sa.Index(
            "uq_suspension_open",
            "control_file_id",
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="order"),
    )

    id: UUID = primary_key()
    control_file_id: UUID = Field(sa_type=ID, foreign_key="control_file.id")
    reason: str = Field(sa_type=CODE)
    started_at: datetime = Field(sa_type=INSTANT)
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
