"""What the scheduler calls. Each job looks at what is due and may run twice at once."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import time, timedelta
from typing import Any

import sqlalchemy as sa
from celery import shared_task

from medcontrol.clock import utc_now
from medcontrol.db import transaction
from medcontrol.errors import DomainError
from medcontrol.services import failed_work, schedule, sessions
from medcontrol.services.failed_work import Failure
from medcontrol.settings import settings
from medcontrol.turns import take_turn
from medcontrol.vocabulary import WHOLE_JOB
from runtime import wiring
from runtime.relay import Rules, relay_all
from runtime.sending import TOPICS, send, settled_topics
from runtime.tasks.failing import TaskFailed, without_values
from workflows import invariants, sweeping
from workflows.rights.reviews import review_round

log = logging.getLogger(__name__)

NIGHT = time(2, 0)

Result = Mapping[str, Any]


def alone(name: str, work: Callable[[], Result]) -> Result | None:
    """Do a job unless another process is at it, and note what it did; None when it was not done.

    Raises:
        TaskFailed: it failed; the next call tries again.
    """
    try:
        with without_values(job=name), transaction() as turn:
            if not take_turn(turn, name):
                return None
            result = work()
            schedule.note_run(turn, name, result, now=utc_now())
            failed_work.end(turn, name, WHOLE_JOB, now=utc_now())
            return result
    except (DomainError, TaskFailed) as error:
        _note_failure(name, error)
        raise


def _note_failure(name: str, error: DomainError | TaskFailed) -> None:
    """Note that a whole job failed; when it is the database that is gone, the log has it."""
    why = error.code if isinstance(error, DomainError) else str(error)
    failure = Failure(job=name, subject_id=WHOLE_JOB, error=why)
    with suppress(sa.exc.OperationalError), transaction() as session:
        failed_work.note(session, [failure], now=utc_now())


@shared_task(name="relay.run")
def relay() -> None:
    """Hand what is due in the outbox to the broker."""
    rules = Rules(
        topics=TOPICS,
        settled=settled_topics(settings()),
        first_retry=timedelta(seconds=settings().outbox_retry_seconds),
    )
    with without_values(job="relay.run"):
        relay_all(send, rules, now=utc_now)


@shared_task(name="deadlines.sweep")
def sweep_deadlines() -> None:
    """Fire the clocks that ran out."""
    alone("deadlines.sweep", lambda: asdict(sweeping.sweep_deadlines(wiring.tools(), now=utc_now)))


@shared_task(name="holds.wake")
def wake_holds() -> None:
    """Bring files back that were put aside until now; forget old drafts and ended logins."""
    sweeping.forget_drafts(now=utc_now)
    with transaction() as session:
        sessions.forget_expired(session, now=utc_now())
    alone("holds.wake", lambda: asdict(sweeping.wake_holds(wiring.tools(), now=utc_now)))


@shared_task(name="pool.assign")
def assign_pool() -> None:
    """Try again to find doctors for tasks in nobody's hands."""
    place = settings().jurisdiction
    alone("pool.assign", lambda: asdict(sweeping.assign_pool(place, now=utc_now)))


@shared_task(name="reviews.open")
def open_reviews() -> None:
    """Give reviews in sight a day on which doctors have time; open those that are due."""
    alone("reviews.open", lambda: review_round(wiring.tools(), now=utc_now))


@shared_task(name="invariants.check")
def check_invariants() -> None:
    """Once a night, check what must always hold; what does not is logged by code and count."""
    name, now = "invariants.check", utc_now()
    with transaction() as session:
        if not schedule.is_due_daily(
            session, name, at=NIGHT, now=now, jurisdiction=settings().jurisdiction
        ):
            return
    result = alone(name, lambda: invariants.counts(invariants.check_all(now=utc_now)))
    for code, count in (result or {}).items():
        if count:
            log.error("invariant.broken", extra={"code": code, "count": count})
