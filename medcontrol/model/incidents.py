"""What fails beside the outbox, and what became of trying it again (incidents)."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import CODE, ID, INSTANT, TEXT, code_enum, foreign_key, primary_key
from medcontrol.vocabulary import RetryOutcome


class FailedWork(SQLModel, table=True):
    """One thing that a periodic job failed at, until a later run does not.

    ``subject_id`` is the job's own row, such as a deadline or a control file; all zeros for a run
    of the whole job.
    """

    __tablename__ = "failed_work"
    __table_args__ = (
        sa.Index("ix_failed_work_open", "job", postgresql_where=sa.text("ended_at IS NULL")),
    )

    job: str = Field(primary_key=True, sa_type=CODE)
    subject_id: UUID = Field(primary_key=True, sa_type=ID)
    control_file_id: UUID | None = foreign_key("control_file.id", nullable=True)
    step: str = Field(default="", sa_type=CODE)
    error: str = Field(sa_type=TEXT)  # a class or a code, never content
    first_at: datetime = Field(sa_type=INSTANT)
    last_at: datetime = Field(sa_type=INSTANT)
    attempts: int = Field(default=1)
    ended_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class IncidentRetry(SQLModel, table=True):
    """Somebody asked for what one incident holds to be tried again, now."""

    __tablename__ = "incident_retry"

    id: UUID = primary_key()
    what: str = Field(sa_type=CODE)  # a topic of the outbox, or a job
    step: str = Field(sa_type=CODE)
    error: str = Field(sa_type=TEXT)
    asked_at: datetime = Field(sa_type=INSTANT, index=True)
    # Nobody at the command line.
    asked_by: UUID | None = foreign_key("user_account.id", nullable=True)


class IncidentRetryItem(SQLModel, table=True):
    """One message, or one piece of failed work, of a retry.

    ``outcome``: what was known for good when it was written. Of messages, and of whole jobs, it is
    read off what they became (``medcontrol.queries.incident_retries``).
    """

    __tablename__ = "incident_retry_item"

    retry_id: UUID = Field(primary_key=True, sa_type=ID, foreign_key="incident_retry.id")
    subject_id: UUID = Field(primary_key=True, sa_type=ID)
    control_file_id: UUID | None = foreign_key("control_file.id", nullable=True)
    outcome: RetryOutcome | None = Field(
        default=None, sa_type=code_enum(RetryOutcome), nullable=True
    )
    error: str | None = Field(default=None, sa_type=TEXT, nullable=True)
