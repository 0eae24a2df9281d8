"""Batches of files that were handed in over the network."""

from uuid import UUID

from celery import shared_task

from medcontrol.clock import utc_now
from runtime import wiring
from runtime.tasks.asked import carry_out
from workflows.gate.batches import TOPIC, run_batch


@shared_task(name=TOPIC)
def run(message_id: str) -> None:
    """Take a batch in, in transactions of its own; a run that was killed goes on where it was."""
    carry_out(
        message_id,
        lambda asked: run_batch(wiring.tools(), UUID(asked["batch_id"]), now=utc_now),
    )
