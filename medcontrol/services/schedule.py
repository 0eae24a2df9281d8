"""Periodic jobs: when each ran last, and whether it is due (planification).

Jobs look at what is due, not at how often they were called, so a scheduler that slept for days
loses nothing.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from medcontrol.clock import ZONES
from medcontrol.model import Schedule


def last_run(session: Session, name: str) -> datetime | None:
    """Return when a job last ran to its end, if it ever did."""
    return session.execute(
        sa.select(col(Schedule.last_run_at)).where(col(Schedule.name) == name)
    ).scalar_one_or_none()


def last_result(session: Session, name: str) -> Mapping[str, Any]:
    """Return what a job did when it last ran to its end; nothing if it never did."""
    found = session.execute(
        sa.select(col(Schedule.last_result)).where(col(Schedule.name) == name)
    ).scalar_one_or_none()
    return dict(found or {})


def note_run(session: Session, name: str, result: Mapping[str, Any], *, now: datetime) -> None:
    """Keep that a job ran to its end and what it did: figures and codes only."""
    values = {"last_run_at": now, "last_result": dict(result)}
    statement = insert(Schedule).values(name=name, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))


def latest(at: time, now: datetime, jurisdiction: str) -> datetime:
    """Return the last instant, not after ``now``, at which the fund's clocks showed ``at``."""
    here = now.astimezone(ZONES[jurisdiction])
    found = here.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return found if found <= here else found - timedelta(days=1)


def is_due_daily(
    session: Session, name: str, *, at: time, now: datetime, jurisdiction: str
) -> bool:
    """Return whether a daily job did not run since its last hour struck."""
    before = last_run(session, name)
    return before is None or before < latest(at, now, jurisdiction)
