"""Batches of files that were handed in over the network."""

from uuid import UUID

from celery import shared_task

from medcontrol import outbox
from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.model import OutboxMessage
from runtime import wiring
from runtime.tasks.failing import noted
from workflows.gate.batches import TOPIC, run_batch


@shared_task(name=TOPIC)
def run(message_id: str) -> None:
    """Take a batch in, in transactions of its own; a run that was killed goes on where it was."""
    key = UUID(message_id)
    with noted(key):
        batch_id = _batch_of(key)
        if batch_id is None:
            return
        run_batch(wiring.tools(), batch_id, now=utc_now)
        with transaction() as session:
            waiting = outbox.begin(session, key)
            if waiting is not None:
                outbox.finish(waiting, now=utc_now())


def _batch_of(message_id: UUID) -> UUID | None:
    """Return the batch of a message that is not done yet."""
    with read_only() as session:
        message = session.get(OutboxMessage, message_id)
        if message is None or message.done_at is not None:
            return None
        return UUID(message.payload["batch_id"])
