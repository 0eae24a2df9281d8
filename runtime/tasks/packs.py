"""Moves of running files to another version of their pack."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task

from medcontrol import outbox
from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.model import OutboxMessage
from runtime import wiring
from runtime.tasks.failing import noted
from workflows.versions.jobs import TOPIC, work

#: Well below the time limit of a task; what is left then comes as a message of its own.
LONGEST = timedelta(minutes=15)


@shared_task(name=TOPIC)
def migrate(message_id: str) -> None:
    """Look at, move or take back files, in chunks; one that was killed goes on where it was."""
    key = UUID(message_id)
    with noted(key):
        migration = _migration_of(key)
        if migration is None:
            return
        work(migration, wiring.tools().catalog, now=utc_now, longest=LONGEST)
        with transaction() as session:
            waiting = outbox.begin(session, key)
            if waiting is not None:
                outbox.finish(waiting, now=utc_now())


def _migration_of(message_id: UUID) -> UUID | None:
    """Return the move of a message that is not done yet."""
    with read_only() as session:
        message = session.get(OutboxMessage, message_id)
        if message is None or message.done_at is not None:
            return None
        return UUID(message.payload["id"])
