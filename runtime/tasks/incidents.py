"""The watch over files that stand still, and failed work that somebody wants tried again."""

from uuid import UUID

from celery import shared_task

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.vocabulary import WHOLE_JOB
from runtime import wiring
from runtime.beat import JOBS
from runtime.tasks.asked import carry_out
from runtime.tasks.periodic import alone
from workflows import watching
from workflows.incident_retries import TOPIC, settle, unsettled
from workflows.watching import WATCH


@shared_task(name=WATCH)
def watch() -> None:
    """Find the files that nothing will ever move."""
    alone(WATCH, lambda: watching.watch(wiring.tools(), now=utc_now))


@shared_task(name=TOPIC)
def retry(message_id: str) -> None:
    """Try failed work again, one thing after the other; one that was killed goes on."""
    carry_out(message_id, lambda asked: try_again(UUID(asked["id"])))


def try_again(retry_id: UUID) -> None:
    """Try what a retry holds; a job that can't be done in parts is called as a whole."""
    with read_only() as session:
        job, left = unsettled(session, retry_id)
    if left and not all(_is_one(job, each) for each in left):
        _call(job)
        return
    for each in left:
        outcome, error = watching.try_one(wiring.tools(), job, each, now=utc_now)
        with transaction() as session:
            settle(session, retry_id, each, outcome, error)


def _is_one(job: str, subject_id: UUID) -> bool:
    return watching.can_try_one(job) and subject_id != WHOLE_JOB


def _call(job: str) -> None:
    """Let the scheduler's job run now; whether it fails is noted by itself."""
    from runtime.celery_app import app

    name = job.removesuffix(".run")
    if name in {each.task for each in JOBS}:
        app.send_task(name)
