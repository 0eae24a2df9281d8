"""What is known of clocks beside the clocks: alerts of supervisors, changes of the calendar."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import (
    DAY,
    FACTS,
    ID,
    INSTANT,
    TEXT,
    code_enum,
    foreign_key,
    primary_key,
)
from medcontrol.vocabulary import BatchStatus, DeadlineAlertKind, Jurisdiction


class DeadlineAlert(SQLModel, table=True):
    """A legal deadline that nears or has passed, until a supervisor has taken note."""

    __tablename__ = "deadline_alert"
    __table_args__ = (
        # One alert for one due instant: a deadline that was moved may be told of again.
        sa.UniqueConstraint("deadline_id", "kind", "due_at"),
        sa.Index(
            "ix_deadline_alert_open", "raised_at", postgresql_where=sa.text("noted_at IS NULL")
        ),
    )

    id: UUID = primary_key()
    deadline_id: UUID = Field(sa_type=ID, foreign_key="deadline.id")
    control_file_id: UUID = foreign_key("control_file.id", index=True)
    kind: DeadlineAlertKind = Field(sa_type=code_enum(DeadlineAlertKind))
    due_at: datetime = Field(sa_type=INSTANT)
    raised_at: datetime = Field(sa_type=INSTANT)
    noted_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    noted_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)


class CalendarChange(SQLModel, table=True):
    """A change of the announced days (jours annoncés), and the deadlines that it moves."""

    __tablename__ = "calendar_change"

    id: UUID = primary_key()
    jurisdiction: Jurisdiction = Field(sa_type=code_enum(Jurisdiction, 8))
    day: date = Field(sa_type=DAY)
    # Nothing: the announcement was withdrawn.
    is_holiday: bool | None = Field(default=None, nullable=True)
    name: str = Field(default="", sa_type=TEXT)
    status: BatchStatus = Field(default=BatchStatus.WAITING, sa_type=code_enum(BatchStatus))
    made_at: datetime = Field(sa_type=INSTANT)
    # Nobody at the command line.
    made_by: UUID | None = Field(default=None, sa_type=ID, nullable=True)
    # What was said before it was confirmed, and what was done, by flow.
    foreseen: list[dict[str, int | str]] = Field(sa_type=FACTS)
    moved_files: int = Field(default=0)
    moved_deadlines: int = Field(default=0)
    done_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
