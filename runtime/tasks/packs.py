"""Moves of running files to another version of their pack."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task

from medcontrol.clock import utc_now
from runtime import wiring
from runtime.tasks.asked import carry_out
from workflows.versions.jobs import TOPIC, work

#: Well below the time limit of a task; what is left then comes as a message of its own.
LONGEST = timedelta(minutes=15)


@shared_task(name=TOPIC)
def migrate(message_id: str) -> None:
    """Look at, move or take back files, in chunks; one that was killed goes on where it was."""
    carry_out(
        message_id,
        lambda asked: work(UUID(asked["id"]), wiring.tools().catalog, now=utc_now, longest=LONGEST),
    )
