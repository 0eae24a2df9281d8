"""Messages to send: written with the change they tell of, done when their consumer says so."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from medcontrol.model.types import CODE, FACTS, INSTANT, TEXT, primary_key


class OutboxMessage(SQLModel, table=True):
    """One piece of work for later. ``key`` is its idempotency key, everywhere."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        sa.UniqueConstraint("key"),
        sa.Index(
            "ix_outbox_message_due",
            "next_try_at",
            postgresql_where=sa.text("done_at IS NULL AND dead_at IS NULL"),
        ),
        # What fails: few rows, whatever the outbox holds.
        sa.Index(
            "ix_outbox_message_failed",
            "topic",
            postgresql_where=sa.text(
                "done_at IS NULL AND (last_error IS NOT NULL OR dead_at IS NOT NULL)"
            ),
        ),
    )

    id: UUID = primary_key()
    topic: str = Field(sa_type=CODE)  # name of the Celery task
    key: str = Field(sa_type=TEXT)
    payload: dict[str, Any] = Field(sa_type=FACTS)
    created_at: datetime = Field(sa_type=INSTANT)
    # Not handed over before; moved forward each time it is published.
    next_try_at: datetime = Field(sa_type=INSTANT)
    published_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    done_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    attempts: int = Field(default=0)
    last_error: str | None = Field(default=None, sa_type=TEXT, nullable=True)
    first_failed_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    last_failed_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)
    # Given up: someone has to look.
    dead_at: datetime | None = Field(default=None, sa_type=INSTANT, nullable=True)


class Schedule(SQLModel, table=True):
    """When each periodic job last ran to its end, so that days slept through are caught up."""

    name: str = Field(primary_key=True, sa_type=CODE)
    last_run_at: datetime = Field(sa_type=INSTANT)
    last_result: dict[str, Any] = Field(sa_type=FACTS)
