"""Handing outbox messages to Celery."""

from collections.abc import Mapping
from uuid import UUID

from medcontrol.errors import Unavailable
from medcontrol.services.events import NO_SUBSCRIBER
from medcontrol.settings import Settings

EVENTS = "events.deliver"
#: Topics that a task of the same name consumes (``runtime/tasks``).
TOPICS = frozenset(
    {
        "letters.send",
        "provider_letters.send",
        "backtest.run",
        EVENTS,
        "intake.run_batch",
        "reassignment.run",
        "packs.migrate",
        "calendar.recount",
        "files.open_next",
        "incidents.retry",
    }
)


def send(topic: str, message_id: UUID) -> None:
    """Hand one message to the broker, under its own id.

    Raises:
        Unavailable: the broker can't be reached.
    """
    from kombu.exceptions import OperationalError

    from runtime.celery_app import app

    try:
        app.send_task(topic, args=[str(message_id)], task_id=str(message_id))
    except OperationalError as error:
        raise Unavailable(f"the broker does not answer: {type(error).__name__}") from None


def settled_topics(configured: Settings) -> Mapping[str, str]:
    """Return the topics that nobody wants here, with the note under which they are done."""
    return {} if configured.events_url else {EVENTS: NO_SUBSCRIBER}
