"""Reassignments that a supervisor asked for."""

from uuid import UUID

from celery import shared_task

from assignment.reassignments import TOPIC
from assignment.running import run_batch
from medcontrol.clock import utc_now
from runtime.tasks.asked import carry_out


@shared_task(name=TOPIC)
def run(message_id: str) -> None:
    """Move the files of a batch; one that was killed goes on where it was."""
    carry_out(message_id, lambda asked: run_batch(UUID(asked["batch_id"]), now=utc_now))
